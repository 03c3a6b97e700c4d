import { createHash } from 'node:crypto';
import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import { LIMITS } from '../core/redshift-limits.ts';
import type { TablePath } from './copy.ts';
import { identifier, integer, join, literal, type Sql, sql } from './sql.ts';

/** One committed write, as its ledger keeps it. */
export interface LedgerEntry {
  readonly runId: string;
  readonly operation: string;
  readonly counts: LedgerCounts;
  /** Digest of the list of files that COPY read: tells which attempt of the run it was. Absent where there were no rows. */
  readonly manifestSha256?: string;
}

/**
 * Where every row of the input went; the same numbers are answered when a run is tried again.
 * `read = loaded + rejected + deduplicated + skipped`, or nothing is committed.
 */
export interface LedgerCounts {
  /** Rows that the input yielded. */
  readonly read: number;
  /** Rows in the staged files. */
  readonly staged: number;
  /** Rows that did what they were sent for: `inserted + updated + deleted + replaced`. */
  readonly loaded: number;
  readonly inserted: number;
  readonly updated: number;
  /** Rows whose key was deleted from the target. */
  readonly deleted: number;
  /** Rows that took the place of what the target had under their key. */
  readonly replaced: number;
  /** Rows that were refused, at most `rejectLimit`; and those that a data driven input rejects itself. */
  readonly rejected: number;
  /** Rows dropped because a later or earlier one has the same key. */
  readonly deduplicated: number;
  /** Rows that found nothing to update or delete. */
  readonly skipped: number;
}

/** Counts of a write that has met no row. */
export const NO_ROWS: LedgerCounts = Object.freeze({
  read: 0,
  staged: 0,
  loaded: 0,
  inserted: 0,
  updated: 0,
  deleted: 0,
  replaced: 0,
  rejected: 0,
  deduplicated: 0,
  skipped: 0,
});

/** Counts that have a column. The others follow from them, so that a ledger of any age serves any operation. */
const COUNTS = [
  'read',
  'staged',
  'loaded',
  'inserted',
  'updated',
  'rejected',
  'deduplicated',
] as const satisfies readonly (keyof LedgerCounts)[];
const RUN_ID_BYTES = 255;
/** Entries that one write removes at most: the transaction stays short. */
const MOST_PRUNED = 1000;
const NAME_PREFIX = 'roleshift_ledger_';

/**
 * The ledger that belongs to a target: a table beside it, whose name says which target it is as far as 127 bytes allow,
 * and is told apart by a digest. Give the names as the catalog spells them: two spellings are two ledgers.
 */
export function ledgerPath(target: readonly [schema: string, table: string]): TablePath {
  const [schema, table] = target;
  const digest = createHash('sha256').update(table).digest('hex').slice(0, 12);
  const room = LIMITS.nameBytes - Buffer.byteLength(`${NAME_PREFIX}_${digest}`);
  const readable = table.toLowerCase().replaceAll(/[^a-z0-9_]+/g, '_');
  return [schema, `${NAME_PREFIX}${readable.slice(0, room)}_${digest}`];
}

/** CREATE TABLE of a ledger, unless it is there. */
export function renderCreateLedger(ledger: TablePath): Sql {
  const counts = join(COUNTS.map((name) => sql`${countColumn(name)} BIGINT NOT NULL`));
  return sql`CREATE TABLE IF NOT EXISTS ${identifier(...ledger)} ("run_id" VARCHAR(255) NOT NULL, "operation" VARCHAR(32) NOT NULL, ${counts}, "manifest_sha256" VARCHAR(64), "committed_at" TIMESTAMP NOT NULL) DISTSTYLE ALL SORTKEY ("run_id")`;
}

/** Asks whether a run was committed; `readLedger` reads the answer. */
export function renderReadLedger(ledger: TablePath, runId: string): Sql {
  const columns = join([sql`"operation"`, ...COUNTS.map(countColumn), sql`"manifest_sha256"`]);
  return sql`SELECT ${columns} FROM ${identifier(...ledger)} WHERE "run_id" = ${runIdLiteral(runId)}`;
}

