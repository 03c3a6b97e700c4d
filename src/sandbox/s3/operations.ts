import { readPolicyText } from '../iam/policy-refusal.ts';
import { partitionOf } from '../partition.ts';
import { type S3Answer, xmlAnswer } from './answers.ts';
import { readText, type S3Call } from './call.ts';
import { listObjects, listObjectsV2 } from './lists.ts';
import { copyObject, deleteObjects, getObject, headObject, putObject } from './objects.ts';
import type { S3Operation } from './route.ts';
import { S3Refusal } from './store.ts';
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  listUploads,
  uploadPart,
  uploadPartCopy,
} from './uploads.ts';

/** What each operation does. */
export const S3_OPERATIONS: Readonly<Record<S3Operation, (call: S3Call) => Promise<S3Answer>>> = {
  ListBuckets: async ({ store, caller }) =>
    xmlAnswer('ListAllMyBucketsResult', {
      Owner: { ID: caller.principal.account },
      Buckets: {
        Bucket: store
          .buckets(caller)
          .map(({ name, region }) => ({ Name: name, BucketRegion: region, CreationDate: new Date(0) })),
      },
    }),
  HeadBucket: async ({ store, caller, bucket }) => {
    const { region } = await store.headBucket(caller, bucket);
    return { status: 200, headers: { 'x-amz-bucket-region': region, 'x-amz-access-point-alias': 'false' } };
  },
  GetBucketLocation: async ({ store, caller, bucket }) => {
    const region = store.location(caller, bucket);
    return xmlAnswer('LocationConstraint', region === 'us-east-1' ? '' : region);
  },
  GetBucketPolicy: async ({ store, caller, bucket }) => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: store.policy(caller, bucket),
  }),
  PutBucketPolicy: async (call) => {
    const read = readPolicyText(await readText(call), 'bucket', partitionOf(call.caller.region ?? ''));
    if ('refusal' in read) throw new S3Refusal('MalformedPolicy', 400, read.refusal);
    call.store.setPolicy(call.caller, call.bucket, read.policy);
    return { status: 204 };
  },
  DeleteBucketPolicy: async ({ store, caller, bucket }) => {
    store.setPolicy(caller, bucket);
    return { status: 204 };
  },
  ListMultipartUploads: listUploads,
  ListObjectsV2: listObjectsV2,
  ListObjects: listObjects,
  DeleteObjects: deleteObjects,
  GetObject: getObject,
  HeadObject: headObject,
  PutObject: putObject,
  CopyObject: copyObject,
  DeleteObject: async ({ store, caller, bucket, key }) => {
    await store.delete(caller, bucket, key);
    return { status: 204 };
  },
  CreateMultipartUpload: createUpload,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: abortUpload,
  ListParts: listParts,
};
