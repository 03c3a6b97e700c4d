import type { Pool } from 'pg';
import type { Session, StatementRun } from './session.ts';

/** The sessions of one opened connector. Dispose closes them all; whoever opened it disposes of it. */
export interface Database extends AsyncDisposable {
  /** The pool below, with its counts. Sessions are borrowed by `session`, not from here. */
  readonly pool: Pool;
  /** Borrows a session, opening one if need be. The caller disposes of it. */
  session(run: StatementRun): Promise<Session>;
}
