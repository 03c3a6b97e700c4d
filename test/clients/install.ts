import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.ts';

/** Where installed clients stay from run to run. */
export const CACHE = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));
export const INSTALL_LIMIT_MS = 300_000;

/** Runs a command with this process's environment; when it fails, the error begins with `hint`. */
export async function needCommand(
  command: string,
  args: readonly string[],
  hint: string,
  limitMs: number,
): Promise<void> {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const { status, stdout, stderr } = await runCommand(command, args, { environment, limitMs }).catch(
    (error: unknown) => ({ status: null, stdout: '', stderr: String(error) }),
  );
  if (status !== 0) throw new Error(`${hint}\n${command} ${args.join(' ')}\n${`${stdout}${stderr}`.slice(-2000)}`);
}
