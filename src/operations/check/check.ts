import { setMaxListeners } from 'node:events';
import type { AccessPlan } from '../../access/plan.ts';
import type { Run } from '../../core/run.ts';
import { MANIFEST } from '../../manifest/manifest.gen.ts';
import type { Connection } from '../connection.ts';
import { checkAccess } from './access.ts';
import { checkEndpoint } from './endpoint.ts';
import type { CheckInit, CheckReport } from './report.ts';
import { checkStaging } from './staging.ts';
import { type CheckWalk, type Finding, openWalk } from './walk.ts';

const LIMIT_MS = 1000 * (MANIFEST.operations['check']?.timeoutSeconds ?? 0);

/**
 * Tries every hop from the options to a session, and staging where it is on; goes on after a failure where the later
 * step does not depend on it, and until its time is over. Yields a report and never throws, except the signal's reason.
 */
export async function check(connection: Connection, init: CheckInit, run: Run): Promise<CheckReport> {
  const startedMs = performance.now();
  const limit = AbortSignal.timeout(init.limitMs ?? LIMIT_MS);
  const walk = openWalk(run, init, limit);
  const bounded: Run = { ...run, signal: AbortSignal.any([run.signal, limit]) };
  setMaxListeners(0, bounded.signal);
  await walk.step({ id: 'options', title: 'Read the options' }, async () => readPlan(connection.access.plan, init));
  const { login, lastRole, staging } = await checkAccess(connection, walk, bounded);
  await checkEndpoint(connection, walk, bounded, { ...init, lookupNeeds: lastRole });
  await checkSession(connection, walk, bounded, [login, 'tls']);
  if (connection.options.useStaging) await checkStaging(connection, walk, bounded, { credentials: staging });
  return Object.freeze({
    ok: walk.steps.every(({ verdict }) => verdict !== 'fail'),
    steps: walk.steps,
    durationMs: Math.round(performance.now() - startedMs),
  });
}

async function checkSession({ database }: Connection, walk: CheckWalk, run: Run, needs: string[]): Promise<void> {
  await walk.step({ id: 'session', title: 'Open a session', needs }, async () => {
    await using session = await database.session(run);
    const { redshiftVersion, user, database: name, isolation } = session.capabilities();
    const version =
      redshiftVersion === '' ? 'a server that does not name itself Redshift' : `Redshift ${redshiftVersion}`;
    const warning = redshiftVersion === '' ? 'The server does not say that it is Redshift' : undefined;
    return { evidence: `${user} in ${name}, ${version}, ${isolation} isolation`, warning };
  });
}

/** Variables that send AWS calls elsewhere without a word in the connection. */
const REDIRECTING = [
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_STS',
  'AWS_ENDPOINT_URL_REDSHIFT',
  'AWS_ENDPOINT_URL_S3',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT',
] as const;

function readPlan(plan: AccessPlan, { notices = [], environment = process.env }: CheckInit): Finding {
  const { login, roles, endpoint } = plan;
  const how =
    login.kind === 'password'
      ? 'stored password'
      : `login by ${roles.map(({ roleArn }) => roleArn.split('/').at(-1)).join(' and then ')}`;
  const where = login.kind === 'password' ? (endpoint.host ?? '') : `cluster ${login.clusterIdentifier}`;
  const ambient = REDIRECTING.filter((name) => environment[name]);
  const warnings = [
    ...new Set([...notices, ...plan.notices]),
    ...(ambient.length === 0 ? [] : [`The environment redirects AWS calls: ${ambient.join(', ')}`]),
  ];
  return {
    evidence: `${how}, ${where}${endpoint.region === undefined ? '' : ` in ${endpoint.region}`}`,
    warning: warnings.length === 0 ? undefined : warnings.join(' '),
  };
}
