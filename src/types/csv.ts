import { ConnectorError } from '../core/errors.ts';
import { renderType } from '../core/redshift-type.ts';
import type { ChecksumCounter } from './checksum.ts';
import { codecFor } from './codec.ts';
import { type Codec, type InputScalar, Unfit } from './codec-shape.ts';
import type { CsvText } from './csv-text.ts';
import type { SupportedField } from './field.ts';

/** How staged CSV is written: comma, quotes doubled, LF, no header, this marker for NULL. */
export interface CsvDialect {
  /** Random for each run, since it is not known whether COPY tells a quoted marker from a bare one. */
  readonly nullMarker: string;
}

export interface CsvEncoderOptions {
  /** Whether each line ends with the row's number, for a table that has a column for it. */
  readonly rowNumbers: boolean;
  /** Names of columns whose values may change where COPY would change them without a word. */
  readonly acceptLoss?: readonly string[];
  /** Adds up the rows that are encoded. */
  readonly checksum?: ChecksumCounter;
}

/** Writes rows as the lines of staged files. */
export interface CsvEncoder {
  /**
   * One line, its newline included: the values in the order of the fields. A missing value is NULL. Throws
   * RS_VALUE_UNREPRESENTABLE naming row, column and limit, never the value; a part of the line may be written then.
   */
  line(text: CsvText, values: readonly (InputScalar | null | undefined)[], rowNumber: number): void;
}

/** An encoder for rows that go to columns of these types. */
export function openCsvEncoder(
  fields: readonly SupportedField[],
  { nullMarker }: CsvDialect,
  { rowNumbers, acceptLoss = [], checksum }: CsvEncoderOptions,
): CsvEncoder {
  const columns = fields.map(({ name, type }) => ({
    name,
    type,
    toText: codecFor(type).toText,
    mayLose: acceptLoss.includes(name),
  }));
  const end = (text: CsvText, rowNumber: number): void => {
    if (rowNumbers) {
      text.comma();
      text.value(String(rowNumber));
    }
    text.newline();
  };
  if (checksum !== undefined) return countedEncoder(columns, nullMarker, end, checksum);
  return {
    line: (text, values, rowNumber) => {
      let position = 0;
      for (const column of columns) {
        const value = values[position];
        if (position > 0) text.comma();
        position += 1;
        if (value === null || value === undefined) text.bare(nullMarker);
        else {
          const result = column.toText(value);
          text.value(typeof result === 'string' ? result : changed(column, result, rowNumber));
        }
      }
      end(text, rowNumber);
    },
  };
}

type EncodedColumn = SupportedField & {
  readonly toText: Codec['toText'];
  readonly mayLose: boolean;
};

/** The same, apart from the other since most writes count nothing. */
function countedEncoder(
  columns: readonly EncodedColumn[],
  nullMarker: string,
  end: (text: CsvText, rowNumber: number) => void,
  checksum: ChecksumCounter,
): CsvEncoder {
  return {
    line: (text, values, rowNumber) => {
      const results = columns.map((column, position) => {
        const value = values[position];
        if (value === null || value === undefined) return undefined;
        const result = column.toText(value);
        return result instanceof Unfit ? changed(column, result, rowNumber) : result;
      });
      checksum.addTexts(results);
      for (const [position, result] of results.entries()) {
        if (position > 0) text.comma();
        if (result === undefined) text.bare(nullMarker);
        else text.value(result);
      }
      end(text, rowNumber);
    },
  };
}

/** What COPY makes another value of, where that was accepted for the column. */
function changed(column: SupportedField & { readonly mayLose: boolean }, unfit: Unfit, rowNumber: number): string {
  if (column.mayLose && unfit.lossyText !== undefined) return unfit.lossyText;
  throw unrepresentable(column, unfit, rowNumber);
}

/** A value that its column cannot hold, told without showing it. */
export function unrepresentable(field: SupportedField, unfit: Unfit, rowNumber: number): ConnectorError {
  const type = renderType(field.type);
  return new ConnectorError(
    'RS_VALUE_UNREPRESENTABLE',
    `Row ${rowNumber}, column ${JSON.stringify(field.name)} (${type}): the value ${unfit.problem}`,
    {
      action:
        unfit.lossyText === undefined
          ? 'Mend the value, convert it before it is written, or widen the column.'
          : 'Mend the value, widen the column, or accept the loss by naming the column in acceptLoss.',
      details: { row: rowNumber, column: field.name, type, problem: unfit.problem },
    },
  );
}
