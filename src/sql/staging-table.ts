import { ConnectorError } from '../core/errors.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import { renderType } from '../core/redshift-type.ts';
import type { TablePath } from './copy.ts';
import { identifier, join, Sql, sql } from './sql.ts';

/** A column of the temporary table that a load goes to. */
export interface StagingColumn {
  readonly name: string;
  readonly type: SupportedType;
  /** A NULL is then refused by COPY, row by row, and not by the statement that applies the rows. */
  readonly notNull?: boolean;
  /** The target's own collation, so that keys compare as they do there. */
  readonly caseInsensitive?: boolean;
}

/** The temporary table that a load goes to. */
export interface StagingTable {
  readonly name: string;
  readonly columns: readonly StagingColumn[];
  /** BIGINT column that numbers the rows as they were sent. */
  readonly rowColumn: string;
  /** The target's distribution key, so that joins with the target move no rows; even distribution without one. */
  readonly distKey?: string;
}

/** A name that no column has, whatever its case: `_row`, or `_row_2` and so on. */
export function freeColumnName(columns: readonly string[], wish = '_row'): string {
  const taken = new Set(columns.map((name) => name.toLowerCase()));
  for (let suffix = 2, name = wish; ; name = `${wish}_${suffix}`, suffix += 1) if (!taken.has(name)) return name;
}

/** CREATE TEMP TABLE for the rows of one load. */
export function renderCreateStagingTable({ name, columns, rowColumn, distKey }: StagingTable): Sql {
  if (columns.some((column) => column.name === rowColumn)) {
    throw new ConnectorError('RS_INTERNAL', 'The row number column has the name of a column');
  }
  const own = columns.map((column) => {
    const collate = column.caseInsensitive ? sql` COLLATE CASE_INSENSITIVE` : sql``;
    const notNull = column.notNull ? sql` NOT NULL` : sql``;
    return sql`${identifier(column.name)} ${typeSql(column.type)}${collate}${notNull}`;
  });
  const distribution =
    distKey === undefined ? sql`DISTSTYLE EVEN` : sql`DISTSTYLE KEY DISTKEY (${identifier(distKey)})`;
  return sql`CREATE TEMP TABLE ${identifier(name)} (${join([...own, sql`${identifier(rowColumn)} BIGINT NOT NULL`])}) ${distribution}`;
}

/** DROP TABLE of the temporary table. */
export function renderDropTable(path: TablePath): Sql {
  return sql`DROP TABLE IF EXISTS ${identifier(...path)}`;
}

/** A type in DDL or a cast. */
export function typeSql(type: SupportedType): Sql {
  return Sql.trusted(renderType(type));
}
