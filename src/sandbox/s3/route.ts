import { headerOf } from '../aws/authenticate.ts';
import { decodePercent, queryPairs, type WireRequest } from '../aws/sigv4.ts';

/** Operations of S3 that the sandbox has, with the IAM-style name faults and the log use. */
export type S3Operation =
  | 'ListBuckets'
  | 'HeadBucket'
  | 'GetBucketLocation'
  | 'GetBucketPolicy'
  | 'PutBucketPolicy'
  | 'DeleteBucketPolicy'
  | 'ListMultipartUploads'
  | 'ListObjectsV2'
  | 'ListObjects'
  | 'DeleteObjects'
  | 'GetObject'
  | 'HeadObject'
  | 'PutObject'
  | 'CopyObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'UploadPartCopy'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListParts';

export interface S3Route {
  /** Undefined: S3 may have it, the sandbox has not. */
  readonly operation: S3Operation | undefined;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
}

/** Sub-resources that are no part of the sandbox: refused by name instead of being taken for a plain request. */
const ABSENT = [
  'acl',
  'accelerate',
  'analytics',
  'attributes',
  'cors',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'versioning',
  'versions',
  'versionId',
  'website',
];

const POLICY_OPERATIONS: Readonly<Record<string, S3Operation>> = {
  GET: 'GetBucketPolicy',
  PUT: 'PutBucketPolicy',
  DELETE: 'DeleteBucketPolicy',
};

function bucketOperation(method: string, query: ReadonlyMap<string, string>): S3Operation | undefined {
  if (query.has('policy')) return POLICY_OPERATIONS[method];
  if (method === 'HEAD') return 'HeadBucket';
  if (method === 'POST') return query.has('delete') ? 'DeleteObjects' : undefined;
  if (method !== 'GET') return undefined;
  if (query.has('location')) return 'GetBucketLocation';
  if (query.has('uploads')) return 'ListMultipartUploads';
  return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
}

function objectOperation(method: string, query: ReadonlyMap<string, string>, isCopy: boolean): S3Operation | undefined {
  if (query.has('policy')) return undefined;
  const inUpload = query.has('uploadId');
  switch (method) {
    case 'GET':
      return inUpload ? 'ListParts' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
      if (query.has('partNumber') && inUpload) return isCopy ? 'UploadPartCopy' : 'UploadPart';
      return isCopy ? 'CopyObject' : 'PutObject';
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload';
      return inUpload ? 'CompleteMultipartUpload' : undefined;
    case 'DELETE':
      return inUpload ? 'AbortMultipartUpload' : 'DeleteObject';
    default:
      return undefined;
  }
}

/** Path-style addresses to operations: `/bucket/key?query`. */
export function routeS3(request: WireRequest): S3Route {
  const [, bucketPart = '', ...keyParts] = request.path.split('/');
  const bucket = decodePercent(bucketPart);
  const key = decodePercent(keyParts.join('/'));
  const query = new Map(queryPairs(request.query));
  const { method } = request;
  const base = { bucket, key, query };
  if (ABSENT.some((name) => query.has(name))) return { ...base, operation: undefined };
  if (bucket === '') return { ...base, operation: method === 'GET' ? 'ListBuckets' : undefined };
  if (key === '') return { ...base, operation: bucketOperation(method, query) };
  return { ...base, operation: objectOperation(method, query, headerOf(request, 'x-amz-copy-source') !== undefined) };
}
