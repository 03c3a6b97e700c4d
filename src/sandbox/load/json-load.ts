import type { TargetColumn } from './columns.ts';
import { jsonFields, lineBreaksIn, objectEnd } from './json-records.ts';
import { internalFailure } from './refusal.ts';
import type { RowLoader } from './row-loader.ts';
import type { LoadFile } from './text-load.ts';

export interface JsonLoad {
  readonly files: AsyncIterable<LoadFile>;
  readonly columns: readonly TargetColumn[];
  readonly loader: RowLoader;
  readonly ignoreCase: boolean;
  /** Told of rows as they are handed on. */
  readonly onRows: (rows: number) => void;
}

const MAX_OBJECT_BYTES = 4 * 1024 * 1024;

/** COPY JSON 'auto': objects one after another (or in an array), fields to columns by name, the rest ignored. */
export async function* loadJson(load: JsonLoad): AsyncGenerator<Buffer, void, undefined> {
  for await (const file of load.files) {
    const place = { url: file.url, line: 1 };
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of file.bytes) {
      const bytes = Buffer.concat([rest, chunk]);
      const { rows, end } = renderObjects(load, place, bytes, false);
      if (rows.length > 0) yield Buffer.concat(rows);
      load.onRows(rows.length);
      rest = bytes.subarray(end);
      if (rest.length > MAX_OBJECT_BYTES)
        throw internalFailure(`JSON object of ${file.url} is longer than 4 MB`, { code: 8001 });
    }
    const { rows } = renderObjects(load, place, rest, true);
    if (rows.length > 0) yield Buffer.concat(rows);
    load.onRows(rows.length);
  }
}

function renderObjects(
  load: JsonLoad,
  place: { readonly url: string; line: number },
  bytes: Buffer,
  isLast: boolean,
): { readonly rows: readonly Buffer[]; readonly end: number } {
  const rows: Buffer[] = [];
  let at = 0;
  for (;;) {
    const { from, end } = objectEnd(bytes, at);
    if (end === -2) return { rows, end: from };
    if (end === -1 && !isLast) return { rows, end: at };
    const raw = bytes.subarray(from, end === -1 ? bytes.length : end);
    // The line of an object is that of its last one.
    place.line += lineBreaksIn(bytes.subarray(at, from + raw.length));
    const fields = jsonFields(raw.toString('utf8'), load.columns, load.ignoreCase);
    const fault =
      fields === undefined ? { code: 1216, reason: 'Invalid JSONPath format or malformed JSON object' } : undefined;
    const row = load.loader.render(fields ?? [], { file: place.url, line: place.line, raw }, fault);
    if (row !== undefined) rows.push(row);
    at = from + raw.length;
    if (end === -1) return { rows, end: at };
  }
}
