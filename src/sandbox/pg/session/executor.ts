import { readsActivity, type StatementActivity } from '../activity.ts';
import { type ErrorFields, RedshiftError } from '../backend-session.ts';
import type { SessionState } from '../session-state.ts';
import { isOpaque, MAKES_OPAQUE } from '../sql/given-literals.ts';
import { quoteLiteral } from '../sql/names.ts';
import type { Plan } from '../sql/plan.ts';
import { isOn } from '../sql/settings.ts';
import type { CommandResult } from '../statement-handler.ts';
import { commandComplete, dataRow, rowDescription } from '../wire/messages.ts';
import { fillExternalTables } from './external-tables.ts';
import { openHandlerSession } from './handler-session.ts';
import type { Relay, Showing } from './relay.ts';
import { struck, type Victim } from './strike.ts';
import { runEverywhere } from './superuser.ts';
import { Transaction } from './transaction.ts';

/** Who a session belongs to, and where it is. */
export interface SessionIdentity {
  readonly user: string;
  readonly database: string;
  readonly superuser: boolean;
}

type RunPlan = Extract<Plan, { kind: 'run' }>;
type HandledPlan = Extract<Plan, { kind: 'handled' }>;

/** Carries out plans on one session. */
export class Executor {
  readonly relay: Relay;
  readonly identity: SessionIdentity;
  readonly transaction: Transaction;
  /** What faults strike. */
  readonly victim: Victim;
  readonly state: SessionState;
  caseSensitive: boolean;
  statementTimeoutMs = 0;
  /** Ends what a handler is doing. */
  running = new AbortController();
  /** The client's request holds several statements: one transaction. */
  several = false;
  /** Of `SET query_group`. */
  label = '';
  #hasNewSettings = false;
  #current: StatementActivity | undefined;

