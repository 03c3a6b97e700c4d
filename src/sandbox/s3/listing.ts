import type { ListOptions } from './store.ts';

const MAX_KEYS = 1000;

export interface KeyPage {
  readonly keys: readonly string[];
  readonly commonPrefixes: readonly string[];
  readonly isTruncated: boolean;
  readonly next?: string;
}

type Position = readonly ['key' | 'prefix', string];

const encode = (position: Position): string => Buffer.from(JSON.stringify(position)).toString('base64url');

/** The token of a list that goes on behind all keys of a common prefix. */
export const afterPrefix = (prefix: string): string => encode(['prefix', prefix]);

function decode(token: string): Position | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (!Array.isArray(value)) return undefined;
    const [kind, text]: readonly unknown[] = value;
    return (kind === 'key' || kind === 'prefix') && typeof text === 'string' ? [kind, text] : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** S3's order: bytes of UTF-8, which JavaScript's own comparison is not for characters beyond the first plane. */
export function compareKeys(a: string, b: string): number {
  const bytes = /[\ud800-\udfff]/.test(a) || /[\ud800-\udfff]/.test(b);
  if (bytes) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One page of a sorted list of keys; undefined when the continuation token is none of ours. */
export function pageOf(sorted: readonly string[], options: ListOptions): KeyPage | undefined {
  const { prefix = '', delimiter = '', startAfter } = options;
  const limit = Math.min(options.maxKeys ?? MAX_KEYS, MAX_KEYS);
  const position = options.after === undefined ? undefined : decode(options.after);
  if (options.after !== undefined && !position) return undefined;
  const keys: string[] = [];
  const commonPrefixes: string[] = [];
  let last: Position | undefined;
  if (limit === 0) return { keys, commonPrefixes, isTruncated: false };
  for (const key of sorted) {
    if (!key.startsWith(prefix)) continue;
    if (startAfter !== undefined && compareKeys(key, startAfter) <= 0) continue;
    if (position && (compareKeys(key, position[1]) <= 0 || (position[0] === 'prefix' && key.startsWith(position[1]))))
      continue;
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const group = at < 0 ? undefined : key.slice(0, at + delimiter.length);
    if (group !== undefined && group === commonPrefixes.at(-1)) continue;
    if (keys.length + commonPrefixes.length === limit) {
      return { keys, commonPrefixes, isTruncated: true, ...(last && { next: encode(last) }) };
    }
    if (group === undefined) keys.push(key);
    else commonPrefixes.push(group);
    last = group === undefined ? ['key', key] : ['prefix', group];
  }
  return { keys, commonPrefixes, isTruncated: false };
}
