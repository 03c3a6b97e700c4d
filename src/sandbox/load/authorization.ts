import { Secret } from '../../core/secret.ts';
import type { RedshiftError } from '../pg/backend-session.ts';
import { refuse, syntaxError } from './refusal.ts';
import type { TokenReader } from './tokens.ts';

/** By what right COPY or UNLOAD goes to S3. */
export type Authorization =
  | { readonly kind: 'default' }
  /** ARNs in order of assumption. */
  | { readonly kind: 'roles'; readonly arns: readonly string[] }
  | {
      readonly kind: 'keys';
      readonly accessKeyId: string;
      readonly secretAccessKey: Secret;
      readonly sessionToken?: Secret;
    };

const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/;

/** Collects the authorisation clauses of one statement, which come in any order and exclude one another. */
export class AuthorizationClauses {
  #found: Authorization | undefined;
  #accessKeyId: string | undefined;
  #secretAccessKey: Secret | undefined;
  #sessionToken: Secret | undefined;

  /** Reads a clause if one begins here. */
  accept(reader: TokenReader): boolean {
    const next = reader.peek(1);
    if (reader.peek()?.text === 'with' && next?.text === 'credentials') reader.next();
    switch (reader.accept('iam_role', 'access_key_id', 'secret_access_key', 'session_token', 'token', 'credentials')) {
      case undefined:
        return false;
      case 'iam_role':
        reader.accept('as');
        this.#set(reader.accept('default') === undefined ? roles(reader.string()) : { kind: 'default' });
        return true;
      case 'access_key_id':
        this.#accessKeyId = this.#once(this.#accessKeyId, reader.string());
        return true;
      case 'secret_access_key':
        this.#secretAccessKey = this.#once(this.#secretAccessKey, new Secret(reader.string()));
        return true;
      case 'credentials':
        this.#set(fromCredentials(reader.string()));
        return true;
      default:
        this.#sessionToken = this.#once(this.#sessionToken, new Secret(reader.string()));
        return true;
    }
  }

  finish(): Authorization {
    const hasKeys =
      this.#accessKeyId !== undefined || this.#secretAccessKey !== undefined || this.#sessionToken !== undefined;
    if (this.#found !== undefined) {
      if (hasKeys) throw conflict();
      return this.#found;
    }
    if (this.#accessKeyId === undefined || this.#secretAccessKey === undefined) {
      throw refuse(
        'XX000',
        hasKeys ? 'Both ACCESS_KEY_ID and SECRET_ACCESS_KEY must be given' : 'CREDENTIALS argument is required',
      );
    }
    return keys(this.#accessKeyId, this.#secretAccessKey, this.#sessionToken);
  }

  #set(found: Authorization): void {
    if (this.#found !== undefined) throw conflict();
    this.#found = found;
  }

  #once<T>(before: T | undefined, value: T): T {
    if (before !== undefined) throw conflict();
    return value;
  }
}

function conflict(): RedshiftError {
  return refuse('42601', 'conflicting or redundant options: authorization is given more than once');
}

function keys(accessKeyId: string, secretAccessKey: Secret, sessionToken: Secret | undefined): Authorization {
  return { kind: 'keys', accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function roles(text: string): Authorization {
  if (text.toLowerCase() === 'default') return { kind: 'default' };
  if (/\s/.test(text)) throw refuse('XX000', `Invalid IAM role: spaces are not allowed between the roles of a chain`);
  const arns = text.split(',');
  const wrong = arns.find((arn) => !ROLE_ARN.test(arn));
  if (wrong !== undefined) throw refuse('XX000', `Invalid IAM role ARN: ${wrong}`);
  if (arns.length > 10) throw refuse('XX000', 'A chain may hold at most 10 IAM roles');
  return { kind: 'roles', arns };
}

/** `aws_iam_role=...` or `aws_access_key_id=...;aws_secret_access_key=...[;token=...]`. Never quotes a value in a message. */
function fromCredentials(text: string): Authorization {
  const pairs = new Map<string, string>();
  for (const part of text.split(';').filter((piece) => piece.trim() !== '')) {
    const equals = part.indexOf('=');
    if (equals < 0) throw invalidCredentials();
    pairs.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  const role = pairs.get('aws_iam_role');
  const id = pairs.get('aws_access_key_id');
  const secret = pairs.get('aws_secret_access_key');
  const token = pairs.get('token');
  const known = ['aws_iam_role', 'aws_access_key_id', 'aws_secret_access_key', 'token'];
  if ([...pairs.keys()].some((key) => !known.includes(key))) throw invalidCredentials();
  if (role !== undefined && pairs.size === 1) return roles(role);
  if (role !== undefined || id === undefined || secret === undefined) throw invalidCredentials();
  return keys(id, new Secret(secret), token === undefined ? undefined : new Secret(token));
}

function invalidCredentials(): RedshiftError {
  return refuse(
    'XX000',
    "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or 'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'",
  );
}

/** `s3://bucket/key` in its parts. */
export interface S3Location {
  readonly bucket: string;
  readonly key: string;
}

export function s3Location(url: string, statement: string): S3Location {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(url);
  if (match?.[1] === undefined) {
    throw refuse('XX000', `The ${statement} location must be an S3 path of the form s3://bucket/prefix`);
  }
  if (match[1].length < 3) throw syntaxError(url);
  return { bucket: match[1], key: match[2] ?? '' };
}
