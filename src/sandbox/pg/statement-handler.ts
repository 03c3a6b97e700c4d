import type { ClusterInit } from '../cluster.ts';
import type { StatementActivity } from './activity.ts';
import type { BackendSession } from './backend-session.ts';
import type { SessionState } from './session-state.ts';

/** What a handled statement answers to the client. */
export interface CommandResult {
  /** Command tag: `COPY`, `UNLOAD`. */
  readonly tag: string;
  /** For statements with a result set. */
  readonly columns?: readonly { readonly name: string; readonly typeOid: number }[];
  readonly rows?: readonly (readonly (string | null)[])[];
}

export interface StatementContext {
  readonly backend: BackendSession;
  /** Database user, without `IAM:` and groups. */
  readonly user: string;
  readonly cluster: ClusterInit;
  /** Counters that `pg_last_copy_count()` and its like answer from: handlers set them. */
  readonly sessionState: SessionState;
  /** How the statement is seen by others while it runs: handlers note their progress there. */
  readonly activity: StatementActivity;
  /** Aborted when the statement is cancelled or its timeout elapses. A client that leaves does not end its statement. */
  readonly signal: AbortSignal;
}

/**
 * Takes statements that the database behind the cluster cannot run: COPY from S3, UNLOAD. The session runs the handler in
 * a transaction (the client's block, or one of its own that it commits on success and rolls back on a throw).
 */
export interface StatementHandler {
  /** `sql` is one statement without comments before it, as the client wrote it. Handlers are asked in order. */
  matches(sql: string): boolean;
  run(context: StatementContext, sql: string): Promise<CommandResult>;
}
