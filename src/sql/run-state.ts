import { createHash } from 'node:crypto';
import type { TablePath } from './copy.ts';
import { NO_ROWS, readLedger, renderInsertLedger, renderReadLedger } from './ledger.ts';
import { identifier, literal, type Sql, sql } from './sql.ts';

/** Pieces of work around a run that are to be done once: how many were begun, and how many are done. */
export interface RunState {
  readonly begun: number;
  readonly done: number;
}

const NOTHING_BEGUN: RunState = { begun: 0, done: 0 };

/** The entry of the ledger that keeps the state: apart from the run's own, which says that its rows are there. */
export function stateKey(runId: string, work: 'preSql' | 'postSql'): string {
  return `${work}:${createHash('sha256').update(runId).digest('hex')}`;
}

/** Asks for the state; `readState` reads the answer. */
export function renderReadState(ledger: TablePath, key: string): Sql {
  return renderReadLedger(ledger, key);
}

export function readState(key: string, rows: readonly (readonly (string | null)[])[]): RunState {
  const entry = readLedger(key, rows);
  return entry === undefined ? NOTHING_BEGUN : { begun: entry.counts.read, done: entry.counts.staged };
}

/** DELETE and INSERT of the state, to be sent in one transaction. */
export function renderWriteState(ledger: TablePath, key: string, { begun, done }: RunState): readonly [Sql, Sql] {
  const counts = { ...NO_ROWS, read: begun, staged: done };
  const operation = key.slice(0, key.indexOf(':'));
  return [
    sql`DELETE FROM ${identifier(...ledger)} WHERE "run_id" = ${literal(key)}`,
    renderInsertLedger(ledger, { runId: key, operation, counts }),
  ];
}
