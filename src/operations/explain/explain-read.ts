import { defined } from '../../core/defined.ts';
import type { Run } from '../../core/run.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import type { Session } from '../../db/session.ts';
import { planStaging } from '../../staging/staging-plan.ts';
import { type ColumnFidelity, fidelityReport, type Path } from '../../types/fidelity.ts';
import { stagedPath } from '../../types/staged-format.ts';
import { planCall } from '../call/call.ts';
import type { Connection } from '../connection.ts';
import { type ExportPlan, type FileDestination, planExport } from '../export/file-destination.ts';
import { type DecidedPlan, decideRead } from '../read/read-decide.ts';
import { type DescribedSource, describeSource } from '../read/read-describe.ts';
import { type Estimate, estimateRead } from '../read/read-estimate.ts';
import type { ReadObject, ReadSpec } from '../read/read-spec.ts';
import { planReadWork, type ReadWork } from '../read/read-work.ts';
import type { ExplainedStep, Explanation } from './explanation.ts';
import { sumOf } from './rates.ts';
import { readSteps } from './read-steps.ts';
import { rightsOf } from './rights.ts';

/** Stands for what is made up when the read begins. */
const RANDOM = 'x'.repeat(24);

const FILE_PATHS: Readonly<Record<ExportPlan['form']['format'], Path>> = {
  parquet: 'Parquet file',
  csv: 'CSV file',
  jsonl: 'JSON Lines file',
};

/**
 * What a read would do, in order, without doing any of it: the catalog is read and Redshift's own estimate asked for
 * (EXPLAIN); no row is fetched, none of the person's statements runs. Throws what planning a read throws.
 */
export async function explainRead(
  connection: Connection,
  spec: ReadSpec,
  destination: FileDestination | undefined,
  run: Run,
): Promise<Explanation> {
  const files = destination === undefined ? undefined : planExport(destination);
  const operation = files === undefined ? 'read' : 'readToFiles';
  await using session = await connection.database.session(run);
  if (spec.procedure !== undefined) return explainProcedure(connection, session, spec, spec.procedure, run);
  const work = planReadWork(spec, connection.options.defaultSchema);
  const described = await describeSource(session, work.source, run);
  const plan = await decide(connection, work, session, described, run);
  const estimate = await estimateOf(plan, session, described, run);
  const steps = await readSteps({
    connection,
    capabilities: session.capabilities(),
    work,
    described,
    plan,
    files,
    ...folderOf(connection, plan),
    ...defined({ estimate }),
  });
  const warnings = warningsOf(plan);
  return explained({
    kind: 'read',
    object: nameOf(spec),
    operation,
    path: plan.kind,
    reasons: [plan.why],
    atomic: plan.kind !== 'partitioned',
    notAtomic: notAtomicOf(plan, work, files),
    steps,
    columns: columnsOf(described, plan, files),
    retries: retriesOf(plan, work),
    rights: rightsOf(connection, session.capabilities().user, { operation: 'read', objects: objectsOf(work) }),
    warnings,
    ...totalOf(steps, estimate),
  });
}

/** The plan of a run; of ranges that the data decides only that there are some: asking for them reads the column. */
async function decide(
  connection: Connection,
  work: ReadWork,
  session: Session,
  described: DescribedSource,
  run: Run,
): Promise<DecidedPlan> {
  const { partition } = work;
  if (partition === undefined || !('column' in partition.by) || partition.boundaries !== undefined) {
    return decideRead(connection, work, session, described, run);
  }
  const { each, sessions, count, by } = partition;
  return {
    kind: 'partitioned',
    why: `about ${count} ranges of ${by.column} and its NULLs; their ends are asked of the data when the read begins`,
    each,
    sessions,
    parts: [],
  };
}

async function estimateOf(
  plan: DecidedPlan,
  session: Session,
  { source }: DescribedSource,
  run: Run,
): Promise<Estimate | undefined> {
  if (plan.kind !== 'partitioned' && plan.estimate !== undefined) return plan.estimate;
  return estimateRead(session, source, run);
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

/** What is read, in words. */
function nameOf({ object, objects, query }: ReadSpec): string {
  if (query !== undefined) return 'the query';
  const named = object === undefined ? (objects ?? []).map((each) => each.object) : [object];
  return named.map(textOf).join(', ');
}

function textOf(object: ReadObject): string {
  return typeof object === 'string' ? object : object.join('.');
}

async function explainProcedure(
  connection: Connection,
  session: Session,
  spec: ReadSpec,
  procedure: ReadObject,
  run: Run,
): Promise<Explanation> {
  const call = { procedure, ...defined({ arguments: spec.arguments }) };
  const { statement, opensCursor } = await planCall(session, connection.options.defaultSchema, call, run);
  const sent = opensCursor
    ? ['BEGIN', String(statement), 'FETCH FORWARD <rows> FROM <cursor>', 'COMMIT']
    : [String(statement)];
  return {
    kind: 'read',
    object: textOf(procedure),
    operation: 'read',
    path: 'procedure',
    reasons: [opensCursor ? 'the rows of the cursor that the procedure opens' : 'its outputs are one row'],
    atomic: true,
    notAtomic: ['a procedure may commit by itself; what it does cannot be seen'],
    steps: [
      {
        id: 'fetch',
        title: 'Call the procedure',
        statements: sent.map((sql) => ({ sql })),
        transaction: opensCursor ? 'one transaction, committed after the last row' : 'autocommit',
        notes: [],
      },
    ],
    columns: [],
    retries: [],
    rights: { needs: [], command: '' },
    warnings: [],
  };
}

function totalOf(
  steps: readonly ExplainedStep[],
  estimate: Estimate | undefined,
): Pick<Explanation, 'estimate'> | Record<string, never> {
  if (estimate === undefined) return {};
  const { rows, bytes, from } = estimate;
  return { estimate: { rows, bytes, from, ...defined({ seconds: sumOf(steps.map((step) => step.estimate)) }) } };
}

function explained(explanation: Explanation): Explanation {
  return JSON.parse(JSON.stringify(explanation).replaceAll(RANDOM, '<random>')) as Explanation;
}
