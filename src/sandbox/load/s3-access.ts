import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { attachedRoles } from '../attached-roles.ts';
import type { ClusterInit } from '../cluster.ts';
import type { Fault } from '../faults.ts';
import type { Principal } from '../identity.ts';
import type { BackendSession, RedshiftError } from '../pg/backend-session.ts';
import { quoteLiteral } from '../pg/sql/names.ts';
import type { StatementContext } from '../pg/statement-handler.ts';
import { type ObjectInfo, S3Refusal, type StoreCaller } from '../s3/store.ts';
import type { Authorization, S3Location } from './authorization.ts';
import { internalFailure, refuse } from './refusal.ts';

/** Whom COPY or UNLOAD is to S3. Throws as Redshift does for a role it may not use or keys that are no good. */
export async function resolvePrincipal(
  { cluster, backend, user }: Pick<StatementContext, 'cluster' | 'backend' | 'user'>,
  authorization: Authorization,
  command: 'COPY' | 'UNLOAD',
): Promise<Principal> {
  if (authorization.kind === 'keys') return keyPrincipal(cluster, authorization);
  const { iamRoles, defaultIamRole } = attachedRoles(cluster.cluster);
  const arns =
    authorization.kind === 'roles' ? authorization.arns : defaultIamRole === undefined ? [] : [defaultIamRole];
  const [first] = arns;
  if (first === undefined) {
    throw internalFailure(
      'The cluster does not have a default IAM role. Associate one with the cluster and try again',
      {
        code: 8001,
      },
    );
  }
  const names = [arns.join(','), ...(authorization.kind === 'default' ? [DEFAULT_ROLE] : [])];
  if (!(await mayAssume(backend, user, names, command))) {
    throw refuse('42501', `user "${user}" has no ASSUMEROLE privilege on role ${arns.join(',')} for ${command}`);
  }
  if (!iamRoles.includes(first)) {
    const told = `The requested role ${first} is not associated to cluster`;
    throw internalFailure(
      `exception name : UnauthorizedException, error type : 138, message: ${told}, should retry : 0`,
      { code: 30000 },
    );
  }
  const databaseUser = `${cluster.userArnPrefix}/${user}`;
  // https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service-database-users.html
  const verdict = cluster.roles.assumeRoleAsService(cluster.service, arns, {
    sourceArn: cluster.arn,
    sourceAccount: cluster.account,
    externalId: databaseUser,
  });
  if (verdict.allowed) return verdict.principal;
  throw internalFailure(`User ${databaseUser} is not authorized to assume IAM Role ${arns.join(',')}`, {
    code: 8001,
    context: `IAM Role=${arns.join(',')}`,
  });
}

/** As `GRANT ASSUMEROLE ON DEFAULT` names it. */
const DEFAULT_ROLE = 'default-aws-iam-role';

async function mayAssume(
  backend: BackendSession,
  user: string,
  names: readonly string[],
  command: string,
): Promise<boolean> {
  const asked = names.map((name) => `has_assumerole_privilege(${[user, name, command].map(quoteLiteral).join(', ')})`);
  const { rows } = await backend.admin(`SELECT ${asked.join(' OR ')}`);
  return rows[0]?.[0] === 't';
}

function keyPrincipal({ roles }: ClusterInit, keys: Extract<Authorization, { kind: 'keys' }>): Principal {
  const verdict = roles.principalOfKeys(keys);
  if (verdict.allowed) return verdict.principal;
  throw s3ServiceException(verdict.message, 403, verdict.code);
}

/** The objects of one statement, under the rights of one principal. Every refusal arrives in Redshift's words. */
export class S3Access {
  readonly #cluster: ClusterInit;
  readonly #caller: StoreCaller;

  constructor(cluster: ClusterInit, principal: Principal, region: string | undefined) {
    this.#cluster = cluster;
    this.#caller = { principal, region: region ?? cluster.region };
  }

