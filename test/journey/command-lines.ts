import { readdirSync, readFileSync } from 'node:fs';

/** Command lines of a process and of all that it starts, as any user of the machine could read them. */
export interface CommandLines {
  /** Ends the watch; all that was seen. */
  stop(): Promise<string>;
}

const EVERY_MS = 40;

/** Looks again and again until stopped: what a process starts for a moment may be missed, what lasts is not. */
export function watchCommandLines(root: number): CommandLines {
  const seen = new Set<string>();
  const look = (): void => {
    for (const pid of treeOf(root)) seen.add(readProcess(pid, 'cmdline').replaceAll('\0', ' '));
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      return [...seen].join('\n');
    },
  };
}

/** `root` and its descendants, from the parent that each process names. */
function treeOf(root: number): ReadonlySet<number> {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(
      (name) => [Number(name), Number(/^\d+ \(.*\) \S+ (\d+)/s.exec(readProcess(Number(name), 'stat'))?.[1])] as const,
    );
  const tree = new Set([root]);
  for (let size = 0; size !== tree.size; ) {
    size = tree.size;
    for (const [pid, parent] of parents) if (tree.has(parent)) tree.add(pid);
  }
  return tree;
}

/** Empty for a process that ended meanwhile. */
function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
