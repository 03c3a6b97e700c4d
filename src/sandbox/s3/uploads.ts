import { headerOf } from '../aws/authenticate.ts';
import { encodeRfc3986 } from '../aws/sigv4.ts';
import { type S3Answer, xmlAnswer } from './answers.ts';
import { copySource, itemsOf, keptHeaders, readRange, readXml, type S3Call } from './call.ts';

export async function createUpload(call: S3Call): Promise<S3Answer> {
  const { store, caller, bucket, key, request } = call;
  const upload = store.openUpload(caller, bucket, key, keptHeaders(call));
  const algorithm = headerOf(request, 'x-amz-checksum-algorithm');
  const encryption = Object.entries(upload.headers).filter(([name]) => name.startsWith('x-amz-server-side-encryption'));
  const headers = {
    'x-amz-server-side-encryption': 'AES256',
    ...Object.fromEntries(encryption),
    ...(algorithm !== undefined && {
      'x-amz-checksum-algorithm': algorithm,
      'x-amz-checksum-type': headerOf(request, 'x-amz-checksum-type') ?? 'COMPOSITE',
    }),
  };
  return xmlAnswer('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: upload.id }, headers);
}

const partAt = ({ bucket, key, query }: S3Call) => ({
  bucket,
  key,
  uploadId: query.get('uploadId') ?? '',
  number: Number(query.get('partNumber')),
});

export async function uploadPart(call: S3Call): Promise<S3Answer> {
  const part = await call.store.putPart(call.caller, partAt(call), call.body.source, call.body.check);
  return { status: 200, headers: { ...Object.fromEntries(call.body.checksums), etag: part.etag, 'content-length': 0 } };
}

export async function uploadPartCopy(call: S3Call): Promise<S3Answer> {
  const source = copySource(call);
  const range = readRange(headerOf(call.request, 'x-amz-copy-source-range'));
  const { expectedOwner: _owner, ...reader } = call.caller;
  const original = await call.store.get(reader, source.bucket, source.key, range && { range });
  const part = await call.store.putPart(call.caller, partAt(call), original.body);
  return xmlAnswer('CopyPartResult', { LastModified: part.lastModified, ETag: part.etag });
}

export async function completeUpload(call: S3Call): Promise<S3Answer> {
  const { store, caller, bucket, key, request } = call;
  const items = itemsOf(await readXml(call), 'CompleteMultipartUpload', 'Part');
  const parts = items.map(({ PartNumber, ETag }) => ({ number: Number(PartNumber), etag: String(ETag) }));
  const object = await store.completeUpload(caller, partAt(call), parts);
  return xmlAnswer('CompleteMultipartUploadResult', {
    Location: `http://${headerOf(request, 'host') ?? ''}/${bucket}/${encodeRfc3986(key)}`,
    Bucket: bucket,
    Key: key,
    ETag: object.etag,
  });
}

export async function listParts(call: S3Call): Promise<S3Answer> {
  const { store, caller, bucket, key, query } = call;
  const uploadId = query.get('uploadId') ?? '';
  const parts = store.parts(caller, bucket, key, uploadId);
  return xmlAnswer('ListPartsResult', {
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
    MaxParts: 10_000,
    IsTruncated: false,
    Part: parts.map(({ number, etag, size, lastModified }) => ({
      PartNumber: number,
      LastModified: lastModified,
      ETag: etag,
      Size: size,
    })),
    StorageClass: 'STANDARD',
  });
}

export async function listUploads(call: S3Call): Promise<S3Answer> {
  const { store, caller, bucket, query } = call;
  const prefix = query.get('prefix') ?? '';
  const uploads = store.uploads(caller, bucket, prefix);
  return xmlAnswer('ListMultipartUploadsResult', {
    Bucket: bucket,
    Prefix: prefix,
    MaxUploads: 1000,
    IsTruncated: false,
    Upload: uploads.map(({ key, id, startedAt }) => ({
      Key: key,
      UploadId: id,
      Initiated: startedAt,
      StorageClass: 'STANDARD',
    })),
  });
}

export async function abortUpload(call: S3Call): Promise<S3Answer> {
  const { bucket, key, uploadId } = partAt(call);
  await call.store.abortUpload(call.caller, bucket, key, uploadId);
  return { status: 204 };
}