  /** Every object under the prefix, in order of keys. */
  async list({ bucket, key }: S3Location): Promise<ObjectInfo[]> {
    const found: ObjectInfo[] = [];
    let after: string | undefined;
    do {
      const options = { prefix: key, ...(after === undefined ? {} : { after }) };
      const page = await inWords(this.#cluster.store.list(this.#caller, bucket, options));
      found.push(...page.objects);
      after = page.isTruncated ? page.next : undefined;
    } while (after !== undefined);
    return found;
  }

  /** Undefined when nothing is there. */
  async head({ bucket, key }: S3Location): Promise<ObjectInfo | undefined> {
    try {
      return await this.#cluster.store.head(this.#caller, bucket, key);
    } catch (error) {
      if (error instanceof S3Refusal && error.status === 404 && error.code !== 'NoSuchBucket') return undefined;
      throw s3Failure(error);
    }
  }

  async get({ bucket, key }: S3Location): Promise<Readable> {
    const effect = await this.#strike('copy:GetObject', `${bucket}/${key}`);
    const { body, size } = await inWords(this.#cluster.store.get(this.#caller, bucket, key));
    if (effect?.kind === 'truncated') return Readable.from(firstBytes(body, Math.floor(size / 2)));
    if (effect?.kind === 'drop') return Readable.from(brokenOff(body, Math.floor(size / 2)));
    return body;
  }

  async put(
    { bucket, key }: S3Location,
    body: AsyncIterable<Uint8Array>,
    headers: Readonly<Record<string, string>>,
  ): Promise<ObjectInfo> {
    const effect = await this.#strike('unload:PutObject', `${bucket}/${key}`);
    if (effect?.kind !== 'truncated')
      return inWords(this.#cluster.store.put(this.#caller, bucket, key, body, { headers }));
    // The manifest tells the whole size, the object has half of it.
    const parts: Uint8Array[] = [];
    for await (const part of body) parts.push(part);
    const whole = Buffer.concat(parts);
    const half = Readable.from([whole.subarray(0, Math.floor(whole.length / 2))]);
    const info = await inWords(this.#cluster.store.put(this.#caller, bucket, key, half, { headers }));
    return { ...info, size: whole.length };
  }

  /** The misfortune that the world has planned for this object, if any: what refuses is thrown. */
  async #strike(on: string, subject: string): Promise<Fault['effect'] | undefined> {
    const effect = this.#cluster.faults.take(on, subject)?.effect;
    if (effect?.kind === 'delay') await wait(effect.ms, undefined, { ref: false });
    if (effect?.kind === 'throttle') throw s3ServiceException('Please reduce your request rate.', 503, 'SlowDown');
    if (effect?.kind === 'missing') throw s3ServiceException('The specified key does not exist.', 404, 'NoSuchKey');
    if (effect?.kind === 'error') {
      const { status = 500, code = 'InternalError' } = effect;
      const { message = 'We encountered an internal error. Please try again.' } = effect;
      throw s3ServiceException(message, status, code);
    }
    return effect;
  }

  async delete({ bucket, key }: S3Location): Promise<void> {
    await inWords(this.#cluster.store.delete(this.#caller, bucket, key));
  }
}

async function* firstBytes(
  body: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = count;
  for await (const part of body) {
    if (left <= 0) return;
    yield part.subarray(0, left);
    left -= part.length;
  }
}

async function* brokenOff(body: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array, void, undefined> {
  yield* firstBytes(body, count);
  throw s3ServiceException('Connection reset by peer', 0, 'NetworkError');
}

async function inWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw s3Failure(error);
  }
}

/** `S3ServiceException:Access Denied,Status 403,Error AccessDenied,...`, or the error as it is if S3 did not refuse. */
function s3Failure(error: unknown): unknown {
  if (!(error instanceof S3Refusal)) return error;
  const texts: Readonly<Record<string, string>> = {
    AccessDenied: 'Access Denied',
    NoSuchBucket: 'The specified bucket does not exist',
    NoSuchKey: 'The specified key does not exist.',
    PermanentRedirect:
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
  };
  const byKms = error.message.includes('perform: kms:');
  const text = byKms ? error.message : (texts[error.code] ?? error.message);
  return s3ServiceException(text, error.status, error.code);
}

function s3ServiceException(text: string, status: number, code: string): RedshiftError {
  const id = 'SANDBOX0000000';
  return internalFailure(
    `S3ServiceException:${text},Status ${status},Error ${code},Rid ${id},ExtRid ${id},CanRetry 1`,
    {
      code: 8001,
      context: status === 403 ? 'S3 access denied' : 'S3 request failed',
    },
  );
}
