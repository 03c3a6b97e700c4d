import { defined } from '../../core/defined.ts';
import type { Capabilities } from '../../db/capabilities.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import { planStaging } from '../../staging/staging-plan.ts';
import { type ColumnFidelity, fidelityReport, type Path } from '../../types/fidelity.ts';
import { stagedPath } from '../../types/staged-format.ts';
import type { Connection } from '../connection.ts';
import { type ExportPlan, type FileDestination, planExport, writtenObjects } from '../export/file-destination.ts';
import type { DecidedPlan } from '../read/read-decide.ts';
import type { DescribedSource } from '../read/read-describe.ts';
import type { Estimate } from '../read/read-estimate.ts';
import { readName } from '../read/read-name.ts';
import type { ReadSpec } from '../read/read-spec.ts';
import type { ReadWork } from '../read/read-work.ts';
import type { ExplainedStep, Explanation } from './explanation.ts';
import { RANDOM, withoutRandom } from './placeholder.ts';
import { sumOf } from './rates.ts';
import { readSteps, resumedSteps } from './read-steps.ts';
import { rightsOf } from './rights.ts';

/** A read that was planned, and what is known around it. */
export interface PlannedRead {
  readonly connection: Connection;
  readonly spec: ReadSpec;
  readonly work: ReadWork;
  readonly described: DescribedSource;
  readonly plan: DecidedPlan;
  /** Absent of a read that goes on with what an earlier attempt has unloaded: Redshift is asked for nothing. */
  readonly capabilities?: Capabilities | undefined;
  /** Of a read into files. */
  readonly destination?: FileDestination | undefined;
  readonly estimate?: Estimate | undefined;
}

const FILE_PATHS: Readonly<Record<ExportPlan['form']['format'], Path>> = {
  parquet: 'Parquet file',
  csv: 'CSV file',
  jsonl: 'JSON Lines file',
};

/** The plan of a read, as people and programs read it. Asks nobody. */
export async function explainPlannedRead(planned: PlannedRead): Promise<Explanation> {
  const { connection, spec, work, described, plan, capabilities, destination } = planned;
  const files = destination === undefined ? undefined : planExport(destination);
  for (const one of files === undefined ? [] : writtenObjects(files)) connection.checkTarget?.(one);
  const estimate = planned.estimate ?? (plan.kind === 'partitioned' ? undefined : plan.estimate);
  const facts = {
    connection,
    work,
    described,
    plan,
    files,
    ...folderOf(connection, plan),
    ...defined({ estimate }),
  };
  const steps = capabilities === undefined ? resumedSteps(facts) : await readSteps({ ...facts, capabilities });
  return withoutRandom({
    kind: 'read',
    object: readName(spec),
    operation: files === undefined ? 'read' : 'readToFiles',
    path: plan.kind,
    reasons: [plan.why],
    atomic: plan.kind !== 'partitioned',
    notAtomic: notAtomicOf(plan, work, files),
    steps,
    columns: columnsOf(described, plan, files),
    retries: retriesOf(plan, work),
    rights: rightsOf(connection, capabilities?.user, { operation: 'read', objects: objectsOf(work) }),
    warnings: warningsOf(plan),
    ...totalOf(steps, estimate),
  });
}

function folderOf(
  { options, access }: Connection,
  plan: DecidedPlan,
): { readonly folder?: string; readonly region?: string } {
  const isStaged = plan.kind === 'staged' || (plan.kind === 'partitioned' && plan.each === 'staged');
  if (!isStaged) return {};
  const { bucket, prefix, region } = planStaging(options, access.plan.aws);
  return { folder: `s3://${bucket}/${prefix}run-${RANDOM}/`, region };
}

function columnsOf(
  { fields }: DescribedSource,
  plan: DecidedPlan,
  files: ExportPlan | undefined,
): readonly ColumnFidelity[] {
  const isStaged = plan.kind === 'staged' || (plan.kind === 'partitioned' && plan.each === 'staged');
  const travelled = fidelityReport(fields, isStaged ? stagedPath(fields) : 'direct read');
  if (files === undefined) return travelled;
  const written = fidelityReport(fields, FILE_PATHS[files.form.format]);
  return travelled.map((one, position) => {
    const other = written[position];
    return one.verdict === 'lossy' || other === undefined || other.verdict === 'exact' ? one : other;
  });
}

function warningsOf(plan: DecidedPlan): Explanation['warnings'] {
  if (plan.kind === 'staged' && plan.orderIsLost) {
    return [{ code: 'ORDER_LOST', message: 'The query sorts, but a staged read gives rows in no order' }];
  }
  if (plan.kind === 'direct' && plan.mayExceedCursor) {
    const message = 'The result may be larger than the cursors of the cluster may hold: read it in staged mode';
    return [{ code: 'CURSOR_LIMIT', message }];
  }
  return [];
}

function notAtomicOf(plan: DecidedPlan, work: ReadWork, files: ExportPlan | undefined): readonly string[] {
  return [
    ...(plan.kind === 'partitioned'
      ? ['the sessions do not see one state of the database: rows that change meanwhile may be missing or come twice']
      : []),
    ...(work.preSql.length + work.postSql.length === 0
      ? []
      : ['preSql and postSql are transactions of their own, and are not undone when the read fails']),
    ...(files?.place.kind === 'stream' ? ['what was written to the stream cannot be taken back'] : []),
  ];
}

function retriesOf(plan: DecidedPlan, work: ReadWork): readonly string[] {
  if (plan.kind === 'staged') {
    return [
      'a file that cannot be fetched: again, from where it broke off',
      work.resumable
        ? 'a run that died: repeated with its run id it goes on behind the last file that was done'
        : 'a run that died: read again from the start; resumable goes on behind the last file',
    ];
  }
  return ['nothing once rows were handed out: the loop that takes them would see some twice'];
}

function objectsOf({ source }: ReadWork): readonly ObjectPath[] {
  if (source.kind === 'query') return [];
  return source.objects.flatMap(({ database, path }) => (database === undefined ? [path] : []));
}

function totalOf(
  steps: readonly ExplainedStep[],
  estimate: Estimate | undefined,
): Pick<Explanation, 'estimate'> | Record<string, never> {
  if (estimate === undefined) return {};
  const { rows, bytes, from } = estimate;
  return { estimate: { rows, bytes, from, ...defined({ seconds: sumOf(steps.map((step) => step.estimate)) }) } };
}
