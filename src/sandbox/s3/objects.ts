import { headerOf } from '../aws/authenticate.ts';
import { objectHeaders, type S3Answer, xmlAnswer } from './answers.ts';
import { copySource, isRecord, itemsOf, keptHeaders, malformed, readRange, readXml, type S3Call } from './call.ts';
import { type GetOptions, type ObjectInfo, S3Refusal } from './store.ts';

function getOptions({ request }: S3Call): GetOptions {
  const range = readRange(headerOf(request, 'range'));
  const ifMatch = headerOf(request, 'if-match');
  const ifNoneMatch = headerOf(request, 'if-none-match');
  return {
    ...(range && { range }),
    ...(ifMatch !== undefined && { ifMatch }),
    ...(ifNoneMatch !== undefined && { ifNoneMatch }),
  };
}

const checksumHeaders = (call: S3Call, object: ObjectInfo, isPart: boolean): Record<string, string | number> =>
  objectHeaders(object, !isPart && headerOf(call.request, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED');

export async function getObject(call: S3Call): Promise<S3Answer> {
  const object = await call.store.get(call.caller, call.bucket, call.key, getOptions(call));
  const { range, size, body } = object;
  const headers = checksumHeaders(call, object, range !== undefined);
  if (!range) return { status: 200, headers: { ...headers, 'content-length': size }, body };
  const { start, end } = range;
  return {
    status: 206,
    headers: { ...headers, 'content-length': end - start + 1, 'content-range': `bytes ${start}-${end}/${size}` },
    body,
  };
}

export async function headObject(call: S3Call): Promise<S3Answer> {
  const object = await call.store.head(call.caller, call.bucket, call.key, getOptions(call));
  return { status: 200, headers: { ...checksumHeaders(call, object, false), 'content-length': object.size } };
}

export async function putObject(call: S3Call): Promise<S3Answer> {
  const { store, caller, bucket, key, body, request } = call;
  const headers = keptHeaders(call);
  const object = await store.put(caller, bucket, key, body.source, {
    headers,
    check: {
      ...body.check,
      verify: (digests) => {
        body.check.verify(digests);
        Object.assign(headers, Object.fromEntries(body.checksums)); // those of trailers are known only now
      },
    },
    onlyIfAbsent: headerOf(request, 'if-none-match') === '*',
  });
  const told = Object.entries(object.headers).filter(
    ([name]) => name.startsWith('x-amz-checksum-') || name.startsWith('x-amz-server-side-encryption'),
  );
  return {
    status: 200,
    headers: {
      'x-amz-server-side-encryption': 'AES256',
      ...Object.fromEntries(told),
      etag: object.etag,
      'content-length': 0,
    },
  };
}

export async function copyObject(call: S3Call): Promise<S3Answer> {
  const source = copySource(call);
  const { expectedOwner: _owner, ...reader } = call.caller;
  const original = await call.store.get(reader, source.bucket, source.key);
  const headers =
    headerOf(call.request, 'x-amz-metadata-directive') === 'REPLACE' ? keptHeaders(call) : original.headers;
  const object = await call.store.put(call.caller, call.bucket, call.key, original.body, { headers });
  return xmlAnswer('CopyObjectResult', { LastModified: object.lastModified, ETag: object.etag });
}

export async function deleteObjects(call: S3Call): Promise<S3Answer> {
  const { store, caller, bucket } = call;
  const document = await readXml(call);
  const wanted = itemsOf(document, 'Delete', 'Object');
  if (wanted.length > 1000) throw malformed();
  const root = document['Delete'];
  const quiet = isRecord(root) && String(root['Quiet']) === 'true';
  const deleted: { Key: string }[] = [];
  const failed: { Key: string; Code: string; Message: string }[] = [];
  for (const { Key } of wanted) {
    if (typeof Key !== 'string') throw malformed();
    const key = Key;
    try {
      await store.delete(caller, bucket, key);
      deleted.push({ Key: key });
    } catch (error) {
      if (!(error instanceof S3Refusal) || error.code === 'NoSuchBucket' || error.status === 301) throw error;
      failed.push({ Key: key, Code: error.code, Message: error.message });
    }
  }
  return xmlAnswer('DeleteResult', { Deleted: quiet ? [] : deleted, Error: failed });
}
