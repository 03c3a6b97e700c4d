import { renderName, syntaxError, type TokenCursor } from './cursor.ts';
import { quoteLiteral } from './names.ts';
import { type Plan, runPlan } from './plan.ts';
import type { Statement } from './plan-statement.ts';

/** `ANALYZE [VERBOSE] [table [(columns)]] [PREDICATE COLUMNS | ALL COLUMNS]`. */
export function planAnalyze({ context }: Statement, cursor: TokenCursor): Plan {
  cursor.take('verbose');
  if (cursor.take('compression')) return planAnalyzeCompression(cursor, context);
  const name = startsClause(cursor) ? undefined : cursor.takeName();
  if (name && cursor.seesSymbol('(')) cursor.takeGroup();
  if (!cursor.take('predicate', 'columns')) cursor.take('all', 'columns');
  if (!cursor.done) throw syntaxError(cursor.peek());
  return maintain('ANALYZE', 'analyzedRows', name && renderName(name, context.rules));
}

function planAnalyzeCompression(cursor: TokenCursor, { rules }: Statement['context']): Plan {
  const name = cursor.takeName();
  if (!name) throw syntaxError(cursor.peek());
  if (cursor.seesSymbol('(')) cursor.takeGroup();
  if (cursor.take('comprows')) cursor.next();
  if (!cursor.done) throw syntaxError(cursor.peek());
  const rel = `${quoteLiteral(renderName(name, rules))}::regclass`;
  const columns = `table_name AS "Table", column_name AS "Column", encoding AS "Encoding", '0.00' AS "Est_reduction_pct"`;
  return runPlan(
    'ANALYZE',
    `SELECT ${columns} FROM pg_catalog.rs_columns WHERE relid = ${rel} ORDER BY ordinal_position`,
    {
      tag: 'ANALYZE COMPRESSION',
      alone: 'ANALYZE COMPRESSION',
    },
  );
}

/** `VACUUM [FULL | SORT ONLY | DELETE ONLY | REINDEX | RECLUSTER] [table] [TO n PERCENT] [BOOST]`. */
export function planVacuum({ context }: Statement, cursor: TokenCursor): Plan {
  const modes = [['full'], ['sort', 'only'], ['delete', 'only'], ['reindex'], ['recluster']];
  const mode = modes.find((words) => cursor.take(...words))?.[0];
  const name = cursor.sees('to') || cursor.sees('boost') ? undefined : cursor.takeName();
  if (cursor.take('to')) {
    const percent = cursor.next();
    if (percent?.kind !== 'number' || Number(percent.value) > 100 || !cursor.take('percent'))
      throw syntaxError(percent);
    if (mode === 'reindex' || mode === 'recluster' || !name) throw syntaxError(percent);
  }
  cursor.take('boost');
  if (!cursor.done) throw syntaxError(cursor.peek());
  if ((mode === 'reindex' || mode === 'recluster') && !name) throw syntaxError(undefined);
  return maintain('VACUUM', 'vacuumedRows', name && renderName(name, context.rules), 'VACUUM');
}

function startsClause(cursor: TokenCursor): boolean {
  return cursor.sees('predicate', 'columns') || cursor.sees('all', 'columns');
}

function maintain(tag: string, fact: string, table: string | undefined, alone?: string): Plan {
  const alones = alone === undefined ? {} : { alone };
  if (table === undefined) return { kind: 'nothing', tag, ...alones };
  return runPlan(tag, `SELECT pg_catalog.rs_maintain(${quoteLiteral(table)}::regclass, '${fact}')`, {
    tag,
    hidesRows: true,
    ...alones,
  });
}
