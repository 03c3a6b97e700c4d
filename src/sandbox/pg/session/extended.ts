import { RedshiftError } from '../backend-session.ts';
import type { Plan } from '../sql/plan.ts';
import type { ClientMessage } from '../wire/client-connection.ts';
import { BodyReader, cstring, frame, int16, int32, REQUEST, readErrorFields, TYPE } from '../wire/messages.ts';
import { asRedshift } from './answers.ts';
import type { Executor } from './executor.ts';
import { ConnectionCut } from './strike.ts';

type RunPlan = Extract<Plan, { kind: 'run' }>;

interface Prepared {
  /** Undefined: an empty query. */
  readonly plan: Plan | undefined;
  readonly text: string;
}

// Statements of our own destroy PostgreSQL's unnamed statement: it gets a name there.
const UNNAMED = 'roleshift_unnamed';
const FLUSH = frame(REQUEST.flush);
const SYNC = frame(REQUEST.sync);

/**
 * The extended protocol. Each message is forwarded by itself and its answer awaited, so that locks and blocks of our own
 * fit in between. Statements that are not PostgreSQL's to run are carried out at Execute.
 */
export class ExtendedProtocol {
  readonly #executor: Executor;
  readonly #plan: (sql: string) => Plan | undefined;
  readonly #onStatement: (sql: string, work: () => Promise<void>) => Promise<void>;
  readonly #log: (sql: string, error?: unknown) => void;
  readonly #statements = new Map<string, Prepared>();
  readonly #portals = new Map<string, Prepared>();
  #current = '';
  #skipping = false;
  #unsynced = false;

  constructor(
    executor: Executor,
    plan: (sql: string) => Plan | undefined,
    onStatement: (sql: string, work: () => Promise<void>) => Promise<void>,
    log: (sql: string, error?: unknown) => void,
  ) {
    this.#executor = executor;
    this.#log = log;
    this.#plan = plan;
    this.#onStatement = onStatement;
  }

  /** Handles one message. Throws `RedshiftError`: show it, then call `fail`. */
  async handle(message: ClientMessage): Promise<void> {
    if (this.#skipping) return;
    try {
      await this.#dispatch(message);
    } catch (error) {
      this.#log(this.#current, error);
      throw error;
    }
    if (message.type === REQUEST.execute) this.#log(this.#current);
  }

  async #dispatch({ type, body }: ClientMessage): Promise<void> {
    const reader = new BodyReader(body);
    switch (type) {
      case REQUEST.parse:
        return this.#parse(reader);
      case REQUEST.bind:
        return this.#bind(reader);
      case REQUEST.describe:
        return this.#describe(reader, body);
      case REQUEST.execute:
        return this.#execute(reader);
      case REQUEST.close:
        return this.#close(reader, body);
      default:
        throw new RedshiftError({ code: '08P01', message: `invalid frontend message type ${type}` });
    }
  }

  /** After a refusal: what follows is ignored up to the next Sync. */
  async fail(): Promise<void> {
    this.#skipping = true;
    if (!this.#unsynced) await this.#executor.relay.abortBlock();
  }

  /** Ends the request: the blocks of our own with it. */
  async sync(): Promise<void> {
    const { relay, transaction } = this.#executor;
    const { backend } = relay;
    if (this.#unsynced) await backend.exchange([SYNC], { message: () => undefined });
    this.#unsynced = false;
    const failed = this.#skipping;
    this.#skipping = false;
    if (failed && backend.status === 'T' && !transaction.implicit) await this.#executor.relay.abortBlock();
    await transaction.settle(!failed);
  }

  async #parse(reader: BodyReader): Promise<void> {
    const name = reader.cstring();
    const text = reader.cstring();
    this.#current = text;
    await this.#executor.lookAhead(text);
    const planned = this.#plan(text);
    if (planned?.kind === 'refused') throw new RedshiftError(planned.fields);
    const plan = planned && (await this.#executor.withTypes(planned));
    this.#statements.set(name, { plan, text });
    if (!passes(plan)) return this.#executor.relay.client.send(frame(TYPE.parseComplete));
    await this.#lock(plan);
    const internal = internalName(name);
    const close = name === '' ? [frame(REQUEST.close, 'S', cstring(internal)), FLUSH] : [];
    if (close.length > 0) await this.#forward(close, new Set([TYPE.closeComplete]), false);
    await this.#forward(
      [frame(REQUEST.parse, cstring(internal), cstring(plan.sql), reader.rest), FLUSH],
      PARSED,
      true,
      plan,
    );
  }

  async #bind(reader: BodyReader): Promise<void> {
    const portal = reader.cstring();
    const name = reader.cstring();
    const prepared = this.#statements.get(name);
    if (!prepared) throw new RedshiftError({ code: '26000', message: `prepared statement "${name}" does not exist` });
    refuseManyParameters(reader.rest);
    await this.#executor.lookAhead(prepared.text);
    this.#portals.set(portal, prepared);
    if (!passes(prepared.plan)) return this.#executor.relay.client.send(frame(TYPE.bindComplete));
    await this.#lock(prepared.plan);
    const bind = frame(REQUEST.bind, cstring(portal), cstring(internalName(name)), reader.rest);
    await this.#forward([bind, FLUSH], new Set([TYPE.bindComplete]));
  }

