import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import type { Session } from '../../db/session.ts';
import { renderLock } from '../../sql/apply.ts';
import { integer, type Sql, sql } from '../../sql/sql.ts';
import { waitForLock } from '../activity/wait-for-lock.ts';
import type { Watch } from '../activity/watch.ts';

/** How long a change of a table may take and wait, and who looks at what it waits for. */
export interface TargetLimits {
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly watch?: Watch | undefined;
}

/** Sends the statements that change a table, and keeps their texts for the report. */
export class TargetRunner {
  readonly statementTimeoutMs: number;
  readonly #lockTimeoutMs: number;
  readonly #watch: Watch | undefined;
  readonly #session: Session;
  readonly #run: Run;
  readonly #done: string[] = [];

  constructor(session: Session, { statementTimeoutMs, lockTimeoutMs, watch }: TargetLimits, run: Run) {
    this.#session = session;
    this.#run = run;
    this.statementTimeoutMs = statementTimeoutMs;
    this.#lockTimeoutMs = lockTimeoutMs;
    this.#watch = watch;
  }

  /** Statements that were carried out, in order. */
  get done(): readonly string[] {
    return [...this.#done];
  }

  /** Every change of a table waits for its lock; while it does it tells who holds that. */
  async step(statement: Sql): Promise<void> {
    await this.#wait(statement, (cause) => cause);
  }

  /** Between `boundLock` and the statements that need the lock. Throws RS_TIMEOUT, with who holds it. */
  async lock(path: ObjectPath): Promise<void> {
    const seconds = this.#lockTimeoutMs / 1000;
    const message = `Table ${path.join('.')} could not be locked to change its shape within ${seconds} s: others read or write it`;
    await this.#wait(
      renderLock(path),
      (cause, who) =>
        new ConnectorError('RS_TIMEOUT', who === '' ? message : `${message}; ${who}`, {
          action: 'Wait for the others, or raise lockTimeoutSeconds. Nothing of this step was done.',
          details: { table: path.join('.'), limitSeconds: seconds, ...(who === '' ? {} : { blockers: who }) },
          cause,
        }),
    );
  }

  async #wait(statement: Sql, onTimeout: (cause: ConnectorError, who: string) => ConnectorError): Promise<void> {
    const session = this.#session;
    await waitForLock(session, this.#run, this.#watch, () => session.run(statement, this.#run), onTimeout, 'plan');
    this.#done.push(String(statement));
  }

  /** Redshift has no lock timeout: the statement timeout stands in for it. To be called before BEGIN. */
  async boundLock(session: Session): Promise<void> {
    session.taint('its statement timeout was changed');
    await session.run(sql`SET statement_timeout TO ${integer(this.#lockTimeoutMs)}`, this.#run);
  }
}
