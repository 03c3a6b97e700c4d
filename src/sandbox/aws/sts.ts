import { mayAssume } from '../iam/assume.ts';
import type { ContextValues } from '../iam/authorizer.ts';
import type { PolicyDocument } from '../iam/policy.ts';
import { parsePolicyText } from '../iam/policy-check.ts';
import type { IdentityRegistry, RoleRecord } from '../iam/registry.ts';
import { accessDenied, type QueryCall, QueryFailure, type QueryService, validationError } from './query.ts';
import type { XmlElements } from './xml.ts';

function constraint(value: string, member: string, rule: string): QueryFailure {
  return validationError(
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must ${rule}`,
  );
}

interface AssumeRoleInput {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly durationSeconds: number;
  readonly externalId: string | undefined;
  readonly sourceIdentity: string | undefined;
  readonly sessionPolicies: readonly PolicyDocument[] | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

function checkText(value: string, member: string, pattern: RegExp, shown: string, min: number, max: number): void {
  if (value.length < min) throw constraint(value, member, `have length greater than or equal to ${min}`);
  if (value.length > max) throw constraint(value, member, `have length less than or equal to ${max}`);
  if (!pattern.test(value)) throw constraint(value, member, `satisfy regular expression pattern: ${shown}`);
}

function readSessionPolicy(text: string | undefined): readonly PolicyDocument[] | undefined {
  if (text === undefined) return undefined;
  if (text.length > 2048) throw constraint('***', 'policy', 'have length less than or equal to 2048');
  const checked = parsePolicyText(text, 'identity');
  if ('problem' in checked) throw new QueryFailure('MalformedPolicyDocument', 400, checked.problem);
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

function readAssumeRole({ parameters }: QueryCall): AssumeRoleInput {
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
  const externalId = parameters.get('ExternalId');
  const sourceIdentity = parameters.get('SourceIdentity');
  const durationText = parameters.get('DurationSeconds') ?? '3600';
  const durationSeconds = Number(durationText);
  if (roleArn.length < 20) throw constraint(roleArn, 'roleArn', 'have length greater than or equal to 20');
  checkText(sessionName, 'roleSessionName', /^[\w+=,.@-]*$/, '[\\w+=,.@-]*', 2, 64);
  if (externalId !== undefined) checkText(externalId, 'externalId', /^[\w+=,.@:/-]*$/, '[\\w+=,.@:\\/-]*', 2, 1224);
  if (sourceIdentity !== undefined) checkText(sourceIdentity, 'sourceIdentity', /^[\w+=,.@-]*$/, '[\\w+=,.@-]*', 2, 64);
  if (!Number.isInteger(durationSeconds)) throw validationError('DurationSeconds must be an integer');
  if (durationSeconds < 900)
    throw constraint(durationText, 'durationSeconds', 'have value greater than or equal to 900');
  if (durationSeconds > 43_200)
    throw constraint(durationText, 'durationSeconds', 'have value less than or equal to 43200');
  if (!/^arn:aws:iam::\d{12}:role\/.+/.test(roleArn)) throw validationError(`${roleArn} is invalid`);
  if (parameters.has('PolicyArns.member.1.arn')) {
    throw validationError('The sandbox has no managed policies: PolicyArns cannot be used');
  }
  return {
    roleArn,
    sessionName,
    durationSeconds,
    externalId,
    sourceIdentity,
    sessionPolicies: readSessionPolicy(parameters.get('Policy')),
    tags: readTags(parameters),
  };
}

function checkDuration(call: QueryCall, role: RoleRecord, durationSeconds: number): void {
  if (call.principal.kind === 'assumedRole' && durationSeconds > 3600) {
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  if (durationSeconds > role.maxSessionSeconds) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
}

/** `sts:AssumeRole`, and the permissions that tags and a source identity need besides. */
function checkTrust(call: QueryCall, role: RoleRecord | undefined, input: AssumeRoleInput): RoleRecord {
  const { roleArn, sessionName, externalId, sourceIdentity, tags } = input;
  const context: ContextValues = {
    'sts:ExternalId': externalId,
    'sts:RoleSessionName': sessionName,
    'sts:SourceIdentity': sourceIdentity,
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    'aws:TagKeys': Object.keys(tags).length > 0 ? Object.keys(tags) : undefined,
  };
  const actions = [
    'sts:AssumeRole',
    ...(Object.keys(tags).length > 0 ? ['sts:TagSession'] : []),
    ...(sourceIdentity !== undefined ? ['sts:SetSourceIdentity'] : []),
  ];
  for (const action of actions) {
    const { principal, region, authorize } = call;
    const verdict = mayAssume(authorize, role, { principal, roleArn, action, region, context });
    if (!verdict.allowed) throw accessDenied(verdict.message);
  }
  if (!role)
    throw accessDenied(
      `User: ${call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    );
  const inherited = call.principal.sourceIdentity;
  if (inherited !== undefined && sourceIdentity !== undefined && inherited !== sourceIdentity) {
    throw accessDenied('The source identity of a session cannot be changed');
  }
  return role;
}

function assumeRole(call: QueryCall, registry: IdentityRegistry): XmlElements {
  const input = readAssumeRole(call);
  const role = checkTrust(call, registry.role(input.roleArn), input);
  checkDuration(call, role, input.durationSeconds);
  const { sessionPolicies, tags } = input;
  const sourceIdentity = input.sourceIdentity ?? call.principal.sourceIdentity;
  const session = registry.openSession(role, {
    sessionName: input.sessionName,
    lifetimeSeconds: input.durationSeconds,
    sessionPolicies,
    sessionTags: tags,
    sourceIdentity,
  });
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey.reveal(),
      SessionToken: session.sessionToken.reveal(),
      Expiration: session.expiresAt.toISOString().replace('.000Z', 'Z'),
    },
    AssumedRoleUser: { AssumedRoleId: session.principal.userId, Arn: session.principal.arn },
    ...(sessionPolicies && { PackedPolicySize: 6 }),
    SourceIdentity: sourceIdentity,
  };
}

function getCallerIdentity({ principal }: QueryCall): XmlElements {
  return { Arn: principal.arn, UserId: principal.userId, Account: principal.account };
}

export function createSts(registry: IdentityRegistry): QueryService {
  return {
    name: 'sts',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    resourceOf: ({ parameters }) => parameters.get('RoleArn') ?? '*',
    actions: new Map([
      ['AssumeRole', (call) => assumeRole(call, registry)],
      ['GetCallerIdentity', getCallerIdentity],
    ]),
  };
}
