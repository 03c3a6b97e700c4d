import { once } from 'node:events';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { startSandbox } from '../sandbox/sandbox.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

export interface SandboxCommand {
  readonly world?: string;
  readonly dataDir?: string;
  readonly connections: string;
}

/** The world that comes with the package. */
export const STANDARD_WORLD = fileURLToPath(new URL('../../samples/worlds/standard.yaml', import.meta.url));

/** `roleshift sandbox`: starts a world, says how to reach it, and stops cleanly on Ctrl-C. */
export async function sandbox(
  { world, dataDir, connections }: SandboxCommand,
  context: CommandContext,
): Promise<number> {
  using output = openOutput(context);
  await using running = await startSandbox({
    world: world ?? STANDARD_WORLD,
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  const files = await running.connectionFiles(connections);
  const { awsEndpoint, clusters, metadataEndpoints } = running;
  if (context.json) {
    output.result({
      awsEndpoint,
      clusters,
      metadataEndpoints,
      connections: files.map(({ name, path, environment }) => ({ name, path, environment })),
    });
  } else {
    output.text(
      `${styleText('green', 'sandbox')}  a local stand-in for AWS and Redshift; nothing here leaves this machine`,
    );
    output.text(`  AWS endpoint   ${awsEndpoint}   (STS, Redshift, S3)`);
    for (const [id, { host, port, caFile }] of Object.entries(clusters))
      output.text(`  cluster ${id}   ${host}:${port}   TLS, CA in ${caFile}`);
    output.text('\n  Connections, one for each identity:');
    for (const { path, description, environment } of files) {
      output.text(`    ${relative('.', path)}   ${description}`);
      for (const [name, value] of Object.entries(environment))
        output.text(styleText('dim', `      export ${name}=${value}`));
    }
    const [first] = files;
    if (first) output.text(`\n  Try:  roleshift check -c ${relative('.', first.path)}\n  Stop: Ctrl-C`);
  }
  if (!context.signal.aborted) await once(context.signal, 'abort');
  return 0;
}
