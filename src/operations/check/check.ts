import { setMaxListeners } from 'node:events';
import type { HopForecast } from '../../auth/forecast.ts';
import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { MANIFEST } from '../../manifest/manifest.gen.ts';
import type { Connection } from '../connection.ts';
import { explainAccess } from '../explain-access.ts';
import { accessTasks } from './access.ts';
import { copyRoleTasks } from './copy-role.ts';
import { describeFailure } from './describe-failure.ts';
import { endpointTasks } from './endpoint.ts';
import { groupTasks } from './groups.ts';
import { openIamGlance } from './iam-glance.ts';
import { loginPinTasks } from './login-pin.ts';
import { machineRightsTasks } from './machine-rights.ts';
import { optionsTask } from './options.ts';
import { reachTasks } from './reach.ts';
import type { CheckInit, CheckReport } from './report.ts';
import { rightsTasks } from './rights.ts';
import { selectTasks } from './select.ts';
import { sessionTasks } from './session.ts';
import { StagingProbe } from './staging.ts';
import { type CheckTask, runTasks, type TasksInit } from './tasks.ts';

const LIMIT_MS = 1000 * (MANIFEST.operations['check']?.timeoutSeconds ?? 0);

/**
 * Tries every hop from the options to a session, and staging where it is on; goes on after a failure where the later
 * step does not depend on it, and until its time is over. Yields a report and never throws, except the signal's reason
 * and RS_CONFIG_INVALID for a step in `only` or `skip` that there is not.
 */
export async function check(connection: Connection, init: CheckInit, run: Run): Promise<CheckReport> {
  const startedMs = performance.now();
  const limit = AbortSignal.timeout(init.limitMs ?? LIMIT_MS);
  const bounded: Run = { ...run, signal: AbortSignal.any([run.signal, limit]) };
  setMaxListeners(0, run.signal, limit, bounded.signal);
  await using staging = new StagingProbe(connection, bounded);
  const tasks = tasksOf(connection, staging, init, bounded);
  const selection = selectTasks(tasks, init);
  const explain: TasksInit['explain'] = async ({ id }, error) =>
    describeFailure(await explainAccess(connection, error, bounded, id));
  const steps = await runTasks(tasks, run, { selection, limit, explain, ...defined({ onStep: init.onStep }) });
  const forecast = (init.only ?? []).length > 0 ? undefined : await forecastOf(connection, bounded);
  run.signal.throwIfAborted();
  return Object.freeze({
    reportVersion: 1,
    ok: steps.every(({ verdict }) => verdict !== 'fail'),
    steps,
    ...defined({ forecast }),
    durationMs: Math.round(performance.now() - startedMs),
  });
}

/** Undefined where the time for the check is over. Hops that failed are told in it, not thrown. */
async function forecastOf({ access }: Connection, run: Run): Promise<readonly HopForecast[] | undefined> {
  if (run.signal.aborted) return undefined;
  try {
    return await access.forecast(run);
  } catch (error) {
    if (!run.signal.aborted && !(error instanceof ConnectorError)) throw error;
    return undefined;
  }
}

/** Every step that there is for this connection, each after those that it needs. */
function tasksOf(connection: Connection, staging: StagingProbe, init: CheckInit, run: Run): readonly CheckTask[] {
  const access = accessTasks(connection, run);
  const glance = openIamGlance(connection, run);
  return [
    optionsTask(connection.access.plan, init),
    ...reachTasks(connection, run),
    ...access.tasks,
    ...machineRightsTasks(connection, glance, run),
    ...loginPinTasks(connection, glance),
    ...endpointTasks(connection, run, { ...init, lookupNeeds: access.lastRole }),
    ...sessionTasks(connection, run, { needs: ['login', 'tls'] }),
    ...groupTasks(connection, run),
    ...rightsTasks(connection, init, run),
    ...copyRoleTasks(connection, glance, run),
    ...(connection.options.useStaging ? staging.tasks(access.staging, init) : []),
  ];
}
