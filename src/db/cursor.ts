import { ConnectorError } from '../core/errors.ts';
import { LIMITS } from '../core/redshift-limits.ts';
import { integer, type Sql, sql } from '../sql/sql.ts';
import type { StatementOrigin } from './classify.ts';
import type { Rows } from './rows.ts';
import type { Session, StatementRun } from './session.ts';
import type { UserSql } from './user-sql.ts';

export interface CursorOptions {
  readonly run: StatementRun;
  /** Most rows of one answer. */
  readonly batchRows: number;
  /** About how many characters one answer may hold; wide rows then come in smaller batches. Default: 8 million. */
  readonly batchChars?: number;
  /** Where the user's own SQL is in the query. */
  readonly origin?: StatementOrigin;
  /** How many rows are wanted in all. Default: every one. */
  readonly maxRows?: number;
  /** Runs in the transaction of the cursor, which sees what this sees. */
  readonly onBegin?: () => Promise<void>;
}

const NAME = sql`roleshift_cursor`;
const DECLARE = sql`DECLARE ${NAME} CURSOR FOR `;
const DEFAULT_BATCH_CHARS = 8_000_000;
/** An answer may hold this many times the rows of the one before. */
const GROWTH = 10;
const SAMPLED_ROWS = 1000;
/** One more than a cluster of a single node allows: whether it is one shows before any row was handed out. */
const FIRST_ROWS = LIMITS.singleNodeFetchRows + 1;

/**
 * The rows of a query, in answers of bounded size, in one read-only transaction. While the caller has one answer the server is at
 * work on the next, and no further; leaving the loop ends the transaction. Needs a session outside any transaction.
 */
export async function* readCursor(
  session: Session,
  query: Sql,
  {
    run,
    batchRows,
    batchChars = DEFAULT_BATCH_CHARS,
    maxRows = Number.POSITIVE_INFINITY,
    origin = {},
    onBegin,
  }: CursorOptions,
): AsyncGenerator<Rows, void, undefined> {
  let ahead: Promise<Rows> | undefined;
  try {
    let limit = batchRows;
    let size = Math.min(FIRST_ROWS, limit);
    let rowsLeft = maxRows;
    await declare(session, query, run, origin, onBegin);
    for (let isFirst = true; ; isFirst = false) {
      let rows: Rows;
      try {
        rows = await (ahead ?? fetch(session, size, run, origin));
      } catch (error) {
        if (!isFirst || size <= LIMITS.singleNodeFetchRows || !isFetchLimit(error)) throw error;
        await session.rollback(run);
        await declare(session, query, run, origin, onBegin);
        limit = LIMITS.singleNodeFetchRows;
        rows = await fetch(session, limit, run, origin);
      }
      ahead = undefined;
      if (rows.rows.length === 0) return;
      rowsLeft -= rows.rows.length;
      const isFull = rows.rows.length >= size;
      size = nextSize(rows, limit, batchChars);
      if (isFull && rowsLeft > 0) {
        ahead = fetch(session, size, run, origin);
        ahead.catch(() => undefined); // met by the await above, or of no interest once the loop is left
      }
      yield rows;
    }
  } finally {
    await Promise.allSettled([ahead]);
    await session.rollback(run);
  }
}

// Redshift ignores the row limit of a protocol-level Execute, so pg-cursor would hold the whole result in memory.
async function declare(
  session: Session,
  query: Sql,
  run: StatementRun,
  { userSql }: StatementOrigin,
  onBegin: CursorOptions['onBegin'],
): Promise<void> {
  await session.run(sql`BEGIN READ ONLY`, run);
  await onBegin?.();
  await session.run(
    sql`${DECLARE}${query}`,
    run,
    userSql === undefined ? {} : { userSql: [userSql].flat().map(shifted) },
  );
}

function fetch(session: Session, size: number, run: StatementRun, origin: StatementOrigin): Promise<Rows> {
  return session.run(sql`FETCH FORWARD ${integer(size)} FROM ${NAME}`, run, origin);
}

function shifted(userSql: UserSql): UserSql {
  return { ...userSql, startsAt: userSql.startsAt + String(DECLARE).length };
}

function isFetchLimit(error: unknown): boolean {
  return error instanceof ConnectorError && error.details['reason'] === 'fetchSize';
}

/** Rows of the next answer: as many as fit by the width of these, growing step by step. Pure. */
export function nextSize({ rows }: Pick<Rows, 'rows'>, limit: number, batchChars: number): number {
  // About a thousand rows tell how wide the others are.
  const step = Math.max(1, Math.floor(rows.length / SAMPLED_ROWS));
  let chars = 0;
  let sampled = 0;
  for (let index = 0; index < rows.length; index += step) {
    for (const value of rows[index] ?? []) chars += value?.length ?? 0;
    sampled += 1;
  }
  const rowChars = Math.max(1, chars / Math.max(1, sampled));
  return Math.max(1, Math.min(limit, Math.floor(batchChars / rowChars), rows.length * GROWTH));
}
