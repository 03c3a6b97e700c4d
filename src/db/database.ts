import type { Pool } from 'pg';
import type { Session, StatementRun } from './session.ts';

/** The sessions of one opened connector. Dispose closes them all; whoever opened it disposes of it. */
export interface Database extends AsyncDisposable {
  /** The pool below; `createPool` hands it to the program. */
  readonly pool: Pool;
  /** Borrows a session, opening one if need be. The caller disposes of it. */
  session(run: StatementRun): Promise<Session>;
}
