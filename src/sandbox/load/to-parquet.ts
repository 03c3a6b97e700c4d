import { quoteIdentifier } from './columns.ts';
import { type DuckDb, duckLiteral } from './duckdb.ts';
import type { ToParquet } from './part-files.ts';
import { refuse } from './refusal.ts';
import type { UnloadColumn } from './unload-query.ts';

/**
 * Writes Parquet as UNLOAD does: SNAPPY, row groups of about this size, timestamps without a zone, decimals exact, rows in the
 * order in which they came.
 */
export function parquetWriter(duck: DuckDb, columns: readonly UnloadColumn[], rowGroupBytes: number): ToParquet {
  // A group ends with the 2,048 rows that fill it, so it comes out somewhat larger.
  const groupBytes = Math.floor((rowGroupBytes * 7) / 8);
  return async (textFile, parquetFile) => {
    // DuckDB bounds row groups by bytes only where it need not keep order; a single thread keeps it nonetheless.
    await duck.run('SET preserve_insertion_order = false');
    await duck.run('SET threads = 1');
    const source = `read_csv(${duckLiteral(textFile)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', new_line = '\\n', nullstr = '\\N', allow_quoted_nulls = false, max_line_size = 16000000, columns = {${columns.map((column, index) => `'c${index}': ${duckLiteral(readType(column))}`).join(', ')}})`;
    const list: string[] = [];
    for (const [index, column] of columns.entries()) {
      const type = column.kind === 'decimal' ? await decimalType(duck, source, index, column) : undefined;
      list.push(`${expression(column, `c${index}`, type)} AS ${quoteIdentifier(column.name)}`);
    }
    const target = duckLiteral(parquetFile);
    const [[rows = '0'] = []] = await duck.rows(
      `COPY (SELECT ${list.join(', ')} FROM ${source}) TO ${target} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE_BYTES ${groupBytes})`,
    );
    return Number(rows);
  };
}

function readType({ kind, precision, scale }: UnloadColumn): string {
  switch (kind) {
    case 'smallint':
      return 'SMALLINT';
    case 'integer':
      return 'INTEGER';
    case 'bigint':
      return 'BIGINT';
    case 'real':
      return 'FLOAT';
    case 'double':
      return 'DOUBLE';
    case 'boolean':
      return 'BOOLEAN';
    case 'decimal':
      return precision > 0 ? `DECIMAL(${precision},${scale})` : 'VARCHAR';
    case 'char':
    case 'varchar':
    case 'date':
    case 'timestamp':
    case 'timestamptz':
    case 'time':
    case 'timetz':
    case 'intervalY2m':
    case 'intervalD2s':
    case 'super':
    case 'varbyte':
    case 'geometry':
    case 'geography':
    case 'hllsketch':
      return 'VARCHAR';
  }
}

/** Of a decimal that the query leaves open: as many decimals as there are. */
async function decimalType(
  duck: DuckDb,
  source: string,
  index: number,
  column: UnloadColumn,
): Promise<string | undefined> {
  if (column.precision > 0) return undefined;
  const [[scale = '0'] = []] = await duck.rows(
    `SELECT coalesce(max(length(split_part(c${index}, '.', 2))), 0) FROM ${source}`,
  );
  if (Number(scale) > 37) throw refuse('XX000', `Numeric data overflow (result precision) in column "${column.name}"`);
  return `DECIMAL(38,${scale})`;
}

function expression({ kind }: UnloadColumn, name: string, type: string | undefined): string {
  switch (kind) {
    case 'date':
      return `CASE WHEN ${name} LIKE '% BC' THEN replace(${name}, ' BC', ' (BC)') ELSE ${name} END::DATE`;
    case 'timestamp':
    case 'timestamptz':
      return `CASE WHEN ${name} LIKE '% BC' THEN regexp_replace(${name}, '^([^ ]+) (.*) BC$', '\\1 (BC) \\2') ELSE ${name} END::TIMESTAMP`;
    case 'super':
      return `${name}::JSON`;
    case 'decimal':
      return type === undefined ? name : `${name}::${type}`;
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'real':
    case 'double':
    case 'boolean':
    case 'char':
    case 'varchar':
    case 'time':
    case 'timetz':
    case 'intervalY2m':
    case 'intervalD2s':
    case 'varbyte':
    case 'geometry':
    case 'geography':
    case 'hllsketch':
      return name;
  }
}
