import { randomBytes } from 'node:crypto';
import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import type { Capabilities } from '../db/capabilities.ts';
import type { ObjectPath } from '../db/object-descriptor.ts';
import { type LedgerEntry, NO_ROWS } from '../sql/ledger.ts';
import { planStaging } from '../staging/staging-plan.ts';
import { watchOf } from './activity/watch.ts';
import type { Connection } from './connection.ts';
import { RANDOM } from './explain/placeholder.ts';
import { openTarget } from './target/open-target.ts';
import { againIfLost } from './write/again-if-lost.ts';
import type { Applied } from './write/apply.ts';
import { withSurroundings } from './write/around.ts';
import { commitLoad } from './write/commit.ts';
import { openLedger, peekFiles } from './write/ledger-table.ts';
import { resolveObjectReference } from './write/object-reference.ts';
import { type OpenInput, openInput } from './write/open-input.ts';
import { openRejects } from './write/open-rejects.ts';
import { WriteRecorder } from './write/recorder.ts';
import { slicesOf } from './write/slices.ts';
import type { StagedLoad } from './write/staged-load.ts';
import { openStore, type Store } from './write/store.ts';
import { targetRequest } from './write/target-request.ts';
import { planWrite, type WritePlan } from './write-plan.ts';
import type { WriteReport } from './write-report.ts';
import type { WriteInput, WriteSpec } from './write-spec.ts';

/**
 * Writes rows or a file into a table, in one transaction, exactly once for a run id: a second call with the same one
 * writes nothing and answers the first one's counts. Nothing stays in S3, whatever happens; only when the outcome of a
 * COMMIT cannot be found out (RS_COMMIT_UNKNOWN) are the staged files kept. Failures carry the report as far as it came.
 */
export async function write(
  connection: Connection,
  spec: WriteSpec,
  input: WriteInput,
  outerRun: Run,
): Promise<WriteReport> {
  const target = resolveObjectReference(spec.object, connection.options.defaultSchema);
  const recorder = new WriteRecorder(outerRun, target, spec.operation ?? 'insert');
  try {
    await withSurroundings(connection, target, spec, recorder, () =>
      writeInto(connection, target, spec, input, recorder),
    );
    return recorder.report();
  } catch (error) {
    throw error instanceof ConnectorError ? error.withReport(recorder.report()) : error;
  }
}

/** Times that the input is opened: each time other runs may have loaded files of it meanwhile. */
const OPENED_AT_MOST = 5;

async function writeInto(
  connection: Connection,
  target: ObjectPath,
  spec: WriteSpec,
  input: WriteInput,
  recorder: WriteRecorder,
): Promise<void> {
  for (let times = 0; times < OPENED_AT_MOST; times += 1) {
    if ((await writeOnce(connection, target, spec, input, recorder)) === 'done') return;
  }
  throw new ConnectorError('RS_CONFLICT', 'Other runs keep loading files of this input into the same table', {
    action: 'Nothing was committed. Run it again when they are done.',
  });
}

/** `again`: another run loaded some of the files meanwhile, and nothing was written. */
async function writeOnce(
  connection: Connection,
  target: ObjectPath,
  spec: WriteSpec,
  input: WriteInput,
  recorder: WriteRecorder,
): Promise<'done' | 'again'> {
  const { access, options } = connection;
  const { run } = recorder;
  if (options.useStaging || spec.path === 'staged') planStaging(options, access.plan.aws); // says at once what is missing
  await using source = await openInput(connection, spec, input, run);
  const { plan, before, loaded, capabilities } = await recorder.phase('plan', () =>
    againIfLost(run, () => prepare(connection, target, spec, source, recorder)),
  );
  const decided = (folder: string | undefined, parquetColumns?: readonly string[]): void =>
    connection.onDecision?.({
      kind: 'write',
      spec,
      plan,
      capabilities,
      ddl: recorder.ddl.map((sql) => ({ sql })),
      folder,
      parquetColumns,
    });
  decided(plan.path.kind === 'insert' ? undefined : laterFolder(connection));
  recorder.target = plan.target;
  if (before !== undefined) {
    recordEntry(recorder, before, plan.operation);
    return 'done';
  }
  for (const warning of plan.warnings) recorder.warn(warning);
  const { rowsLeftOut, fileKeys } = plan;
  if (loaded > 0) warnSkipped(recorder, plan, loaded, rowsLeftOut);
  if (fileKeys?.length === 0) {
    recorder.outcome = 'committed';
    recorder.count({ ...NO_ROWS, read: rowsLeftOut, skipped: rowsLeftOut });
    return 'done';
  }
  await using store = await recorder.phase('stage', () => openStore(connection, plan, recorder));
  await using rejects = await openRejects(connection, spec, input, source, store.sink);
  recorder.rejects = rejects;
  const staged = await recorder.phase('stage', () => stage(store, source, plan, recorder));
  if (staged.rowsStaged > 0) {
    decided(staged.insertRows === undefined ? folderOf(staged) : undefined, staged.parquetColumns);
  }
  const applied = await commit(connection, plan, staged, { store, source }, recorder);
  if (applied.filesKnown === 'some') return 'again';
  rejects?.keep();
  recordApplied(recorder, applied, plan);
  await store.close(); // here, so that files left behind are a warning in the report
  return 'done';
}

interface Prepared {
  readonly plan: WritePlan;
  readonly capabilities: Capabilities;
  /** This run's entry in the ledger: it was committed before. */
  readonly before: LedgerEntry | undefined;
  /** How many files of the input were loaded before, where such files are to be skipped: the plan is without them. */
  readonly loaded: number;
}

