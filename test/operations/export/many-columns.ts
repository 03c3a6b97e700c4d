import { Engine } from '../../../src/columnar/engine.ts';
import { Sql } from '../../../src/sql/sql.ts';

/** A table of many types whose values follow from a row's number. */
export const MANY_COLUMNS = `id integer, day date, "at" timestamp, zoned timestamptz, clock time, code char(6), amount decimal(38,37),
  note varchar(60), small smallint, ratio double precision, yes boolean`;

export function fillingOf(rows: number): string {
  return `SELECT n, CASE WHEN n % 7 = 0 THEN NULL ELSE DATE '2024-01-01' + (n % 1000) END, TIMESTAMP '2024-01-01' + n * INTERVAL '1 second',
  TIMESTAMPTZ '2024-01-01 00:00:00+00' + n * INTERVAL '1 second', TIME '00:00:00' + (n % 86400) * INTERVAL '1 second', 'c' || n % 9,
  (n % 9)::numeric, CASE WHEN n % 5 = 0 THEN NULL ELSE md5(n::text) END, n % 100, n / 4.0, n % 2 = 0 FROM generate_series(1, ${rows}) AS n`;
}

/** The same, as the engine makes it of a row's number. */
export const IS_RIGHT = `day IS NOT DISTINCT FROM (CASE WHEN id % 7 = 0 THEN NULL ELSE DATE '2024-01-01' + (id % 1000)::INTEGER END)
  AND "at" = TIMESTAMP '2024-01-01' + id * INTERVAL 1 SECOND AND epoch(zoned) = epoch(TIMESTAMP '2024-01-01') + id
  AND clock = TIME '00:00:00' + (id % 86400) * INTERVAL 1 SECOND AND code = rpad('c' || id % 9, 6, ' ')
  AND note IS NOT DISTINCT FROM (CASE WHEN id % 5 = 0 THEN NULL ELSE md5(id::VARCHAR) END)
  AND amount = (id % 9) AND small = id % 100 AND ratio = id / 4.0 AND yes = (id % 2 = 0)`;

/** Rows of a query in the embedded engine, which may read files in the folder. */
export async function queryFiles(folder: string, text: string): Promise<readonly (readonly (string | null)[])[]> {
  await using engine = await Engine.open({ folder });
  return engine.query(Sql.trusted(text), { signal: new AbortController().signal });
}
