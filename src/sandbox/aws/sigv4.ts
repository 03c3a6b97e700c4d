import { createHash, createHmac } from 'node:crypto';

/** A request as it came over the wire, before anything was decoded. */
export interface WireRequest {
  readonly method: string;
  /** Without the query; still percent-encoded. */
  readonly path: string;
  /** Without the question mark; still percent-encoded. */
  readonly query: string;
  /** Lowercase name, value as sent; a repeated header appears twice. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface CredentialScope {
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export const EMPTY_SHA256 = createHash('sha256').digest('hex');

export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
export const hmac = (key: string | Uint8Array, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** RFC 3986 as AWS reads it: everything but unreserved characters, in upper-case hex. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Percent-decoding that leaves a malformed escape as it is. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** Name and value of each part of a query string, decoded. */
export function queryPairs(query: string): readonly (readonly [name: string, value: string])[] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [decodePercent(part), ''] : [decodePercent(part.slice(0, at)), decodePercent(part.slice(at + 1))];
    });
}

function canonicalQuery(query: string, without: string | undefined): string {
  return queryPairs(query)
    .filter(([name]) => name !== without)
    .map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : x > y ? 1 : 0) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

export interface PathRules {
  /** Resolve `.`, `..` and doubled slashes: every service but S3. */
  readonly normalize: boolean;
  /** Encode the path as sent once more: every service but S3. */
  readonly doubleEncode: boolean;
}

function canonicalPath(path: string, { normalize, doubleEncode }: PathRules): string {
  let segments = path.split('/').slice(1);
  if (normalize) {
    const kept: string[] = [];
    for (const segment of segments) {
      if (segment === '..') kept.pop();
      else if (segment !== '' && segment !== '.') kept.push(segment);
    }
    const last = segments.at(-1);
    if (kept.length > 0 && (last === '' || last === '.' || last === '..')) kept.push('');
    segments = kept;
  }
  return `/${segments.map((segment) => encodeRfc3986(doubleEncode ? segment : decodePercent(segment))).join('/')}`;
}

export function canonicalRequest(
  request: WireRequest,
  signedHeaders: readonly string[],
  payloadHash: string,
  rules: PathRules & { readonly withoutQuery?: string },
): string {
  const headers = signedHeaders.map((name) => {
    const values = request.headers
      .filter(([header]) => header === name)
      .map(([, value]) => value.trim().replace(/\s+/g, ' '));
    return `${name}:${values.join(',')}\n`;
  });
  return [
    request.method,
    canonicalPath(request.path, rules),
    canonicalQuery(request.query, rules.withoutQuery),
    headers.join(''),
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

export const scopeText = ({ date, region, service }: CredentialScope): string =>
  `${date}/${region}/${service}/aws4_request`;

export function stringToSign(timestamp: string, scope: CredentialScope, canonical: string): string {
  return ['AWS4-HMAC-SHA256', timestamp, scopeText(scope), sha256(canonical)].join('\n');
}

export function signingKey(secret: string, { date, region, service }: CredentialScope): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request');
}

export const signatureOf = (key: Buffer, text: string): string => hmac(key, text).toString('hex');

/** `20261124T101500Z` to milliseconds; NaN when it is not one. */
export function parseTimestamp(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return Number.NaN;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

export const formatTimestamp = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
