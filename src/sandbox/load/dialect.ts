import { type CopyTarget, quoteIdentifier } from './columns.ts';
import type { CopyStatement } from './statement.ts';

/** How the text of rows is written: of a file, and of what the database's own COPY is given. */
export interface Dialect {
  readonly delimiter: string;
  /** Never occurs in text without quotes: a control character. */
  readonly quote: string;
  readonly nullAs: string;
  /** A marker inside quotes is NULL, too: Redshift's way, taken as the stricter reading of its documentation. */
  readonly quotedMarkerIsNull: boolean;
}

/** Stands for "no quotes" where the database insists on a quote character. */
const NO_QUOTE = '\u0001';

/** What is handed on when rows are rendered one by one. */
export const RENDERED: Dialect = { delimiter: ',', quote: '"', nullAs: '\\N', quotedMarkerIsNull: false };

/** The dialect of the files, if rows of it may be handed on as they are. */
export function verbatimDialect(statement: CopyStatement): Dialect | undefined {
  const { format, delimiter, nullAs } = statement;
  if ((format !== 'csv' && format !== 'delimited') || statement.escape || statement.removeQuotes) return undefined;
  const quote = format === 'csv' ? statement.quote : NO_QUOTE;
  // What PostgreSQL refuses in its options.
  const isAwkward =
    delimiter === quote ||
    nullAs.includes(delimiter) ||
    nullAs.includes(quote) ||
    /[\r\n]/.test(nullAs + delimiter + quote) ||
    nullAs.includes('\0');
  return isAwkward ? undefined : { delimiter, quote, nullAs, quotedMarkerIsNull: true };
}

/** The database's COPY for rows in this dialect. */
export function copyInSql({ sqlName, columns }: CopyTarget, dialect: Dialect): string {
  const list = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const options = [
    'FORMAT csv',
    `DELIMITER ${literal(dialect.delimiter)}`,
    `QUOTE ${literal(dialect.quote)}`,
    `NULL ${literal(dialect.nullAs)}`,
    ...(dialect.quotedMarkerIsNull ? ['FORCE_NULL *'] : []),
    `ENCODING 'UTF8'`,
  ];
  return `COPY ${sqlName} (${list}) FROM STDIN (${options.join(', ')})`;
}

function literal(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
