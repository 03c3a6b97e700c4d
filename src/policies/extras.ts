import type { AccessOptions } from '../access/access-options.ts';
import type { RunMode } from '../access/identity-source.ts';
import type { ConnectionOptions } from '../manifest/options.gen.ts';

/** The AWS service that a role's machine belongs to; `irsa` is a Kubernetes service account by OIDC. */
export type MachineKind = 'ec2' | 'ecs' | 'eks' | 'irsa';

/** The part of a connection that policies depend on. */
export type PolicyOptions = AccessOptions &
  Pick<ConnectionOptions, 'stagingBucket' | 'stagingPrefix' | 'stagingBucketOwner' | 'copyRole' | 'kmsKeyId'>;

/** What a connection does not say and policies want to know. All may be left out; a placeholder then shows the gap. */
export interface PolicyExtras {
  /** Default: standard. `advanced` adds the role of the worker nodes. */
  readonly mode?: RunMode | undefined;
  /** ARN of the user or role behind the agent's access keys, profile, environment or machine. */
  readonly identityArn?: string | undefined;
  /** What the agent's machine role belongs to. Default: ec2. */
  readonly machine?: MachineKind | undefined;
  /** What the worker nodes' role belongs to. Default: ec2. */
  readonly workerMachine?: MachineKind | undefined;
  /** With `irsa`: the issuer without `https://`. */
  readonly oidcProvider?: string | undefined;
  /** With `irsa`: `namespace:name`. */
  readonly serviceAccount?: string | undefined;
  /** ARN of the role that `copyRole: default` means. */
  readonly defaultCopyRoleArn?: string | undefined;
  /** Account of the cluster, where no role tells it: a login by password. */
  readonly clusterAccount?: string | undefined;
  /** Identifier of the cluster, where the connection knows it by a custom domain name alone. */
  readonly clusterIdentifier?: string | undefined;
  /** Id (a UUID) of the serverless workgroup: its ARN is made of that, not of the name. */
  readonly workgroupId?: string | undefined;
  /** Account that owns the staging bucket, where the connection does not say `stagingBucketOwner`. */
  readonly bucketOwner?: string | undefined;
  /**
   * Objects in S3 that a write is to load, by the addresses that the write gets: `s3://bucket/key`, or `s3://bucket/folder/` for all
   * below. Of a manifest, the files that it lists are named too.
   */
  readonly sources?: readonly string[] | undefined;
  /** Account that owns the buckets of `sources`; not needed for the staging bucket itself. */
  readonly sourceBucketOwner?: string | undefined;
  /** The login statement holds for this very database user only, even when its ARN is widened later (`redshift:DbUser`). */
  readonly pinDbUser?: boolean | undefined;
  /** A session of the role gets a login only for the database user that the session is named after. */
  readonly pinSessionName?: boolean | undefined;
  /** The COPY role serves this cluster only (`aws:SourceArn`). */
  readonly pinSourceArn?: boolean | undefined;
  /** The COPY role serves clusters of this account only (`aws:SourceAccount`). */
  readonly pinSourceAccount?: boolean | undefined;
  /** The COPY role serves this database user only: a trust condition, and GRANT ASSUMEROLE in place of everybody's right. */
  readonly copyForUserOnly?: boolean | undefined;
}
