import type { TargetColumn } from './columns.ts';
import { SHOWN_TYPES, shownLength } from './columns.ts';
import { convertField } from './convert-field.ts';
import type { Dialect } from './dialect.ts';
import type { ErrorLedger, FieldFault } from './load-errors.ts';
import type { FieldBytes } from './record.ts';
import type { CopyStatement } from './statement.ts';

const NEWLINE_BYTES = Buffer.from('\n');

/** Where a row stands, for the load-error views. */
export interface RowPlace {
  readonly file: string;
  readonly line: number;
  /** Bytes of the row in the file; only read when it is refused. */
  readonly raw: Buffer;
}

/** Turns rows, field by field, into what the database is given; refused ones go to the ledger. */
export class RowLoader {
  readonly #columns: readonly TargetColumn[];
  readonly #statement: CopyStatement;
  readonly #dialect: Dialect;
  readonly #ledger: ErrorLedger;
  readonly #delimiterBytes: Buffer;
  readonly #quoteBytes: Buffer;
  readonly #nullBytes: Buffer;

  constructor(columns: readonly TargetColumn[], statement: CopyStatement, dialect: Dialect, ledger: ErrorLedger) {
    this.#columns = columns;
    this.#statement = statement;
    this.#dialect = dialect;
    this.#ledger = ledger;
    this.#delimiterBytes = Buffer.from(dialect.delimiter);
    this.#quoteBytes = Buffer.from(dialect.quote);
    this.#nullBytes = Buffer.from(dialect.nullAs);
  }

  /** The row's text with its line end, or undefined if it was refused. Throws `TooManyErrors`. */
  render(fields: readonly FieldBytes[], place: RowPlace, fault?: FieldFault): Buffer | undefined {
    const count = fields.length;
    if (fault !== undefined) return this.#refuse(fault, count, null, place);
    if (count > this.#columns.length) {
      return this.#refuse(
        { code: 1202, reason: 'Extra column(s) found' },
        this.#columns.length - 1,
        fields.at(-1) ?? null,
        place,
      );
    }
    if (count < this.#columns.length && !this.#statement.fillRecord) {
      return this.#refuse({ code: 1214, reason: 'Delimiter not found' }, count, fields.at(-1) ?? null, place);
    }
    const values: FieldBytes[] = [];
    for (const [index, column] of this.#columns.entries()) {
      const field = index < count ? (fields[index] ?? null) : missing(column);
      const value = convertField(field, column, this.#statement);
      if (value !== null && !Buffer.isBuffer(value)) return this.#refuse(value, index, field, place);
      values.push(value);
    }
    return this.#join(values);
  }

  #join(values: readonly FieldBytes[]): Buffer {
    const { quote } = this.#dialect;
    const pieces: Buffer[] = [];
    for (const [index, value] of values.entries()) {
      if (index > 0) pieces.push(this.#delimiterBytes);
      if (value === null) pieces.push(this.#nullBytes);
      else {
        pieces.push(
          this.#quoteBytes,
          value.includes(this.#quoteBytes) ? doubled(value, quote) : value,
          this.#quoteBytes,
        );
      }
    }
    pieces.push(NEWLINE_BYTES);
    return Buffer.concat(pieces);
  }

  #refuse(fault: FieldFault, columnIndex: number, field: FieldBytes, place: RowPlace): undefined {
    const column = this.#columns[Math.min(columnIndex, this.#columns.length - 1)];
    const raw = place.raw.toString('utf8').replace(/[\r\n]+$/, '');
    this.#ledger.add({
      ...fault,
      file: place.file,
      line: place.line,
      column: column?.shownName ?? '',
      type: column === undefined ? '' : SHOWN_TYPES[column.kind],
      length: column === undefined ? '0' : shownLength(column),
      position: field === null ? 0 : Math.max(0, place.raw.indexOf(field)),
      rawLine: raw.slice(0, 1024),
      rawField: (field?.toString('utf8') ?? '').slice(0, 1024),
    });
    return undefined;
  }
}

/** FILLRECORD: an absent VARCHAR is an empty string, any other column NULL. */
function missing(column: TargetColumn): FieldBytes {
  return column.kind === 'varchar' ? Buffer.alloc(0) : null;
}

function doubled(value: Buffer, quote: string): Buffer {
  return Buffer.from(value.toString('latin1').replaceAll(quote, quote + quote), 'latin1');
}
