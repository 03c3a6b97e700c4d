import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../../faults.ts';
import { type BackendResult, type ErrorFields, RedshiftError } from '../backend-session.ts';
import type { SessionState } from '../session-state.ts';
import type { Plan } from '../sql/plan.ts';
import { isOn } from '../sql/settings.ts';
import type { CommandResult } from '../statement-handler.ts';
import type { BackendClient } from '../wire/backend-client.ts';
import type { ClientConnection } from '../wire/client-connection.ts';
import {
  BodyReader,
  commandComplete,
  cstring,
  dataRow,
  frame,
  parameterStatus,
  REQUEST,
  readErrorFields,
  rowDescription,
  type TransactionStatus,
  TYPE,
} from '../wire/messages.ts';
import { asRedshift, describeRows, isReported, passNotice } from './answers.ts';
import type { ClusterCore } from './cluster-core.ts';
import { openHandlerSession } from './handler-session.ts';

/** The connection was cut on purpose, by a fault of the world. */
export class ConnectionCut extends Error {
  override readonly name = 'ConnectionCut';
}

export interface SessionIdentity {
  readonly user: string;
  readonly database: string;
  readonly superuser: boolean;
}

/** How the answer of a plan is shown. */
export interface Showing {
  /** The simple protocol describes rows with each result; the extended one only when asked. */
  readonly describe: boolean;
}

/** Carries out plans on one session's backend: transactions, locks, answers. */
export class Executor {
  readonly core: ClusterCore;
  readonly backend: BackendClient;
  readonly client: ClientConnection;
  readonly identity: SessionIdentity;
  readonly state: SessionState;
  caseSensitive: boolean;
  /** Ends what a handler is doing. */
  running = new AbortController();
  statementTimeoutMs = 0;
  /** A block that the client did not ask for: it ends with the request. */
  implicit = false;
  /** The client's request holds several statements. */
  several = false;
  #cursor: string | undefined;
  #locked = new Set<string>();

  constructor(core: ClusterCore, backend: BackendClient, client: ClientConnection, identity: SessionIdentity) {
    this.core = core;
    this.backend = backend;
    this.client = client;
    this.identity = identity;
    this.caseSensitive = core.init.cluster.caseSensitiveIdentifiers ?? false;
    this.state = {
      lastCopyCount: 0,
      lastCopyId: 0,
      lastUnloadCount: 0,
      lastUnloadId: 0,
      nextQueryId: () => core.nextQueryId(),
    };
    client.onDrain(() => backend.resume());
  }

  /** The transaction status as the client knows it. */
  get status(): TransactionStatus {
    return this.implicit ? 'I' : this.backend.status;
  }

  /** Carries out one plan and shows its answer. Throws `RedshiftError`. */
  async run(plan: Plan, showing: Showing): Promise<void> {
    if (plan.kind === 'refused') throw new RedshiftError(plan.fields);
    if ('alone' in plan && plan.alone !== undefined) this.#refuseInBlock(plan.alone);
    const ends = plan.kind === 'commit' || plan.kind === 'rollback';
    if (this.backend.status === 'E' && !ends) throw abortedBlock();
    switch (plan.kind) {
      case 'run':
        return this.#inTransaction(plan, showing);
      case 'nothing':
        if (plan.table !== undefined) await this.quiet(`SELECT ${literalRegclass(plan.table)}`);
        return this.#complete(plan.tag);
      case 'begin':
        return this.#begin(plan.sql, showing);
      case 'commit':
        return this.#end(true, showing);
      case 'rollback':
        return this.#end(false, showing);
      case 'truncate':
        await this.#truncate(plan.sql, showing);
        return;
      case 'declare':
        return this.#declare(plan.name, plan.sql, showing);
      case 'close':
        await this.relay(plan.sql, showing);
        this.#cursor = undefined;
        return;
      case 'set':
        await this.relay(plan.sql, showing);
        return this.#noteSetting(plan.name, plan.value);
      case 'admin':
        if (plan.dropsDatabase !== undefined) this.core.releaseDatabase(plan.dropsDatabase);
        await this.inRedshiftWords(() => this.core.admin('postgres', plan.sql));
        return this.#complete(plan.tag);
      case 'handled':
        return this.#handle(plan.handler, plan.sql, showing);
    }
    plan satisfies never;
  }

  /** Runs SQL on the backend without showing anything. Throws `RedshiftError` in Redshift's words. */
  async quiet(sql: string, table?: string): Promise<BackendResult> {
    return this.inRedshiftWords(() => this.backend.query(sql), table);
  }

