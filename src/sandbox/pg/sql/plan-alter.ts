import { RedshiftError } from '../backend-session.ts';
import { takeColumnType } from './column-types.ts';
import { readKey, renderAttributes, renderColumn } from './create-table.ts';
import { isWord, renderName, splitAtCommas, syntaxError, TokenCursor, unsupported } from './cursor.ts';
import { quoteLiteral, quoteName, resolveName } from './names.ts';
import { type Plan, runPlan } from './plan.ts';
import type { Statement } from './plan-statement.ts';

interface Altered {
  readonly statement: Statement;
  /** As PostgreSQL text. */
  readonly table: string;
  /** The same as a value. */
  readonly rel: string;
}

/** ALTER TABLE: one change a statement, of the kinds Redshift knows. https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html */
export function planAlterTable(statement: Statement, cursor: TokenCursor): Plan {
  const name = cursor.takeName();
  if (!name) throw syntaxError(cursor.peek());
  const table = renderName(name, statement.context.rules);
  const altered: Altered = { statement, table, rel: `${quoteLiteral(table)}::regclass` };
  if (cursor.take('append')) {
    throw new RedshiftError({ code: '0A000', message: 'ALTER TABLE APPEND is not covered by the sandbox' });
  }
  if (cursor.sees('row', 'level') || cursor.sees('masking')) {
    throw new RedshiftError({
      code: '0A000',
      message: 'Row-level security and masking are not covered by the sandbox',
    });
  }
  if (cursor.take('add')) return planAdd(altered, cursor);
  if (cursor.take('alter', 'column')) return planAlterColumn(altered, cursor);
  if (cursor.sees('alter')) return planStorage(altered, cursor);
  if (cursor.take('drop', 'constraint')) return planDropConstraint(altered, cursor);
  if (cursor.take('drop')) return planDropColumn(altered, cursor);
  if (cursor.take('rename')) return planRename(altered, cursor);
  if (!cursor.sees('owner', 'to')) throw syntaxError(cursor.peek());
  return runPlan('ALTER TABLE', statement.rewritten());
}

function planAdd({ statement, table, rel }: Altered, cursor: TokenCursor): Plan {
  const { sql, context } = statement;
  const key = readKey(sql, cursor.tokens.slice(cursor.position), context);
  if (key) {
    const [fact, columns] = key;
    const wanted = `ARRAY[${columns.map(quoteLiteral).join(', ')}]`;
    return facts(
      `rs_check_columns(${rel}, ${wanted}), pg_catalog.rs_add_key(${rel}, '${fact.kind}', ${quoteLiteral(JSON.stringify(fact.value))}::jsonb)`,
    );
  }
  cursor.take('column');
  if (cursor.sees('if')) throw unsupported('ADD COLUMN IF NOT EXISTS');
  const definition = cursor.tokens.slice(cursor.position);
  if (splitAtCommas(definition).length > 1) throw syntaxError(splitAtCommas(definition)[1]?.[0]);
  const { column, name, encoding, isNotNull, hasDefault, isSpecial } = renderColumn(sql, definition, context);
  if (isSpecial) throw unsupported('ADD COLUMN with a distribution key, a sort key, a key or IDENTITY');
  if (isNotNull && !hasDefault) {
    throw new RedshiftError({
      code: '0A000',
      message: 'ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression',
    });
  }
  return runPlan('ALTER TABLE', `ALTER TABLE ${table} ADD COLUMN ${column}`, {
    after:
      encoding === undefined
        ? []
        : [`SELECT pg_catalog.rs_set_encoding(${rel}, ${quoteLiteral(name)}, ${quoteLiteral(encoding)})`],
  });
}

function planAlterColumn({ statement, table, rel }: Altered, cursor: TokenCursor): Plan {
  const { rules } = statement.context;
  const column = cursor.next();
  if (!column) throw syntaxError(undefined);
  const name = resolveName(column, rules);
  if (cursor.sees('encode')) return planEncode(rel, statement, cursor);
  if (!cursor.take('type')) throw syntaxError(cursor.peek());
  const type = takeColumnType(cursor);
  if (!cursor.done) throw syntaxError(cursor.peek());
  const length = /^character varying\((\d+)\)$/.exec(type)?.[1];
  if (length === undefined) throw unsupported('ALTER COLUMN TYPE other than VARCHAR');
  return runPlan('ALTER TABLE', `ALTER TABLE ${table} ALTER COLUMN ${quoteName(name)} TYPE ${type}`, {
    before: [`SELECT pg_catalog.rs_check_alter_type(${rel}, ${quoteLiteral(name)}, ${length})`],
    alone: 'ALTER TABLE ALTER COLUMN',
  });
}

