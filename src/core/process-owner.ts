import { readFile, readlink } from 'node:fs/promises';

/** Which process a file or folder belongs to, so that a later one can prove that it is gone. */
export interface Owner {
  readonly pid: number;
  /** Clock ticks since boot: tells a process from another one that got the same id later. */
  readonly started: string;
  readonly boot: string;
  /** The namespace that the id counts in: a container sees no process of another one. */
  readonly namespace: string;
}

/** Undefined without /proc: then nothing can be proved later. */
export async function ownerOf(pid: number): Promise<Owner | undefined> {
  try {
    const [boot, namespace, started] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readlink('/proc/self/ns/pid'),
      startOf(pid),
    ]);
    return { pid, started, boot: boot.trim(), namespace };
  } catch {
    return undefined;
  }
}

/** The name of the program, in parentheses, may hold blanks and parentheses itself. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  if (started === undefined || !/^\d+$/.test(started)) throw new TypeError('No start time');
  return started;
}

/** True only where it is certain: of this boot and namespace, and no more. */
export async function isGone(owner: Owner, self: Owner): Promise<boolean> {
  return owner.boot === self.boot && owner.namespace === self.namespace && !(await isRunning(owner));
}

/** The owner that a text tells; undefined where it tells none. Throws a SyntaxError for what is no JSON. */
export function readOwner(text: string): Owner | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, started, boot, namespace } = value as Readonly<Record<keyof Owner, unknown>>;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (typeof started !== 'string' || typeof boot !== 'string' || typeof namespace !== 'string') return undefined;
  return { pid, started, boot, namespace };
}

async function isRunning({ pid, started }: Owner): Promise<boolean> {
  try {
    process.kill(pid, 0); // sends nothing: asks
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
  return (await startOf(pid)) === started;
}
