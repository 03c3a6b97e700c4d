import { stat } from 'node:fs/promises';
import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { describeObject } from '../../db/catalog.ts';

import type { Session } from '../../db/session.ts';
import { renderCreateLedger, renderReadLedger } from '../../sql/ledger.ts';
import type { Sql } from '../../sql/sql.ts';
import { planStaging } from '../../staging/staging-plan.ts';
import { fidelityReport } from '../../types/fidelity.ts';
import type { Connection } from '../connection.ts';
import { planMaintenance } from '../target/maintain.ts';
import { resolveObjectReference } from '../write/object-reference.ts';
import { openInput } from '../write/open-input.ts';
import { planWrite, type WritePlan } from '../write-plan.ts';
import type { WriteInput, WriteSpec } from '../write-spec.ts';
import type { ExplainedFiles, Explanation, StepEstimate } from './explanation.ts';
import { RATES, secondsOf, sumOf } from './rates.ts';
import { rehearseWrite } from './rehearse-write.ts';
import { rightsOf } from './rights.ts';
import { writeSteps } from './write-steps.ts';

/** Stands for what is made up when the write begins. */
const RANDOM = 'x'.repeat(24);

/**
 * What a write would do, in order, without doing any of it: the catalog, the ledger and the head of local files are read,
 * nothing is written anywhere, and no row is taken from a program. Throws what planning a write throws.
 */
export async function explainWrite(
  connection: Connection,
  spec: WriteSpec,
  input: WriteInput | undefined,
  run: Run,
): Promise<Explanation> {
  const { database, access, options } = connection;
  const path = resolveObjectReference(spec.object, options.defaultSchema);
  const staging = planStaging(options, access.plan.aws);
  const files = input === undefined ? [] : localFiles(input);
  await using source =
    files.length === 0 || input === undefined ? undefined : await openInput(connection, spec, input, run);
  await using session = await database.session(run);
  const target = await describeObject(session, path, run);
  const plan = planWrite(spec, target, {
    runId: run.runId,
    inputColumns: source?.columns ?? spec.columns,
    ...defined({ sources: source?.sources }),
    compression: source?.compression ?? 'gzip',
    copyRole: options.copyRole,
    stagingRegion: staging.region,
    clusterRegion: access.plan.endpoint.region,
    token: RANDOM,
  });
  const folderName = `run-${RANDOM}`;
  const folder = `s3://${staging.bucket}/${staging.prefix}${folderName}/`;
  const sent = await rehearseWrite({
    capabilities: session.capabilities(),
    plan,
    manifestUrl: `${folder}manifest.json`,
    folderName,
    statementTimeoutMs: options.statementTimeoutSeconds * 1000,
  });
  const estimates = estimatesOf(await sizeOf(files));
  const steps = writeSteps({
    plan,
    sent,
    ddl: [],
    ...defined({ createLedger: await missingLedger(session, plan, run) }),
    files: stagedFiles(plan, folder),
    maintenance: planMaintenance(spec, plan.target).steps.map(({ statement }) => statement),
    estimates,
  });
  const explanation: Explanation = {
    kind: 'write',
    object: plan.targetName,
    operation: plan.operation,
    path: 'staged',
    reasons: reasonsOf(plan, spec),
    atomic: plan.before !== 'truncate',
    notAtomic: notAtomicOf(plan, spec),
    steps,
    columns: fidelityReport(plan.columns, 'load'),
    retries: retriesOf(plan),
    rights: rightsOf(connection, session.capabilities().user, {
      operation: `write:${plan.operation}`,
      objects: [plan.target],
      isStaged: plan.load.kind === 'staged',
      ...(plan.ledger === undefined ? { ledger: 'off' as const } : {}),
      ...defined({ before: spec.before, createsTarget: spec.createTarget }),
      ...((spec.targetChanges ?? 'none') === 'none' || spec.targetChanges === 'fail' ? {} : { changesTarget: true }),
    }),
    warnings: plan.warnings,
    ...defined({ estimate: totalOf(steps.map(({ estimate }) => estimate)) }),
  };
  return withoutRandom(explanation);
}

