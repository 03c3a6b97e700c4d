import type { PolicyDocument } from '../iam/policy.ts';
import { parsePolicyText } from '../iam/policy-check.ts';
import { policyRefusal } from '../iam/policy-refusal.ts';
import type { RoleRecord } from '../iam/registry.ts';
import type { SessionCredentials } from '../identity.ts';
import { findParameter, type QueryCall, QueryFailure, validationError } from './query.ts';
import type { XmlElements } from './xml.ts';

function constraint(value: string, member: string, rule: string): QueryFailure {
  return validationError(
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must ${rule}`,
  );
}

export interface SessionRequest {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly durationSeconds: number;
}

export interface AssumeRoleInput extends SessionRequest {
  readonly externalId: string | undefined;
  readonly sourceIdentity: string | undefined;
  readonly sessionPolicies: readonly PolicyDocument[] | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Keys of `tags` that go on to the next role. */
  readonly transitiveTagKeys: readonly string[];
}

function checkText(value: string, member: string, pattern: RegExp, shown: string, min: number, max: number): void {
  if (value.length < min) throw constraint(value, member, `have length greater than or equal to ${min}`);
  if (value.length > max) throw constraint(value, member, `have length less than or equal to ${max}`);
  if (!pattern.test(value)) throw constraint(value, member, `satisfy regular expression pattern: ${shown}`);
}

/** The session's own policy, in the parameter `Policy`. Throws `QueryFailure`. */
export function readSessionPolicy(
  { parameters }: QueryCall,
  { roleArn }: SessionRequest,
): readonly PolicyDocument[] | undefined {
  const text = parameters.get('Policy');
  if (text === undefined) return undefined;
  if (text.length > 2048) throw constraint('***', 'policy', 'have length less than or equal to 2048');
  const checked = parsePolicyText(text, 'identity');
  if ('problem' in checked) throw new QueryFailure('MalformedPolicyDocument', 400, checked.problem);
  const refusal = policyRefusal(checked.policy, 'identity', roleArn.split(':')[1] ?? '');
  if (refusal !== undefined) throw new QueryFailure('MalformedPolicyDocument', 400, refusal);
  return [checked.policy];
}

function readTags(parameters: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (let number = 1; ; number++) {
    const key = parameters.get(`Tags.member.${number}.Key`);
    if (key === undefined) return tags;
    tags[key] = parameters.get(`Tags.member.${number}.Value`) ?? '';
  }
}

/** The part that every way of taking a role shares. */
export function readSessionRequest({ parameters }: QueryCall): SessionRequest {
  const need = (name: string): string => {
    const value = parameters.get(name);
    if (value !== undefined) return value;
    const member = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    throw validationError(
      `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
    );
  };
  const roleArn = need('RoleArn');
  const sessionName = need('RoleSessionName');
  const durationText = parameters.get('DurationSeconds') ?? '3600';
  const durationSeconds = Number(durationText);
  if (roleArn.length < 20) throw constraint(roleArn, 'roleArn', 'have length greater than or equal to 20');
  checkText(sessionName, 'roleSessionName', /^[\w+=,.@-]*$/, '[\\w+=,.@-]*', 2, 64);
  if (!Number.isInteger(durationSeconds)) throw validationError('DurationSeconds must be an integer');
  if (durationSeconds < 900) {
    throw constraint(durationText, 'durationSeconds', 'have value greater than or equal to 900');
  }
  if (durationSeconds > 43_200) {
    throw constraint(durationText, 'durationSeconds', 'have value less than or equal to 43200');
  }
  if (!/^arn:aws(?:-cn|-us-gov)?:iam::\d{12}:role\/.+/.test(roleArn)) throw validationError(`${roleArn} is invalid`);
  return { roleArn, sessionName, durationSeconds };
}

function readTransitiveKeys(
  parameters: ReadonlyMap<string, string>,
  tags: Readonly<Record<string, string>>,
): readonly string[] {
  const keys: string[] = [];
  for (let number = 1; ; number++) {
    const key = parameters.get(`TransitiveTagKeys.member.${number}`);
    if (key === undefined) return keys;
    if (!(key in tags)) throw validationError(`The transitive tag key ${key} is not among the tags of the request`);
    keys.push(key);
  }
}

/** Throws `QueryFailure` for a parameter that the sandbox must not pass over in silence. */
export function refuseAbsent({ parameters }: QueryCall, names: readonly string[]): void {
  const absent = findParameter(parameters, names);
  if (absent !== undefined) throw validationError(`The sandbox does not imitate the parameter ${absent}`);
}

/** Managed policies and multi-factor devices. */
const ABSENT = ['PolicyArns', 'SerialNumber', 'TokenCode', 'ProvidedContexts'];

/** The input of AssumeRole, checked as STS checks it. Throws `QueryFailure`. */
export function readAssumeRole(call: QueryCall): AssumeRoleInput {
  const { parameters } = call;
  const externalId = parameters.get('ExternalId');
  const sourceIdentity = parameters.get('SourceIdentity');
  const session = readSessionRequest(call);
  if (externalId !== undefined) checkText(externalId, 'externalId', /^[\w+=,.@:/-]*$/, '[\\w+=,.@:\\/-]*', 2, 1224);
  if (sourceIdentity !== undefined) checkText(sourceIdentity, 'sourceIdentity', /^[\w+=,.@-]*$/, '[\\w+=,.@-]*', 2, 64);
  refuseAbsent(call, ABSENT);
  const tags = readTags(parameters);
  return {
    ...session,
    externalId,
    sourceIdentity,
    sessionPolicies: readSessionPolicy(call, session),
    tags,
    transitiveTagKeys: readTransitiveKeys(parameters, tags),
  };
}

/** Refuses a lifetime beyond the role's maximum, or beyond an hour for a chained session. */
export function checkDuration(call: QueryCall, role: RoleRecord, durationSeconds: number): void {
  if (call.principal.kind === 'assumedRole' && durationSeconds > 3600) {
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  if (durationSeconds > role.maxSessionSeconds) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
}

export function credentialsXml(session: SessionCredentials): XmlElements {
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey.reveal(),
      SessionToken: session.sessionToken.reveal(),
      Expiration: session.expiresAt.toISOString().replace('.000Z', 'Z'),
    },
    AssumedRoleUser: { AssumedRoleId: session.principal.userId, Arn: session.principal.arn },
  };
}
