import { ConnectorError } from '../../core/errors.ts';
import { inPhase, phaseOf } from '../../core/follow-run.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import type { Batch } from '../../types/batch.ts';
import type { SupportedField } from '../../types/field.ts';
import type { Connection } from '../connection.ts';
import { type DecidedPlan, decideRead } from './read-decide.ts';
import { type DescribedSource, describeSource } from './read-describe.ts';
import { directBatches } from './read-direct.ts';
import { partitionedBatches } from './read-partitioned.ts';
import { openResumption, ranAlready, requireFresh } from './read-resume.ts';
import { runScript } from './read-scripts.ts';
import type { ReadSpec } from './read-spec.ts';
import { type Resumption, StagedRead } from './read-staged.ts';
import { checkedBatches, ReadCheck } from './read-verify.ts';
import { planReadWork, type ReadWork } from './read-work.ts';

export interface OpenReadOptions {
  /** `recorded`: a resumable read goes on behind the files that were marked done with their output. Default: behind the spec's checkpoint. */
  readonly startAt?: 'recorded' | undefined;
  /** Looks at the columns before the first row is read or unloaded; what it throws ends the read. */
  readonly onDescribed?: ((fields: readonly SupportedField[]) => void) | undefined;
}

interface Parts {
  readonly connection: Connection;
  readonly run: Run;
  readonly work: ReadWork;
  readonly plan: DecidedPlan;
  readonly described: DescribedSource;
  /** Absent where none is needed any more. */
  readonly session?: Session | undefined;
  readonly staged?: StagedRead | undefined;
  readonly resumption?: Resumption | undefined;
  /** Of a read that is verified. */
  readonly check?: ReadCheck | undefined;
}

/** A read that has begun. Whoever opened it disposes of it: only after `finish` is nothing kept for another attempt. */
export class OpenedRead implements AsyncDisposable {
  readonly plan: DecidedPlan;
  readonly fields: readonly SupportedField[];
  /** The files of a staged read, for who needs no rows: use either these or `batches`. */
  readonly staged: StagedRead | undefined;
  /** Of a read that is verified: who takes the files holds their sums against it. */
  readonly check: ReadCheck | undefined;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.plan = parts.plan;
    this.fields = parts.described.fields;
    this.staged = parts.staged;
    this.check = parts.check;
    this.#parts = parts;
  }

  /** All rows, once. The first batch comes even when there are none: it tells the fields. */
  batches(): AsyncGenerator<Batch, void, undefined> {
    const { check } = this.#parts;
    const batches = check === undefined ? this.#batches() : checkedBatches(this.#batches(), this.fields, check);
    return phaseOf(this.#parts.run, 'fetch', batches);
  }

  #batches(): AsyncGenerator<Batch, void, undefined> {
    const { connection, run, work, plan, described, session, staged } = this.#parts;
    const { batchRows } = work;
    if (staged !== undefined) return staged.batches({ batchRows });
    if (plan.kind === 'partitioned') return partitionedBatches(connection, described, plan, { batchRows }, run);
    const direct = required(session);
    const { check } = this;
    const onBegin = check === undefined ? undefined : () => check.ask(direct, run);
    return directBatches(direct, described, { batchRows, onBegin }, run);
  }

  /** After the last row: runs the user's statements that follow, and lets go of what another attempt would have needed. */
  async finish(): Promise<void> {
    const { run, work, session, staged, resumption } = this.#parts;
    if (work.postSql.length > 0) {
      await staged?.remember('after');
      await inPhase(run, 'postSql', () => runScript(required(session), work.postSql, 'postSql', run));
    }
    staged?.complete();
    await resumption?.state.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.staged?.[Symbol.asyncDispose]();
    } finally {
      try {
        await this.#parts.session?.[Symbol.asyncDispose]();
      } finally {
        await this.#parts.resumption?.claim[Symbol.asyncDispose]();
      }
    }
  }
}

/**
 * Begins a read: the user's statements before it, the plan, and for a staged one the UNLOAD. Throws RS_CONFIG_INVALID,
 * RS_CONFIG_OBJECT_MISSING, RS_SQL_USER_FAILED, RS_TYPE_UNSUPPORTED, RS_LOSS_REFUSED, and what session and staging throw.
 */
