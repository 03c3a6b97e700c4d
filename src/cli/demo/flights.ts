import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Engine } from '../../columnar/engine.ts';
import { openInputFile } from '../../columnar/input-file.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { duckText } from '../../sql/duckdb.ts';
import { Sql, sql } from '../../sql/sql.ts';

/** What a set of flights adds up to, as text: the same question to the file and to Redshift. */
export type Totals = readonly string[];

export const TOTAL_NAMES = ['flights', 'sum of delay', 'sum of distance', 'first', 'last', 'airports'] as const;

/** In words that both engines understand, every answer as text. */
const TOTALS_SQL = `select cast(count(*) as varchar(20)), cast(sum(delay) as varchar(20)),
  cast(sum(distance) as varchar(20)), to_char_minute(min(date)), to_char_minute(max(date)),
  cast(count(distinct origin) as varchar(20)) from`;

/** The totals query for Redshift. */
export function redshiftTotals(table: string): string {
  return `${TOTALS_SQL.replaceAll(/to_char_minute\((\w+\(\w+\))\)/g, "to_char($1, 'YYYY-MM-DD HH24:MI')")} ${table}`;
}

/** Path of three million real flights, from the npm package vega-datasets. Throws RS_PACKAGE_MISSING. */
export function flightsFile(): string {
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve('vega-datasets')), '..', 'data', 'flights-3m.parquet');
  } catch (cause) {
    throw new ConnectorError('RS_PACKAGE_MISSING', 'The demo loads the flights of the package vega-datasets', {
      action: 'Run: npm install vega-datasets@3.2.1',
      cause,
    });
  }
}

/** Which flights to take, and those of which day to correct by how much. Conditions in words of both engines. */
export interface Correction {
  readonly within: string;
  readonly day: string;
  readonly minutes: bigint;
}

/** The flights of the file as they should be after the correction, every value as text, for comparison with a read. */
export async function correctedRows(
  file: string,
  folder: string,
  { within, day, minutes }: Correction,
  run: Run,
): Promise<FileRows> {
  await using engine = await Engine.open({ folder });
  const input = await openInputFile(engine, { file }, run);
  const isAlone = `count(*) over (partition by date, origin, destination) = 1`;
  const question = `select date, case when ${day} and ${isAlone} then delay - ${minutes} else delay end,
    distance, origin, destination`;
  return engine.query(
    sql`${Sql.user(question)} from read_parquet(${duckText(input.path)}) where ${Sql.user(within)}`,
    run,
  );
}

type FileRows = readonly (readonly (string | null)[])[];

/** What the file adds up to, asked of the file itself. */
export async function fileTotals(file: string, folder: string, run: Run): Promise<Totals> {
  await using engine = await Engine.open({ folder });
  const input = await openInputFile(engine, { file }, run);
  const question = TOTALS_SQL.replaceAll(/to_char_minute\((\w+\(\w+\))\)/g, "strftime($1, '%Y-%m-%d %H:%M')");
  const [row = []] = await engine.query(sql`${Sql.user(question)} read_parquet(${duckText(input.path)})`, run);
  return row.map(String);
}
