import type { Secret } from '../core/secret.ts';

/** The options that planning reads: the part of the resolved `ConnectionOptions` about getting in. */
export interface AccessOptions {
  readonly host?: string;
  readonly port: number;
  readonly database: string;
  readonly clusterIdentifier?: string;
  readonly region?: string;
  readonly authType: 'password' | 'assumeRole';
  readonly username?: string;
  readonly password?: Secret;
  readonly roleArn?: string;
  readonly useEc2Role: boolean;
  readonly identitySource: 'accessKeys' | 'workerRole' | 'profile' | 'environment';
  readonly accessKeyId?: Secret;
  readonly secretAccessKey?: Secret;
  readonly sessionToken?: Secret;
  readonly profile?: string;
  readonly autoCreateDbUser: boolean;
  readonly dbGroups: readonly string[];
  readonly loginLifetimeSeconds: number;
  readonly roleDurationSeconds: number;
  readonly externalId?: string;
  readonly roleSessionName: string;
  readonly sourceIdentity?: string;
  readonly intermediateRoles: readonly { readonly roleArn: string; readonly externalId?: string }[];
  readonly useStaging: boolean;
  readonly stagingRoleArn?: string;
  readonly stagingRegion?: string;
  readonly tlsMode: 'verify-full' | 'verify-ca';
  readonly caFile?: string;
  readonly tlsServerName?: string;
  readonly awsTimeoutSeconds: number;
  readonly stsEndpoint?: string;
  readonly redshiftEndpoint?: string;
  readonly s3Endpoint?: string;
  readonly loginIdentity: 'agent' | 'worker';
  readonly workerRoleArn?: string;
}
