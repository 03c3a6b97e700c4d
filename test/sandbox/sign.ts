import { createHash, createHmac } from 'node:crypto';
import type { Keys } from './aws-world.ts';

export interface SignInit {
  readonly method: string;
  readonly url: string;
  readonly service: string;
  readonly region?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What `x-amz-content-sha256` says; default: the hash of the body. */
  readonly payloadHash?: string;
  readonly body?: string | Buffer;
  readonly date?: Date;
}

export interface SignedRequest {
  readonly headers: Record<string, string>;
  readonly signature: string;
  readonly key: Buffer;
  readonly scope: string;
  readonly timestamp: string;
}

const hash = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** SigV4 by hand, for requests no SDK would send. Shares nothing with the sandbox, and keeps to plain paths and queries. */
export function sign(keys: Keys, init: SignInit): SignedRequest {
  const { method, service, region = 'us-east-1', body = '', date = new Date() } = init;
  const url = new URL(init.url);
  const timestamp = date.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const payloadHash = init.payloadHash ?? hash(body);
  const headers: Record<string, string> = {
    ...init.headers,
    host: url.host,
    'x-amz-date': timestamp,
    'x-amz-content-sha256': payloadHash,
    ...(keys.sessionToken !== undefined && { 'x-amz-security-token': keys.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    method,
    url.pathname,
    [...url.searchParams]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join('&'),
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    payloadHash,
  ].join('\n');
  const scope = `${timestamp.slice(0, 8)}/${region}/${service}/aws4_request`;
  const key = [region, service, 'aws4_request'].reduce(
    (previous, part) => hmac(previous, part),
    hmac(`AWS4${keys.secretAccessKey}`, timestamp.slice(0, 8)),
  );
  const signature = hmac(key, ['AWS4-HMAC-SHA256', timestamp, scope, hash(canonical)].join('\n')).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { headers: { ...headers, authorization }, signature, key, scope, timestamp };
}

export interface ChunkedInit {
  readonly chunks: readonly (string | Buffer)[];
  readonly trailers?: Readonly<Record<string, string>>;
  /** Spoil the signature of this chunk (the closing empty one counts), or of the trailer. */
  readonly spoil?: number | 'trailer';
}

/** A body of signed chunks that continues a signed request. */
export function chunkedBody(
  { signature, key, scope, timestamp }: SignedRequest,
  { chunks, trailers, spoil }: ChunkedInit,
): Buffer {
  let previous = signature;
  const parts: Buffer[] = [];
  for (const [at, chunk] of [...chunks, ''].entries()) {
    const data = Buffer.from(chunk);
    previous = hmac(
      key,
      ['AWS4-HMAC-SHA256-PAYLOAD', timestamp, scope, previous, hash(''), hash(data)].join('\n'),
    ).toString('hex');
    const shown = spoil === at ? '0'.repeat(64) : previous;
    parts.push(Buffer.from(`${data.length.toString(16)};chunk-signature=${shown}\r\n`), data);
    if (data.length > 0) parts.push(Buffer.from('\r\n'));
  }
  if (trailers) {
    const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}`);
    const text = lines.map((line) => `${line}\n`).join('');
    const trailer = hmac(key, ['AWS4-HMAC-SHA256-TRAILER', timestamp, scope, previous, hash(text)].join('\n')).toString(
      'hex',
    );
    parts.push(
      Buffer.from(
        `${lines.join('\r\n')}\r\nx-amz-trailer-signature:${spoil === 'trailer' ? '0'.repeat(64) : trailer}\r\n`,
      ),
    );
  }
  parts.push(Buffer.from('\r\n'));
  return Buffer.concat(parts);
}
