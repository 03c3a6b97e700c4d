import { defined } from '../core/defined.ts';
import { invalidField } from '../core/invalid-field.ts';

/** Where a run stages its files and how they are protected; a decision, made from options alone. */
export interface StagingPlan {
  readonly bucket: string;
  /** Ends with `/`. The run's own random folder goes below it. */
  readonly prefix: string;
  readonly region: string;
  readonly partition: string;
  /** Address override; path style is used with it. */
  readonly endpoint?: string;
  /** Twelve digits; sent as ExpectedBucketOwner with every request. */
  readonly expectedOwner?: string;
  /** ARN or id; every object is then encrypted with SSE-KMS under it. */
  readonly kmsKeyId?: string;
  /** Limit of one small request, and of connecting. */
  readonly timeoutMs: number;
  /** What runs left that are gone is deleted before the first one stages anything. */
  readonly sweepOnStart?: boolean;
}

/** The options that staging reads. */
export interface StagingOptions {
  readonly useStaging: boolean;
  readonly stagingBucket?: string;
  readonly stagingPrefix: string;
  readonly stagingRegion?: string;
  readonly stagingBucketOwner?: string;
  readonly kmsKeyId?: string;
  readonly sweepOnStart?: boolean;
}

/** What the access plan says about AWS, as far as S3 needs it. */
export interface StagingAws {
  readonly region?: string;
  readonly partition: string;
  readonly s3Endpoint?: string;
  readonly timeoutMs: number;
}

/** Decides where to stage. Throws RS_CONFIG_INVALID when staging is off, incomplete or would use the bucket's root. */
export function planStaging(options: StagingOptions, aws: StagingAws): StagingPlan {
  if (!options.useStaging) {
    throw invalidField(
      'useStaging',
      'Staging is off, and this operation stages its rows in S3',
      'Set useStaging to true.',
    );
  }
  const bucket = options.stagingBucket;
  if (bucket === undefined) {
    throw invalidField('stagingBucket', 'No staging bucket is set', 'Set stagingBucket to the name of an S3 bucket.');
  }
  const region = options.stagingRegion ?? aws.region;
  if (region === undefined) {
    throw invalidField(
      'stagingRegion',
      'The region of the staging bucket is not known',
      'Set region or stagingRegion.',
    );
  }
  return Object.freeze(
    defined({
      bucket,
      prefix: resolvePrefix(options.stagingPrefix),
      region,
      partition: aws.partition,
      endpoint: aws.s3Endpoint,
      expectedOwner: options.stagingBucketOwner,
      kmsKeyId: options.kmsKeyId,
      timeoutMs: aws.timeoutMs,
      sweepOnStart: options.sweepOnStart === true ? true : undefined,
    }),
  );
}

/** One slash at the end and none in front; a prefix of nothing is refused, so that no run ever works in the root. */
function resolvePrefix(text: string): string {
  const prefix = text.replace(/^\/+|\/+$/g, '');
  if (prefix === '' || !/^[\w!.*'()=@:+,\- /]+$/.test(prefix) || prefix.split('/').some((part) => /^\.*$/.test(part))) {
    throw invalidField(
      'stagingPrefix',
      'The staging prefix is not usable: it must name a folder below the bucket, in letters, digits, - _ . and /',
      'Set stagingPrefix to a folder name such as roleshift/.',
    );
  }
  return `${prefix}/`;
}
