import type { PolicyDocument } from './iam/policy.ts';

/** Everything that exists in one pretend AWS: the content of a world file (`schemas/world.v1.json`). */
export interface World {
  readonly name?: string;
  /** Home region of clusters and STS, such as `us-east-1`. */
  readonly region: string;
  readonly accounts: readonly WorldAccount[];
  readonly instances?: readonly WorldInstance[];
  /** How long lifetimes last: 1/300 lets a login of 900 s last 3 s, and its stated expiry says so. Default 1. */
  readonly lifetimeScale?: number;
  /** How far AWS's clock is ahead of this machine's; negative: behind. Default 0. */
  readonly clockSkewSeconds?: number;
  /** How long a change of IAM takes until it is in effect. Default 0. */
  readonly iamPropagationSeconds?: number;
  /** The accounts as members of one organization, with the policies it lays on them. */
  readonly organization?: WorldOrganization;
  /** What the ready-made connection files say; absent parts are taken from the first cluster and bucket. */
  readonly connection?: WorldConnection;
}

/** How the people of this world connect: the content of the connection files, whatever the identity. */
export interface WorldConnection {
  readonly cluster?: string;
  /** Serverless workgroup of the connections that are called `serverless-..`. */
  readonly workgroup?: string;
  /**
   * Which connections there are for each identity: `keys-..` (GetClusterCredentials), `iam-keys-..`
   * (GetClusterCredentialsWithIAM), `serverless-keys-..` (GetCredentials of Redshift Serverless). Default: the first where
   * there are clusters, the last where there are workgroups.
   */
  readonly logins?: readonly ('databaseUser' | 'iamIdentity' | 'serverless')[];
  readonly database?: string;
  readonly username?: string;
  readonly roleArn?: string;
  readonly externalId?: string;
  /** Assumed in this order before `roleArn`. */
  readonly intermediateRoles?: readonly { readonly roleArn: string; readonly externalId?: string }[];
  readonly autoCreateDbUser?: boolean;
  readonly dbGroups?: readonly string[];
  readonly stagingBucket?: string;
  readonly copyRole?: string;
}

export interface WorldAccount {
  /** Twelve digits. */
  readonly id: string;
  readonly users?: readonly WorldUser[];
  readonly groups?: readonly WorldGroup[];
  readonly roles?: readonly WorldRole[];
  /** Customer managed policies, for `managedPolicies` and `permissionsBoundary` of the others. */
  readonly managedPolicies?: readonly WorldManagedPolicy[];
  readonly buckets?: readonly WorldBucket[];
  readonly kmsKeys?: readonly WorldKmsKey[];
  readonly clusters?: readonly WorldCluster[];
  readonly workgroups?: readonly WorldWorkgroup[];
}

/** What users and roles have in common. */
export interface WorldIdentity {
  readonly name: string;
  /** Default `/`. */
  readonly path?: string;
  /** Inline policies. */
  readonly policies?: readonly PolicyDocument[];
  /** ARNs, of this account's own or of AWS's. */
  readonly managedPolicies?: readonly string[];
  /** ARN of a managed policy. */
  readonly permissionsBoundary?: string;
  /** For `aws:PrincipalTag/...`. */
  readonly tags?: Readonly<Record<string, string>>;
}

export interface WorldUser extends WorldIdentity {
  readonly accessKeys?: readonly { readonly id: string; readonly secret: string }[];
}

export interface WorldGroup {
  readonly name: string;
  /** Default `/`. */
  readonly path?: string;
  /** Names of users of the same account. */
  readonly users?: readonly string[];
  readonly policies?: readonly PolicyDocument[];
  readonly managedPolicies?: readonly string[];
}

export interface WorldManagedPolicy {
  readonly name: string;
  /** Default `/`. */
  readonly path?: string;
  readonly document: PolicyDocument;
}

/** Policies of an organization at one place; absent: everything passes there, as with `FullAWSAccess`. */
export interface WorldOrganizationPolicies {
  readonly serviceControlPolicies?: readonly PolicyDocument[];
  readonly resourceControlPolicies?: readonly PolicyDocument[];
}

