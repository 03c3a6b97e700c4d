/**
 * Counts the calls to AWS of one busy agent in 24 hours: a session opened and a file staged every few seconds, day and night.
 * The day passes in a sandbox whose clock is moved; the calls are those that the sandbox saw, by the real AWS SDK over HTTP.
 *
 *   npx tsx bench/renewals.ts                 a step every 30 s, about ten seconds a connection
 *   npx tsx bench/renewals.ts --every 10      a step every 10 s, about a minute and a half a connection
 *
 * Measured with a step every 10 s. The number does not grow with the work: all sessions of a connector share a login, and
 * all its requests to S3 a role's session.
 *
 *   calls a day                 AssumeRole  GetCallerIdentity  GetClusterCredentials  DescribeClusters  IMDS
 *   an IAM user's keys                  27                  1                    140                 -     -
 *     logins of an hour                 27                  1                     27                 -     -
 *     host looked up                    27                  1                    139               205     -
 *   the EC2 machine's role              27                  5                    139                 -    15
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { planAccess } from '../src/access/plan-access.ts';
import { openAccess } from '../src/auth/open-access.ts';
import { openRun } from '../src/core/run.ts';
import type { ConnectionInput } from '../src/manifest/options.gen.ts';
import { resolveOptions } from '../src/manifest/resolve.ts';
import { readyConnections } from '../src/sandbox/connections.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';

const DAY_SECONDS = 86_400;
const HOST = 'warehouse.abc123.us-east-1.redshift.amazonaws.com';
const STAGED = { useStaging: true } as const;

const AGENTS: readonly { readonly title: string; readonly connection: string; readonly values: ConnectionInput }[] = [
  { title: "an IAM user's keys", connection: 'keys-etl-agent', values: STAGED },
  { title: '  logins of an hour', connection: 'keys-etl-agent', values: { ...STAGED, loginLifetimeSeconds: 3600 } },
  {
    title: '  host looked up',
    connection: 'keys-etl-agent',
    values: { ...STAGED, host: undefined, clusterIdentifier: 'warehouse' },
  },
  { title: "the EC2 machine's role", connection: 'ec2-agent', values: STAGED },
];

const { values: flags } = parseArgs({ options: { every: { type: 'string', default: '30' } } });

const everySeconds = Number(flags.every);
for (const agent of AGENTS) console.log(await oneDay(agent));

async function oneDay({ title, connection, values }: (typeof AGENTS)[number]): Promise<string> {
  await using sandbox = await startSandbox({ world: 'samples/worlds/standard.yaml', databases: false });
  const ready = readyConnections(sandbox).find(({ name }) => name === connection);
  if (ready === undefined) throw new RangeError(`No connection ${connection}`);
  const options = resolveOptions({ ...ready.values, host: HOST, ...values });
  const clock = { now: (): number => sandbox.clock.now() };
  await using access = openAccess(planAccess(options), { clock, environment: ready.environment });
  const run = openRun({ clock });
  let steps = 0;
  for (let second = 0; second < DAY_SECONDS; second += everySeconds) {
    await access.endpoint(run);
    await access.login(run);
    await access.staging(run);
    await delay(1); // a renewal that nobody waits for comes back
    sandbox.advance(everySeconds);
    steps += 1;
  }
  const calls = new Map<string, number>();
  for (const entry of sandbox.log()) {
    if (entry.kind !== 'aws') continue;
    const action = `${entry.service}:${entry.action}${entry.allowed ? '' : ' (refused)'}`;
    calls.set(action, (calls.get(action) ?? 0) + 1);
  }
  const counted = [...calls]
    .sort(([left], [right]) => left.localeCompare(right))
    .map(([action, count]) => `${action} ${count}`);
  return `${title.padEnd(24)} ${steps} steps: ${counted.join(', ')}`;
}
