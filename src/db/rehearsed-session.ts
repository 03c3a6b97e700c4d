import { ConnectorError } from '../core/errors.ts';
import { type Sql, sql } from '../sql/sql.ts';
import type { WireDecoder } from '../types/wire-decoder.ts';
import type { Capabilities } from './capabilities.ts';
import type { Columns } from './column-query.ts';
import type { Rows } from './rows.ts';
import { Session, type SessionClient, type StatementRun } from './session.ts';

/** What a rehearsed statement answers: its rows as text, and how many rows it met. */
export type Answer = Partial<Rows>;

/** Nobody is at the other end. */
const NOBODY: SessionClient = {
  connection: { stream: { destroy: () => undefined } },
  on: () => undefined,
  removeListener: () => undefined,
  release: () => undefined,
  getTransactionStatus: () => 'I',
  query: () => Promise.reject(new ConnectorError('RS_INTERNAL', 'A rehearsed session sends nothing')),
};

/**
 * A session that sends nothing: it writes down what it is asked to send, and gives made-up answers. Code that works on a
 * session tells its statements by running on this one, so that there is no second list of them.
 */
export class RehearsedSession extends Session {
  readonly statements: Sql[] = [];
  readonly #answer: (statement: Sql) => Answer | Promise<Answer>;
  #isOpen = false;

  constructor(capabilities: Capabilities, answer: (statement: Sql) => Answer | Promise<Answer>) {
    super({ client: NOBODY, capabilities, backendPid: 0, cancelBackend: () => Promise.resolve() });
    this.#answer = answer;
  }

  override async run(statement: Sql, _run?: StatementRun): Promise<Rows> {
    this.statements.push(statement);
    const { verb } = statement;
    if (verb === 'BEGIN') this.#isOpen = true;
    // TRUNCATE commits.
    if (verb === 'COMMIT' || verb === 'ROLLBACK' || verb === 'TRUNCATE') this.#isOpen = false;
    return { fields: [], rows: [], rowCount: 0, command: verb, ...(await this.#answer(statement)) };
  }

  override async columns(statement: Sql, decoders: readonly WireDecoder[]): Promise<Columns> {
    await this.run(statement);
    return { columns: decoders.map(() => []), rowCount: 0, bytes: 0 };
  }

  override rollback(): Promise<void> {
    return this.#isOpen ? this.run(sql`ROLLBACK`).then(() => undefined) : Promise.resolve();
  }
}
