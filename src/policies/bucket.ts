import type { AccessPlan } from '../access/plan.ts';
import { invalidField } from '../core/invalid-field.ts';
import type { AccessRequest, PolicyCondition, PolicyHolder } from './document.ts';
import type { PolicyExtras, PolicyOptions } from './extras.ts';
import { hasPlaceholder, placeholder } from './placeholders.ts';

/** The staging bucket and its key, as policies speak of them. */
export interface StagingBucket {
  readonly holder: PolicyHolder;
  /** `arn:aws:s3:::bucket/prefix/*`. */
  readonly filesArn: string;
  /** One object as a run names it. */
  readonly sampleArn: string;
  /** Twelve digits, or a placeholder. */
  readonly owner: string;
  readonly key?: StagingKey;
}

/** The KMS key of the staged files. */
export interface StagingKey {
  readonly holder: PolicyHolder;
  /** Only through S3 in the bucket's region. */
  readonly condition: PolicyCondition;
  readonly viaService: string;
}

/** Where rows are loaded from: a folder of a bucket, or one object. */
export interface SourceBucket extends Omit<StagingBucket, 'key'> {
  readonly isFolder: boolean;
}

/** The name of a staged file, for evaluating policies: those of a run are not known before. */
const SAMPLE_NAME = 'run-2026-01-01-0123456789abcdef01234567/part-0001.csv.zst';

/** A resource as a person is told of it: a file that stands for all of them is none that there is. */
export function withoutSample(resource: string): string {
  return resource.endsWith(`/${SAMPLE_NAME}`) ? `${resource.slice(0, -SAMPLE_NAME.length)}*` : resource;
}

/** Undefined where the connection stages nothing. */
export function stagingBucketOf(
  plan: AccessPlan,
  options: PolicyOptions,
  extras: PolicyExtras,
): StagingBucket | undefined {
  const { useStaging, stagingBucket: name, stagingPrefix, kmsKeyId } = options;
  if (!useStaging || name === undefined) return undefined;
  const owner = options.stagingBucketOwner ?? extras.bucketOwner ?? placeholder('BUCKET_OWNER');
  const arn = `arn:${plan.aws.partition}:s3:::${name}`;
  const prefix = stagingPrefix.replaceAll(/^\/+|\/+$/g, '');
  return {
    holder: { kind: 'bucket', arn, account: owner, name, path: '/' },
    filesArn: `${arn}/${prefix}/*`,
    sampleArn: `${arn}/${prefix}/${SAMPLE_NAME}`,
    owner,
    ...(kmsKeyId === undefined ? {} : { key: keyOf(plan, options, kmsKeyId, owner) }),
  };
}

/**
 * The buckets that rows are loaded from, one for each address. Their keys are not known. Throws RS_CONFIG_INVALID for a connection
 * that reads no objects.
 */
export function sourceBucketsOf(
  plan: AccessPlan,
  staging: StagingBucket | undefined,
  { sources = [], sourceBucketOwner }: PolicyExtras,
): readonly SourceBucket[] {
  if (sources.length > 0 && staging === undefined) {
    throw invalidField(
      'sources',
      'The connection loads nothing from S3',
      'Turn useStaging on and set stagingBucket, or leave the sources out.',
    );
  }
  return sources.map((address) => {
    const [name = '', ...folders] = address.slice('s3://'.length).split('/');
    const key = folders.join('/');
    const isFolder = key === '' || key.endsWith('/');
    const arn = `arn:${plan.aws.partition}:s3:::${name}`;
    const isStaging = name === staging?.holder.name;
    const owner = isStaging ? staging.owner : (sourceBucketOwner ?? placeholder('SOURCE_BUCKET_OWNER'));
    return {
      holder: { kind: 'bucket', arn, account: owner, name, path: '/' },
      filesArn: `${arn}/${key}${isFolder ? '*' : ''}`,
      sampleArn: `${arn}/${key}${isFolder ? SAMPLE_NAME : ''}`,
      owner,
      isFolder,
    };
  });
}

function keyOf(
  { aws: { partition, region } }: AccessPlan,
  { stagingRegion }: PolicyOptions,
  kmsKeyId: string,
  owner: string,
): StagingKey {
  const where = stagingRegion ?? region ?? '';
  // An id alone names a key of the account that owns the bucket: S3 looks nowhere else.
  const arn = kmsKeyId.startsWith('arn:') ? kmsKeyId : `arn:${partition}:kms:${where}:${owner}:key/${kmsKeyId}`;
  const viaService = `s3.${where}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`;
  return {
    holder: {
      kind: 'key',
      arn,
      account: arn.split(':')[4] ?? owner,
      name: arn.slice(arn.lastIndexOf('/') + 1),
      path: '/',
    },
    condition: { StringEquals: { 'kms:ViaService': viaService } },
    viaService,
  };
}

/** The bucket's name alone does not say whose it is: only that account's bucket is used. */
export function ownerCondition({ owner }: StagingBucket): PolicyCondition {
  return { StringEquals: { 'aws:ResourceAccount': owner } };
}

/** Requests of one principal to the bucket, to its objects or to its key. */
export function stagingRequests(
  principal: string,
  { owner, key }: StagingBucket,
  actions: readonly string[],
  resource: string,
): readonly AccessRequest[] {
  return actions.map((action) => {
    const isKey = key !== undefined && resource === key.holder.arn;
    const resourceAccount = isKey ? key.holder.account : owner;
    return {
      principal,
      action,
      resource,
      resourceAccount,
      context: {
        'aws:ResourceAccount': resourceAccount,
        ...(isKey ? { 'kms:ViaService': key.viaService } : {}),
      },
    };
  });
}

/** Whether a policy of the bucket or the key is needed beside the principal's own: the two accounts are known to differ. */
export function crossesAccounts(principal: PolicyHolder, resource: PolicyHolder): boolean {
  return (
    principal.account !== resource.account && !hasPlaceholder(principal.account) && !hasPlaceholder(resource.account)
  );
}
