import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { styleText } from 'node:util';
import { makeWorkFolder } from '../core/work-folder.ts';
import { flightsFile } from './demo/flights.ts';
import { logIn } from './demo/log-in.ts';
import { meetRefusal } from './demo/refusal.ts';
import { loadAndReadBack } from './demo/rows.ts';
import { startSandboxProcess } from './demo/sandbox-process.ts';
import { type Claim, DEMO_USER, heading, type Stage } from './demo/stage.ts';
import { formatDuration } from './format.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

/** `roleshift demo`: the main job on real data, from three identities to rows that add up. Status 5 when they do not. */
export async function demo(context: CommandContext): Promise<number> {
  using output = openOutput(context);
  const say = (text: string): void => (context.json ? undefined : output.text(text));
  const startedMs = performance.now();
  const folder = await makeWorkFolder(tmpdir(), 'roleshift-demo-');
  const claims: Claim[] = [];
  try {
    const file = flightsFile();
    say(heading('The sandbox', 'stands in for AWS and Redshift; nothing leaves this machine'));
    await using sandbox = await startSandboxProcess(folder, context.signal);
    const stage: Stage = { sandbox, folder, output, context, claims, say };
    for (const [id, { host, port }] of Object.entries(sandbox.clusters)) {
      say(`  STS, IAM, Redshift and S3 at ${sandbox.awsEndpoint}, cluster ${id} at ${host}:${port} with TLS`);
    }

    say(heading('Three ways in, one Redshift role', 'each identity assumes it, and it obtains a login'));
    await logIn(stage, 'Option 1: access keys of an IAM user; Auto create DBUser', 'keys-etl-agent', DEMO_USER);
    await logIn(stage, 'Option 2: Use EC2 Role to Assume Role, no keys at all', 'ec2-agent');
    await logIn(stage, "Advanced mode: the worker node's own role", 'worker-worker-1');

    await loadAndReadBack(stage, file);
    await meetRefusal(stage);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const failed = claims.filter(({ holds }) => !holds);
  const ms = performance.now() - startedMs;
  if (context.json) output.result({ ok: failed.length === 0, ms: Math.round(ms), claims });
  else {
    say(heading('Cleaned up', 'sandbox stopped, files removed'));
    for (const { claim } of failed) say(`  ${styleText('red', '✘')} ${claim}`);
    const verdict =
      failed.length === 0
        ? styleText('green', `${claims.length} of ${claims.length} claims hold`)
        : styleText('red', `${failed.length} of ${claims.length} claims do not hold`);
    say(`  ${verdict}, ${formatDuration(ms)} in all\n`);
  }
  return failed.length === 0 ? 0 : 5;
}
