import type { Readable } from 'node:stream';
import { renderXml, type XmlElements } from '../aws/xml.ts';
import type { ObjectInfo, S3Refusal } from './store.ts';

/** An answer before it is written: everything but the request's own headers. */
export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Readable;
}

const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

export const xmlAnswer = (
  root: string,
  content: XmlElements | string,
  headers: S3Answer['headers'] = {},
): S3Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml', ...headers },
  body: renderXml(root, content, S3_NAMESPACE),
});

export function refusalAnswer(
  { code, status, message, details }: S3Refusal,
  requestId: string,
  isHead: boolean,
): S3Answer {
  const region = details['Region'];
  const headers = {
    ...(region !== undefined && { 'x-amz-bucket-region': region }),
    ...(code === 'InvalidRange' && { 'content-range': `bytes */${details['ActualObjectSize'] ?? '0'}` }),
  };
  if (isHead || status === 304) return { status, headers };
  const body = renderXml('Error', {
    Code: code,
    Message: message,
    ...details,
    RequestId: requestId,
    HostId: requestId,
  });
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body };
}

/** Headers of an object's own. Checksums only when they were asked for and the whole object is sent. */
export function objectHeaders(object: ObjectInfo, withChecksums: boolean): Record<string, string | number> {
  const kept = Object.entries(object.headers).filter(([name]) => withChecksums || !name.startsWith('x-amz-checksum-'));
  return {
    'content-type': 'binary/octet-stream',
    'x-amz-server-side-encryption': 'AES256',
    ...Object.fromEntries(kept),
    etag: object.etag,
    'last-modified': object.lastModified.toUTCString(),
    'accept-ranges': 'bytes',
  };
}
