import { type EndpointName, isCustomDomain } from '../core/endpoint-name.ts';
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
  if (username !== undefined && password !== undefined && host !== undefined) {
    return { login: { kind: 'password', username, password, database }, notices: [], issues: [] };
  }
  const issues = [
    ...(username === undefined ? [missing('username', 'The database user is missing', 'Fill in username.')] : []),
    ...(password === undefined
      ? [missing('password', 'The password is missing', 'Fill in password, or choose authType assumeRole.')]
      : []),
    ...(host === undefined
      ? [missing('host', 'A login by password needs the host of the cluster', 'Fill in host, or paste the JDBC URL.')]
      : []),
  ];
  return { notices: [], issues };
}

type ClusterTarget = { readonly clusterIdentifier: string } | { readonly customDomain: string };

/** The identifier, given or told by the host's name; else the host itself where it can be a custom domain name. */
function clusterTarget(options: AccessOptions, name: EndpointName | undefined): ClusterTarget | undefined {
  const clusterIdentifier = options.clusterIdentifier ?? name?.clusterIdentifier;
  if (clusterIdentifier !== undefined) return { clusterIdentifier };
  return options.host !== undefined && isCustomDomain(options.host)
    ? { customDomain: options.host.toLowerCase() }
    : undefined;
}

function clusterLogin(options: AccessOptions, name: EndpointName | undefined): LoginChoice {
  const target = clusterTarget(options, name);
  if (target === undefined) {
    const message = 'A login by role names the cluster, and the host does not tell it';
    return { notices: [], issues: [missing('clusterIdentifier', message, 'Fill in clusterIdentifier.')] };
  }
  const { database, loginLifetimeSeconds: lifetimeSeconds } = options;
  switch (options.loginMethod) {
    case 'databaseUser':
      return clusterCredentials(options, target);
    case 'iamIdentity':
      return {
        login: { kind: 'clusterCredentialsWithIam', ...target, database, lifetimeSeconds },
        notices: [],
        issues: [],
      };
  }
  return options.loginMethod satisfies never;
}

function clusterCredentials(options: AccessOptions, target: ClusterTarget): LoginChoice {
  const { username, database, autoCreateDbUser, loginLifetimeSeconds } = options;
  if (username === undefined) {
    const action = 'Fill in username, or set loginMethod to iamIdentity.';
    return { notices: [], issues: [missing('username', 'The database user to log in as is missing', action)] };
  }
  // Redshift knows group names in lower case only; the API refuses others.
  const groups = [...new Set(options.dbGroups.map((group) => group.toLowerCase()))].sort();
  return {
    login: {
      kind: 'clusterCredentials',
      ...target,
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

function serverlessLogin(options: AccessOptions, name: EndpointName | undefined): LoginChoice {
  const { database, loginLifetimeSeconds: lifetimeSeconds } = options;
  const workgroup = options.workgroup ?? name?.workgroup;
  if (workgroup === undefined) {
    const message = 'A login by role names the serverless workgroup, and the host does not tell it';
    return { notices: [], issues: [missing('workgroup', message, 'Fill in workgroup.')] };
  }
  if (options.clusterIdentifier !== undefined || name?.clusterIdentifier !== undefined) {
    const message = `A serverless workgroup (${workgroup}) and a cluster are both named`;
    const action = 'Remove clusterIdentifier or workgroup; a host name tells one, too.';
    return { notices: [], issues: [missing('clusterIdentifier', message, action)] };
  }
  return {
    login: { kind: 'serverlessCredentials', workgroup, database, lifetimeSeconds },
    notices: [],
    issues: [],
  };
}

/** Decides how the database user and password come about. */
export function chooseLogin(options: AccessOptions, name: EndpointName | undefined): LoginChoice {
  switch (options.authType) {
    case 'password':
      return storedPassword(options);
    case 'assumeRole':
      return options.workgroup !== undefined || name?.isServerless === true
        ? serverlessLogin(options, name)
        : clusterLogin(options, name);
  }
  return options.authType satisfies never;
}