  async #describe(reader: BodyReader, body: Buffer): Promise<void> {
    const kind = String.fromCharCode(reader.byte());
    const name = reader.cstring();
    const prepared = (kind === 'S' ? this.#statements : this.#portals).get(name);
    if (!prepared || passes(prepared.plan)) {
      const target =
        kind === 'S' ? frame(REQUEST.describe, 'S', cstring(internalName(name))) : frame(REQUEST.describe, body);
      return this.#forward([target, FLUSH], DESCRIBED);
    }
    if (kind === 'S') this.#executor.relay.client.send(frame(TYPE.parameterDescription, int16(0)));
    this.#executor.relay.client.send(frame(TYPE.noData));
  }

  async #execute(reader: BodyReader): Promise<void> {
    const portal = reader.cstring();
    const prepared = this.#portals.get(portal);
    if (!prepared) throw new RedshiftError({ code: '34000', message: `portal "${portal}" does not exist` });
    this.#current = prepared.text;
    if (!prepared.plan) return this.#executor.relay.client.send(frame(TYPE.emptyQuery));
    const { plan, text } = prepared;
    let isDone = false;
    try {
      await this.#onStatement(text, async () => {
        await this.#executor.tracked(text, () => this.#perform(plan, portal));
        isDone = true;
      });
    } catch (error) {
      // Cut afterwards: the statement by itself is committed, as the client's Sync would have done.
      if (isDone && error instanceof ConnectionCut) await this.sync();
      throw error;
    }
  }

  async #perform(plan: Plan, portal: string): Promise<void> {
    if (!passes(plan)) return this.#executor.run(plan, { describe: false });
    const { identity, relay } = this.#executor;
    const { core, backend } = relay;
    const violation = await core.serializer?.beforeStatement(identity.database, backend.pid, plan);
    if (violation) throw new RedshiftError(violation);
    // Redshift ignores the row limit: the portal always runs to its end.
    await this.#forward([frame(REQUEST.execute, cstring(portal), int32(0)), FLUSH], EXECUTED, true, plan);
    await core.serializer?.afterStatement(identity.database, backend.pid, plan);
  }

  async #close(reader: BodyReader, body: Buffer): Promise<void> {
    const kind = String.fromCharCode(reader.byte());
    const name = reader.cstring();
    (kind === 'S' ? this.#statements : this.#portals).delete(name);
    const target = kind === 'S' ? frame(REQUEST.close, 'S', cstring(internalName(name))) : frame(REQUEST.close, body);
    await this.#forward([target, FLUSH], new Set([TYPE.closeComplete]));
  }

  async #lock(plan: RunPlan): Promise<void> {
    if (plan.writes.length === 0) return;
    await this.#executor.transaction.ensureBlock();
    await this.#executor.transaction.lock(plan.writes);
  }

  async #forward(requests: readonly Buffer[], until: ReadonlySet<number>, shown = true, plan?: RunPlan): Promise<void> {
    const { backend, client, core } = this.#executor.relay;
    this.#unsynced = true;
    let refused: RedshiftError | undefined;
    await backend.exchange(
      requests,
      {
        data: (bytes) => client.pass(bytes),
        message: (type, body) => {
          if (type === TYPE.error) {
            refused ??= new RedshiftError(asRedshift(readErrorFields(body), { core, table: plan?.writes[0], ...plan }));
          } else if (shown) this.#executor.relay.forward(type, body, plan?.tag);
        },
      },
      new Set([...until, TYPE.error]),
    );
    if (refused) throw refused;
  }
}

const PARSED = new Set<number>([TYPE.parseComplete]);
const DESCRIBED = new Set<number>([TYPE.rowDescription, TYPE.noData]);
const EXECUTED = new Set<number>([TYPE.commandComplete, TYPE.emptyQuery, TYPE.portalSuspended]);

/** Whether PostgreSQL itself prepares and runs the statement. */
function passes(plan: Plan | undefined): plan is RunPlan {
  return (
    plan?.kind === 'run' && plan.before.length + plan.after.length === 0 && plan.alone === undefined && !plan.hidesRows
  );
}

const PARAMETER_LIMIT = 32_767;

// Formats ahead of the parameters, each with its count.
function refuseManyParameters(body: Buffer): void {
  const formats = body.readUInt16BE(0);
  const count = body.readUInt16BE(2 + 2 * formats);
  if (count <= PARAMETER_LIMIT) return;
  throw new RedshiftError({
    code: '54000',
    message: `bind message has ${count} parameters; at most ${PARAMETER_LIMIT} are allowed`,
  });
}

function internalName(name: string): string {
  return name === '' ? UNNAMED : name;
}
