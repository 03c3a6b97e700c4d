// Generated from connector.json by tools/generate.ts. Do not edit.
import type { Secret } from '../core/secret.ts';

/** A connection as a person, a form or a program writes it. Secrets may be references: `${env:NAME}`, `${file:path}`. */
export interface ConnectionInput {
  /** Paste the cluster's JDBC URL to fill host, port and database. Its parameters are not taken over, and none can weaken TLS. */
  readonly jdbcUrl?: string | undefined;
  /** Endpoint of the cluster, without the port. May stay empty with a cluster identifier: it is then looked up in AWS. */
  readonly host?: string | undefined;
  /** TCP port the cluster listens on. Default: `5439`. */
  readonly port?: number | undefined;
  /** Database that holds the tables. */
  readonly database?: string | undefined;
  /** Identifier of the provisioned cluster that issues the login. Taken from the endpoint where its name tells it. */
  readonly clusterIdentifier?: string | undefined;
  /** AWS Region of the cluster. Taken from the endpoint where its name tells it. */
  readonly region?: string | undefined;
  /** How the database login is obtained: a stored password, or short-lived credentials bought by an IAM role. Default: `"password"`. */
  readonly authType?: 'password' | 'assumeRole' | undefined;
  /** Database user to log in as. */
  readonly username?: string | undefined;
  /** Password of the database user. */
  readonly password?: string | Secret | undefined;
  /** IAM role that is assumed to obtain the database login. */
  readonly roleArn?: string | undefined;
  /** The AWS role of the machine that runs the agent (EC2, ECS or EKS) assumes the Redshift role; no access keys are stored, and any given are ignored. Default: `false`. */
  readonly useEc2Role?: boolean | undefined;
  /** Where the AWS identity that assumes the role comes from. Default: `"accessKeys"`. */
  readonly identitySource?: 'accessKeys' | 'workerRole' | 'profile' | 'environment' | undefined;
  /** Access key of the IAM user that may assume the role. */
  readonly accessKeyId?: string | Secret | undefined;
  /** Secret that belongs to the access key. */
  readonly secretAccessKey?: string | Secret | undefined;
  /** Only with temporary access keys (they start with ASIA): the token that came with them. */
  readonly sessionToken?: string | Secret | undefined;
  /** Name of the profile in ~/.aws/config or ~/.aws/credentials. */
  readonly profile?: string | undefined;
  /** Creates the database user at login when it does not exist. Needs redshift:CreateClusterUser. Default: `false`. */
  readonly autoCreateDbUser?: boolean | undefined;
  /** Existing database groups that the user joins for the session, besides those it belongs to. Needs redshift:JoinGroup. Default: `[]`. */
  readonly dbGroups?: readonly string[] | undefined;
  /** How long a generated database login stays valid for new connections. Open sessions outlive it, and it is renewed ahead of time. In seconds. Default: `900`. */
  readonly loginLifetimeSeconds?: number | undefined;
  /** How long the credentials of an assumed role last before they are renewed. A role assumed from a role is capped at 3600 by AWS. In seconds. Default: `3600`. */
  readonly roleDurationSeconds?: number | undefined;
  /** Value that the trust policy of the role demands (sts:ExternalId). */
  readonly externalId?: string | undefined;
  /** Name of the session as CloudTrail shows it. Default: `"roleshift"`. */
  readonly roleSessionName?: string | undefined;
  /** Identity that AWS keeps through every later role (sts:SetSourceIdentity is needed). */
  readonly sourceIdentity?: string | undefined;
  /** Roles assumed in this order before the Redshift role, where no direct trust exists. Default: `[]`. */
  readonly intermediateRoles?: readonly { readonly roleArn: string; readonly externalId?: string }[] | undefined;
  /** Moves bulk data through an S3 bucket with COPY and UNLOAD: needed for writes, and faster for large reads. Default: `false`. */
  readonly useStaging?: boolean | undefined;
  /** S3 bucket for the files on their way. They are deleted when a run ends. */
  readonly stagingBucket?: string | undefined;
  /** Folder in the bucket under which each run makes its own. Default: `"roleshift/"`. */
  readonly stagingPrefix?: string | undefined;
  /** AWS Region of the bucket where it is not that of the cluster. */
  readonly stagingRegion?: string | undefined;
  /** IAM role that the agent assumes to reach the bucket. Without one, the Redshift role is used, or the identity itself where the login is a password. */
  readonly stagingRoleArn?: string | undefined;
  /** Role that Redshift itself uses to reach the bucket: default for the cluster's default role, an ARN, or several ARNs with commas for a chain. */
  readonly copyRole?: string | undefined;
  /** KMS key (id or ARN) that encrypts the staged files. Without one, the bucket's own setting decides. */
  readonly kmsKeyId?: string | undefined;
  /** Account that must own the bucket; every S3 call is refused when another one does. */
  readonly stagingBucketOwner?: string | undefined;
  /** Schema of tables that are named without one. Default: `"public"`. */
  readonly defaultSchema?: string | undefined;
  /** Name that the sessions carry in Redshift's system views. Default: `"roleshift"`. */
  readonly applicationName?: string | undefined;
  /** SQL run in every new session before anything else. It is your own: it is sent as written. */
  readonly connectSql?: string | undefined;
  /** Query group that routes the statements to a workload queue. */
  readonly queryGroup?: string | undefined;
  /** Longest time one statement may run; 0 sets no limit of ours. In seconds. Default: `0`. */
  readonly statementTimeoutSeconds?: number | undefined;
  /** Most sessions that are open at a time. Default: `10`. */
  readonly maxSessions?: number | undefined;
  /** verify-full checks the certificate and the host name; verify-ca only the certificate. There is no unverified mode. Default: `"verify-full"`. */
  readonly tlsMode?: 'verify-full' | 'verify-ca' | undefined;
  /** PEM file with certificates to trust besides those that come with Node, Amazon's among them. */
  readonly caFile?: string | undefined;
  /** Name that the certificate must carry where it is not the host: behind a tunnel or a private endpoint. */
  readonly tlsServerName?: string | undefined;
  /** Longest time to open one session. In seconds. Default: `10`. */
  readonly connectTimeoutSeconds?: number | undefined;
  /** Longest time one call to AWS may take. In seconds. Default: `10`. */
  readonly awsTimeoutSeconds?: number | undefined;
  /** Idle time after which TCP keepalive probes start, so that firewalls keep long statements alive; 0 turns them off. In seconds. Default: `30`. */
  readonly keepaliveSeconds?: number | undefined;
  /** Idle time after which an unused session is closed. In seconds. Default: `300`. */
  readonly idleSessionSeconds?: number | undefined;
  /** Address of STS where it is not the Region's public one. */
  readonly stsEndpoint?: string | undefined;
  /** Address of the Redshift API where it is not the Region's public one. */
  readonly redshiftEndpoint?: string | undefined;
  /** Address of S3 where it is not the Region's public one. */
  readonly s3Endpoint?: string | undefined;
  /** Who logs in for mappings in advanced mode: the agent's own identity, or the worker node's role where the agent runs on the cluster itself. Default: `"agent"`. */
  readonly loginIdentity?: 'agent' | 'worker' | undefined;
  /** Role that the worker nodes run under. When given, a node that runs under another one is refused. */
  readonly workerRoleArn?: string | undefined;
}

