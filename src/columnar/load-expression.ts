import { ConnectorError } from '../core/errors.ts';
import { renderType } from '../core/redshift-type.ts';
import { duckText } from '../sql/duckdb.ts';
import { integer, join, type Sql, sql } from '../sql/sql.ts';
import type { SupportedField } from '../types/field.ts';
import type { Check, Conversion } from './conversion.ts';
import { convert } from './conversions.ts';
import { sourceKind } from './source-kind.ts';

/** A column of an input file on its way to a column of the target. */
export interface LoadColumn {
  /** Name in the file. */
  readonly source: string;
  /** Type in the file, as the engine names it. */
  readonly sourceType: string;
  readonly field: SupportedField;
  /** Whether values may change where COPY would change them without a word. */
  readonly mayLose?: boolean;
}

export interface LoadContext {
  /** Number of the row, from 1. */
  readonly rowNumber: Sql;
  /** Position of the column among those that are loaded. */
  readonly position: number;
  /** False: values that COPY refuses are passed on to it as they are. */
  readonly checked: boolean;
}

/** Marks our own errors in the engine's messages; they say a row, a column and a check, never a value. */
const MARK = 'roleshift-check';

/**
 * The expression that gives the text COPY reads, and fails on a value that the column cannot hold. Throws
 * RS_INPUT_INVALID for a type that never fits.
 */
export function loadExpression(
  { source, sourceType, field, mayLose = false }: LoadColumn,
  value: Sql,
  { rowNumber, position, checked }: LoadContext,
): Sql {
  const conversion = conversionOf(source, sourceType, field, value);
  if (conversion.checks.length === 0) return conversion.text;
  const refusals = conversion.checks.map(({ isBad, isSilent = false }, check) => {
    if (isSilent && mayLose) return sql`WHEN false THEN NULL`;
    // What COPY itself would refuse may be left to it: it then counts the row as rejected.
    if (!checked && !isSilent) return sql`WHEN ${isBad} THEN CAST(${value} AS VARCHAR)`;
    const code = duckText(`|${position}|${check}`);
    return sql`WHEN ${isBad} THEN error(${duckText(`${MARK}|`)} || ${rowNumber} || ${code})`;
  });
  const isNull = conversion.isNull ?? sql`${value} IS NULL`;
  const plain = conversion.isPlain === undefined ? sql`` : sql`WHEN ${conversion.isPlain} THEN ${value} `;
  return sql`CASE ${plain}WHEN ${isNull} THEN NULL ${join(refusals, sql` `)} ELSE ${conversion.text} END`;
}

/** The failed check in an error of the engine, as RS_VALUE_UNREPRESENTABLE; `undefined` for any other error. */
export function readCheckFailure(message: string, columns: readonly LoadColumn[]): ConnectorError | undefined {
  const [, row, position, check] = /roleshift-check\|(\d+)\|(\d+)\|(\d+)/.exec(message) ?? [];
  const column = position === undefined ? undefined : columns[Number(position)];
  if (row === undefined || column === undefined) return undefined;
  const { source, sourceType, field } = column;
  const checks: readonly Check[] = conversionOf(source, sourceType, field, sql`NULL`).checks;
  const { problem, isSilent = false } = checks[Number(check)] ?? { problem: 'does not fit' };
  const type = renderType(field.type);
  return new ConnectorError(
    'RS_VALUE_UNREPRESENTABLE',
    `Row ${row}, column ${JSON.stringify(field.name)} (${type}): the value ${problem}`,
    {
      action: isSilent
        ? 'Mend the value in the file, widen the column, or accept the loss by naming the column in acceptLoss.'
        : 'Mend the value in the file, or widen the column.',
      details: { row: Number(row), column: field.name, type, problem },
    },
  );
}

function conversionOf(source: string, sourceType: string, field: SupportedField, value: Sql): Conversion {
  const kind = sourceKind(sourceType);
  const conversion = convert(kind, sourceType, field.type, value);
  if (conversion === undefined) {
    const held = /^[A-Z][A-Z0-9_ ]*/.exec(sourceType)?.[0] ?? 'another type';
    throw new ConnectorError(
      'RS_INPUT_INVALID',
      `Column ${JSON.stringify(source)} of the file holds ${held}, which column ${JSON.stringify(field.name)} (${renderType(
        field.type,
      )}) cannot take`,
      { action: 'Convert the column in the file, or leave it out.', details: { column: field.name } },
    );
  }
  return conversion;
}

/** A row number from 1, from one that counts from 0 and starts at an offset. */
export function fromOne(zeroBased: Sql, offset: number): Sql {
  return sql`(${zeroBased} + ${integer(offset + 1)})`;
}
