import type { ConnectionInput } from '../../src/manifest/options.gen.ts';

export const HOST = 'warehouse.abc123.us-west-2.redshift.amazonaws.com';
export const ROLE = 'arn:aws:iam::111122223333:role/RedshiftLogin';

/** Type *Default*: a stored password. */
export const PASSWORD: ConnectionInput = { host: HOST, database: 'dev', username: 'etl', password: 'p' };

/** Option 1: the access keys of an IAM user. */
export const KEYS: ConnectionInput = {
  host: HOST,
  database: 'dev',
  authType: 'assumeRole',
  username: 'etl',
  roleArn: ROLE,
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMIexample',
};

/** Option 2: Use EC2 Role to Assume Role. */
export const EC2: ConnectionInput = {
  host: HOST,
  database: 'dev',
  authType: 'assumeRole',
  username: 'etl',
  roleArn: ROLE,
  useEc2Role: true,
};

export const SERVERLESS_HOST = 'analytics.111122223333.us-west-2.redshift-serverless.amazonaws.com';

/** A serverless workgroup, whose host is looked up. */
export const SERVERLESS: ConnectionInput = {
  workgroup: 'analytics',
  region: 'us-west-2',
  database: 'dev',
  authType: 'assumeRole',
  roleArn: ROLE,
  useEc2Role: true,
};

/** What staging asks for besides. */
export const STAGING: ConnectionInput = { useStaging: true, stagingBucket: 'acme-staging', copyRole: 'default' };
