import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { renderDeduplicate } from '../../sql/apply.ts';
import { renderCopy } from '../../sql/copy.ts';
import { type KeyPattern, readNullPatterns, renderNullPatterns } from '../../sql/keys.ts';
import { identifier, integer, join, sql } from '../../sql/sql.ts';
import { renderCreateStagingTable, renderDropTable } from '../../sql/staging-table.ts';
import type { LoadPlan, WritePlan } from '../write-plan.ts';
import type { StagedLoad } from './staged-load.ts';

/** The temporary table, loaded and cleaned: what a transaction can apply as often as it must. */
export interface LoadedTable {
  /** Rows in it now. */
  readonly rows: number;
  readonly rejected: number;
  /** Numbers of the first thousand of them in the input, from 1. */
  readonly rejectedRows: readonly number[];
  readonly deduplicated: number;
  /** One a pattern of NULLs among the keys; empty without keys. */
  readonly patterns: readonly KeyPattern[];
}

type StagedLoadPlan = Extract<LoadPlan, { kind: 'staged' }>;

const MOST_REJECTED_ROWS = 1000;

/**
 * COPY into a temporary table of this session, in autocommit, and everything that needs no lock on the target. Safe to
 * repeat in another session. Throws RS_LOAD_REJECTED, RS_COUNT_MISMATCH, RS_INPUT_INVALID for duplicate keys.
 */
export async function loadStagingTable(
  session: Session,
  plan: WritePlan,
  { table, duplicates }: StagedLoadPlan,
  staged: StagedLoad,
  run: Run,
): Promise<LoadedTable> {
  session.taint('it holds a temporary table');
  await session.run(renderDropTable([table.name]), run);
  await session.run(renderCreateStagingTable(table), run);
  await session.run(
    renderCopy({
      target: [table.name],
      columns: [...plan.columns.map(({ name }) => name), table.rowColumn],
      manifestUrl: staged.manifestUrl,
      role: plan.copyRole,
      format: plan.format,
      maxRejects: Math.max(0, plan.rejectLimit - staged.rowsRefused),
      temporary: true,
      ...(plan.copyRegion === undefined ? {} : { region: plan.copyRegion }),
    }),
    run,
  );
  const loaded = await countRows(session, table.name, run);
  const rejected = staged.rowsStaged - loaded;
  if (rejected < 0 || rejected + staged.rowsRefused > plan.rejectLimit) {
    throw new ConnectorError('RS_COUNT_MISMATCH', `Redshift loaded ${loaded} of ${staged.rowsStaged} staged rows`, {
      action: 'Run it again; if it repeats, report it with the counts in the details.',
      details: { staged: staged.rowsStaged, loaded, rejectLimit: plan.rejectLimit },
    });
  }
  const rejectedRows = rejected === 0 ? [] : await findGaps(session, table, staged.rowsRead, run);
  const deduplicated = await deduplicate(session, plan, table, duplicates, run);
  const patterns = plan.operation === 'upsert' ? await findPatterns(session, plan.keys, table.name, run) : [];
  return { rows: loaded - deduplicated, rejected, rejectedRows, deduplicated, patterns };
}

async function countRows(session: Session, table: string, run: Run): Promise<number> {
  const { rows } = await session.run(sql`SELECT COUNT(*) FROM ${identifier(table)}`, run);
  return Number(rows[0]?.[0]);
}

/** Numbers of the rows that are not there: the error views cannot tell, since values may hold newlines. */
async function findGaps(
  session: Session,
  table: StagedLoadPlan['table'],
  rowsRead: number,
  run: Run,
): Promise<readonly number[]> {
  const row = identifier(table.rowColumn);
  const numbers = sql`SELECT ${row} AS this_row FROM ${identifier(table.name)} UNION ALL SELECT 0 UNION ALL SELECT ${integer(rowsRead + 1)}`;
  const pairs = sql`SELECT this_row, LEAD(this_row) OVER (ORDER BY this_row) AS next_row FROM (${numbers}) AS numbered`;
  const { rows } = await session.run(
    sql`SELECT this_row, next_row FROM (${pairs}) AS paired WHERE next_row > this_row + 1 ORDER BY this_row LIMIT ${integer(MOST_REJECTED_ROWS)}`,
    run,
  );
  const missing: number[] = [];
  for (const [before, after] of rows) {
    for (let number = Number(before) + 1; number < Number(after) && missing.length < MOST_REJECTED_ROWS; number += 1) {
      missing.push(number);
    }
  }
  return missing;
}

/** Redshift's own equality decides what is the same key: trailing blanks, collation. */
async function deduplicate(
  session: Session,
  { keys, targetName }: WritePlan,
  { name, rowColumn }: StagedLoadPlan['table'],
  duplicates: StagedLoadPlan['duplicates'],
  run: Run,
): Promise<number> {
  switch (duplicates) {
    case 'allow':
      return 0;
    case 'keepFirst':
    case 'keepLast': {
      const keep = duplicates === 'keepFirst' ? 'first' : 'last';
      const { rowCount } = await session.run(renderDeduplicate({ staging: [name], keys, rowColumn, keep }), run);
      return rowCount;
    }
    case 'fail': {
      const list = join(keys.map((key) => identifier(key)));
      const groups = sql`SELECT COUNT(*) AS amount FROM ${identifier(name)} GROUP BY ${list} HAVING COUNT(*) > 1`;
      const { rows } = await session.run(
        sql`SELECT COUNT(*), COALESCE(SUM(amount), 0) FROM (${groups}) AS repeated`,
        run,
      );
      const [repeatedKeys = 0, repeatedRows = 0] = (rows[0] ?? []).map(Number);
      if (repeatedKeys === 0) return 0;
      throw new ConnectorError(
        'RS_INPUT_INVALID',
        `${repeatedRows} rows of the input share ${repeatedKeys} keys of ${targetName}`,
        {
          action: 'Make the keys unique, or set duplicateKeys to keepFirst or keepLast.',
          details: { keys: keys.join(', '), repeatedKeys, repeatedRows },
        },
      );
    }
  }
}

async function findPatterns(
  session: Session,
  keys: readonly string[],
  table: string,
  run: Run,
): Promise<readonly KeyPattern[]> {
  const { rows } = await session.run(renderNullPatterns(identifier(table), keys), run);
  return readNullPatterns(keys, rows);
}
