/** Kinds of AWS identity, as a policy names them. `machineRole` is *Use EC2 Role to Assume Role*. */
export type IdentityKind = 'accessKeys' | 'machineRole' | 'workerRole' | 'profile' | 'environment';

/**
 * What a host platform lets a connection form ask for. Whatever the agent itself owns (its role, files, environment,
 * loopback) is off until the policy allows it; what the form brings along is on until the policy forbids it.
 */
export interface HostPolicy {
  /** Identities a form may choose. Default: `accessKeys` only. */
  readonly identities?: readonly IdentityKind[];
  /** Profiles a form may name where `identities` has `profile`; `*` stands for any text. Default: any. */
  readonly profiles?: readonly string[];
  /**
   * Roles a form may name: ARNs, `*` stands for any text. Default: any. Where it is given, an identity of the agent's own
   * assumes one of them: it does not use S3 as itself.
   */
  readonly roleArns?: readonly string[];
  /** Roles that Redshift may be told to use in COPY and UNLOAD; `default` is the cluster's own. Default: `roleArns`. */
  readonly copyRoles?: readonly string[];
  /** Buckets a form may stage in; `*` stands for any text. Default: any. */
  readonly buckets?: readonly string[];
  /**
   * Places in S3 that rows may be read from: buckets, or with a slash in them keys too (`acme-landing/in/*`); `*` stands for
   * any text. Default: `buckets`.
   */
  readonly sourceBuckets?: readonly string[];
  /** Places in S3 that rows may be written to; words and default as for `sourceBuckets`. */
  readonly targetBuckets?: readonly string[];
  /**
   * Database hosts that a form may name, and that AWS may tell for the cluster it names; `*` stands for any text. Default:
   * any but loopback.
   */
  readonly hosts?: readonly string[];
  /** Addresses a form may give for AWS endpoints, as `https://name[:port]`; `*` stands for any text. Default: none. */
  readonly endpoints?: readonly string[];
  /** Proxies a form may send the calls to AWS through, as `http://name[:port]`; `*` stands for any text. Default: none. */
  readonly proxies?: readonly string[];
  /**
   * Folders that files must lie under, links followed: those that a form names and those to load. Default: none, so that
   * no file can be used.
   */
  readonly fileRoots?: readonly string[];
  /**
   * Keys of the session tags that a form may set: policies elsewhere may trust what they say. `*` stands for any text.
   * Default: none where the identity is the agent's own, any with access keys of the form.
   */
  readonly sessionTags?: readonly string[];
  /** Source identities that a form may set where the host sets none; `*` and default as for `sessionTags`. */
  readonly sourceIdentities?: readonly string[];
  /** Set by the host whatever the form says. */
  readonly externalId?: string;
  /** Put before the form's session name, cut at 64 characters. */
  readonly roleSessionNamePrefix?: string;
  readonly sourceIdentity?: string;
  /** Whether a form may bring SQL of its own that runs in each session. Default: true. */
  readonly allowConnectSql?: boolean;
  /** Whether a form may bring queries, conditions and statements of its own. Default: true; `checkCustomSql` applies it. */
  readonly allowCustomSql?: boolean;
  /** Whether hosts and http endpoints may be this machine: for a sandbox. Default: false. */
  readonly allowLoopback?: boolean;
}
