import { encodeRfc3986 } from '../aws/sigv4.ts';
import { type S3Answer, xmlAnswer } from './answers.ts';
import type { S3Call } from './call.ts';
import { afterPrefix } from './listing.ts';
import { type ListOptions, type ListPage, S3Refusal } from './store.ts';

function pageXml({ query }: S3Call, page: ListPage) {
  const encode =
    query.get('encoding-type') === 'url'
      ? (text: string): string => encodeRfc3986(text).replaceAll('%2F', '/')
      : (text: string): string => text;
  return {
    encode,
    shared: {
      Prefix: encode(query.get('prefix') ?? ''),
      Delimiter: query.has('delimiter') ? encode(query.get('delimiter') ?? '') : undefined,
      MaxKeys: Number(query.get('max-keys') ?? 1000),
      EncodingType: query.get('encoding-type'),
      IsTruncated: page.isTruncated,
      Contents: page.objects.map(({ key, lastModified, etag, size }) => ({
        Key: encode(key),
        LastModified: lastModified,
        ETag: etag,
        Size: size,
        StorageClass: 'STANDARD',
      })),
      CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    },
  };
}

function listOptions({ query }: S3Call, marker: string): ListOptions {
  const maxKeys = Number(query.get('max-keys') ?? 1000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0)
    throw new S3Refusal('InvalidArgument', 400, 'Provided max-keys not an integer or within integer range');
  const startAfter = query.get(marker);
  const after = query.get('continuation-token');
  return {
    prefix: query.get('prefix') ?? '',
    maxKeys,
    ...(query.has('delimiter') && { delimiter: query.get('delimiter') ?? '' }),
    ...(startAfter !== undefined && startAfter !== '' && { startAfter }),
    ...(after !== undefined && { after }),
  };
}

export async function listObjectsV2(call: S3Call): Promise<S3Answer> {
  const { store, caller, bucket, query } = call;
  const page = await store.list(caller, bucket, listOptions(call, 'start-after'));
  const { shared } = pageXml(call, page);
  return xmlAnswer('ListBucketResult', {
    Name: bucket,
    ...shared,
    KeyCount: page.objects.length + page.commonPrefixes.length,
    ContinuationToken: query.get('continuation-token'),
    NextContinuationToken: page.next,
    StartAfter: query.get('start-after'),
  });
}

export async function listObjects(call: S3Call): Promise<S3Answer> {
  const { store, caller, bucket, query } = call;
  const options = listOptions(call, 'marker');
  const { delimiter = '', startAfter = '' } = options;
  const grouped = delimiter !== '' && startAfter.endsWith(delimiter); // the last page ended with a common prefix
  const page = await store.list(caller, bucket, { ...options, ...(grouped && { after: afterPrefix(startAfter) }) });
  const { shared, encode } = pageXml(call, page);
  const last = [page.objects.at(-1)?.key ?? '', page.commonPrefixes.at(-1) ?? ''].sort().at(-1) ?? '';
  return xmlAnswer('ListBucketResult', {
    Name: bucket,
    Marker: encode(query.get('marker') ?? ''),
    NextMarker: page.isTruncated ? encode(last) : undefined,
    ...shared,
  });
}
