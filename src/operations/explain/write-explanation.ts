import { defined } from '../../core/defined.ts';
import type { Capabilities } from '../../db/capabilities.ts';
import type { Sql } from '../../sql/sql.ts';
import { fidelityReport } from '../../types/fidelity.ts';
import type { Connection } from '../connection.ts';
import type { TableSize } from '../table-size.ts';
import { planMaintenance } from '../target/maintain.ts';
import type { WritePlan } from '../write-plan.ts';
import type { WriteSpec } from '../write-spec.ts';
import type { ExplainedFiles, ExplainedStatement, Explanation, StepEstimate } from './explanation.ts';
import { withoutRandom } from './placeholder.ts';
import { sumOf } from './rates.ts';
import { rehearseWrite } from './rehearse-write.ts';
import { rightsOf } from './rights.ts';
import { writeSteps } from './write-steps.ts';

/** A write that was planned, and what is known around it. */
export interface PlannedWrite {
  readonly connection: Connection;
  readonly spec: WriteSpec;
  readonly plan: WritePlan;
  readonly capabilities: Capabilities;
  /** Statements that make the target, or change it, before a row is staged. */
  readonly ddl: readonly ExplainedStatement[];
  readonly createLedger?: Sql | undefined;
  /** `s3://` address of the run's folder; absent where rows go by INSERT. */
  readonly folder?: string | undefined;
  /** Columns in the order of the files, where Parquet files go as they are. */
  readonly parquetColumns?: readonly string[] | undefined;
  /** Whether Parquet files may go as they are: their values decide when they are staged. */
  readonly mayPass?: boolean | undefined;
  /** What the table holds before, as far as that was looked up. */
  readonly held?: TableSize | undefined;
  readonly estimates?: Readonly<Partial<Record<string, StepEstimate>>>;
}

/** The plan of a write, as people and programs read it. Asks nobody. */
export async function explainPlannedWrite(planned: PlannedWrite): Promise<Explanation> {
  const { connection, spec, plan, capabilities, ddl, createLedger, folder, parquetColumns, estimates = {} } = planned;
  const sent = await rehearseWrite({
    capabilities,
    plan,
    isInsert: folder === undefined,
    parquetColumns,
    manifestUrl: folder === undefined ? '' : `${folder}manifest.json`,
    folderName: folder?.split('/').at(-2) ?? '',
    statementTimeoutMs: connection.options.statementTimeoutSeconds * 1000,
  });
  const steps = writeSteps({
    plan,
    sent,
    ddl,
    ...defined({
      createLedger,
      files: folder === undefined ? undefined : stagedFiles(plan, folder, parquetColumns !== undefined),
    }),
    maintenance: planMaintenance(spec, plan.target).steps.map(({ statement }) => statement),
    estimates,
    ...defined({ held: planned.held }),
  });
  const changes = spec.targetChanges ?? 'none';
  return withoutRandom({
    kind: 'write',
    object: plan.targetName,
    operation: plan.operation,
    path: folder === undefined ? 'insert' : parquetColumns === undefined ? 'staged' : 'parquet',
    reasons: [pathReason(plan, folder === undefined), ...passReason(planned), loadReason(plan, spec)],
    atomic: plan.before !== 'truncate',
    notAtomic: notAtomicOf(plan, spec, ddl.length > 0),
    steps,
    columns: fidelityReport(plan.columns, 'load'),
    retries: retriesOf(plan, folder === undefined),
    rights: rightsOf(connection, capabilities.user, {
      operation: `write:${plan.operation}`,
      objects: [plan.target],
      isStaged: plan.load.kind === 'staged',
      ...(plan.ledger === undefined ? { ledger: 'off' as const } : {}),
      ...defined({ before: spec.before, createsTarget: spec.createTarget }),
      ...(changes === 'none' || changes === 'fail' ? {} : { changesTarget: true }),
    }),
    warnings: plan.warnings,
    ...defined({ estimate: totalOf(steps.map(({ estimate }) => estimate)) }),
  });
}

function passReason({ parquetColumns, mayPass = false }: PlannedWrite): readonly string[] {
  if (parquetColumns !== undefined) return ['as the Parquet files that they are: every value passes'];
  return mayPass
    ? ['as the Parquet files that they are where every value passes; as CSV, which is shown, where not']
    : [];
}

