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
  /** Values that COPY would change without a word are given as they are, in place of the failure. Default: false. */
  readonly asTheyAre?: boolean;
}

/** What is wrong with a value, without the value. */
export interface FailedCheck {
  /** The column as the target calls it. */
  readonly column: string;
  /** Completes "the value ...". */
  readonly problem: string;
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
  { rowNumber, position, checked, asTheyAre = false }: LoadContext,
): Sql {
  const conversion = conversionOf(source, sourceType, field, value);
  if (conversion.checks.length === 0) return conversion.text;
  const refusals = conversion.checks.map(({ isBad, isSilent = false }, check) => {
    if (isSilent && mayLose) return sql`WHEN false THEN NULL`;
    // What COPY itself would refuse may be left to it: it then counts the row as rejected.
    if (!checked && (asTheyAre || !isSilent)) return sql`WHEN ${isBad} THEN CAST(${value} AS VARCHAR)`;
    const code = duckText(`|${position}|${check}`);
    return sql`WHEN ${isBad} THEN error(${duckText(`${MARK}|`)} || ${rowNumber} || ${code})`;
  });
  const isNull = conversion.isNull ?? sql`${value} IS NULL`;
  const plain = conversion.isPlain === undefined ? sql`` : sql`WHEN ${conversion.isPlain} THEN ${value} `;
  return sql`CASE ${plain}WHEN ${isNull} THEN NULL ${join(refusals, sql` `)} ELSE ${conversion.text} END`;
}

/**
 * Which value of a row COPY would change without a word, as text for `readSilentCheck`; NULL for a row that COPY loads as it
 * is, or refuses by itself.
 */
export function silentCheck(columns: readonly LoadColumn[], given: (column: LoadColumn) => Sql): Sql {
  const found = columns.flatMap((column, position) => {
    const value = given(column);
    const { checks, isNull, isPlain } = conversionOf(column.source, column.sourceType, column.field, value);
    if (column.mayLose === true || !checks.some(({ isSilent }) => isSilent === true)) return [];
    const fine = isPlain === undefined ? sql`` : sql`WHEN ${isPlain} THEN NULL `;
    const cases = checks.map(
      ({ isBad, isSilent = false }, check) =>
        sql`WHEN ${isBad} THEN ${isSilent ? duckText(`${position}|${check}`) : sql`NULL`}`,
    );
    return [sql`CASE ${fine}WHEN ${isNull ?? sql`${value} IS NULL`} THEN NULL ${join(cases, sql` `)} ELSE NULL END`];
  });
  return sql`coalesce(${join([...found, sql`CAST(NULL AS VARCHAR)`])})`;
}

/** What `silentCheck` found. */
export function readSilentCheck(found: string, columns: readonly LoadColumn[]): FailedCheck {
  const [position = 0, check = 0] = found.split('|').map(Number);
  const column = columns[position];
  if (column === undefined) return { column: '', problem: DOES_NOT_FIT };
  const { checks } = conversionOf(column.source, column.sourceType, column.field, sql`NULL`);
  return { column: column.field.name, problem: checks[check]?.problem ?? DOES_NOT_FIT };
}

const DOES_NOT_FIT = 'does not fit';

/** The failed check in an error of the engine, as RS_VALUE_UNREPRESENTABLE; `undefined` for any other error. */
export function readCheckFailure(message: string, columns: readonly LoadColumn[]): ConnectorError | undefined {
  const [, row, position, check] = /roleshift-check\|(\d+)\|(\d+)\|(\d+)/.exec(message) ?? [];
  const column = position === undefined ? undefined : columns[Number(position)];
  if (row === undefined || column === undefined) return undefined;
  const { source, sourceType, field } = column;
  const checks: readonly Check[] = conversionOf(source, sourceType, field, sql`NULL`).checks;
  const { problem, isSilent = false, isAcceptable = true } = checks[Number(check)] ?? { problem: DOES_NOT_FIT };
  const type = renderType(field.type);
  return new ConnectorError(
    'RS_VALUE_UNREPRESENTABLE',
    `Row ${row}, column ${JSON.stringify(field.name)} (${type}): the value ${problem}`,
    {
      action:
        isSilent && isAcceptable
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
