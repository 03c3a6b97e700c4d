import type { Secret } from '../core/secret.ts';

/** Who we are in AWS before any role is assumed. */
export type IdentitySource =
  | {
      readonly kind: 'accessKeys';
      readonly accessKeyId: Secret;
      readonly secretAccessKey: Secret;
      readonly sessionToken?: Secret;
    }
  /** The role of the AWS service that the agent runs on: EC2, ECS or EKS. */
  | { readonly kind: 'machineRole' }
  /** The worker node's role; refused when the machine turns out to have another one than expected. */
  | { readonly kind: 'workerRole'; readonly expectedRoleArn?: string }
  | { readonly kind: 'profile'; readonly profile: string }
  /** What the agent's variables name: keys, a profile, a token file, a credentials endpoint. Never the machine itself. */
  | { readonly kind: 'environment' };

/** A tag of a role's session. */
export interface SessionTag {
  readonly key: string;
  readonly value: string;
  /** Sessions that are assumed from this one keep it. */
  readonly transitive: boolean;
}

/** One `sts:AssumeRole`. */
export interface RoleHop {
  /** `intermediate-1`, `redshift`, `staging`: names the step in reports. */
  readonly id: string;
  readonly roleArn: string;
  /** The twelve digits in the role's ARN. */
  readonly account: string;
  readonly sessionName: string;
  readonly externalId?: string;
  readonly sourceIdentity?: string;
  /** JSON that narrows what the session may do. */
  readonly sessionPolicy?: string;
  /** In the order given; never empty where it is there. */
  readonly sessionTags?: readonly SessionTag[];
  /** Asked for in the call, after any cap. */
  readonly durationSeconds: number;
  /** Known before the run to be assumed from a role's session: at most 3600 s. */
  readonly chained: boolean;
  /** What a reader should know: a duration that was capped, and why. */
  readonly note?: string;
}

/** Which provisioned cluster is asked for a login: exactly one of the two is present. */
interface ClusterTarget {
  readonly clusterIdentifier?: string;
  /** The host, where it is the cluster's custom domain name and nothing tells the identifier. */
  readonly customDomain?: string;
}

/** How the database user and password come about. */
export type LoginHop =
  | { readonly kind: 'password'; readonly username: string; readonly password: Secret; readonly database: string }
  /** `redshift:GetClusterCredentials`: a login for the database user that is named. */
  | (ClusterTarget & {
      readonly kind: 'clusterCredentials';
      readonly database: string;
      readonly username: string;
      readonly autoCreate: boolean;
      /** Sorted, lower case, each once. */
      readonly groups: readonly string[];
      readonly lifetimeSeconds: number;
    })
  /** `redshift:GetClusterCredentialsWithIAM`: a login for the user that belongs to the role, `IAMR:role`. */
  | (ClusterTarget & {
      readonly kind: 'clusterCredentialsWithIam';
      readonly database: string;
      readonly lifetimeSeconds: number;
    })
  /** `redshift-serverless:GetCredentials`: a login for the user that belongs to the role. */
  | {
      readonly kind: 'serverlessCredentials';
      readonly workgroup: string;
      readonly database: string;
      readonly lifetimeSeconds: number;
    };

/** Where AWS is asked, and how long an answer may take. */
export interface AwsTarget {
  /** Absent only where no AWS call is planned, or where nothing says it. */
  readonly region?: string;
  /** `aws`, `aws-cn`, `aws-us-gov`: the first part of every ARN here. */
  readonly partition: string;
  readonly stsEndpoint?: string;
  readonly redshiftEndpoint?: string;
  readonly redshiftServerlessEndpoint?: string;
  readonly iamEndpoint?: string;
  readonly s3Endpoint?: string;
  /** Of one call, once connected. */
  readonly timeoutMs: number;
  /** Of connecting, through the proxy where there is one. */
  readonly connectTimeoutMs: number;
  readonly proxy?: AwsProxy;
}

/** The way out to AWS where there is no direct one. */
export interface AwsProxy {
  /** May hold a user and password. */
  readonly url: Secret;
  /** Hosts that are reached directly: names, `.suffixes`, `*` patterns, addresses, networks. */
  readonly noProxy: readonly string[];
}

/** The whole way from an identity to a session as a value: auth walks it, policies and the doctor read it. */
export interface AccessPlan {
  /** Absent when nothing asks AWS: a stored password and no staging. */
  readonly identity?: IdentitySource;
  /** What a reader should know of this choice: keys in the form that are ignored. */
  readonly identityNote?: string;
  /** Assumed in order; the last one asks for the login. Empty with a stored password. */
  readonly roles: readonly RoleHop[];
  readonly login: LoginHop;
  /** Assumed in order for S3. Empty: S3 is used as the identity itself, or not at all. */
  readonly stagingRoles: readonly RoleHop[];
  readonly endpoint: { readonly host?: string; readonly port: number; readonly region?: string };
  readonly aws: AwsTarget;
  readonly tls: { readonly mode: 'verify-full' | 'verify-ca'; readonly caFile?: string; readonly serverName?: string };
  /** What a person should know before the run: keys ignored, a duration capped. */
  readonly notices: readonly string[];
}