export async function openRead(
  connection: Connection,
  spec: ReadSpec,
  run: Run,
  { startAt, onDescribed }: OpenReadOptions = {},
): Promise<OpenedRead> {
  const work = planReadWork(spec, connection.options.defaultSchema);
  const resumption = await openResumption(connection, work, run, startAt);
  try {
    if (resumption !== undefined) {
      const resumed = await resume(spec, { connection, run, work, resumption }, onDescribed);
      if (resumed !== undefined) return resumed;
      await requireFresh(resumption, work, run);
    }
    return await openAnew(spec, { connection, run, work, resumption }, onDescribed);
  } catch (error) {
    await resumption?.claim[Symbol.asyncDispose]();
    throw error;
  }
}

async function openAnew(
  spec: ReadSpec,
  init: Pick<Parts, 'connection' | 'run' | 'work' | 'resumption'>,
  onDescribed: OpenReadOptions['onDescribed'],
): Promise<OpenedRead> {
  const session = await init.connection.database.session(init.run);
  try {
    return await begin(spec, { ...init, session }, onDescribed);
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/** Goes on with what an earlier attempt has unloaded, if that is there. */
async function resume(
  spec: ReadSpec,
  {
    connection,
    run,
    work,
    resumption,
  }: Pick<Parts, 'connection' | 'run' | 'work'> & { readonly resumption: Resumption },
  onDescribed: OpenReadOptions['onDescribed'],
): Promise<OpenedRead | undefined> {
  if (resumption.found?.phase === 'after' && work.postSql.length > 0) throw ranAlready('postSql', run.runId);
  const staged = await StagedRead.resume({ connection, run, resumption });
  if (staged === undefined) return undefined;
  const { fields, format } = staged;
  const why = 'an earlier attempt of the run has unloaded it';
  const plan: DecidedPlan = { kind: 'staged', why, format: format.kind, orderIsLost: false };
  const described = { source: work.source, fields };
  const parts = { connection, run, work, plan, staged, resumption, described };
  try {
    onDescribed?.(fields);
    connection.onDecision?.({ kind: 'read', spec, work, described, plan });
    return new OpenedRead(
      work.postSql.length === 0 ? parts : { ...parts, session: await connection.database.session(run) },
    );
  } catch (error) {
    await staged[Symbol.asyncDispose]();
    throw error;
  }
}

async function begin(
  spec: ReadSpec,
  init: Pick<Parts, 'connection' | 'run' | 'work' | 'resumption'> & { readonly session: Session },
  onDescribed: OpenReadOptions['onDescribed'],
): Promise<OpenedRead> {
  const { connection, run, work, session, resumption } = init;
  if (work.preSql.length > 0) {
    await resumption?.state.save({ kind: 'roleshift-read', version: 1, runId: run.runId, phase: 'before' });
    await inPhase(run, 'preSql', () => runScript(session, work.preSql, 'preSql', run));
  }
  const { described, plan } = await inPhase(run, 'plan', async () => {
    const found = await describeSource(session, work.source, run);
    onDescribed?.(found.fields);
    return { described: found, plan: await decideRead(connection, work, session, found, run) };
  });
  connection.onDecision?.({ kind: 'read', spec, work, described, plan, capabilities: session.capabilities() });
  warn(plan, run);
  const check = work.verify ? new ReadCheck(described, work.acceptLoss) : undefined;
  if (plan.kind === 'direct') return new OpenedRead({ ...init, plan, described, check });
  if (plan.kind === 'partitioned') {
    if (work.postSql.length > 0) return new OpenedRead({ ...init, plan, described });
    await session[Symbol.asyncDispose]();
    return new OpenedRead({ connection, run, work, plan, described });
  }
  const onBegin = check === undefined ? undefined : () => check.ask(session, run);
  const staged = await inPhase(run, 'unload', () =>
    StagedRead.unload({ connection, run, resumption, onBegin }, session, described),
  );
  if (work.postSql.length > 0) return new OpenedRead({ ...init, plan, described, staged, check });
  await session[Symbol.asyncDispose]();
  return new OpenedRead({ connection, run, work, resumption, plan, described, staged, check });
}

function warn(plan: DecidedPlan, run: Run): void {
  if (plan.kind === 'staged' && plan.orderIsLost) {
    const message = 'The query sorts, but a staged read gives rows in no order';
    run.publish({ type: 'warning', code: 'ORDER_LOST', message });
  }
  if (plan.kind === 'direct' && plan.mayExceedCursor) {
    const message = 'The result may be larger than the cursors of the cluster may hold: read it in staged mode';
    run.publish({ type: 'warning', code: 'CURSOR_LIMIT', message });
  }
}

function required(session: Session | undefined): Session {
  if (session !== undefined) return session;
  throw new ConnectorError('RS_INTERNAL', 'A read was opened without the session that it needs');
}