/** A connection with defaults filled in, checked, and its secrets wrapped. Frozen. */
export interface ConnectionOptions {
  /** Paste the cluster's JDBC URL to fill host, port and database. Its parameters are not taken over, and none can weaken TLS. */
  readonly jdbcUrl?: string;
  /** Endpoint of the cluster, without the port. May stay empty with a cluster identifier: it is then looked up in AWS. */
  readonly host?: string;
  /** TCP port the cluster listens on. Default: `5439`. */
  readonly port: number;
  /** Database that holds the tables. */
  readonly database: string;
  /** Identifier of the provisioned cluster that issues the login. Taken from the endpoint where its name tells it. */
  readonly clusterIdentifier?: string;
  /** AWS Region of the cluster. Taken from the endpoint where its name tells it. */
  readonly region?: string;
  /** How the database login is obtained: a stored password, or short-lived credentials bought by an IAM role. Default: `"password"`. */
  readonly authType: 'password' | 'assumeRole';
  /** Database user to log in as. */
  readonly username: string;
  /** Password of the database user. */
  readonly password?: Secret;
  /** IAM role that is assumed to obtain the database login. */
  readonly roleArn?: string;
  /** The AWS role of the machine that runs the agent (EC2, ECS or EKS) assumes the Redshift role; no access keys are stored, and any given are ignored. Default: `false`. */
  readonly useEc2Role: boolean;
  /** Where the AWS identity that assumes the role comes from. Default: `"accessKeys"`. */
  readonly identitySource: 'accessKeys' | 'workerRole' | 'profile' | 'environment';
  /** Access key of the IAM user that may assume the role. */
  readonly accessKeyId?: Secret;
  /** Secret that belongs to the access key. */
  readonly secretAccessKey?: Secret;
  /** Only with temporary access keys (they start with ASIA): the token that came with them. */
  readonly sessionToken?: Secret;
  /** Name of the profile in ~/.aws/config or ~/.aws/credentials. */
  readonly profile?: string;
  /** Creates the database user at login when it does not exist. Needs redshift:CreateClusterUser. Default: `false`. */
  readonly autoCreateDbUser: boolean;
  /** Existing database groups that the user joins for the session, besides those it belongs to. Needs redshift:JoinGroup. Default: `[]`. */
  readonly dbGroups: readonly string[];
  /** How long a generated database login stays valid for new connections. Open sessions outlive it, and it is renewed ahead of time. In seconds. Default: `900`. */
  readonly loginLifetimeSeconds: number;
  /** How long the credentials of an assumed role last before they are renewed. A role assumed from a role is capped at 3600 by AWS. In seconds. Default: `3600`. */
  readonly roleDurationSeconds: number;
  /** Value that the trust policy of the role demands (sts:ExternalId). */
  readonly externalId?: string;
  /** Name of the session as CloudTrail shows it. Default: `"roleshift"`. */
  readonly roleSessionName: string;
  /** Identity that AWS keeps through every later role (sts:SetSourceIdentity is needed). */
  readonly sourceIdentity?: string;
  /** Roles assumed in this order before the Redshift role, where no direct trust exists. Default: `[]`. */
  readonly intermediateRoles: readonly { readonly roleArn: string; readonly externalId?: string }[];
  /** Moves bulk data through an S3 bucket with COPY and UNLOAD: needed for writes, and faster for large reads. Default: `false`. */
  readonly useStaging: boolean;
  /** S3 bucket for the files on their way. They are deleted when a run ends. */
  readonly stagingBucket?: string;
  /** Folder in the bucket under which each run makes its own. Default: `"roleshift/"`. */
  readonly stagingPrefix: string;
  /** AWS Region of the bucket where it is not that of the cluster. */
  readonly stagingRegion?: string;
  /** IAM role that the agent assumes to reach the bucket. Without one, the Redshift role is used, or the identity itself where the login is a password. */
  readonly stagingRoleArn?: string;
  /** Role that Redshift itself uses to reach the bucket: default for the cluster's default role, an ARN, or several ARNs with commas for a chain. */
  readonly copyRole?: string;
  /** KMS key (id or ARN) that encrypts the staged files. Without one, the bucket's own setting decides. */
  readonly kmsKeyId?: string;
  /** Account that must own the bucket; every S3 call is refused when another one does. */
  readonly stagingBucketOwner?: string;
  /** Schema of tables that are named without one. Default: `"public"`. */
  readonly defaultSchema: string;
  /** Name that the sessions carry in Redshift's system views. Default: `"roleshift"`. */
  readonly applicationName: string;
  /** SQL run in every new session before anything else. It is your own: it is sent as written. */
  readonly connectSql?: string;
  /** Query group that routes the statements to a workload queue. */
  readonly queryGroup?: string;
  /** Longest time one statement may run; 0 sets no limit of ours. In seconds. Default: `0`. */
  readonly statementTimeoutSeconds: number;
  /** Most sessions that are open at a time. Default: `10`. */
  readonly maxSessions: number;
  /** verify-full checks the certificate and the host name; verify-ca only the certificate. There is no unverified mode. Default: `"verify-full"`. */
  readonly tlsMode: 'verify-full' | 'verify-ca';
  /** PEM file with certificates to trust besides those that come with Node, Amazon's among them. */
  readonly caFile?: string;
  /** Name that the certificate must carry where it is not the host: behind a tunnel or a private endpoint. */
  readonly tlsServerName?: string;
  /** Longest time to open one session. In seconds. Default: `10`. */
  readonly connectTimeoutSeconds: number;
  /** Longest time one call to AWS may take. In seconds. Default: `10`. */
  readonly awsTimeoutSeconds: number;
  /** Idle time after which TCP keepalive probes start, so that firewalls keep long statements alive; 0 turns them off. In seconds. Default: `30`. */
  readonly keepaliveSeconds: number;
  /** Idle time after which an unused session is closed. In seconds. Default: `300`. */
  readonly idleSessionSeconds: number;
  /** Address of STS where it is not the Region's public one. */
  readonly stsEndpoint?: string;
  /** Address of the Redshift API where it is not the Region's public one. */
  readonly redshiftEndpoint?: string;
  /** Address of S3 where it is not the Region's public one. */
  readonly s3Endpoint?: string;
  /** Who logs in for mappings in advanced mode: the agent's own identity, or the worker node's role where the agent runs on the cluster itself. Default: `"agent"`. */
  readonly loginIdentity: 'agent' | 'worker';
  /** Role that the worker nodes run under. When given, a node that runs under another one is refused. */
  readonly workerRoleArn?: string;
}

/** Key of an option. */
export type OptionKey = keyof ConnectionOptions;

/** Keys whose values are `Secret`. */
export type SecretKey = 'password' | 'accessKeyId' | 'secretAccessKey' | 'sessionToken';
