import { RedshiftError } from '../backend-session.ts';
import { takeColumnType } from './column-types.ts';
import { isWord, renderName, splitAtCommas, syntaxError, TokenCursor } from './cursor.ts';
import { quoteLiteral, quoteName, resolveName } from './names.ts';
import { type Plan, runPlan } from './plan.ts';
import type { Statement } from './plan-statement.ts';

/** `CREATE EXTERNAL SCHEMA | TABLE`: Spectrum over files of S3. What else is external is refused by name. */
export function planCreateExternal(statement: Statement, cursor: TokenCursor): Plan {
  if (cursor.take('schema')) return planExternalSchema(statement, cursor);
  if (cursor.take('table')) return planExternalTable(statement, cursor);
  throw notCovered(`CREATE EXTERNAL ${cursor.peek()?.value.toUpperCase()}`);
}

// CREATE EXTERNAL SCHEMA [IF NOT EXISTS] s FROM DATA CATALOG DATABASE 'd' .. IAM_ROLE 'arn' [CREATE EXTERNAL DATABASE IF NOT EXISTS]
function planExternalSchema({ context }: Statement, cursor: TokenCursor): Plan {
  const ifNotExists = cursor.take('if', 'not', 'exists');
  const name = cursor.takeName();
  if (!name || !cursor.take('from')) throw syntaxError(cursor.peek());
  if (!cursor.take('data', 'catalog'))
    throw notCovered(`An external schema from ${cursor.peek()?.value.toUpperCase()}`);
  const said = new Map<string, string>();
  while (!cursor.done) {
    if (cursor.take('create', 'external', 'database', 'if', 'not', 'exists')) continue;
    const option = cursor.next();
    const value = cursor.next();
    const isDefault = option?.value === 'iam_role' && isWord(value, 'default');
    if (!option || (value?.kind !== 'string' && !isDefault)) throw syntaxError(value ?? option);
    said.set(option.value, isDefault ? 'default' : (value?.value ?? ''));
  }
  const [database, role] = [said.get('database'), said.get('iam_role')];
  if (database === undefined || role === undefined) throw syntaxError(undefined);
  const schema = renderName(name, context.rules);
  const stored = [schema, database, role].map(quoteLiteral).join(', ');
  return runPlan('CREATE SCHEMA', `CREATE SCHEMA ${ifNotExists ? 'IF NOT EXISTS ' : ''}${schema}`, {
    after: [`SELECT pg_catalog.rs_note_external_schema(${stored})`],
    alone: 'CREATE EXTERNAL SCHEMA',
  });
}

// CREATE EXTERNAL TABLE s.t (..) [ROW FORMAT DELIMITED FIELDS TERMINATED BY 'c'] STORED AS PARQUET | TEXTFILE LOCATION 's3://..' [TABLE PROPERTIES (..)]
function planExternalTable({ context }: Statement, cursor: TokenCursor): Plan {
  const name = cursor.takeName();
  if (!name || name.parts.length < 2 || !cursor.seesSymbol('(')) throw syntaxError(cursor.peek());
  const columns = splitAtCommas(cursor.takeGroup()).map((part) => {
    const own = new TokenCursor(part);
    const column = own.next();
    if (!column) throw syntaxError(undefined);
    const text = `${quoteName(resolveName(column, context.rules))} ${takeColumnType(own)}`;
    if (!own.done) throw syntaxError(own.peek());
    return text;
  });
  if (cursor.sees('partitioned', 'by')) throw notCovered('A partitioned external table');
  if (cursor.sees('row', 'format', 'serde')) throw notCovered('ROW FORMAT SERDE');
  let delimiter = '\u0001';
  if (cursor.take('row', 'format', 'delimited')) {
    delimiter = cursor.take('fields', 'terminated', 'by') ? (cursor.next()?.value ?? delimiter) : delimiter;
    if (cursor.take('lines', 'terminated', 'by')) cursor.next();
  }
  if (!cursor.take('stored', 'as')) throw syntaxError(cursor.peek());
  const format = cursor.next()?.value ?? '';
  if (format !== 'parquet' && format !== 'textfile')
    throw notCovered(`An external table STORED AS ${format.toUpperCase()}`);
  const location = cursor.take('location') ? cursor.next() : undefined;
  if (location?.kind !== 'string' || !location.value.startsWith('s3://')) throw syntaxError(location);
  const header = /'skip\.header\.line\.count'\s*=\s*'(\d+)'/.exec(
    cursor.tokens
      .slice(cursor.position)
      .map(({ text }) => text)
      .join(''),
  )?.[1];
  const table = renderName(name, context.rules);
  const options =
    format === 'parquet' ? 'FORMAT PARQUET' : `DELIMITER ${sqlText(delimiter)} IGNOREHEADER ${header ?? 0}`;
  const copy = `FROM ${sqlText(location.value)} ${options}`;
  const stored = [location.value, format, copy].map(quoteLiteral).join(', ');
  return runPlan('CREATE EXTERNAL TABLE', `CREATE TABLE ${table} (${columns.join(', ')})`, {
    after: [`SELECT pg_catalog.rs_note_external_table(${quoteLiteral(table)}::regclass, ${stored})`],
    alone: 'CREATE EXTERNAL TABLE',
    tag: 'CREATE EXTERNAL TABLE',
  });
}

function sqlText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

function notCovered(what: string): RedshiftError {
  return new RedshiftError({ code: '0A000', message: `${what} is not covered by the sandbox` });
}
