import { defined } from '../../core/defined.ts';
import { openRun, type Run } from '../../core/run.ts';
import type { Capabilities } from '../../db/capabilities.ts';
import { RehearsedSession } from '../../db/rehearsed-session.ts';
import type { UserText } from '../../sql/user-text.ts';
import { stagedFormat } from '../../types/staged-format.ts';
import type { Connection } from '../connection.ts';
import type { ExportPlan } from '../export/file-destination.ts';
import type { DecidedPlan } from '../read/read-decide.ts';
import type { DescribedSource } from '../read/read-describe.ts';
import { directBatches } from '../read/read-direct.ts';
import type { Estimate } from '../read/read-estimate.ts';
import { partOf } from '../read/read-partitions.ts';
import { type StagedFormat, UNLOADED, unloadStatement } from '../read/read-unload.ts';
import { ReadCheck } from '../read/read-verify.ts';
import type { ReadWork } from '../read/read-work.ts';
import type { ExplainedFiles, ExplainedStatement, ExplainedStep, StepEstimate } from './explanation.ts';
import { RATES, secondsOf } from './rates.ts';

/** What the steps of a read are made of. */
export interface ReadSteps {
  readonly connection: Connection;
  readonly capabilities: Capabilities;
  readonly work: ReadWork;
  readonly described: DescribedSource;
  readonly plan: DecidedPlan;
  readonly files?: ExportPlan | undefined;
  /** Of a staged read: the run's folder, `s3://`, and the region of its bucket. */
  readonly folder?: string;
  readonly region?: string;
  readonly estimate?: Estimate;
}

const READ_ONLY = 'one read-only transaction: all rows are of one snapshot';

/** The steps of a read, in the order in which they happen. Sends nothing. */
export async function readSteps(facts: ReadSteps): Promise<readonly ExplainedStep[]> {
  const { work, plan } = facts;
  return [
    ...userStep('preSql', work.preSql, 'Your SQL before the read'),
    {
      id: 'plan',
      title: 'Look up the columns, and decide how the rows travel',
      statements: [],
      transaction: 'autocommit',
      notes: ['Reads the catalog, and the estimate of EXPLAIN where it decides.'],
    },
    ...(plan.kind === 'staged' ? [await unloadStep(facts)] : []),
    ...stepsBehind(facts, plan.kind === 'staged' ? stagedFetch(facts) : await directFetch(facts)),
  ];
}

/** The steps that are left of a read whose files an earlier attempt has unloaded. Pure. */
export function resumedSteps(facts: Omit<ReadSteps, 'capabilities'>): readonly ExplainedStep[] {
  return stepsBehind(facts, stagedFetch(facts));
}

function stepsBehind(facts: Omit<ReadSteps, 'capabilities'>, fetch: ExplainedStep): readonly ExplainedStep[] {
  const { files, work } = facts;
  return [
    fetch,
    ...(files === undefined ? [] : [exportStep(facts, files)]),
    ...userStep('postSql', work.postSql, 'Your SQL after the last row'),
  ];
}

function userStep(id: 'preSql' | 'postSql', script: readonly UserText[], title: string): readonly ExplainedStep[] {
  if (script.length === 0) return [];
  const statements = script.map(({ sql }) => ({ sql: String(sql) }));
  return [{ id, title, statements, transaction: 'autocommit: each statement is a transaction of its own', notes: [] }];
}

async function directFetch({
  capabilities,
  work,
  described,
  plan,
  estimate,
  folder,
  ...rest
}: ReadSteps): Promise<ExplainedStep> {
  const isParts = plan.kind === 'partitioned';
  const first = isParts ? plan.shown[0] : undefined;
  const source = first === undefined ? described : partOf(described, first);
  const isUnloaded = isParts && plan.each === 'staged';
  const statements = isUnloaded
    ? unloadStatements({ capabilities, work, described: source, plan, ...defined({ folder }), ...rest })
    : await cursorStatements(capabilities, work, source);
  const seconds = (rows: number, bytes: number): number =>
    secondsOf(RATES.statementSeconds, rows / RATES.fetchRowsPerSecond, bytes / RATES.fetchBytesPerSecond) /
    (isParts ? Math.max(1, Math.min(plan.sessions, plan.shown.length)) : 1);
  const others =
    isParts && plan.shown.length > 1 ? [`The other ${plan.shown.length - 1} parts have a condition of theirs.`] : [];
  return {
    id: 'fetch',
    title: isParts
      ? `Fetch the parts, ${plan.sessions} at once, each in a session of its own`
      : 'Fetch the rows by a cursor',
    statements,
    transaction: isParts ? 'NOT ONE SNAPSHOT: each part is a transaction of its own' : READ_ONLY,
    notes: isParts ? others : ['FETCH again until no row comes; wide rows in smaller numbers.'],
    ...estimated(estimate, seconds),
  };
}

