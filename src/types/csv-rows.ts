import { ConnectorError } from '../core/errors.ts';
import type { CsvDialect } from './csv.ts';

/**
 * The rows of a staged file as `openCsvEncoder` wrote them, as text: null for the marker of NULL. Holds one row and one
 * chunk. Throws RS_INTERNAL for text that ends inside quotes.
 */
export async function* readCsvRows(
  chunks: AsyncIterable<string>,
  { nullMarker }: CsvDialect,
): AsyncGenerator<readonly (string | null)[], void, undefined> {
  let rest = '';
  for await (const chunk of chunks) {
    const text = rest + chunk;
    let start = 0;
    for (let end = endOfRow(text, start); end !== -1; end = endOfRow(text, start)) {
      yield fieldsOf(text.slice(start, end), nullMarker);
      start = end + 1;
    }
    rest = text.slice(start);
  }
  if (rest !== '') throw new ConnectorError('RS_INTERNAL', 'A spooled file ends inside a row');
}

/** Position of the newline that ends the row, outside of quotes; -1 where it is not there yet. */
function endOfRow(text: string, start: number): number {
  let isQuoted = false;
  for (let position = start; ; position += 1) {
    const newline = text.indexOf('\n', position);
    if (newline === -1) return -1;
    for (
      let quote = text.indexOf('"', position);
      quote !== -1 && quote < newline;
      quote = text.indexOf('"', quote + 1)
    ) {
      isQuoted = !isQuoted;
    }
    if (!isQuoted) return newline;
    position = newline;
  }
}

const FIELD = /(?:"([^"]*(?:""[^"]*)*)"|([^,]*))(?:,|$)/y;

function fieldsOf(row: string, nullMarker: string): readonly (string | null)[] {
  const fields: (string | null)[] = [];
  FIELD.lastIndex = 0;
  for (let isLast = false; !isLast; ) {
    const [whole = '', quoted, bare = ''] = FIELD.exec(row) ?? [];
    if (quoted !== undefined) fields.push(quoted.replaceAll('""', '"'));
    else fields.push(bare === nullMarker ? null : bare);
    isLast = !whole.endsWith(',');
  }
  return fields;
}