/** The entry in the answer to `renderReadLedger`, as text rows; `undefined` when the run was not committed. */
export function readLedger(runId: string, rows: readonly (readonly (string | null)[])[]): LedgerEntry | undefined {
  const [row] = rows;
  if (row === undefined) return undefined;
  const stored = Object.fromEntries(COUNTS.map((name, position) => [name, Number(row[position + 1])]));
  const operation = row[0] ?? '';
  return {
    runId,
    operation,
    counts: allCounts(operation, stored as Record<(typeof COUNTS)[number], number>),
    ...defined({ manifestSha256: row[COUNTS.length + 1] ?? undefined }),
  };
}

/** Asks which of these files were loaded; `readLoadedFiles` reads the answer. */
export function renderReadFiles(ledger: TablePath, fileKeys: readonly string[]): Sql {
  return sql`SELECT "run_id", ${countColumn('read')} FROM ${identifier(...ledger)} WHERE "run_id" IN (${join(fileKeys.map(runIdLiteral))})`;
}

/** Rows of each file that was loaded, by its key. */
export function readLoadedFiles(rows: readonly (readonly (string | null)[])[]): ReadonlyMap<string, number> {
  return new Map(rows.map(([key, read]) => [key ?? '', Number(read)]));
}

/** No operation both deletes and replaces, so what was loaded otherwise than by INSERT and UPDATE is one of the two. */
function allCounts(operation: string, stored: Readonly<Record<(typeof COUNTS)[number], number>>): LedgerCounts {
  const { read, loaded, inserted, updated, rejected, deduplicated } = stored;
  const others = loaded - inserted - updated;
  const isReplacing = operation === 'replaceRow';
  return {
    ...stored,
    deleted: isReplacing ? 0 : others,
    replaced: isReplacing ? others : 0,
    skipped: read - loaded - rejected - deduplicated,
  };
}

/** INSERT of what a run did, and of the files that it loaded: the last statement before its COMMIT. */
export function renderInsertLedger(ledger: TablePath, ...entries: readonly LedgerEntry[]): Sql {
  const columns = join([
    sql`"run_id"`,
    sql`"operation"`,
    ...COUNTS.map(countColumn),
    sql`"manifest_sha256"`,
    sql`"committed_at"`,
  ]);
  const rows = entries.map((entry) => sql`(${valuesOf(entry)})`);
  return sql`INSERT INTO ${identifier(...ledger)} (${columns}) VALUES ${join(rows)}`;
}

function valuesOf({ runId, operation, counts, manifestSha256 }: LedgerEntry): Sql {
  return join([
    runIdLiteral(runId),
    literal(operation),
    ...COUNTS.map((name) => integer(counts[name])),
    manifestSha256 === undefined ? sql`NULL` : literal(manifestSha256),
    sql`GETDATE()`,
  ]);
}

/** DELETE of the oldest entries past an age, a bounded number of them; `added`: entries that this write has made. */
export function renderPruneLedger(ledger: TablePath, days: number, added = 1): Sql {
  const old = sql`"committed_at" < DATEADD(day, ${integer(-days)}, GETDATE())`;
  const oldest = sql`SELECT "run_id" FROM ${identifier(...ledger)} WHERE ${old} ORDER BY "committed_at" LIMIT ${integer(MOST_PRUNED + added)}`;
  return sql`DELETE FROM ${identifier(...ledger)} WHERE ${old} AND "run_id" IN (${oldest})`;
}

function countColumn(name: (typeof COUNTS)[number]): Sql {
  return identifier(`rows_${name}`);
}

function runIdLiteral(runId: string): Sql {
  // Comparison ignores trailing blanks, so two ids that differ only there would be one.
  if (runId === '' || runId.trimEnd() !== runId || Buffer.byteLength(runId) > RUN_ID_BYTES) {
    throw new ConnectorError(
      'RS_CONFIG_INVALID',
      `A run id has 1 to ${RUN_ID_BYTES} bytes and does not end with a blank`,
      {
        action: 'Choose another run id.',
      },
    );
  }
  return literal(runId);
}
