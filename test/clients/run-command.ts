import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** The command is ended after this long. Default 60 s. */
  readonly limitMs?: number;
}

/** Runs a command of somebody else's to its end. An absent command is an error that names it. */
export async function runCommand(
  command: string,
  args: readonly string[],
  { environment = {}, input, limitMs = 60_000 }: CommandOptions = {},
): Promise<Finished> {
  const signal = AbortSignal.timeout(limitMs);
  const child = spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'], signal });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => undefined); // a command may end before it has read everything
  child.stdin.end(input ?? '');
  try {
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, stdout, stderr };
  } catch (error) {
    throw new Error(`${command} ${args.slice(0, 4).join(' ')} did not run to its end\n${stdout}${stderr}`, {
      cause: error,
    });
  }
}