  /** Runs SQL on the backend and passes its answer on, rows as raw bytes. */
  async relay(
    sql: string,
    showing: Showing & {
      readonly tag?: string | undefined;
      readonly rows?: boolean;
      readonly table?: string | undefined;
    },
  ): Promise<void> {
    let refused: ErrorFields | undefined;
    const hidden = showing.rows === false;
    await this.backend.exchange([frame(REQUEST.query, cstring(sql))], {
      data: (bytes) => (hidden ? true : this.client.pass(bytes)),
      message: (type, body) => {
        if (type === TYPE.error) refused ??= readErrorFields(body);
        else if (type === TYPE.rowDescription && (hidden || !showing.describe)) return;
        else this.forward(type, body, showing.tag);
      },
    });
    if (refused) throw new RedshiftError(asRedshift(refused, { core: this.core, table: showing.table }));
  }

  /** Shows one message of the backend to the client, as Redshift would send it. */
  forward(type: number, body: Buffer, tag?: string): void {
    switch (type) {
      case TYPE.rowDescription:
        this.client.send(describeRows(body, this.core));
        break;
      case TYPE.commandComplete:
        this.client.send(tag === undefined ? frame(type, body) : commandComplete(tag));
        break;
      case TYPE.parameterStatus: {
        const reader = new BodyReader(body);
        const name = reader.cstring();
        if (isReported(name)) this.client.send(parameterStatus(name, reader.cstring()));
        break;
      }
      case TYPE.notice:
        this.client.send(passNotice(body));
        break;
      case TYPE.ready:
        break;
      default:
        this.client.send(frame(type, body));
    }
  }

  /** Takes write locks in the transaction, waiting for other writers; takes no snapshot. */
  async lock(tables: readonly string[]): Promise<void> {
    const wanted = tables.filter((table) => !this.#locked.has(table));
    if (wanted.length === 0) return;
    await this.fault('pg:lock', wanted.join(', '));
    const statements = wanted.map((table) => `LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`);
    await this.quiet(statements.join(';'));
    for (const table of wanted) this.#locked.add(table);
  }

  /** Opens a block of our own where the client has none. Answers whether it did. */
  async ensureBlock(): Promise<boolean> {
    if (this.backend.status !== 'I') return false;
    await this.quiet('BEGIN');
    this.implicit = true;
    return true;
  }

  /** Ends a block of our own. */
  async settle(success: boolean): Promise<void> {
    if (!this.implicit) return;
    try {
      if (success && this.backend.status === 'T') await this.#commit(async () => void (await this.quiet('COMMIT')));
      else await this.quiet('ROLLBACK');
    } finally {
      this.implicit = false;
      this.#forgetTransaction();
    }
  }

  /** After a refusal of our own inside a block: the database must know that the block is lost. */
  async abortBlock(): Promise<void> {
    if (this.backend.status !== 'T') return;
    await this.backend.query('ABORT_BLOCK').catch(() => undefined); // a syntax error is the point
  }

  /** Strikes with the world's fault for this point, if one is due. Answers it where it strikes afterwards. */
  async fault(on: string, subject: string): Promise<Fault | undefined> {
    const fault = this.core.init.faults.take(on, subject);
    if (!fault) return undefined;
    const { effect } = fault;
    if (effect.kind === 'delay')
      await wait(effect.ms, undefined, { signal: this.client.signal }).catch(() => undefined);
    if (effect.kind === 'error') {
      throw new RedshiftError({
        code: effect.code ?? 'XX000',
        message: effect.message ?? '1023',
        ...(effect.message === undefined ? { detail: 'Serializable isolation violation on table in Redshift' } : {}),
      });
    }
    if (effect.kind === 'drop' && effect.when !== 'after') this.#cut();
    return fault;
  }

  #cut(): never {
    this.client.cut();
    throw new ConnectionCut('The world cut this connection');
  }

