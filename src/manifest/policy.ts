import { defined } from '../core/defined.ts';
import type { ConfigIssue } from '../core/errors.ts';
import { forbidden } from './forbidden.ts';
import type { HostPolicy } from './host-policy.ts';
import type { ConnectionOptions } from './options.gen.ts';
import { endpointIssues, hostIssues, proxyIssues } from './policy-addresses.ts';
import { claimIssues, identityIssues, roleIssues, stagingIssues } from './policy-identity.ts';

/** What the policy makes of a connection. */
export interface PolicyVerdict {
  /** The options with the host's own values set. */
  readonly options: ConnectionOptions;
  /** Each thing the policy forbids. */
  readonly issues: readonly ConfigIssue[];
  readonly notices: readonly string[];
  /** Keys whose value the host set. */
  readonly fixed: readonly string[];
}

/** Judges checked options by the policy. Pure; paths of files were judged when they were resolved. */
export function applyPolicy(options: ConnectionOptions, policy: HostPolicy): PolicyVerdict {
  const issues = [
    ...identityIssues(options, policy),
    ...roleIssues(options, policy),
    ...claimIssues(options, policy),
    ...stagingIssues(options, policy),
    ...endpointIssues(options, policy),
    ...proxyIssues(options, policy),
    ...hostIssues(options, policy),
    ...(policy.allowConnectSql === false && options.connectSql !== undefined
      ? [forbidden('connectSql', 'SQL of your own')]
      : []),
  ];
  return { issues, ...fixValues(options, policy) };
}

function fixValues(options: ConnectionOptions, policy: HostPolicy): Omit<PolicyVerdict, 'issues'> {
  const { externalId, sourceIdentity, roleSessionNamePrefix = '' } = policy;
  const stagingExternalId = options.stagingExternalId === undefined ? undefined : externalId;
  const fixed = defined({ externalId, sourceIdentity, stagingExternalId });
  const replaced = Object.entries(fixed).filter(([key, value]) => {
    const given = options[key as keyof typeof fixed];
    return given !== undefined && given !== value;
  });
  const prefixed = (name: string): string => `${roleSessionNamePrefix}${name}`.slice(0, 64);
  return {
    fixed: Object.keys(fixed),
    options: {
      ...options,
      ...fixed,
      roleSessionName: prefixed(options.roleSessionName),
      // What the host sets belongs to every role on the way, or a form could leave it out of one.
      intermediateRoles: options.intermediateRoles.map(({ sourceIdentity: own, ...role }) => ({
        ...role,
        ...defined({
          externalId: externalId ?? role.externalId,
          sourceIdentity: sourceIdentity === undefined ? own : undefined,
          roleSessionName: role.roleSessionName === undefined ? undefined : prefixed(role.roleSessionName),
        }),
      })),
    },
    notices: replaced.map(([key]) => `The host sets ${key}; the value in the form is not used.`),
  };
}
