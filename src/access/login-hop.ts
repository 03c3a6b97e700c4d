import type { EndpointName } from '../core/endpoint-name.ts';
import type { ConfigIssue } from '../core/errors.ts';
import type { AccessOptions } from './access-options.ts';
import type { LoginHop } from './plan.ts';

export interface LoginChoice {
  readonly login?: LoginHop;
  readonly notices: readonly string[];
  readonly issues: readonly ConfigIssue[];
}

function missing(path: string, message: string, action: string): ConfigIssue {
  return { path, message, action };
}

function storedPassword({ username, password, database, host }: AccessOptions): LoginChoice {
  if (password !== undefined && host !== undefined) {
    return { login: { kind: 'password', username, password, database }, notices: [], issues: [] };
  }
  const issues = [
    ...(password === undefined
      ? [missing('password', 'The password is missing', 'Fill in password, or choose authType assumeRole.')]
      : []),
    ...(host === undefined
      ? [missing('host', 'A login by password needs the host of the cluster', 'Fill in host, or paste the JDBC URL.')]
      : []),
  ];
  return { notices: [], issues };
}

function clusterCredentials(options: AccessOptions, name: EndpointName | undefined): LoginChoice {
  const { username, database, autoCreateDbUser, loginLifetimeSeconds } = options;
  const clusterIdentifier = options.clusterIdentifier ?? name?.clusterIdentifier;
  if (clusterIdentifier === undefined) {
    const message = 'A login by role names the cluster, and the host does not tell it';
    return { notices: [], issues: [missing('clusterIdentifier', message, 'Fill in clusterIdentifier.')] };
  }
  // Redshift knows group names in lower case only; the API refuses others.
  const groups = [...new Set(options.dbGroups.map((group) => group.toLowerCase()))].sort();
  return {
    login: {
      kind: 'clusterCredentials',
      clusterIdentifier,
      database,
      username,
      autoCreate: autoCreateDbUser,
      groups,
      lifetimeSeconds: loginLifetimeSeconds,
    },
    notices: options.dbGroups.some((group) => group !== group.toLowerCase())
      ? ['Database groups are sent in lower case: Redshift knows no others.']
      : [],
    issues: [],
  };
}

/** Decides how the database user and password come about. */
export function chooseLogin(options: AccessOptions, name: EndpointName | undefined): LoginChoice {
  switch (options.authType) {
    case 'password':
      return storedPassword(options);
    case 'assumeRole':
      return clusterCredentials(options, name);
  }
  return options.authType satisfies never;
}
