import { XMLParser } from 'fast-xml-parser';
import { headerOf, type Signed } from '../aws/authenticate.ts';
import { decodePercent, type WireRequest } from '../aws/sigv4.ts';
import type { FileStore } from './file-store.ts';
import { digestsOf } from './files.ts';
import type { RequestBody } from './request-body.ts';
import type { S3Route } from './route.ts';
import { type GetOptions, S3Refusal, type StoreCaller } from './store.ts';

/** One authenticated request to S3. */
export interface S3Call extends S3Route {
  readonly request: WireRequest;
  readonly caller: StoreCaller;
  readonly signed: Signed | undefined;
  readonly body: RequestBody;
  readonly store: FileStore;
}

export const malformed = (): S3Refusal =>
  new S3Refusal(
    'MalformedXML',
    400,
    'The XML you provided was not well-formed or did not validate against our published schema',
  );

const KEPT_HEADERS = [
  'content-type',
  'content-encoding',
  'content-disposition',
  'content-language',
  'cache-control',
  'expires',
];

/** Headers that stay with an object. */
export function keptHeaders({ request, body }: S3Call): Record<string, string> {
  const kept = request.headers.filter(
    ([name]) =>
      KEPT_HEADERS.includes(name) ||
      name.startsWith('x-amz-meta-') ||
      name.startsWith('x-amz-server-side-encryption') ||
      name === 'x-amz-storage-class',
  );
  const headers = Object.fromEntries([...kept, ...body.checksums]);
  const encoding = headers['content-encoding']
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== 'aws-chunked')
    .join(',');
  const { 'content-encoding': _sent, ...others } = headers;
  return encoding ? { ...others, 'content-encoding': encoding } : others;
}

/** `bytes=..` of a Range header; other forms count as absent, as in S3. */
export function readRange(text: string | undefined): GetOptions['range'] {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(text ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return { suffix: Number(last) };
  return { start: Number(first), ...(last !== '' && { end: Number(last) }) };
}

/** Where a copy reads from. */
export function copySource({ request }: S3Call): { bucket: string; key: string } {
  const text = decodePercent((headerOf(request, 'x-amz-copy-source') ?? '').replace(/^\//, '').split('?')[0] ?? '');
  const at = text.indexOf('/');
  if (at < 1)
    throw new S3Refusal(
      'InvalidArgument',
      400,
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    );
  return { bucket: text.slice(0, at), key: text.slice(at + 1) };
}

const MAX_XML_BYTES = 2 * 1024 * 1024;

/** Reads a small body, checked against everything the request promised of it. */
async function readSmall({ body }: S3Call): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body.source) {
    size += part.length;
    if (size > MAX_XML_BYTES) throw malformed();
    parts.push(part);
  }
  const data = Buffer.concat(parts);
  body.check.verify(digestsOf(data, body.check.digests));
  return data;
}

/** Reads a small body as text. */
export async function readText(call: S3Call): Promise<string> {
  return (await readSmall(call)).toString('utf8');
}

/** Reads a small XML body. */
export async function readXml(call: S3Call): Promise<Record<string, unknown>> {
  const data = await readSmall(call);
  try {
    const parser = new XMLParser({
      parseTagValue: false,
      ignoreAttributes: true,
      isArray: (name) => name === 'Object' || name === 'Part',
      trimValues: false,
    });
    return parser.parse(data) as Record<string, unknown>;
  } catch (error) {
    throw error instanceof Error ? malformed() : error;
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The children called `item` of the root called `root`. */
export function itemsOf(document: unknown, root: string, item: string): readonly Readonly<Record<string, unknown>>[] {
  const element = isRecord(document) ? document[root] : undefined;
  const items = isRecord(element) ? element[item] : undefined;
  if (!Array.isArray(items)) throw malformed();
  return items.filter(isRecord);
}