/** Everything that can be known before a row is staged: the table, the plan, whether this run was there before. */
async function prepare(
  { database, access, options }: Connection,
  path: ObjectPath,
  spec: WriteSpec,
  source: OpenInput,
  recorder: WriteRecorder,
): Promise<Prepared> {
  const { run } = recorder;
  await using session = await database.session(run);
  const watch = watchOf({ database, options });
  const opened = await openTarget(session, { ...targetRequest(path, spec, source, options, run), watch }, run);
  recorder.ddl = [...recorder.ddl, ...opened.ddl];
  const { target } = opened;
  const capabilities = session.capabilities();
  const plan = planWrite(spec, target, {
    runId: run.runId,
    inputColumns: source.columns,
    ...defined({ sources: source.sources }),
    compression: source.compression,
    copyRole: options.copyRole,
    stagingRegion: options.useStaging ? planStaging(options, access.plan.aws).region : undefined,
    clusterRegion: access.plan.endpoint.region,
    slices: options.useStaging ? await slicesOf(database, session, run) : 1,
    token: randomBytes(12).toString('hex'),
  });
  const { ledger, fileKeys, runId } = plan;
  if (ledger === undefined) return { plan, capabilities, before: undefined, loaded: 0 };
  const restoreMs = options.statementTimeoutSeconds * 1000;
  const before = await openLedger(session, ledger, runId, restoreMs, run);
  if (before !== undefined || fileKeys === undefined) return { plan, capabilities, before, loaded: 0 };
  const loaded = await peekFiles(session, ledger, fileKeys, restoreMs, run);
  const rowsLeftOut = [...loaded.values()].reduce((sum, rows) => sum + rows, 0);
  const left = fileKeys.filter((key) => !loaded.has(key));
  return { plan: { ...plan, fileKeys: left, rowsLeftOut }, capabilities, before, loaded: loaded.size };
}

/** The folder that rows will be staged in, as far as it is known before. */
function laterFolder({ options, access }: Connection): string {
  const { bucket, prefix } = planStaging(options, access.plan.aws);
  return `s3://${bucket}/${prefix}run-${RANDOM}/`;
}

function folderOf({ manifestUrl }: StagedLoad): string {
  return manifestUrl.slice(0, manifestUrl.lastIndexOf('/') + 1);
}

async function stage(store: Store, source: OpenInput, plan: WritePlan, recorder: WriteRecorder): Promise<StagedLoad> {
  const staged = await source.stage(store.sink, plan, recorder, recorder.run);
  const { rowsRead, rowsStaged, rowsRefused } = staged;
  recorder.count({ read: rowsRead, staged: rowsStaged, rejected: rowsRefused });
  const load = await store.seal(staged);
  recorder.path = load.insertRows === undefined ? 'staged' : 'insert';
  // What waited on this machine was never staged.
  const { bytes, files } = load.insertRows === undefined ? load : { bytes: 0, files: [] };
  Object.assign(recorder, { bytes, files: files.length });
  return load;
}

async function commit(
  { database, options, workDirectory }: Connection,
  plan: WritePlan,
  staged: StagedLoad,
  { store, source }: { readonly store: Store; readonly source: OpenInput },
  recorder: WriteRecorder,
): Promise<Applied> {
  const limits = { statementTimeoutMs: options.statementTimeoutSeconds * 1000, watch: watchOf({ database, options }) };
  try {
    const place = { area: store.sink, workDirectory };
    const placeOf = (row: number): ReturnType<OpenInput['placeOf']> => source.placeOf(row);
    return await commitLoad({ database, plan, staged, limits, place, placeOf, recorder, run: recorder.run });
  } catch (error) {
    if (error instanceof ConnectorError && error.code === 'RS_COMMIT_UNKNOWN') {
      recorder.stagedFilesKept = store.keep();
      recorder.rejects?.keep();
    }
    throw error;
  }
}

function recordApplied(
  recorder: WriteRecorder,
  { entry, alreadyApplied, filesKnown, rowsTouched, cleared }: Applied,
  plan: WritePlan,
): void {
  if (alreadyApplied) {
    recordEntry(recorder, entry, plan.operation);
    return;
  }
  if (filesKnown === 'all') {
    recorder.outcome = 'committed';
    recorder.count(entry.counts);
    const { read } = entry.counts;
    warnSkipped(recorder, plan, plan.fileKeys?.length ?? 0, read - plan.rowsLeftOut);
    return;
  }
  recorder.outcome = 'committed';
  recorder.cleared = cleared;
  recorder.count(entry.counts);
  const { updated, deleted, replaced } = entry.counts;
  const found = updated + deleted + replaced;
  if (rowsTouched > found) {
    const done = updated + replaced === 0 ? 'deleted' : 'changed';
    recorder.warn({
      code: 'KEY_NOT_UNIQUE',
      message: `${plan.targetName} holds several rows for some keys: ${rowsTouched} rows were ${done} by ${found}`,
    });
  }
}

/** The rows of these files were committed by another run. */
function warnSkipped(recorder: WriteRecorder, { targetName }: WritePlan, files: number, rows: number): void {
  const which = files === 1 ? 'A file was' : `${files} files were`;
  recorder.warn({
    code: 'FILE_SKIPPED',
    message: `${which} loaded into ${targetName} before: ${rows} rows were not loaded again`,
  });
}

/** This run id was committed by an earlier attempt. */
function recordEntry(recorder: WriteRecorder, { counts, operation }: LedgerEntry, asked: string): void {
  recorder.outcome = 'committed';
  recorder.alreadyApplied = true;
  recorder.count(counts);
  if (operation !== asked) {
    recorder.warn({
      code: 'RUN_ID_REUSED',
      message: `This run id was committed as ${operation} before; nothing was written now`,
    });
  }
}
