import { ConnectorError } from '../../core/errors.ts';
import type { Failure } from './diagnosis.ts';

/** What was being done when AWS or Redshift refused. `attachment`: the cluster does not have the COPY role at all. */
export type RefusedWork =
  | 'identity'
  | 'role'
  | 'login'
  | 'lookup'
  | 'staging'
  | 'copyRole'
  | 'copyFiles'
  | 'attachment';

/** AWS's own word on the kind of policy that refused, where it gives one. */
export interface Hint {
  /** `silent`: no policy of this kind allows it. `deny`: one forbids it. */
  readonly effect: 'silent' | 'deny';
  readonly policy: 'identity' | 'resource' | 'boundary' | 'session' | 'endpoint' | 'organization' | 'other';
  /** As AWS wrote it: `service control policy`. */
  readonly words: string;
  /** ARN of the policy, where AWS tells it. */
  readonly policyArn?: string;
}

/** What a failure tells about the refusal behind it, before anything is looked up. */
export interface Refusal {
  readonly work: RefusedWork;
  /** Whom AWS refused, as the call knew it: of a user, or of a role's session. */
  readonly callerArn?: string;
  /** Action that AWS named, or the one that was asked where a call asks for one only. */
  readonly action?: string;
  /** Action that AWS named in so many words. */
  readonly named?: string;
  /** Resource that AWS named. */
  readonly resource?: string;
  /** The role that was asked for, or that Redshift spoke of. */
  readonly roleArn?: string;
  /** Of the role that a machine may not have: its service tells no more. */
  readonly roleName?: string;
  /** The statement that Redshift refused. */
  readonly verb?: 'COPY' | 'UNLOAD';
  readonly hint?: Hint;
  /** AWS's sentence, cut to what is safe to show; empty where it said nothing. */
  readonly said: string;
}

/** Reads a failure. Undefined where it is about something else than a right: the network, a name, a value. */
export function readRefusal({ step = '', error }: Failure): Refusal | undefined {
  const { details } = error;
  const said = saidBy(error);
  const everything = `${error.message} ${said}`;
  const work = workOf(step, error, everything);
  if (work === undefined) return undefined;
  const [, action, , resource] = NAMED.exec(said) ?? [];
  const asked = work === 'staging' ? { action: text(details['action']), resource: text(details['resource']) } : {};
  const callerArn = text(details['callerArn']);
  const roleArn = text(details['roleArn']) ?? ROLE.exec(said)?.[0];
  const hint = readHint(said);
  return {
    work,
    ...(callerArn === undefined ? {} : { callerArn }),
    ...known('action', action ?? asked.action),
    ...known('named', action),
    ...known('resource', action === undefined ? asked.resource : resource),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(work === 'identity' ? known('roleName', MACHINE_ROLE.exec(everything)?.[1]) : {}),
    ...(details['verb'] === 'COPY' || details['verb'] === 'UNLOAD' ? { verb: details['verb'] } : {}),
    ...(hint === undefined ? {} : { hint }),
    said,
  };
}

/** The words of whoever refused: the innermost cause, a copy without secrets and values. */
function saidBy(error: ConnectorError): string {
  let { cause } = error;
  while (cause instanceof ConnectorError) cause = cause.cause;
  // The answer to a HEAD has no body: the SDK makes a word of its own of that.
  return cause instanceof Error && cause.message !== 'UnknownError' ? cause.message : '';
}

// "User: ARN is not authorized to perform: ACTION on resource: ARN"; S3 puts the ARN in quotes, KMS may say "this resource".
const NAMED = /not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)( on resource: "?(arn:[^\s"]+))?/;
// Redshift lists a chain of roles with commas.
const ROLE = /arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=.@/-]+/;

// IMDS: {"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role NAME. ..."}
const MACHINE_ROLE = /\brole (?:arn:[^\s]*\/)?([\w+=,@-]+(?:\.[\w+=,@-]+)*)/;
const NOT_HANDED_OUT = /AssumeRoleUnauthorizedAccess|cannot assume the role|AssumeRoleWithWebIdentity/;

function workOf(step: string, { code, details }: ConnectorError, said: string): RefusedWork | undefined {
  const operation = text(details['operation']) ?? '';
  const isStatement = /^(?:COPY|UNLOAD)$/.test(text(details['verb']) ?? '') || /(?:^|:)(?:copy|unload)/.test(step);
  if (code === 'RS_AUTH_NO_SOURCE') return NOT_HANDED_OUT.test(said) ? 'identity' : undefined;
  if (code === 'RS_STAGING_DENIED') return isStatement ? 'copyFiles' : 'staging';
  if (code === 'RS_AUTH_ROLE_DENIED') {
    if (!isStatement) return 'role';
    return /get credentials of role|is not associated to cluster/i.test(said) ? 'attachment' : 'copyRole';
  }
  if (code !== 'RS_AUTH_LOGIN_DENIED' && code !== 'RS_AUTH_PERMISSION') return undefined;
  if (/:(?:Describe|GetWorkgroup|GetNamespace|ListWorkgroups)/.test(operation)) return 'lookup';
  return /^redshift(?:-serverless)?:/.test(operation) ? 'login' : undefined;
}

// The suffix is optional, names one kind only, and newer texts go on after it.
const SILENT = /because no ([A-Za-z -]+?) allows/;
const DENY =
  /with an explicit deny in (?:an? )?([A-Za-z -]+? policy|permissions boundary)(?:: (arn:[^\s]*[^\s.,;:]))?(?:[\s.,;:]|$)/;

function readHint(said: string): Hint | undefined {
  const silent = SILENT.exec(said)?.[1];
  if (silent !== undefined) return { effect: 'silent', policy: policyOf(silent), words: silent };
  const [, words, policyArn] = DENY.exec(said) ?? [];
  if (words === undefined) return undefined;
  return { effect: 'deny', policy: policyOf(words), words, ...known('policyArn', policyArn) };
}

function policyOf(words: string): Hint['policy'] {
  if (/identity/i.test(words)) return 'identity';
  if (/boundary/i.test(words)) return 'boundary';
  if (/session/i.test(words)) return 'session';
  if (/endpoint/i.test(words)) return 'endpoint';
  if (/(?:service|resource) control/i.test(words)) return 'organization';
  if (/resource|trust|role/i.test(words)) return 'resource';
  return 'other';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function known<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: string });
}
