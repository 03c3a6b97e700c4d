import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import { type Checksum, ChecksumCounter } from '../../types/checksum.ts';
import type { InputScalar } from '../../types/codec-shape.ts';
import { openCsvEncoder } from '../../types/csv.ts';
import type { WritePlan } from '../write-plan.ts';
import type { LoadReject } from '../write-report.ts';
import type { WriteRecorder } from './recorder.ts';

/** Turns rows into lines of staged files and counts them. */
export interface RowLines {
  /** One line; the empty text for a row that was refused within the limit. */
  readonly encode: (values: readonly unknown[]) => string;
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
  const required = columns.flatMap(({ nullable }, position) => (nullable ? [] : [position]));
  const positions = columns.map(({ inputPosition }) => inputPosition);
  let read = 0;
  let refused = 0;

  const refuse = (error: unknown, row: readonly unknown[]): string => {
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
      throw new ConnectorError(
        'RS_LOAD_REJECTED',
        `More than ${rejectLimit} rows cannot be loaded; the last: ${error.message}`,
        {
          action: 'Mend the rows, or raise rejectLimit.',
          details: { ...error.details, rejectLimit },
          cause: error,
        },
      );
    }
    return '';
  };

  return {
    encode: (row) => {
      read += 1;
      try {
        const values = positions.map((position, index) => scalarOf(row[position], columns[index]?.name, read));
        const missing = required.find((position) => values[position] === null || values[position] === undefined);
        if (missing !== undefined) throw refusal(columns[missing]?.name, read, 'is NULL where the column takes none');
        return encoder.line(values, read);
      } catch (error) {
        return refuse(error, row);
      }
    },
    rowsRead: () => read,
    rowsStaged: () => read - refused,
    rowsRefused: () => refused,
    checksum: () => checksum?.total(),
  };
}

/** The value, if it is of a kind that a column can hold. Whether it fits is for the column's type to say. */
function scalarOf(value: unknown, column: string | undefined, row: number): InputScalar | null | undefined {
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

function refusal(column: string | undefined, row: number, problem: string): ConnectorError {
  return new ConnectorError(
    'RS_VALUE_UNREPRESENTABLE',
    `Row ${row}, column ${JSON.stringify(column)}: the value ${problem}`,
    {
      action: 'Give a text, number, boolean or date; NULL only where the column takes it.',
      details: { row, column: column ?? '', problem },
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