  async #inTransaction(plan: Extract<Plan, { kind: 'run' }>, showing: Showing): Promise<void> {
    const table = plan.writes[0];
    const show = { ...showing, tag: plan.tag, table, rows: plan.tag !== 'CANCEL' };
    const tracked = this.core.serializer !== undefined && plan.writes.length > 0;
    const needsBlock = plan.writes.length + plan.before.length + plan.after.length > 0 || tracked;
    const own = needsBlock && (await this.ensureBlock());
    try {
      await this.lock(plan.writes);
      const violation = await this.core.serializer?.beforeStatement(this.identity.database, this.backend.pid, plan);
      if (violation) await this.#raise(violation);
      for (const sql of plan.before) await this.quiet(sql, table);
      await this.relay(plan.sql, show);
      for (const sql of plan.after) await this.quiet(sql, table);
      if (this.backend.status === 'T')
        await this.core.serializer?.afterStatement(this.identity.database, this.backend.pid, plan);
    } catch (error) {
      if (own && !this.several) await this.settle(false);
      throw error;
    }
    if (own && !this.several) await this.settle(true);
  }

  async #begin(sql: string, showing: Showing): Promise<void> {
    if (this.implicit) {
      // The block opened for several statements becomes the client's own.
      this.implicit = false;
      return this.#complete('BEGIN');
    }
    await this.relay(sql, showing);
  }

  async #end(success: boolean, showing: Showing): Promise<void> {
    if (success && this.backend.status === 'T') {
      await this.#commit(() => this.relay('COMMIT', showing));
    } else {
      await this.relay(success ? 'COMMIT' : 'ROLLBACK', showing);
    }
    this.implicit = false;
    this.#forgetTransaction();
  }

  async #commit(commit: () => Promise<void>): Promise<void> {
    try {
      const fault = await this.fault('pg:commit', '');
      const cycle = this.core.serializer?.cycleAtCommit(this.backend.pid);
      if (cycle) throw new RedshiftError(cycle);
      // Marked ahead: whoever waits for our locks takes its snapshot the moment the database lets go of them.
      this.core.serializer?.committed(this.backend.pid);
      await commit();
      if (fault?.effect.kind === 'drop') this.#cut();
    } catch (error) {
      if (error instanceof RedshiftError && this.backend.status !== 'I') await this.quiet('ROLLBACK');
      this.#forgetTransaction();
      throw error;
    }
  }

  #forgetTransaction(): void {
    this.core.serializer?.ended(this.backend.pid);
    this.#cursor = undefined;
    this.#locked.clear();
  }

  async #truncate(sql: string, showing: Showing): Promise<void> {
    const own = await this.ensureBlock();
    try {
      await this.relay(sql, showing);
    } catch (error) {
      if (own) await this.settle(false);
      throw error;
    }
    this.implicit = true;
    await this.settle(true);
  }

  async #declare(name: string, sql: string, showing: Showing): Promise<void> {
    if (this.#cursor !== undefined) {
      throw new RedshiftError({
        code: '24000',
        message: `Only one cursor can be open in a session; cursor "${this.#cursor}" is open`,
      });
    }
    await this.relay(sql, showing);
    this.#cursor = name;
  }

  #noteSetting(name: string, value: string | undefined): void {
    if (name === 'enable_case_sensitive_identifier' || name === 'all') {
      const unset = this.core.init.cluster.caseSensitiveIdentifiers ?? false;
      this.caseSensitive = value === undefined || value === 'default' ? unset : isOn(value);
    }
    if (name === 'statement_timeout' || name === 'all') this.statementTimeoutMs = Number(value ?? 0) || 0;
  }

  async #handle(handler: Extract<Plan, { kind: 'handled' }>['handler'], sql: string, showing: Showing): Promise<void> {
    const own = await this.ensureBlock();
    const stop = this.running.signal;
    const timeout = this.statementTimeoutMs > 0 ? [AbortSignal.timeout(this.statementTimeoutMs)] : [];
    const signal = AbortSignal.any([stop, this.client.signal, ...timeout]);
    let result: CommandResult;
    try {
      result = await handler.run(
        {
          backend: openHandlerSession(this),
          user: this.identity.user,
          cluster: this.core.init,
          sessionState: this.state,
          signal,
        },
        sql,
      );
    } catch (error) {
      if (own && !this.several) await this.settle(false);
      if (signal.aborted) throw cancelled(!stop.aborted);
      throw error;
    }
    if (own && !this.several) await this.settle(true);
    if (result.columns && showing.describe) this.client.send(rowDescription(result.columns.map(describeColumn)));
    for (const row of result.rows ?? []) this.client.send(dataRow(row));
    this.#complete(result.tag);
  }

  /** Makes a refusal of our own the database's, so that the block is lost for both. */
  async #raise(fields: ErrorFields): Promise<never> {
    await this.abortBlock();
    throw new RedshiftError(fields);
  }

  #complete(tag: string): void {
    this.client.send(commandComplete(tag));
  }

  #refuseInBlock(command: string): void {
    if (this.backend.status === 'I' && !this.several) return;
    throw new RedshiftError({ code: '25001', message: `${command} cannot run inside a transaction block` });
  }

  /** Runs `work`; what the database refuses is said as Redshift says it. */
  async inRedshiftWords<T>(work: () => Promise<T>, table?: string): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RedshiftError)) throw error;
      throw new RedshiftError(asRedshift(error.fields, { core: this.core, table }));
    }
  }
}

function describeColumn({ name, typeOid }: { readonly name: string; readonly typeOid: number }) {
  return { name, typeOid, tableOid: 0, columnNumber: 0, typeSize: -1, typeModifier: -1, format: 0 };
}

function literalRegclass(table: string): string {
  return `'${table.replaceAll("'", "''")}'::pg_catalog.regclass`;
}

function abortedBlock(): RedshiftError {
  return new RedshiftError({
    code: '25P02',
    message: 'current transaction is aborted, commands ignored until end of transaction block',
  });
}

function cancelled(byTimeout: boolean): RedshiftError {
  return new RedshiftError({
    code: '57014',
    message: byTimeout ? 'canceling statement due to statement timeout' : "Query cancelled on user's request",
  });
}
