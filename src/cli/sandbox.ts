import { once } from 'node:events';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { classifyFileError } from '../core/file-error.ts';
import type { ConnectionFile } from '../sandbox/connection-files.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { followSwitchFile } from '../sandbox/switch-file.ts';
import type { Switches } from '../sandbox/switches.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

export interface SandboxCommand {
  readonly world?: string;
  readonly dataDir?: string;
  readonly connections: string;
  /** A file that says what is to go wrong, followed while the sandbox runs. */
  readonly switches?: string;
}

/** The world that comes with the package. */
const STANDARD_WORLD = fileURLToPath(new URL('../../samples/worlds/standard.yaml', import.meta.url));

/** `roleshift sandbox`: starts a world, says how to reach it, and stops cleanly on Ctrl-C. */
export async function sandbox(
  { world, dataDir, connections, switches }: SandboxCommand,
  context: CommandContext,
): Promise<number> {
  using output = openOutput(context);
  await using running = await startSandbox({
    world: world ?? STANDARD_WORLD,
    ...(dataDir === undefined ? {} : { dataDir }),
    signal: context.signal,
  }).catch((error: unknown) => {
    if (context.signal.aborted) return undefined;
    throw classifyFileError(error, "The sandbox's folder", 'Name a folder that you may write with --data-dir.');
  });
  if (running === undefined || context.signal.aborted) return 0;
  const files = await running.connectionFiles(connections).catch((error: unknown) => {
    throw classifyFileError(
      error,
      `The folder for connection files ${JSON.stringify(connections)}`,
      'Name a folder that you may write with --connections.',
    );
  });
  const { awsEndpoint, clusters, metadataEndpoints } = running;
  using _followed =
    switches === undefined
      ? undefined
      : await followSwitchFile(switches, running, {
          onSet: (set) => output.line(describeSwitches(set)),
          onError: (error) => output.line(error instanceof Error ? error.message : String(error)),
        });

  if (context.json) {
    output.result({
      awsEndpoint,
      clusters,
      metadataEndpoints,
      connections: files.map(({ name, path, environment }) => ({ name, path, environment })),
    });
  } else {
    output.text(describeSandbox(running, files).join('\n'));
  }
  if (!context.signal.aborted) await once(context.signal, 'abort');
  return 0;
}

function describeSandbox({ world, awsEndpoint, clusters }: Sandbox, files: readonly ConnectionFile[]): string[] {
  const workgroups = new Set(world.accounts.flatMap((account) => (account.workgroups ?? []).map(({ name }) => name)));
  const endpoints = [
    ['AWS endpoint', `${awsEndpoint}  (STS, IAM, Redshift, Redshift Serverless, S3)`],
    ...Object.entries(clusters).map(([id, { host, port, caFile }]) => [
      `${workgroups.has(id) ? 'workgroup' : 'cluster'} ${id}`,
      `${host}:${port}  (TLS, CA in ${caFile})`,
    ]),
  ] as const;
  const own = files.filter(({ environment }) => Object.keys(environment).length === 0);
  const elsewhere = files.filter((file) => !own.includes(file));
  const lines = [
    `${styleText('green', 'sandbox')}  a local stand-in for AWS and Redshift; nothing here leaves this machine`,
    ...columns(endpoints, '  '),
    '',
    '  Connections, one for each identity:',
    ...columns(
      own.map(({ path, description }) => [shown(path), description]),
      '    ',
    ),
  ];
  if (elsewhere.length > 0) {
    lines.push(
      '',
      '  These identities live elsewhere: on a machine, in a container, in a pod.',
      '  The variables before a command put that one command there:',
      ...elsewhere.flatMap((file) => [
        `    ${shown(file.path)}  ${file.description}`,
        styleText('dim', `      ${tryLine(file)}`),
      ]),
    );
  }
  const [first] = files;
  if (first) lines.push('', `  Try:   ${tryLine(first)}`);
  return [...lines, '  Stop:  Ctrl-C'];
}

function describeSwitches({ faults = [], expireEarly = [], ...dials }: Switches): string {
  const parts = [
    ...faults.map(({ on, times = 1, effect }) => `${on} ${effect.kind} ${times === 'always' ? times : `${times}x`}`),
    ...Object.entries(dials)
      .filter(([name]) => name !== '$schema')
      .map(([name, value]) => `${name} ${String(value)}`),
    ...expireEarly.map(({ role, databaseUser }) => `ended early: ${[role, databaseUser].filter(Boolean).join(', ')}`),
  ];
  return `switches: ${parts.length === 0 ? 'none' : parts.join('; ')}`;
}

function tryLine({ path, environment }: ConnectionFile): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value} `);
  return `${variables.join('')}roleshift check -c ${shown(path)}`;
}

/** As short as the folder allows. */
function shown(path: string): string {
  const short = relative('.', path);
  return short.startsWith('..') ? path : short;
}

function columns(rows: readonly (readonly string[])[], margin: string): string[] {
  const width = Math.max(0, ...rows.map(([first = '']) => first.length));
  return rows.map(([first = '', second = '']) => `${margin}${first.padEnd(width)}  ${second}`);
}
