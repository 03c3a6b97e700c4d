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
  /** Of the runs that added results, oldest first. */
  readonly commands?: readonly string[];
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

function describeMachine(): Pick<Report, 'at' | 'machine' | 'node'> {
  const [cpu] = cpus();
  return {
    at: new Date().toISOString(),
    machine: `${availableParallelism()} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
  };
}

/** The report with one more result, which takes the place of an earlier one about the same. */
export function withResult(report: Report, result: Result): Report {
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim();
  const isSame = ({ row, data, what }: Result): boolean =>
    row === result.row && data === result.data && what === result.what;
  const at = report.results.findIndex(isSame);
  return {
    ...report,
    ...describeMachine(),
    commands: [...new Set([...(report.commands ?? []), command])],
    results: at === -1 ? [...report.results, result] : report.results.with(at, result),
  };
}
