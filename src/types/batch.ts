import type { Field } from './field.ts';

/**
 * A value as programs see it: BIGINT is a bigint; DECIMAL, dates, times and intervals are exact text; REAL and DOUBLE are
 * numbers, NaN and infinities among them; SUPER is JSON text; VARBYTE, GEOMETRY and GEOGRAPHY are hexadecimal text
 * (`Buffer.from(value, 'hex')` gives the bytes); NULL is null. docs/types.md has the table.
 */
export type Value = null | boolean | number | bigint | string;

/** One row by column name. Where two columns share a name the last one is seen; `Batch.columns` has both. */
export type Row = Readonly<Record<string, Value>>;

/** Some rows of one read or write, column by column. */
export interface Batch {
  readonly fields: readonly Field[];
  readonly rowCount: number;
  /** One array of `rowCount` values a field, in the order of `fields`. */
  readonly columns: readonly (readonly Value[])[];
  /** With a resumable read, on the last batch of each staged file: a later attempt may go on behind it (`resumeFrom`). */
  readonly checkpoint?: string;
  /** The same values as objects, made on each call. */
  rows(): Row[];
}

/** A batch over columns that the caller gives up: they are not copied. */
export function openBatch(fields: readonly Field[], columns: readonly (readonly Value[])[], rowCount: number): Batch {
  return { fields, columns, rowCount, rows: () => rowsOf(fields, columns, rowCount) };
}

function rowsOf(fields: readonly Field[], columns: readonly (readonly Value[])[], rowCount: number): Row[] {
  const rows: Record<string, Value>[] = Array.from({ length: rowCount }, () => ({}));
  fields.forEach(({ name }, position) => {
    const column = columns[position] ?? [];
    rows.forEach((row, index) => {
      const value = column[index] ?? null;
      // A plain assignment to this name would set the prototype.
      if (name === '__proto__') {
        Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true });
      } else row[name] = value;
    });
  });
  return rows;
}