  constructor(relay: Relay, identity: SessionIdentity) {
    const { core } = relay;
    this.relay = relay;
    this.identity = identity;
    this.victim = { relay, user: identity.user, database: identity.database, stopHandler: () => this.running.abort() };
    this.transaction = new Transaction(this.victim);
    this.caseSensitive = core.init.cluster.caseSensitiveIdentifiers ?? false;
    const counters = { lastCopyCount: 0, lastCopyId: 0, lastUnloadCount: 0, lastUnloadId: 0, lastQueryId: 0 };
    this.state = { ...counters, nextQueryId: () => this.#current?.queryId ?? core.nextQueryId() };
  }

  /** Brings up to date what the statement reads and the database does not have by itself. */
  async lookAhead(text: string): Promise<void> {
    const { core } = this.relay;
    if (readsActivity(text)) await core.activity.flush(this.identity.database);
    await this.relay.inRedshiftWords(() => fillExternalTables(core, this.identity.database, text));
  }

  /** Runs `work` as one statement of this text, seen by others while it lasts. */
  async tracked<T>(text: string, work: () => Promise<T>): Promise<T> {
    const { core, backend } = this.relay;
    await this.lookAhead(text);
    const { user, database } = this.identity;
    const queryId = core.nextQueryId();
    const transactionId = this.transaction.identify();
    const statement = core.activity.begin({
      queryId,
      user,
      database,
      pid: backend.pid,
      transactionId,
      text,
      label: this.label,
    });
    this.#current = statement;
    let outcome: ErrorFields | undefined;
    try {
      return await work();
    } catch (error) {
      outcome = error instanceof RedshiftError ? error.fields : { code: 'XX000', message: 'The session ended' };
      throw error;
    } finally {
      core.activity.end(statement, outcome);
      this.#current = undefined;
      this.state.lastQueryId = queryId;
    }
  }

  /** A plan that writes, with its literals as the types of the columns have them. */
  async withTypes<P extends Plan>(plan: P): Promise<P> {
    const { core } = this.relay;
    if (plan.kind !== 'run') return plan;
    if (MAKES_OPAQUE.test(plan.sql)) core.hasOpaqueColumns = true;
    if (plan.verb === 'CREATE VIEW' && plan.hidesRows) core.hasLateViews = true;
    if (plan.verb === 'CREATE EXTERNAL TABLE') core.hasExternalTables = true;
    if (!core.hasOpaqueColumns || plan.retype === undefined || this.relay.backend.status === 'E') return plan;
    const { rows } = await this.relay.quiet(
      `SELECT attname, pg_catalog.format_type(atttypid, NULL) FROM pg_catalog.pg_attribute
       WHERE attrelid = pg_catalog.to_regclass(${quoteLiteral(plan.writes[0] ?? '')}) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    );
    const columns = rows.map(([name, type]) => ({ name: name ?? '', type: type ?? '' }));
    return columns.some(({ type }) => isOpaque(type))
      ? { ...plan, sql: plan.retype(columns), sourcePosition: undefined }
      : plan;
  }

  /** Carries out one plan and shows its answer. Throws `RedshiftError`. */
  async run(given: Plan, how: Showing): Promise<void> {
    const plan = await this.withTypes(given);
    const showing = { ...how, sourcePosition: plan.sourcePosition };
    if (plan.kind === 'refused') throw new RedshiftError(plan.fields);
    if ('alone' in plan && plan.alone !== undefined) this.#refuseInBlock(plan.alone);
    const { relay, transaction } = this;
    const ends = plan.kind === 'commit' || plan.kind === 'rollback';
    if (relay.backend.status === 'E' && !ends) throw abortedBlock();
    switch (plan.kind) {
      case 'run':
        return this.#run(plan, showing);
      case 'nothing':
        if (plan.table !== undefined) await relay.quiet(`SELECT ${quoteLiteral(plan.table)}::pg_catalog.regclass`);
        return this.#complete(plan.tag);
      case 'begin':
        return transaction.begin(plan.sql, showing);
      case 'commit':
        return transaction.commit(showing);
      case 'rollback':
        return transaction.rollback(showing);
      case 'truncate':
        return transaction.runAndCommit(plan.sql, showing);
      case 'declare':
        return this.#declare(plan.name, plan.sql, showing);
      case 'close':
        await relay.show(plan.sql, showing);
        transaction.cursor = undefined;
        return;
      case 'set':
        await relay.show(plan.sql, showing);
        return this.#noteSetting(plan.name, plan.value);
      case 'admin':
        if (plan.dropsDatabase !== undefined) relay.core.releaseDatabase(plan.dropsDatabase);
        await relay.inRedshiftWords(async () => {
          if (plan.everywhere) await runEverywhere(relay.core, plan.sql);
          else await relay.core.admin('postgres', plan.sql);
        });
        return this.#complete(plan.tag);
      case 'handled':
        return this.#handle(plan, showing);
    }
    plan satisfies never;
  }

  async #run(plan: RunPlan, showing: Showing): Promise<void> {
    const { relay, transaction } = this;
    const { serializer } = relay.core;
    const table = plan.writes[0];
    const needsBlock = plan.writes.length + plan.before.length + plan.after.length > 0;
    await this.#inBlock(needsBlock, async (holdEnd) => {
      await transaction.lock(plan.writes);
      const violation = await serializer?.beforeStatement(this.identity.database, relay.backend.pid, plan);
      if (violation) await this.#raise(violation);
      for (const sql of plan.before) await relay.quiet(sql, table);
      const end = await relay.show(plan.sql, {
        ...showing,
        tag: plan.tag,
        table,
        rows: plan.tag !== 'CANCEL' && plan.hidesRows !== true,
        holdEnd: holdEnd || plan.after.length > 0,
      });
      for (const sql of plan.after) await relay.quiet(sql, table);
      if (relay.backend.status === 'T') {
        await serializer?.afterStatement(this.identity.database, relay.backend.pid, plan);
      }
      return end;
    });
  }

  /** Runs `work` in a block of our own where one is needed and the client has none; its end is sent after the COMMIT. */
  async #inBlock(needed: boolean, work: (holdEnd: boolean) => Promise<Buffer | undefined>): Promise<void> {
    const own = needed && (await this.transaction.ensureBlock()) && !this.several;
    let end: Buffer | undefined;
    try {
      end = await work(own);
    } catch (error) {
      if (own) await this.transaction.settle(false);
      throw error;
    }
    if (own) await this.transaction.settle(true);
    if (end) this.relay.client.send(end);
  }

  async #declare(name: string, sql: string, showing: Showing): Promise<void> {
    const open = this.transaction.cursor;
    if (open !== undefined) {
      const message = `Only one cursor can be open in a session; cursor "${open}" is open`;
      throw new RedshiftError({ code: '24000', message });
    }
    await this.relay.show(sql, showing);
    this.transaction.cursor = name;
  }

  #noteSetting(name: string, value: string | undefined): void {
    this.#hasNewSettings ||= this.relay.backend.status === 'T';
    if (name === 'enable_case_sensitive_identifier' || name === 'all') {
      const unset = this.relay.core.init.cluster.caseSensitiveIdentifiers ?? false;
      this.caseSensitive = value === undefined || value === 'default' ? unset : isOn(value);
    }
    if (name === 'query_group' || name === 'all') this.label = value === undefined || value === 'default' ? '' : value;
    if (name === 'statement_timeout' || name === 'all') this.statementTimeoutMs = Number(value ?? 0) || 0;
  }

  /** What was set in a block may be gone with it: asks the database, once there is no block. */
  async recallSettings(): Promise<void> {
    if (!this.#hasNewSettings || this.relay.backend.status !== 'I') return;
    this.#hasNewSettings = false;
    const name = 'enable_case_sensitive_identifier';
    const { rows } = await this.relay.quiet(
      `SELECT nullif(current_setting('roleshift.${name}', true), ''), setting FROM pg_catalog.pg_settings WHERE name = 'statement_timeout'`,
    );
    this.#noteSetting(name, rows[0]?.[0] ?? undefined);
    this.#noteSetting('statement_timeout', rows[0]?.[1] ?? undefined);
  }

  async #handle({ handler, sql }: HandledPlan, showing: Showing): Promise<void> {
    const { relay, identity } = this;
    const activity = this.#current;
    if (!activity) throw new Error('A handled statement runs as one that is tracked');
    const stop = this.running.signal;
    const timeout = this.statementTimeoutMs > 0 ? [AbortSignal.timeout(this.statementTimeoutMs)] : [];
    // A client that leaves does not end its statement: only a cancel and the timeout do.
    const signal = AbortSignal.any([stop, ...timeout]);
    await this.#inBlock(true, async () => {
      // COPY takes its snapshot when it has its lock; what reads takes it now.
      const verb = sql.slice(0, 6).toUpperCase();
      const effect = { verb, writes: [], readsTarget: false };
      const { serializer } = relay.core;
      if (!verb.startsWith('COPY')) await serializer?.beforeStatement(identity.database, relay.backend.pid, effect);
      const context = {
        backend: openHandlerSession(this),
        user: identity.user,
        cluster: relay.core.init,
        sessionState: this.state,
        activity,
        signal,
      };
      const run = async (): Promise<CommandResult> => {
        if (signal.aborted) throw cancelled(!stop.aborted);
        return handler.run(context, sql).catch((error: unknown) => {
          throw signal.aborted ? cancelled(!stop.aborted) : error;
        });
      };
      const point = `pg:${/^\w+/.exec(sql)?.[0].toLowerCase()}`;
      const result = await struck(this.victim, point, sql, run, signal);
      await serializer?.beforeStatement(identity.database, relay.backend.pid, effect);
      await serializer?.afterStatement(identity.database, relay.backend.pid, effect);
      return endOfHandled(result, showing);
    });
  }

  /** Makes a refusal of our own the database's, so that the block is lost for both. */
  async #raise(fields: ErrorFields): Promise<never> {
    await this.relay.abortBlock();
    throw new RedshiftError(fields);
  }

  #complete(tag: string): void {
    this.relay.client.send(commandComplete(tag));
  }

  #refuseInBlock(command: string): void {
    if (this.relay.backend.status === 'I' && !this.several) return;
    throw new RedshiftError({ code: '25001', message: `${command} cannot run inside a transaction block` });
  }
}

function endOfHandled({ columns, rows = [], tag }: CommandResult, { describe }: Showing): Buffer {
  const fixed = { tableOid: 0, columnNumber: 0, typeSize: -1, typeModifier: -1, format: 0 };
  const head = columns && describe ? [rowDescription(columns.map((column) => ({ ...column, ...fixed })))] : [];
  return Buffer.concat([...head, ...rows.map(dataRow), commandComplete(tag)]);
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
