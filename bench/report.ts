import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Result } from './figures.ts';

/** The JSON file: all that was measured, and on what. */
export interface Report {
  readonly version: 1;
  /** When the last result was added; ISO 8601. */
  readonly at?: string;
  readonly machine?: string;
  readonly node?: string;
  /** Of the run that added the last result. */
  readonly command?: string;
  readonly results: readonly Result[];
}

const EMPTY: Report = { version: 1, results: [] };

export function reportPath(): string {
  const name = `${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`;
  return fileURLToPath(new URL(`results/${name}`, import.meta.url));
}

/** Results that are there already; none where there is no file. */
export async function readReport(path: string): Promise<Report> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Report;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return EMPTY;
    throw error;
  }
}

export async function writeReport(path: string, report: Report): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(report, null, 2)}\n`);
}

export function describeMachine(): Omit<Report, 'version' | 'results'> {
  const [cpu] = cpus();
  return {
    at: new Date().toISOString(),
    machine: `${availableParallelism()} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim(),
  };
}
