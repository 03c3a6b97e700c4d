import type { AccessOptions } from '../../src/access/access-options.ts';
import { Secret } from '../../src/core/secret.ts';

export const ROLE_ARN = 'arn:aws:iam::111122223333:role/RedshiftLogin';

export const KEYS = { accessKeyId: new Secret('AKIAEXAMPLE'), secretAccessKey: new Secret('canary-secret-key') };

/** Resolved options of a login by role with access keys; each test changes what it is about. */
export function accessOptions(changes: Partial<AccessOptions> = {}): AccessOptions {
  return {
    host: 'warehouse.abc123.us-east-1.redshift.amazonaws.com',
    port: 5439,
    database: 'dev',
    authType: 'assumeRole',
    loginMethod: 'databaseUser',
    username: 'etl',
    roleArn: ROLE_ARN,
    useEc2Role: false,
    identitySource: 'accessKeys',
    ...KEYS,
    autoCreateDbUser: false,
    dbGroups: [],
    loginLifetimeSeconds: 900,
    roleDurationSeconds: 3600,
    roleSessionName: 'roleshift',
    intermediateRoles: [],
    sessionTags: [],
    useStaging: false,
    tlsMode: 'verify-full',
    awsTimeoutSeconds: 10,
    awsConnectTimeoutSeconds: 5,
    awsNoProxy: [],
    loginIdentity: 'agent',
    ...changes,
  };
}

/** The same, without these keys. */
export function accessOptionsWithout(keys: readonly (keyof AccessOptions)[], changes: Partial<AccessOptions> = {}) {
  const options = accessOptions(changes);
  return Object.fromEntries(
    Object.entries(options).filter(([key]) => !(keys as readonly string[]).includes(key)),
  ) as unknown as AccessOptions;
}
