import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import { type Checksum, ChecksumCounter } from '../../types/checksum.ts';
import type { InputScalar } from '../../types/codec-shape.ts';
import { openCsvEncoder } from '../../types/csv.ts';
import { CsvText } from '../../types/csv-text.ts';
import type { WritePlan } from '../write-plan.ts';
import type { LoadReject } from '../write-report.ts';
import type { WriteRecorder } from './recorder.ts';
import { tooManyRejects } from './too-many-rejects.ts';

/** Turns rows into lines of staged files and counts them. */
export interface RowLines {
  /** Adds one line; none for a row that was refused within the limit. */
  readonly encode: (values: readonly unknown[]) => void;
  /** Bytes of the lines that wait to be taken. */
  readonly waitingBytes: () => number;
  /** The lines that wait, as bytes that are the caller's. */
  readonly take: () => Buffer;
  readonly rowsRead: () => number;
  readonly rowsStaged: () => number;
  readonly rowsRefused: () => number;
  /** Of the rows that were encoded; only where the plan verifies. */
  readonly checksum: () => Checksum | undefined;
}

/**
 * Encodes rows in the order of the plan's columns. A value that its column cannot hold, and a NULL where the column takes
 * none, is refused here, with row and column: RS_VALUE_UNREPRESENTABLE, or counted while the plan allows rejects.
 */
export function openRowLines(plan: WritePlan, recorder: WriteRecorder): RowLines {
  const { columns, rejectLimit, load, format } = plan;
  const checksum = plan.verify ? new ChecksumCounter(columns) : undefined;
  const encoder = openCsvEncoder(columns, format, {
    rowNumbers: load.kind === 'staged',
    acceptLoss: plan.acceptLoss,
    ...defined({ checksum }),
  });
  const positions = columns.map(({ inputPosition }) => inputPosition);
  const text = new CsvText();
  // One for all rows: they are many, and none is kept.
  const values: (InputScalar | null | undefined)[] = columns.map(() => null);
  let read = 0;
  let refused = 0;

  const refuse = (error: unknown, row: readonly unknown[]): void => {
    if (!(error instanceof ConnectorError) || error.code !== 'RS_VALUE_UNREPRESENTABLE' || rejectLimit === 0)
      throw error;
    const reject = rejectOf(error, read);
    recorder.reject(reject);
    recorder.rejectRows(read);
    recorder.rejects?.refused(
      plan,
      read,
      positions.map((position) => row[position]),
      reject,
    );
    refused += 1;
    if (refused > rejectLimit) {
      throw tooManyRejects(rejectLimit, error.message, { details: error.details, cause: error });
    }
  };

  /** Puts the row's values in the order of the columns. */
  const arrange = (row: readonly unknown[]): void => {
    let missing: string | undefined;
    let index = 0;
    for (const { name, nullable, inputPosition } of columns) {
      const value = scalarOf(row[inputPosition], name, read);
      if (!nullable && (value === null || value === undefined)) missing ??= name;
      values[index] = value;
      index += 1;
    }
    if (missing !== undefined) throw refusal(missing, read, 'is NULL where the column takes none');
  };

  return {
    encode: (row) => {
      read += 1;
      const before = text.length;
      try {
        arrange(row);
        encoder.line(text, values, read);
      } catch (error) {
        text.cutTo(before);
        refuse(error, row);
      }
    },
    waitingBytes: () => text.length,
    take: () => text.take(),
    rowsRead: () => read,
    rowsStaged: () => read - refused,
    rowsRefused: () => refused,
    checksum: () => checksum?.total(),
  };
}

/** The value, if it is of a kind that a column can hold. Whether it fits is for the column's type to say. */
function scalarOf(value: unknown, column: string, row: number): InputScalar | null | undefined {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      if (value === null || value instanceof Date || value instanceof Uint8Array) return value;
      throw refusal(column, row, 'is an object or an array');
    case 'symbol':
    case 'function':
      throw refusal(column, row, `is a ${typeof value}`);
  }
}

function refusal(column: string, row: number, problem: string): ConnectorError {
  return new ConnectorError(
    'RS_VALUE_UNREPRESENTABLE',
    `Row ${row}, column ${JSON.stringify(column)}: the value ${problem}`,
    {
      action: 'Give a text, number, boolean or date; NULL only where the column takes it.',
      details: { row, column, problem },
    },
  );
}

function rejectOf({ details, code }: ConnectorError, row: number): LoadReject {
  return {
    row,
    column: String(details['column'] ?? ''),
    code,
    reason: `the value ${String(details['problem'] ?? '')}`,
  };
}
