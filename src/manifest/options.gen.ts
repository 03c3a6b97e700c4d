// Generated from connector.json by tools/generate.ts. Do not edit.
import type { Secret } from '../core/secret.ts';

/** A connection as a person, a form or a program writes it. Secrets may be references: `${env:NAME}`, `${file:path}`. */
export interface ConnectionInput {
  /** Paste the cluster's JDBC URL to fill host, port and database. Its parameters are not taken over, and none can weaken TLS. */
  readonly jdbcUrl?: string | undefined;
  /** Endpoint of the cluster or workgroup, without the port, or the custom domain name of a cluster. May stay empty with a cluster identifier or workgroup: it is then looked up in AWS. */
  readonly host?: string | undefined;
  /** TCP port the cluster listens on. Default: `5439`. */
  readonly port?: number | undefined;
  /** Database that holds the tables. */
  readonly database?: string | undefined;
  /** Identifier of the provisioned cluster that issues the login. Taken from the endpoint where its name tells it. */
  readonly clusterIdentifier?: string | undefined;
  /** Name of the Redshift Serverless workgroup that issues the login, instead of a cluster. Taken from the endpoint where its name tells it. */
  readonly workgroup?: string | undefined;
  /** AWS Region of the cluster. Taken from the endpoint where its name tells it. */
  readonly region?: string | undefined;
  /** How the database login is obtained: a stored password, or short-lived credentials bought by an IAM role. Default: `"password"`. */
  readonly authType?: 'password' | 'assumeRole' | undefined;
  /** Whose login AWS issues: that of the database user that is named here (redshift:GetClusterCredentials), or that of the IAM role itself, as the user IAMR:role (redshift:GetClusterCredentialsWithIAM). Default: `"databaseUser"`. */
  readonly loginMethod?: 'databaseUser' | 'iamIdentity' | undefined;
  /** Database user to log in as. Not used where the user follows from the IAM identity: with loginMethod iamIdentity, and with a serverless workgroup. */
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
  /** Name of the profile in ~/.aws/config or ~/.aws/credentials: with keys, a role and its source, a web identity token or a credential_process. One that asks for an MFA code cannot be used. */
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
  /** IAM policy as JSON that narrows what the session of the Redshift role may do: it can only take away. */
  readonly sessionPolicy?: string | undefined;
  /** Tags of the session of the Redshift role, for policies that ask for them (sts:TagSession is needed). Default: `[]`. */
  readonly sessionTags?: readonly { readonly key: string; readonly value?: string; readonly transitive?: boolean }[] | undefined;
  /** Roles assumed in this order before the Redshift role, where no direct trust exists. What one leaves out of session name and duration is as for the Redshift role. Default: `[]`. */
  readonly intermediateRoles?: readonly { readonly roleArn: string; readonly externalId?: string; readonly roleSessionName?: string; readonly durationSeconds?: number; readonly sessionPolicy?: string; readonly sessionTags?: readonly { readonly key: string; readonly value?: string; readonly transitive?: boolean }[]; readonly sourceIdentity?: string }[] | undefined;
  /** Moves bulk data through an S3 bucket with COPY and UNLOAD: needed to write many rows, and faster for large reads. Default: `false`. */
  readonly useStaging?: boolean | undefined;
  /** S3 bucket for the files on their way. They are deleted when a run ends. */
  readonly stagingBucket?: string | undefined;
  /** Folder in the bucket under which each run makes its own. Default: `"roleshift/"`. */
  readonly stagingPrefix?: string | undefined;
  /** Before the first run stages anything, delete what runs left in the bucket that are gone for a day, as far as it is theirs for certain. Default: `false`. */
  readonly sweepOnStart?: boolean | undefined;
  /** AWS Region of the bucket where it is not that of the cluster. */
  readonly stagingRegion?: string | undefined;
  /** IAM role that the agent assumes to reach the bucket. Without one, the Redshift role is used, or the identity itself where the login is a password. */
  readonly stagingRoleArn?: string | undefined;
  /** Value that the trust policy of the staging role demands (sts:ExternalId). Without one, External ID is sent. */
  readonly stagingExternalId?: string | undefined;
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
  /** While a long statement runs or waits, ask Redshift on a second session, every few seconds, how far it is and who blocks it. Default: `true`. */
  readonly sideSession?: boolean | undefined;
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
  /** Longest time one call to AWS may take once it is connected. In seconds. Default: `10`. */
  readonly awsTimeoutSeconds?: number | undefined;
  /** Longest time to connect to an AWS endpoint, through the proxy where there is one. In seconds. Default: `5`. */
  readonly awsConnectTimeoutSeconds?: number | undefined;
  /** Address of an HTTP proxy for all calls to AWS (STS, Redshift, S3, IAM), as http://user:password@proxy.example.com:3128. The calls stay encrypted end to end. The session with the database does not use it, and HTTPS_PROXY of the environment is not read. */
  readonly awsProxyUrl?: string | Secret | undefined;
  /** Hosts that are reached directly: a name (* stands for any text), .example.com for a domain and all below it, an address, or a network such as 10.0.0.0/8 for addresses. This machine and metadata addresses never use the proxy. Default: `[]`. */
  readonly awsNoProxy?: readonly string[] | undefined;
  /** Idle time after which TCP keepalive probes start, so that firewalls keep long statements alive; 0 turns them off. In seconds. Default: `30`. */
  readonly keepaliveSeconds?: number | undefined;
  /** Idle time after which an unused session is closed. In seconds. Default: `300`. */
  readonly idleSessionSeconds?: number | undefined;
  /** Address of STS where it is not the Region's public one. */
  readonly stsEndpoint?: string | undefined;
  /** Address of the Redshift API where it is not the Region's public one. */
  readonly redshiftEndpoint?: string | undefined;
  /** Address of the Redshift Serverless API where it is not the Region's public one. */
  readonly redshiftServerlessEndpoint?: string | undefined;
  /** Address of IAM where it is not the public one. Only a diagnosis reads IAM, where the caller may. */
  readonly iamEndpoint?: string | undefined;
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
  /** Endpoint of the cluster or workgroup, without the port, or the custom domain name of a cluster. May stay empty with a cluster identifier or workgroup: it is then looked up in AWS. */
  readonly host?: string;
  /** TCP port the cluster listens on. Default: `5439`. */
  readonly port: number;
  /** Database that holds the tables. */
  readonly database: string;
  /** Identifier of the provisioned cluster that issues the login. Taken from the endpoint where its name tells it. */
  readonly clusterIdentifier?: string;
  /** Name of the Redshift Serverless workgroup that issues the login, instead of a cluster. Taken from the endpoint where its name tells it. */
  readonly workgroup?: string;
  /** AWS Region of the cluster. Taken from the endpoint where its name tells it. */
  readonly region?: string;
  /** How the database login is obtained: a stored password, or short-lived credentials bought by an IAM role. Default: `"password"`. */
  readonly authType: 'password' | 'assumeRole';
  /** Whose login AWS issues: that of the database user that is named here (redshift:GetClusterCredentials), or that of the IAM role itself, as the user IAMR:role (redshift:GetClusterCredentialsWithIAM). Default: `"databaseUser"`. */
  readonly loginMethod: 'databaseUser' | 'iamIdentity';
  /** Database user to log in as. Not used where the user follows from the IAM identity: with loginMethod iamIdentity, and with a serverless workgroup. */
  readonly username?: string;
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
  /** Name of the profile in ~/.aws/config or ~/.aws/credentials: with keys, a role and its source, a web identity token or a credential_process. One that asks for an MFA code cannot be used. */
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
  /** IAM policy as JSON that narrows what the session of the Redshift role may do: it can only take away. */
  readonly sessionPolicy?: string;
  /** Tags of the session of the Redshift role, for policies that ask for them (sts:TagSession is needed). Default: `[]`. */
  readonly sessionTags: readonly { readonly key: string; readonly value?: string; readonly transitive?: boolean }[];
  /** Roles assumed in this order before the Redshift role, where no direct trust exists. What one leaves out of session name and duration is as for the Redshift role. Default: `[]`. */
  readonly intermediateRoles: readonly { readonly roleArn: string; readonly externalId?: string; readonly roleSessionName?: string; readonly durationSeconds?: number; readonly sessionPolicy?: string; readonly sessionTags?: readonly { readonly key: string; readonly value?: string; readonly transitive?: boolean }[]; readonly sourceIdentity?: string }[];
  /** Moves bulk data through an S3 bucket with COPY and UNLOAD: needed to write many rows, and faster for large reads. Default: `false`. */
  readonly useStaging: boolean;
  /** S3 bucket for the files on their way. They are deleted when a run ends. */
  readonly stagingBucket?: string;
  /** Folder in the bucket under which each run makes its own. Default: `"roleshift/"`. */
  readonly stagingPrefix: string;
  /** Before the first run stages anything, delete what runs left in the bucket that are gone for a day, as far as it is theirs for certain. Default: `false`. */
  readonly sweepOnStart: boolean;
  /** AWS Region of the bucket where it is not that of the cluster. */
  readonly stagingRegion?: string;
  /** IAM role that the agent assumes to reach the bucket. Without one, the Redshift role is used, or the identity itself where the login is a password. */
  readonly stagingRoleArn?: string;
  /** Value that the trust policy of the staging role demands (sts:ExternalId). Without one, External ID is sent. */
  readonly stagingExternalId?: string;
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
  /** While a long statement runs or waits, ask Redshift on a second session, every few seconds, how far it is and who blocks it. Default: `true`. */
  readonly sideSession: boolean;
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
  /** Longest time one call to AWS may take once it is connected. In seconds. Default: `10`. */
  readonly awsTimeoutSeconds: number;
  /** Longest time to connect to an AWS endpoint, through the proxy where there is one. In seconds. Default: `5`. */
  readonly awsConnectTimeoutSeconds: number;
  /** Address of an HTTP proxy for all calls to AWS (STS, Redshift, S3, IAM), as http://user:password@proxy.example.com:3128. The calls stay encrypted end to end. The session with the database does not use it, and HTTPS_PROXY of the environment is not read. */
  readonly awsProxyUrl?: Secret;
  /** Hosts that are reached directly: a name (* stands for any text), .example.com for a domain and all below it, an address, or a network such as 10.0.0.0/8 for addresses. This machine and metadata addresses never use the proxy. Default: `[]`. */
  readonly awsNoProxy: readonly string[];
  /** Idle time after which TCP keepalive probes start, so that firewalls keep long statements alive; 0 turns them off. In seconds. Default: `30`. */
  readonly keepaliveSeconds: number;
  /** Idle time after which an unused session is closed. In seconds. Default: `300`. */
  readonly idleSessionSeconds: number;
  /** Address of STS where it is not the Region's public one. */
  readonly stsEndpoint?: string;
  /** Address of the Redshift API where it is not the Region's public one. */
  readonly redshiftEndpoint?: string;
  /** Address of the Redshift Serverless API where it is not the Region's public one. */
  readonly redshiftServerlessEndpoint?: string;
  /** Address of IAM where it is not the public one. Only a diagnosis reads IAM, where the caller may. */
  readonly iamEndpoint?: string;
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
export type SecretKey = 'password' | 'accessKeyId' | 'secretAccessKey' | 'sessionToken' | 'awsProxyUrl';