function stagedFiles({ format, slices }: WritePlan, folder: string, isParquet: boolean): ExplainedFiles {
  if (isParquet) {
    const sizes = 'the files of the input, one by one; the manifest lists each with its size';
    return { format: 'parquet', compression: 'as it is', pattern: `${folder}part-<n>.parquet`, sizes };
  }
  const ending = { gzip: '.csv.gz', zstd: '.csv.zst', none: '.csv' }[format.compression];
  return {
    format: 'csv',
    compression: format.compression,
    pattern: `${folder}part-<n>${ending}`,
    sizes: `of like size, about 32 MiB at most; ${slices === 1 ? '' : `as many as share out among the ${slices} slices of the cluster, where they do not get too small; `}the manifest lists each with its size`,
  };
}

function pathReason({ path }: WritePlan, isInsert: boolean): string {
  const way = isInsert ? 'by INSERT' : 'by way of S3';
  if (path.kind !== 'look') return `${way}: ${path.reason}`;
  const bounds = `${path.maxRows.toLocaleString('en-US')} rows and ${path.maxBytes / 1024 / 1024} MiB compressed`;
  return isInsert
    ? `${way}: the input is within ${bounds}`
    : `${way}: the input is, or may be, larger than ${bounds}; a smaller one goes by INSERT`;
}

function loadReason(plan: WritePlan, spec: WriteSpec): string {
  if (plan.load.kind === 'direct') {
    return 'into the table itself, inside the transaction: a plain insert without rejects, duplicates or verification writes each row once';
  }
  const why = [
    ...(plan.operation === 'insert' ? [] : [`${plan.operation} compares keys, as Redshift compares them`]),
    ...(plan.load.duplicates === 'allow' ? [] : ['rows that share a key are looked for']),
    ...(plan.rejectLimit === 0 ? [] : ['rows may be refused, and are found by number']),
    ...(spec.verify === true ? ['checksums are compared before the rows meet those of the table'] : []),
    ...(plan.before === 'truncate'
      ? ['TRUNCATE cannot be undone, so the rows are in the cluster and counted before']
      : []),
  ];
  return `into a temporary table first: ${why.join('; ')}`;
}

function notAtomicOf(plan: WritePlan, spec: WriteSpec, isShaped: boolean): readonly string[] {
  const looksAfter = (spec.analyze ?? 'none') !== 'none' || (spec.vacuum ?? 'none') !== 'none';
  return [
    ...(isShaped
      ? [`${plan.targetName} is made, or changed, for good before the rows come, and stays so if the write fails`]
      : []),
    ...(plan.before === 'truncate'
      ? [`TRUNCATE empties ${plan.targetName} for good before the transaction that fills it`]
      : []),
    ...(plan.userSql.before.length + plan.userSql.after.length === 0
      ? []
      : ['preSql and postSql run outside of the transaction; sqlInTransaction puts them inside']),
    ...(looksAfter ? ['VACUUM and ANALYZE come after COMMIT; a failure of theirs is a warning'] : []),
  ];
}

function retriesOf(plan: WritePlan, isInsert: boolean): readonly string[] {
  return [
    `a conflict with another transaction (error 1023): from BEGIN, ${plan.attempts} attempts in all, with growing pauses`,
    `a session that dies: a new one loads the ${isInsert ? 'rows' : 'staged files'} again, twice at most`,
    plan.ledger === undefined
      ? 'a COMMIT whose answer is lost: stays unknown, since no ledger is kept (RS_COMMIT_UNKNOWN)'
      : `a COMMIT whose answer is lost: the ledger tells what became of it, within ${plan.settleTimeoutMs / 1000} s`,
  ];
}

function totalOf(estimates: readonly (StepEstimate | undefined)[]): StepEstimate | undefined {
  const seconds = sumOf(estimates);
  const { rows } = estimates.find((estimate) => estimate?.rows !== undefined) ?? {};
  return seconds === undefined
    ? undefined
    : { ...defined({ rows }), seconds, from: 'the sum of the steps that are known' };
}