/** By running what fetches on a session that sends nothing. */
async function cursorStatements(
  capabilities: Capabilities,
  { batchRows, verify }: ReadWork,
  described: DescribedSource,
): Promise<readonly ExplainedStatement[]> {
  const session = new RehearsedSession(capabilities, () => ({}));
  const run = quietRun();
  const onBegin = verify ? () => new ReadCheck(described, []).ask(session, run) : undefined;
  for await (const _batch of directBatches(session, described, { batchRows, onRows: () => undefined, onBegin }, run));
  return session.statements.map((sql) => ({ sql: String(sql) }));
}

async function unloadStep(facts: ReadSteps): Promise<ExplainedStep> {
  const { work, described, estimate, folder = '' } = facts;
  const format = stagedFormat(described.fields);
  const files: ExplainedFiles = {
    format,
    compression: format === 'parquet' ? 'snappy, inside the files' : 'none',
    pattern: `${folder}unload/<slice>_part_<n>.${format === 'parquet' ? 'parquet' : 'csv'}`,
    sizes: 'one or more a slice, 64 MB at most; a manifest lists each with rows and size',
  };
  return {
    id: 'unload',
    title: 'Have Redshift write the rows to S3',
    statements: work.verify ? await verifiedUnload(facts) : unloadStatements(facts),
    files,
    transaction: work.verify ? 'checksums and UNLOAD in one transaction: one snapshot' : 'one statement: one snapshot',
    notes: ['The files lie in the folder of the run and are deleted on every way out.'],
    ...estimated(estimate, (_rows, bytes) => secondsOf(RATES.bulkSeconds, bytes / RATES.unloadBytesPerSecond)),
  };
}

/** With checksums of the same snapshot before it. */
async function verifiedUnload(facts: ReadSteps): Promise<readonly ExplainedStatement[]> {
  const session = new RehearsedSession(facts.capabilities, () => ({}));
  await new ReadCheck(facts.described, []).ask(session, quietRun());
  return [
    { sql: 'BEGIN' },
    ...session.statements.map((sql) => ({ sql: String(sql) })),
    ...unloadStatements(facts),
    { sql: 'ROLLBACK' },
  ];
}

function unloadStatements({
  connection,
  described,
  folder = '',
  region = '',
}: Omit<ReadSteps, 'capabilities'> & { readonly capabilities?: Capabilities }): readonly ExplainedStatement[] {
  const kind = stagedFormat(described.fields);
  const format: StagedFormat = kind === 'csv' ? { kind, nullMarker: `null-${'x'.repeat(24)}` } : { kind };
  const area = { url: (name = '') => `${folder}${name}`, region };
  return [
    { sql: String(unloadStatement(connection, described, format, area)) },
    { sql: String(UNLOADED), note: 'the rows that the manifest must list' },
  ];
}

function stagedFetch({ estimate }: Pick<ReadSteps, 'estimate'>): ExplainedStep {
  return {
    id: 'fetch',
    title: 'Fetch the files, four ahead of the reader',
    statements: [],
    transaction: 'none: S3 alone',
    notes: ['A file is deleted from the disk once it was read; the rows are counted against the manifest.'],
    ...estimated(estimate, (_rows, bytes) => secondsOf(0, bytes / RATES.s3BytesPerSecond)),
  };
}

function exportStep(
  { estimate }: Pick<ReadSteps, 'estimate'>,
  { place, form, split, manifest }: ExportPlan,
): ExplainedStep {
  const where =
    place.kind === 'local' ? place.path : place.kind === 's3' ? `s3://${place.bucket}/${place.key}` : 'the stream';
  const sizes = [
    ...(split === undefined ? ['one file'] : []),
    ...(split !== undefined && Number.isFinite(split.bytes)
      ? [`about ${split.bytes.toLocaleString('en-US')} bytes each`]
      : []),
    ...(split !== undefined && Number.isFinite(split.rows)
      ? [`${split.rows.toLocaleString('en-US')} rows each at most`]
      : []),
    ...(manifest ? ['_manifest.json lists them when all are complete'] : []),
  ];
  return {
    id: 'export',
    title: 'Write the files',
    statements: [],
    files: { format: form.format, compression: form.compression, pattern: where, sizes: sizes.join('; ') },
    transaction:
      place.kind === 'stream'
        ? 'none: bytes are gone once written'
        : 'complete or not there: files appear when all are done',
    notes: [],
    ...estimated(estimate, (_rows, bytes) => secondsOf(0, bytes / RATES.convertBytesPerSecond)),
  };
}

function estimated(
  estimate: Estimate | undefined,
  seconds: (rows: number, bytes: number) => number,
): { readonly estimate?: StepEstimate } {
  if (estimate === undefined) return {};
  const { rows, bytes, from } = estimate;
  return { estimate: { rows, bytes, seconds: Number(seconds(rows, bytes).toPrecision(2)), from } };
}

function quietRun(): Run {
  return { ...openRun(), publish: () => undefined };
}
