import { readFile, writeFile } from 'node:fs/promises';
import type { Report } from './report.ts';
import { markdownTable } from './table.ts';

const GUIDE = new URL('../docs/benchmarks.md', import.meta.url);
const PART = /(?<=<!-- results -->\n).*(?=\n<!-- \/results -->)/s;

/** Puts the figures into the guide, with the machine and the command that they come from. */
export async function writeDocument({ results, machine, node, at = '', commands = [] }: Report): Promise<void> {
  const guide = await readFile(GUIDE, 'utf8');
  const part = [
    `Measured on ${at.slice(0, 10)}: ${machine}, Node ${node}.`,
    '',
    '```',
    ...commands,
    '```',
    '',
    markdownTable(results),
  ].join('\n');
  await writeFile(
    GUIDE,
    guide.replace(PART, () => part),
  );
}