/** The local files of an input that can be looked at: a program's rows, a stream and S3 are left alone. */
function localFiles(input: WriteInput): readonly string[] {
  const named = 'files' in input ? input.files : 'file' in input ? [input.file] : [];
  const places = named.filter((place): place is string => typeof place === 'string');
  return places.length === named.length && places.every((place) => place !== '-' && !/^s3:/i.test(place)) ? places : [];
}

async function sizeOf(files: readonly string[]): Promise<number | undefined> {
  if (files.length === 0) return undefined;
  let bytes = 0;
  for (const file of files) bytes += (await stat(file)).size;
  return bytes;
}

/** The statement that makes the ledger, where there is none. */
async function missingLedger(session: Session, { ledger, runId }: WritePlan, run: Run): Promise<Sql | undefined> {
  if (ledger === undefined) return undefined;
  try {
    await session.run(renderReadLedger(ledger, runId), run);
    return undefined;
  } catch (error) {
    if (error instanceof ConnectorError && error.code === 'RS_CONFIG_OBJECT_MISSING') return renderCreateLedger(ledger);
    throw error;
  }
}

function stagedFiles({ format }: WritePlan, folder: string): ExplainedFiles {
  const ending = { gzip: '.csv.gz', zstd: '.csv.zst', none: '.csv' }[format.compression];
  return {
    format: 'csv',
    compression: format.compression,
    pattern: `${folder}part-<n>${ending}`,
    sizes: 'several files, so that every slice of the cluster reads some; the manifest lists each with its size',
  };
}

function reasonsOf(plan: WritePlan, spec: WriteSpec): readonly string[] {
  if (plan.load.kind === 'direct') {
    return [
      'a plain insert without rejects, duplicates or verification: COPY into the table itself, inside the transaction, writes each row once',
    ];
  }
  const why = [
    ...(plan.operation === 'insert'
      ? []
      : [`${plan.operation} compares keys, which Redshift does in a temporary table`]),
    ...(plan.load.duplicates === 'allow' ? [] : ['duplicate keys of the input are looked for']),
    ...(plan.rejectLimit === 0 ? [] : ['rows may be refused, and are found by number']),
    ...(spec.verify === true ? ['checksums are compared before the rows meet those of the table'] : []),
    ...(plan.before === 'truncate'
      ? ['TRUNCATE cannot be undone: the rows are in the cluster and counted before']
      : []),
  ];
  return [`COPY into a temporary table, then statements: ${why.join('; ')}`];
}

function notAtomicOf(plan: WritePlan, spec: WriteSpec): readonly string[] {
  return [
    ...(plan.before === 'truncate'
      ? [`TRUNCATE empties ${plan.targetName} for good before the transaction that fills it`]
      : []),
    ...(plan.userSql.before.length + plan.userSql.after.length === 0
      ? []
      : ['preSql and postSql run outside of the transaction; sqlInTransaction puts them inside']),
    ...((spec.analyze ?? 'none') === 'none' && (spec.vacuum ?? 'none') === 'none'
      ? []
      : ['VACUUM and ANALYZE come after COMMIT; a failure of theirs is a warning']),
  ];
}

function retriesOf(plan: WritePlan): readonly string[] {
  return [
    `a conflict with another transaction (error 1023): from BEGIN, ${plan.attempts} attempts in all, with growing pauses`,
    'a session that dies: a new one loads the staged files again, twice at most',
    plan.ledger === undefined
      ? 'a COMMIT whose answer is lost: stays unknown, since no ledger is kept (RS_COMMIT_UNKNOWN)'
      : `a COMMIT whose answer is lost: the ledger tells what became of it, within ${plan.settleTimeoutMs / 1000} s`,
  ];
}

function estimatesOf(bytes: number | undefined): Readonly<Partial<Record<string, StepEstimate>>> {
  if (bytes === undefined) return {};
  const from = 'the size of the files';
  const stage: StepEstimate = { bytes, seconds: secondsOf(1, bytes / RATES.convertBytesPerSecond), from };
  return { stage };
}

function totalOf(estimates: readonly (StepEstimate | undefined)[]): StepEstimate | undefined {
  const seconds = sumOf(estimates);
  return seconds === undefined ? undefined : { seconds, from: 'the sum of the steps that are known' };
}

/** What is made up when the write begins, as `<random>`. */
function withoutRandom(explanation: Explanation): Explanation {
  return JSON.parse(JSON.stringify(explanation).replaceAll(RANDOM, '<random>')) as Explanation;
}
