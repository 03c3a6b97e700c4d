import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Environment } from './exec-environment.ts';

/** Signals that a person or a supervisor sends to the command, and that mean the program it runs. */
const FORWARDED = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
type Forwarded = (typeof FORWARDED)[number];

/** How a program ended: with a status (128 + number for a signal), or never begun, and why. */
export type ChildEnd = { readonly status: number } | { readonly notStarted: string };

/**
 * Runs a program on this process's own standard streams and waits for its end, however long that takes. Until then signals
 * are the program's: this process neither ends nor stops by one.
 */
export async function runChild(command: string, args: readonly string[], environment: Environment): Promise<ChildEnd> {
  try {
    return await endOf(spawn(command, args, { stdio: 'inherit', env: environment }));
  } catch (error) {
    // Some reasons are thrown at once: no program format, too many arguments.
    if (error instanceof Error && 'code' in error && 'syscall' in error) return { notStarted: String(error.code) };
    throw error;
  }
}

function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    // No turn of the event loop lies between the start and this: a signal is not lost in between.
    const signals = forwardSignals((signal) => child.kill(signal));
    const end = (how: ChildEnd): void => {
      signals[Symbol.dispose]();
      resolve(how);
    };
    // A signal that may not be sent is an error as well, and none of the start.
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) end({ notStarted: error.code ?? 'EUNKNOWN' });
    });
    child.once('exit', (code, signal) => {
      end({ status: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) });
    });
  });
}

/** Takes the signals over from whoever listened, and gives them back. */
function forwardSignals(send: (signal: Forwarded) => void): Disposable {
  const taken = FORWARDED.map((signal) => ({ signal, listeners: process.rawListeners(signal) }));
  const forward = (signal: Forwarded): void => {
    if (!(isTypedSignal(signal) && isInForeground())) send(signal);
  };
  for (const { signal } of taken) process.removeAllListeners(signal).on(signal, forward);
  return {
    [Symbol.dispose]: () => {
      for (const { signal, listeners } of taken) {
        process.off(signal, forward);
        for (const listener of listeners) process.on(signal, listener as () => void);
      }
    },
  };
}

/** Ctrl-C and Ctrl-\: a terminal sends these to every process of its foreground group. */
function isTypedSignal(signal: Forwarded): boolean {
  return signal === 'SIGINT' || signal === 'SIGQUIT';
}

/** Whether this process, and with it the program, gets what is typed: a second Ctrl-C would mean something else. */
function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    // After the name in parentheses: state, parent, group, session, terminal, group in the terminal's foreground.
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === foreground;
  } catch {
    return process.stderr.isTTY; // no /proc: the best guess
  }
}