/** A root or an organizational unit. */
export interface WorldOrganizationUnit extends WorldOrganizationPolicies {
  /** `r-` or `ou-`, then letters and digits. */
  readonly id: string;
  readonly accounts?: readonly ({ readonly id: string } & WorldOrganizationPolicies)[];
  readonly units?: readonly WorldOrganizationUnit[];
}

export interface WorldOrganization {
  /** `o-`, then 10 to 32 letters and digits. */
  readonly id: string;
  /** Twelve digits; no policy of the organization binds it. */
  readonly managementAccount?: string;
  readonly root: WorldOrganizationUnit;
}

export interface WorldRole extends WorldIdentity {
  readonly trust: PolicyDocument;
  /** 3600 to 43200, default 3600. */
  readonly maxSessionSeconds?: number;
}

export interface WorldBucket {
  readonly name: string;
  /** Default: the world's region. */
  readonly region?: string;
  readonly policy?: PolicyDocument;
  /** Default encryption: id, alias or ARN of a KMS key. Default: S3's own keys, for which nobody needs a right. */
  readonly kmsKey?: string;
}

/** A customer managed key of KMS, as far as S3 has to do with it. */
export interface WorldKmsKey {
  /** The UUID in its ARN. */
  readonly id: string;
  /** Without `alias/`. */
  readonly alias?: string;
  /** Default: the world's region. */
  readonly region?: string;
  /** The key policy. Default: that of a key made without one, by which policies of the account decide. */
  readonly policy?: PolicyDocument;
}

export interface WorldCluster {
  readonly id: string;
  /** Name of the owner's own that leads to the endpoint; the endpoint's certificate holds it. */
  readonly customDomain?: string;
  /** Default `snapshot`. */
  readonly isolation?: 'snapshot' | 'serializable';
  readonly caseSensitiveIdentifiers?: boolean;
  /** Roles that COPY and UNLOAD may use. */
  readonly iamRoles?: readonly string[];
  /** What `IAM_ROLE default` means; must be one of `iamRoles`. */
  readonly defaultIamRole?: string;
  /** Default 2. */
  readonly slices?: number;
  /** Default 2; some statements behave otherwise on a single node. */
  readonly nodes?: number;
  readonly databases?: readonly WorldDatabase[];
  readonly users?: readonly WorldDatabaseUser[];
  readonly groups?: readonly string[];
}

/** A workgroup of Redshift Serverless with its namespace: served as a cluster is. Its users are made of IAM identities. */
export interface WorldWorkgroup extends Omit<WorldCluster, 'id' | 'nodes'> {
  /** 3 to 64 characters; no cluster has the same. */
  readonly name: string;
  /** The UUID in its ARN. Default: made from account and name, the same in every run. */
  readonly id?: string;
  /** Default: of the same name, its id made likewise. */
  readonly namespace?: { readonly name?: string; readonly id?: string };
}

export interface WorldDatabase {
  readonly name: string;
  /** Run once by the superuser, before anybody logs in. */
  readonly setup?: string;
}

export interface WorldDatabaseUser {
  readonly name: string;
  /** Absent: only issued logins work. */
  readonly password?: string;
  readonly groups?: readonly string[];
  readonly superuser?: boolean;
}

/** A machine with a role of its own: its metadata endpoint hands out that role's credentials. */
export interface WorldInstance {
  readonly name: string;
  /** `pod`: a Kubernetes pod whose service account has a role (IRSA); it gets a token file instead of an endpoint. */
  readonly kind: 'ec2' | 'container' | 'pod';
  /** ARN; absent: a machine without a role (the metadata endpoint answers 404). */
  readonly role?: string;
  /** EC2 only: answer without a token. Default false. */
  readonly allowImdsV1?: boolean;
  /** EC2 only: how many hops the answer with a token may make. Default 2, which reaches a container on the machine. */
  readonly hopLimit?: number;
  /** EC2 only: whoever asks sits in a container on the machine, one hop away. Default false. */
  readonly inContainer?: boolean;
  /** Container only: the authorization token clients must send. Default: none is asked for. */
  readonly authorizationToken?: string;
  /** Pod only: `NAMESPACE:NAME` of its service account. Default `default:` and the instance's name. */
  readonly serviceAccount?: string;
  /** Seconds a set of credentials lives, default 21600; fresh ones appear 5 minutes before. */
  readonly credentialSeconds?: number;
}
