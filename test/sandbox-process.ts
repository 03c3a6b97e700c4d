import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** The sandbox of a test run: a process of its own, so that leak and memory checks measure the product only. */
export interface SandboxProcess extends AsyncDisposable {
  readonly pid: number;
  /** Calls the control API; throws what it answers when that is no success. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
}

export class ControlError extends Error {
  override readonly name = 'ControlError';
  constructor(
    message: string,
    readonly body: unknown,
  ) {
    super(message);
  }
}

const STOP_LIMIT_MS = 15_000;

async function firstMessage(child: ChildProcess): Promise<{ url: string; token: string }> {
  const controller = new AbortController();
  const { signal } = controller;
  try {
    const [value] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`The sandbox process ended with ${String(code)} before it was ready`);
      }),
    ])) as [{ url: string; token: string }];
    return value;
  } finally {
    controller.abort();
  }
}

/** A sandbox process of the caller's own. */
export async function startSandboxProcess(): Promise<SandboxProcess> {
  const script = new URL('../src/sandbox/server.ts', import.meta.url).pathname;
  const child = fork(script, [], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { url, token } = await firstMessage(child);
  child.channel?.unref();
  child.unref();
  return {
    pid: child.pid ?? 0,
    call: async (method, path, body) => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const answer: unknown = await response.json();
      if (!response.ok) throw new ControlError(`${method} ${path}: ${JSON.stringify(answer)}`, answer);
      return answer;
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) });
      child.ref();
      child.kill('SIGTERM');
      await exited.catch(() => child.kill('SIGKILL'));
    },
  };
}

let running: Promise<SandboxProcess> | undefined;

/** The one sandbox process of this run, started when it is first asked for. */
export function sandboxProcess(): Promise<SandboxProcess> {
  running ??= startSandboxProcess();
  return running;
}

/** Ends the sandbox process, if there is one. */
export async function stopSandboxProcess(): Promise<void> {
  const process = running;
  running = undefined;
  await (await process)?.[Symbol.asyncDispose]();
}
