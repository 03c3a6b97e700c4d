import { writeDocument } from './document.ts';
import type { Result } from './figures.ts';
import type { Flags } from './flags.ts';
import { type Report, readReport, reportPath, withResult, writeReport } from './report.ts';
import type { BenchRow } from './rows/row.ts';
import { ROWS } from './rows/rows.ts';
import { screenTable } from './table.ts';
import { openBench } from './world.ts';

/** Runs the rows that are asked for; what is done is on the disk after each. Answers the exit status. */
export async function runBench(flags: Flags): Promise<number> {
  const unknown = flags.only.filter((id) => id !== 'none' && ROWS.every((row) => row.id !== id));
  if (unknown.length > 0) throw new RangeError(`No such row: ${unknown.join(', ')}`);
  const chosen = ROWS.filter(({ id, named }) => (flags.only.length === 0 ? !named : flags.only.includes(id)));
  const path = flags.json ?? reportPath();
  let report: Report = await readReport(path);
  if (chosen.length > 0) report = await measureRows(flags, chosen, path, report);
  if (flags.document) await writeDocument(report);
  return 0;
}

async function measureRows(flags: Flags, chosen: readonly BenchRow[], path: string, found: Report): Promise<Report> {
  let report = found;
  const startedMs = Date.now();
  const say = (text: string): void => {
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    console.error(`${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}  ${text}`);
  };
  await using bench = await openBench(flags, say);
  const results: Result[] = [];
  for (const [index, row] of chosen.entries()) {
    say(`${row.title} (${index + 1} of ${chosen.length})`);
    for await (const result of row.run(bench)) {
      say(`  ${result.data}: ${result.figure}`);
      results.push(result);
      report = withResult(report, result);
      await writeReport(path, report);
    }
  }
  console.log(screenTable(results));
  console.log(`\nFigures of every round: ${path}`);
  return report;
}
