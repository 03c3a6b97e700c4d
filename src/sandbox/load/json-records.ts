import type { TargetColumn } from './columns.ts';
import { internalFailure } from './refusal.ts';

const NEWLINE = 10;
const QUOTE = 34;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;

/** Byte after the object that begins at or after `start`; -1 while its end is not there; -2 if there is none. */
export function objectEnd(bytes: Buffer, start: number): { readonly from: number; readonly end: number } {
  let from = start;
  // An array of objects is read like the objects one after another.
  while (from < bytes.length && /[\s,[\]]/.test(String.fromCharCode(bytes[from] ?? 0))) from += 1;
  if (from >= bytes.length) return { from, end: -2 };
  let depth = 0;
  let inString = false;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN || byte === OPEN_LIST) depth += 1;
    else if (byte === CLOSE || byte === CLOSE_LIST) {
      depth -= 1;
      if (depth === 0) return { from, end: at + 1 };
    } else if (depth === 0) {
      throw internalFailure('Invalid JSON: an object is expected', { code: 1216 });
    }
  }
  return { from, end: -1 };
}

/** Line ends within a stretch of bytes. */
export function lineBreaksIn(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === NEWLINE) count += 1;
  return count;
}

/** The object's fields in the order of the columns; numbers keep their text. Undefined: not valid JSON. */
export function jsonFields(
  text: string,
  columns: readonly TargetColumn[],
  ignoreCase: boolean,
): (Buffer | null)[] | undefined {
  const values = topLevelValues(text, ignoreCase);
  if (values === undefined) return undefined;
  return columns.map(({ shownName: name, kind }) => {
    const raw = values.get(ignoreCase ? name.toLowerCase() : name);
    if (raw === undefined || raw === 'null') return null;
    if (kind === 'super') return Buffer.from(raw);
    return Buffer.from(raw.startsWith('"') ? String(JSON.parse(raw)) : raw);
  });
}

function topLevelValues(text: string, ignoreCase: boolean): Map<string, string> | undefined {
  try {
    JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const values = new Map<string, string>();
  const entry = /\s*[{,]\s*("(?:[^"\\]|\\.)*")\s*:\s*/y;
  for (let at = 0; ; ) {
    entry.lastIndex = at;
    const match = entry.exec(text);
    if (match?.[1] === undefined) return values;
    const end = valueEnd(text, entry.lastIndex);
    const key = String(JSON.parse(match[1]));
    values.set(ignoreCase ? key.toLowerCase() : key, text.slice(entry.lastIndex, end).trim());
    at = end;
  }
}

function valueEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') {
      for (at += 1; text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1;
    } else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      if (depth === 0) return at;
      depth -= 1;
    } else if (character === ',' && depth === 0) return at;
  }
  return text.length;
}
