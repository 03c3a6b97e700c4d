import { type Authorize, type ContextValues, refusalMessage } from '../iam/authorizer.ts';
import type { IamDirectory } from '../iam/directory.ts';
import type { PolicyDocument } from '../iam/policy.ts';
import { fixPrincipals, showPrincipals } from '../iam/trusted.ts';
import type { World, WorldBucket } from '../world.ts';
import { S3Refusal, type StoreCaller } from './store.ts';

export interface BucketRecord {
  readonly name: string;
  readonly region: string;
  readonly owner: string;
  readonly bucket: WorldBucket;
}

/** Who may do what in which bucket. */
export interface BucketAccess {
  /** The bucket, if the caller stands in the right region and named the right owner. Throws `S3Refusal`. */
  bucket(caller: StoreCaller, name: string): BucketRecord;
  /** Whether policies allow the action on an object, or on the bucket itself when no key is given. */
  allows(caller: StoreCaller, bucket: BucketRecord, action: string, key?: string, context?: ContextValues): boolean;
  /** As `allows`, but throws `AccessDenied`. */
  demand(caller: StoreCaller, bucket: BucketRecord, action: string, key?: string, context?: ContextValues): void;
  /** The text of the bucket's policy. */
  policy(bucket: BucketRecord): string | undefined;
  /** Puts another policy in its place, or none. Throws `MalformedPolicy` when it names somebody who does not exist. */
  setPolicy(bucket: BucketRecord, policy: PolicyDocument | undefined): void;
  /** Buckets of the caller's account. Throws `AccessDenied` without `s3:ListAllMyBuckets`. */
  own(caller: StoreCaller): readonly BucketRecord[];
}

/**
 * What every request tells of itself, unless the caller knows better.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
 */
function requestContext({ principal }: StoreCaller, owner: string): ContextValues {
  return {
    's3:ResourceAccount': owner,
    's3:TlsVersion': '1.3', // as aws:SecureTransport: loopback stands in for TLS
    ...(principal.kind !== 'anonymous' && { 's3:signatureversion': 'AWS4-HMAC-SHA256', 's3:authType': 'REST-HEADER' }),
  };
}

/** `directory` tells who exists: as IAM does, S3 keeps users and roles by their ids. */
export function createBucketAccess(world: World, authorize: Authorize, directory: IamDirectory): BucketAccess {
  const { partition } = directory;
  const fix = (policy: PolicyDocument) => fixPrincipals(policy, directory.current(), partition);
  const buckets = new Map<string, BucketRecord>();
  for (const account of world.accounts) {
    for (const bucket of account.buckets ?? []) {
      const { name, region = world.region } = bucket;
      buckets.set(name, { name, region, owner: account.id, bucket });
    }
  }

  // Whoever the world's own policies name need not be in the world.
  const policies = new Map<string, PolicyDocument | undefined>(
    [...buckets.values()].map(({ name, bucket }) => [name, bucket.policy && fix(bucket.policy).document]),
  );

  const ask = (caller: StoreCaller, record: BucketRecord, action: string, key?: string, context?: ContextValues) => {
    const { name, owner, region } = record;
    const resource = `arn:${partition}:s3:::${name}${key === undefined ? '' : `/${key}`}`;
    const request = { principal: caller.principal, action, resource };
    const decision = authorize({
      ...request,
      resourceAccount: owner,
      resourcePolicy: policies.get(name),
      region,
      context: { ...requestContext(caller, owner), ...caller.context, ...context },
    });
    return { request, decision };
  };

  const denied = (message: string): S3Refusal => new S3Refusal('AccessDenied', 403, message);

  return {
    bucket: (caller, name) => {
      const record = buckets.get(name);
      if (!record)
        throw new S3Refusal('NoSuchBucket', 404, 'The specified bucket does not exist', { BucketName: name });
      if (caller.region !== undefined && caller.region !== record.region) {
        throw new S3Refusal(
          'PermanentRedirect',
          301,
          'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
          { Endpoint: `s3.${record.region}.amazonaws.com`, Bucket: name, Region: record.region },
        );
      }
      if (caller.expectedOwner !== undefined && caller.expectedOwner !== record.owner) throw denied('Access Denied');
      return record;
    },
    allows: (caller, record, action, key, context) => ask(caller, record, action, key, context).decision.allowed,
    demand: (caller, record, action, key, context) => {
      const { request, decision } = ask(caller, record, action, key, context);
      if (decision.allowed) return;
      const quoted = { ...request, resource: `"${request.resource}"` };
      const terse = caller.principal.kind === 'anonymous' || decision.crossAccount;
      throw denied(terse ? 'Access Denied' : refusalMessage(quoted, decision));
    },
    policy: ({ name }) => {
      const policy = policies.get(name);
      return policy && JSON.stringify(showPrincipals(policy, directory.current()));
    },
    setPolicy: ({ name }, policy) => {
      const fixed = policy && fix(policy);
      if (fixed?.invalid !== undefined) throw new S3Refusal('MalformedPolicy', 400, 'Invalid principal in policy');
      policies.set(name, fixed?.document);
    },
    own: (caller) => {
      const { principal } = caller;
      const request = { principal, action: 's3:ListAllMyBuckets', resource: '*' };
      const decision = authorize(request);
      if (!decision.allowed) throw denied(refusalMessage(request, decision));
      return [...buckets.values()].filter(({ owner }) => owner === principal.account);
    },
  };
}
