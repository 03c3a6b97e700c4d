import { createReadStream } from 'node:fs';
import { decompressed } from './decompress.ts';
import type { InputFile } from './input-file.ts';

/** Rows that are looked for in a file. */
export interface WantedRows {
  /** Their numbers in the file, from 1, each once, the least first. */
  readonly numbers: readonly number[];
  /** Rows that the engine found in the whole file. */
  readonly total: number;
}

const NONE: ReadonlyMap<number, number> = new Map();
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const BLANK = 0x20;
const MARK: readonly number[] = [0xef, 0xbb, 0xbf];

/**
 * The lines, from 1, that rows of a text file begin in; a line ends with LF or CRLF, inside of quotes too. The file is read
 * through. By the rules that the engine reads text by; where it reads on beyond what is surely the same to both, or finds
 * another number of rows, there are no lines at all. Throws RS_INPUT_INVALID for a file that is damaged.
 */
export async function findLines(
  { path, format, compression, delimiter, columns }: InputFile,
  { numbers, total }: WantedRows,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, number>> {
  if (format === 'parquet') return NONE;
  const found = new Map<number, number>();
  let rows = 0;
  const onRow = (line: number): void => {
    rows += 1;
    if (numbers[found.size] === rows) found.set(rows, line);
  };
  const scan = format === 'csv' ? new CsvScan(delimiter, columns.length, onRow) : new JsonScan(onRow);
  const source = createReadStream(path, { highWaterMark: 1024 * 1024, signal });
  for await (const chunk of decompressed(source, compression)) {
    for (const byte of chunk) if (!scan.take(byte)) return NONE;
  }
  return scan.end() && rows === total ? found : NONE;
}

type State =
  /** Nothing of a field has come but blanks. */
  | 'begin'
  | 'plain'
  | 'quoted'
  /** Right behind a quote that ends the value, or is the first of two. */
  | 'closed'
  /** Blanks behind it. */
  | 'behind'
  /** CR outside of quotes: LF comes next. */
  | 'return';

/** CSV: the first record has the names. `take` and `end` answer false where it is not sure what the engine makes of it. */
class CsvScan {
  readonly #delimiter: number;
  readonly #columns: number;
  readonly #onRow: (line: number) => void;
  readonly #isKnown: boolean;
  #state: State = 'begin';
  #bytes = 0;
  #line = 1;
  /** Of the record that is under way. */
  #firstLine = 1;
  #fields = 1;
  #isEmpty = true;

  constructor(delimiter: string, columns: number, onRow: (line: number) => void) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#isKnown = this.#delimiter < 0x80; // one byte
    this.#columns = columns;
    this.#onRow = onRow;
  }

  take(byte: number): boolean {
    if (this.#bytes < MARK.length) {
      const isMark = byte === MARK[this.#bytes];
      this.#bytes = isMark ? this.#bytes + 1 : MARK.length;
      if (isMark) return this.#isKnown;
    }
    if (this.#state === 'quoted') {
      if (byte === NEWLINE) this.#line += 1;
      else if (byte === QUOTE) this.#state = 'closed';
      return true;
    }
    if (byte === NEWLINE) return this.#endRecord();
    if (this.#state === 'return') return false;
    if (byte === RETURN) {
      this.#state = 'return';
      return true;
    }
    this.#isEmpty = false;
    if (byte === this.#delimiter) {
      this.#state = 'begin';
      this.#fields += 1;
      return true;
    }
    return this.#takeText(byte);
  }

  /** The last record may have no newline. */
  end(): boolean {
    if (this.#state === 'quoted' || this.#state === 'return') return false;
    return this.#isEmpty || this.#endRecord();
  }

  #takeText(byte: number): boolean {
    switch (this.#state) {
      case 'begin':
        if (byte === QUOTE) this.#state = 'quoted';
        else if (byte !== BLANK) this.#state = 'plain';
        return true;
      case 'closed':
        if (byte === QUOTE) this.#state = 'quoted';
        else this.#state = 'behind';
        return byte === QUOTE || byte === BLANK;
      case 'behind':
        return byte === BLANK;
      case 'plain':
      case 'quoted':
      case 'return':
        return true;
    }
  }

  /** An empty line is a row where there is one column, and nothing where there are more. */
  #endRecord(): boolean {
    const isHeader = this.#firstLine === 1;
    const isRow = !this.#isEmpty || this.#columns === 1;
    if (isRow && this.#fields !== this.#columns) return false;
    if (isRow && !isHeader) this.#onRow(this.#firstLine);
    this.#line += 1;
    this.#firstLine = this.#line;
    this.#state = 'begin';
    this.#fields = 1;
    this.#isEmpty = true;
    return this.#isKnown;
  }
}

/** What the engine passes over between documents. */
const isSpace = (byte: number): boolean => byte === BLANK || (byte >= 0x09 && byte <= 0x0d);

/** JSON Lines: a row a line, but for those of spaces alone. */
class JsonScan {
  readonly #onRow: (line: number) => void;
  #line = 1;
  #isEmpty = true;

  constructor(onRow: (line: number) => void) {
    this.#onRow = onRow;
  }

  take(byte: number): boolean {
    if (byte === NEWLINE) {
      this.#line += 1;
      this.#isEmpty = true;
    } else if (this.#isEmpty && !isSpace(byte)) {
      this.#isEmpty = false;
      this.#onRow(this.#line);
    }
    return true;
  }

  end(): boolean {
    return true;
  }
}
