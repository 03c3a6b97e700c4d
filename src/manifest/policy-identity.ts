import type { ConfigIssue } from '../core/errors.ts';
import { forbidden, matchesAny } from './forbidden.ts';
import type { HostPolicy, IdentityKind } from './host-policy.ts';
import type { ConnectionOptions } from './options.gen.ts';

/** The identity that the options choose, and the option that says so; undefined when no call to AWS is made. */
function chosenIdentity(options: ConnectionOptions): readonly [path: string, IdentityKind] | undefined {
  const { authType, useStaging, loginIdentity, useEc2Role, identitySource } = options;
  if (authType === 'password' && !useStaging) return undefined;
  if (loginIdentity === 'worker') return ['loginIdentity', 'workerRole'];
  return useEc2Role ? ['useEc2Role', 'machineRole'] : ['identitySource', identitySource];
}

/** Identities that a form may not choose. */
export function identityIssues(
  options: ConnectionOptions,
  { identities = ['accessKeys'], profiles }: HostPolicy,
): readonly ConfigIssue[] {
  const [path, kind] = chosenIdentity(options) ?? [];
  if (path === undefined || kind === undefined) return [];
  if (!identities.includes(kind)) return [forbidden(path, `the identity ${kind}`)];
  const isRefused = kind === 'profile' && profiles && !matchesAny(profiles, options.profile ?? '');
  return isRefused ? [forbidden('profile', 'this profile')] : [];
}

/** A bucket that is not covered, and S3 as the agent itself where roles are named. */
export function stagingIssues(options: ConnectionOptions, { buckets, roleArns }: HostPolicy): readonly ConfigIssue[] {
  const { useStaging, stagingBucket = '', authType, stagingRoleArn, intermediateRoles } = options;
  if (!useStaging) return [];
  const isOwn = chosenIdentity(options)?.[1] !== 'accessKeys';
  const hasNoRole = authType === 'password' && stagingRoleArn === undefined && intermediateRoles.length === 0;
  return [
    ...(buckets && !matchesAny(buckets, stagingBucket) ? [forbidden('stagingBucket', 'this bucket')] : []),
    ...(isOwn && hasNoRole && roleArns ? [forbidden('stagingRoleArn', 'S3 without a role')] : []),
  ];
}

/** Roles that are not covered: those to assume, and those that Redshift is told to use. */
export function roleIssues(options: ConnectionOptions, { roleArns, copyRoles }: HostPolicy): readonly ConfigIssue[] {
  const { roleArn, stagingRoleArn, workerRoleArn, intermediateRoles, copyRole } = options;
  const named: readonly (readonly [string, string | undefined])[] = [
    ['roleArn', roleArn],
    ['stagingRoleArn', stagingRoleArn],
    ['workerRoleArn', workerRoleArn],
    ...intermediateRoles.map(({ roleArn: arn }, index) => [`intermediateRoles[${index}].roleArn`, arn] as const),
  ];
  const copyAllowed = copyRoles ?? (roleArns && [...roleArns, 'default']);
  const isCopyRefused = copyAllowed && copyRole?.split(',').some((arn) => !matchesAny(copyAllowed, arn));
  return [
    ...named
      .filter(([, arn]) => roleArns && arn !== undefined && !matchesAny(roleArns, arn))
      .map(([path]) => forbidden(path, 'this role')),
    ...(isCopyRefused ? [forbidden('copyRole', 'this role for COPY and UNLOAD')] : []),
  ];
}

/** What a form says of its sessions: an identity of the agent's own vouches for it before policies elsewhere. */
export function claimIssues(options: ConnectionOptions, policy: HostPolicy): readonly ConfigIssue[] {
  const { sessionTags, sourceIdentity, intermediateRoles } = options;
  const byDefault = chosenIdentity(options)?.[1] === 'accessKeys' ? ['*'] : [];
  const { sessionTags: tags = byDefault, sourceIdentities = policy.sourceIdentity === undefined ? byDefault : ['*'] } =
    policy;
  const sessions = [
    { at: '', sessionTags, sourceIdentity },
    ...intermediateRoles.map((role, index) => ({ ...role, at: `intermediateRoles[${index}].` })),
  ];
  return sessions.flatMap(({ at, sessionTags: claimed = [], sourceIdentity: name }) => [
    ...(claimed.every(({ key }) => matchesAny(tags, key)) ? [] : [forbidden(`${at}sessionTags`, 'these session tags')]),
    ...(name === undefined || matchesAny(sourceIdentities, name)
      ? []
      : [forbidden(`${at}sourceIdentity`, 'this source identity')]),
  ]);
}
