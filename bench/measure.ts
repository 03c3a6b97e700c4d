import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Figure } from './agent/protocol.ts';

/** A process that prepares, says `ready`, waits for `go` and tells its figure. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Sent as its first line. */
  readonly order: unknown;
}

const PREPARE_LIMIT_MS = 900_000;
const RUN_LIMIT_MS = 1_800_000;

/** Runs one process from beginning to end. `onGo` is called when it is ready and before its clock starts. */
export async function measure(program: Program, onGo: () => Promise<void> = async () => {}): Promise<Figure> {
  const { command, args, environment = {}, order } = program;
  const child = spawn(command, args, {
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...environment },
  });
  let noise = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    noise = `${noise}${text}`.slice(-4000);
  });
  child.stdin.on('error', () => undefined); // told by the missing answer
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, 'exit');
  try {
    child.stdin.write(`${JSON.stringify(order)}\n`);
    await answer(child, lines, PREPARE_LIMIT_MS, () => noise);
    await onGo();
    child.stdin.write('go\n');
    return (await answer(child, lines, RUN_LIMIT_MS, () => noise)) as Figure;
  } finally {
    if (child.exitCode === null) {
      child.stdin.end();
      const limit = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(limit);
    }
  }
}

async function answer(
  child: ChildProcessWithoutNullStreams,
  lines: AsyncIterator<string>,
  limitMs: number,
  noise: () => string,
): Promise<unknown> {
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  try {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`A process ended without its figure\n${noise()}`);
    return JSON.parse(value) as unknown;
  } finally {
    clearTimeout(limit);
  }
}
