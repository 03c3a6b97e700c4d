import type { Run } from '../core/run.ts';
import { duckName } from '../sql/duckdb.ts';
import { integer, join, sql } from '../sql/sql.ts';
import type { Engine } from './engine.ts';
import { selectStaged } from './spooled-rows.ts';

/** A row of a staged file. */
export interface StagedRow {
  /** Its number in the input, from 1. */
  readonly number: number;
  /** Its values as they were staged, in the order of the columns. */
  readonly values: readonly (string | null)[];
}

/** How a file was staged. */
interface StagedForm {
  readonly nullMarker: string;
  readonly compression: 'gzip' | 'zstd' | 'none';
  /** How many columns come before the row's number. */
  readonly columns: number;
}

export interface RejectedRowsSpec extends StagedForm {
  /** Rows to look for. */
  readonly numbers: readonly number[];
}

/** Finds rows of one staged file by their numbers, in their order. The file must lie in the engine's folder. */
export async function readRejectedRows(
  engine: Engine,
  path: string,
  { nullMarker, compression, columns, numbers }: RejectedRowsSpec,
  run: Run,
): Promise<readonly StagedRow[]> {
  const source = selectStaged(path, { nullMarker, compression, columns, isNumbered: true });
  const wanted = sql`SELECT UNNEST([${join(numbers.map(integer))}])`;
  const rows = await engine.query(
    sql`SELECT * FROM (${source}) WHERE CAST(n AS BIGINT) IN (${wanted}) ORDER BY CAST(n AS BIGINT)`,
    run,
  );
  return rows.map((row) => ({ number: Number(row.at(-1)), values: row.slice(0, -1) }));
}

export interface RecordSpec extends StagedForm {
  /** From 1. */
  readonly line: number;
}

/**
 * The number in the input of the row that stands in a line of one staged file; `undefined` where a value before it holds a
 * newline, so that lines are no records. The file must lie in the engine's folder.
 */
export async function findRecord(
  engine: Engine,
  path: string,
  { nullMarker, compression, columns, line }: RecordSpec,
  run: Run,
): Promise<number | undefined> {
  const source = selectStaged(path, { nullMarker, compression, columns, isNumbered: true });
  const breaks = join(
    Array.from({ length: columns }, (_, at) => sql`coalesce(contains(${duckName(`c${at}`)}, chr(10)), false)`),
    sql` OR `,
  );
  const [found] = await engine.query(
    sql`SELECT COUNT(*), MAX(CAST(n AS BIGINT)), bool_or(${breaks}) FROM (SELECT * FROM (${source}) LIMIT ${integer(line)})`,
    run,
  );
  const [count, number, isBroken] = found ?? [];
  return Number(count) === line && isBroken === 'false' ? Number(number) : undefined;
}