// ALTER COLUMN a ENCODE x, ALTER COLUMN b ENCODE y
function planEncode(rel: string, { context, tokens }: Statement, cursor: TokenCursor): Plan {
  const calls = splitAtCommas(tokens.slice(cursor.position - 3)).map((part) => {
    const own = new TokenCursor(part);
    const column = own.take('alter', 'column') ? own.next() : undefined;
    const encoding = own.take('encode') ? own.next() : undefined;
    if (!column || !encoding || !own.done) throw syntaxError(own.peek());
    const name = quoteLiteral(resolveName(column, context.rules));
    return `rs_check_columns(${rel}, ARRAY[${name}]), pg_catalog.rs_set_encoding(${rel}, ${name}, ${quoteLiteral(encoding.value)})`;
  });
  return facts(calls.join(', pg_catalog.'));
}

// DISTSTYLE, DISTKEY, SORTKEY, ENCODE AUTO, and a sort key together with a distribution.
function planStorage({ statement, rel }: Altered, cursor: TokenCursor): Plan {
  const changed: Record<string, unknown> = {};
  const columns: string[] = [];
  for (const part of splitAtCommas(cursor.tokens.slice(cursor.position))) {
    const own = new TokenCursor(part, 1);
    if (!isWord(part[0], 'alter')) throw syntaxError(part[0]);
    if (own.take('sortkey', 'none') || own.take('sortkey', 'auto'))
      Object.assign(changed, { sortKeys: [], sortStyle: null });
    else if (own.take('encode', 'auto')) Object.assign(changed, { encodings: {} });
    else Object.assign(changed, readStorage(statement, part, own, columns));
    if (!own.done) throw syntaxError(own.peek());
  }
  const wanted = `ARRAY[${columns.map(quoteLiteral).join(', ')}]::text[]`;
  return facts(
    `rs_check_columns(${rel}, ${wanted}), pg_catalog.rs_amend_table(${rel}, ${quoteLiteral(JSON.stringify(changed))})`,
  );
}

function readStorage(statement: Statement, part: TokenCursor['tokens'], own: TokenCursor, columns: string[]): object {
  const { sql, context } = statement;
  // ALTER DISTKEY c has no brackets, and DISTSTYLE KEY may stand ahead of it.
  if (
    own.take('diststyle', 'key', 'distkey') ||
    (own.sees('distkey') && !own.seesSymbol('(', 1) && own.take('distkey'))
  ) {
    const bracket = own.seesSymbol('(') ? own.takeGroup()[0] : own.next();
    if (!bracket) throw syntaxError(part.at(-1));
    const column = resolveName(bracket, context.rules);
    columns.push(column);
    return { distStyle: 'KEY', distKey: column };
  }
  const { distStyle, distKey, sortKeys, sortStyle } = renderAttributes(sql, own, context);
  if (sortStyle === 'INTERLEAVED') throw unsupported('ALTER TABLE ALTER INTERLEAVED SORTKEY');
  columns.push(...(distKey === undefined ? [] : [distKey]), ...(sortKeys ?? []));
  return {
    ...(distStyle === undefined ? {} : { distStyle, distKey: distKey ?? null }),
    ...(sortKeys === undefined ? {} : { sortKeys, sortStyle }),
  };
}

function planDropConstraint({ statement, rel }: Altered, cursor: TokenCursor): Plan {
  const name = cursor.next();
  if (!cursor.take('restrict')) cursor.take('cascade');
  if (!name || !cursor.done) throw syntaxError(cursor.peek());
  const dropped = quoteLiteral(resolveName(name, statement.context.rules));
  return facts(`rs_check_columns(${rel}, ARRAY[]::text[]), pg_catalog.rs_drop_constraint(${rel}, ${dropped})`);
}

function planDropColumn({ statement, rel }: Altered, cursor: TokenCursor): Plan {
  cursor.take('column');
  if (cursor.sees('if')) throw unsupported('DROP COLUMN IF EXISTS');
  const name = cursor.next();
  if (!cursor.take('restrict')) cursor.take('cascade');
  if (!name || !cursor.done) throw syntaxError(cursor.peek());
  const dropped = quoteLiteral(resolveName(name, statement.context.rules));
  return runPlan('ALTER TABLE', statement.rewritten(), {
    before: [`SELECT pg_catalog.rs_check_drop(${rel}, ${dropped})`],
  });
}

function planRename({ statement, rel }: Altered, cursor: TokenCursor): Plan {
  const isColumn = cursor.take('column');
  const [from, to] = [isColumn ? cursor.next() : undefined, cursor.take('to') ? cursor.next() : undefined];
  if (!to || !cursor.done) throw syntaxError(cursor.peek());
  if (!from) return runPlan('ALTER TABLE', statement.rewritten());
  const { rules } = statement.context;
  const names = [from, to].map((token) => quoteLiteral(resolveName(token, rules))).join(', ');
  return runPlan('ALTER TABLE', statement.rewritten(), {
    after: [`SELECT pg_catalog.rs_rename_column(${rel}, ${names})`],
  });
}

/** A change that only the facts of the table know of. */
function facts(calls: string): Plan {
  return runPlan('ALTER TABLE', `SELECT pg_catalog.${calls}`, { tag: 'ALTER TABLE', hidesRows: true });
}
