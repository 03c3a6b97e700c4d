import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { integer, type Sql, sql } from '../../sql/sql.ts';

/** Sends the statements that change a table, and keeps their texts for the report. */
export class TargetRunner {
  readonly statementTimeoutMs: number;
  readonly #lockTimeoutMs: number;
  readonly #session: Session;
  readonly #run: Run;
  readonly #done: string[] = [];

  constructor(
    session: Session,
    { statementTimeoutMs, lockTimeoutMs }: { readonly statementTimeoutMs: number; readonly lockTimeoutMs: number },
    run: Run,
  ) {
    this.#session = session;
    this.#run = run;
    this.statementTimeoutMs = statementTimeoutMs;
    this.#lockTimeoutMs = lockTimeoutMs;
  }

  /** Statements that were carried out, in order. */
  get done(): readonly string[] {
    return [...this.#done];
  }

  async step(statement: Sql): Promise<void> {
    await this.#session.run(statement, this.#run);
    this.#done.push(String(statement));
  }

  /** Redshift has no lock timeout: the statement timeout stands in for it. To be called before BEGIN. */
  async boundLock(session: Session): Promise<void> {
    session.taint('its statement timeout was changed');
    await session.run(sql`SET statement_timeout TO ${integer(this.#lockTimeoutMs)}`, this.#run);
  }
}
