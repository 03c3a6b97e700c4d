import { defined } from '../../core/defined.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { renderCreateLedger } from '../../sql/ledger.ts';
import type { Sql } from '../../sql/sql.ts';
import { planStaging } from '../../staging/staging-plan.ts';
import type { Connection } from '../connection.ts';
import { tableSize } from '../table-size.ts';
import { hasLedger } from '../write/ledger-table.ts';
import { resolveObjectReference } from '../write/object-reference.ts';
import { type OpenInput, openInput } from '../write/open-input.ts';
import { slicesOf } from '../write/slices.ts';
import { targetRequest } from '../write/target-request.ts';
import { planWrite, type WritePlan } from '../write-plan.ts';
import type { WriteInput, WriteSpec } from '../write-spec.ts';
import { explainTarget } from './explain-target.ts';
import type { ExplainedStatement, Explanation } from './explanation.ts';
import { inputSize, localFiles } from './input-size.ts';
import { RANDOM } from './placeholder.ts';
import { goesByInsert, writeEstimates } from './write-estimates.ts';
import { explainPlannedWrite } from './write-explanation.ts';

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
  const needsStaging = options.useStaging || spec.path === 'staged';
  const staging = needsStaging ? planStaging(options, access.plan.aws) : undefined;
  const files = input === undefined ? [] : localFiles(input);
  await using source =
    files.length === 0 || input === undefined ? undefined : await openInput(connection, spec, input, run);
  await using session = await database.session(run);
  const { target, ddl } = await explainTarget(
    session,
    targetRequest(path, shapeOf(spec, source), source, options, run),
    run,
  );
  const plan = planWrite(spec, target, {
    runId: run.runId,
    inputColumns: source?.columns ?? spec.columns,
    ...defined({ sources: source?.sources }),
    compression: source?.compression ?? 'gzip',
    copyRole: options.copyRole,
    stagingRegion: staging?.region,
    clusterRegion: access.plan.endpoint.region,
    slices: options.useStaging ? await slicesOf(database, session, run) : 1,
    token: RANDOM,
  });
  const size = input === undefined ? undefined : await inputSize(input);
  const isInsert = staging === undefined || goesByInsert(plan, size);
  const mayPass = !isInsert && size?.form === 'parquet' && mayPassAsIs(plan);
  const held = isNew(ddl)
    ? undefined
    : await tableSize(session, plan.target, 'The size of the table stays unknown', run);
  return explainPlannedWrite({
    connection,
    spec,
    plan,
    capabilities: session.capabilities(),
    ddl,
    createLedger: await missingLedger(session, plan, options.statementTimeoutSeconds * 1000, run),
    folder: isInsert ? undefined : `s3://${staging.bucket}/${staging.prefix}run-${RANDOM}/`,
    mayPass,
    held,
    ...(size === undefined
      ? {}
      : { estimates: writeEstimates({ input: size, plan, isInsert, passes: mayPass, target: held }) }),
  });
}

/** As far as the plan decides: rows need no numbers, and the bucket is in the cluster's region. */
function mayPassAsIs({ load, copyRegion, explicitIds, verify, stagedFormat }: WritePlan): boolean {
  const isPlain = load.kind === 'direct' && !verify && !explicitIds && copyRegion === undefined;
  return isPlain && stagedFormat !== 'csv';
}

function isNew(ddl: readonly ExplainedStatement[]): boolean {
  return ddl[0]?.sql.startsWith('CREATE TABLE IF NOT EXISTS ') === true;
}

/** Without an input nothing is known to differ from the table. */
function shapeOf(spec: WriteSpec, source: OpenInput | undefined): WriteSpec {
  return source === undefined ? { ...spec, targetChanges: 'none' } : spec;
}

/** The statement that makes the ledger, where there is none. */
async function missingLedger(
  session: Session,
  { ledger, runId }: WritePlan,
  restoreMs: number,
  run: Run,
): Promise<Sql | undefined> {
  if (ledger === undefined || (await hasLedger(session, ledger, runId, restoreMs, run))) return undefined;
  return renderCreateLedger(ledger);
}
