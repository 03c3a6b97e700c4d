import type { Run } from '../core/run.ts';
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

export interface RejectedRowsSpec {
  readonly nullMarker: string;
  readonly compression: 'gzip' | 'zstd' | 'none';
  /** How many columns come before the row's number. */
  readonly columns: number;
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
