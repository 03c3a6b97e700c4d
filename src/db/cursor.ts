import { ConnectorError } from '../core/errors.ts';
import { LIMITS } from '../core/redshift-limits.ts';
import { integer, type Sql, sql } from '../sql/sql.ts';
import type { WireDecoder } from '../types/wire-decoder.ts';
import type { StatementOrigin } from './classify.ts';
import type { Columns } from './column-query.ts';
import type { Session, StatementRun } from './session.ts';
import type { UserSql } from './user-sql.ts';

export interface CursorOptions {
  readonly run: StatementRun;
  /** Most rows of one answer. */
  readonly batchRows: number;
  /** Makes the values of a column each, in the order of the query's. */
  readonly decoders: readonly WireDecoder[];
  /** About how many bytes of text one answer may hold; wide rows then come in smaller batches. Default: 8 million. */
  readonly batchBytes?: number;
  /** Where the user's own SQL is in the query. */
  readonly origin?: StatementOrigin;
  /** How many rows are wanted in all. Default: every one. */
  readonly maxRows?: number;
  /** Runs in the transaction of the cursor, which sees what this sees. */
  readonly onBegin?: () => Promise<void>;
}

const NAME = sql`roleshift_cursor`;
const DECLARE = sql`DECLARE ${NAME} CURSOR FOR `;
const DEFAULT_BATCH_BYTES = 8_000_000;
/** An answer may hold this many times the rows of the one before. */
const GROWTH = 10;
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
    decoders,
    batchBytes = DEFAULT_BATCH_BYTES,
    maxRows = Number.POSITIVE_INFINITY,
    origin = {},
    onBegin,
  }: CursorOptions,
): AsyncGenerator<Columns, void, undefined> {
  const fetch = (size: number): Promise<Columns> =>
    session.columns(sql`FETCH FORWARD ${integer(size)} FROM ${NAME}`, decoders, run, origin);
  let ahead: Promise<Columns> | undefined;
  try {
    let limit = batchRows;
    let size = Math.min(FIRST_ROWS, limit);
    let rowsLeft = maxRows;
    await declare(session, query, run, origin, onBegin);
    for (let isFirst = true; ; isFirst = false) {
      let answer: Columns;
      try {
        answer = await (ahead ?? fetch(size));
      } catch (error) {
        if (!isFirst || size <= LIMITS.singleNodeFetchRows || !isFetchLimit(error)) throw error;
        await session.rollback(run);
        await declare(session, query, run, origin, onBegin);
        limit = LIMITS.singleNodeFetchRows;
        answer = await fetch(limit);
      }
      ahead = undefined;
      if (answer.rowCount === 0) return;
      rowsLeft -= answer.rowCount;
      const isFull = answer.rowCount >= size;
      size = nextSize(answer, limit, batchBytes);
      if (isFull && rowsLeft > 0) {
        ahead = fetch(size);
        ahead.catch(() => undefined); // met by the await above, or of no interest once the loop is left
      }
      yield answer;
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

function shifted(userSql: UserSql): UserSql {
  return { ...userSql, startsAt: userSql.startsAt + String(DECLARE).length };
}

function isFetchLimit(error: unknown): boolean {
  return error instanceof ConnectorError && error.details['reason'] === 'fetchSize';
}

/** Rows of the next answer: as many as fit by the width of these, growing step by step. Pure. */
export function nextSize(
  { rowCount, bytes }: Pick<Columns, 'rowCount' | 'bytes'>,
  limit: number,
  batchBytes: number,
): number {
  const rowBytes = Math.max(1, bytes / rowCount);
  return Math.max(1, Math.min(limit, Math.floor(batchBytes / rowBytes), rowCount * GROWTH));
}
