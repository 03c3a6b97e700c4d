import { ConnectorError } from '../core/errors.ts';
import type { RunOutcome } from '../core/follow-run.ts';
import type { ExportReport } from './export/export-report.ts';
import type { WriteReport } from './write-report.ts';

/** What the end of a write tells of its report. */
export function writeOutcome({ rows, bytes }: WriteReport): RunOutcome {
  const { read, loaded, rejected, deduplicated, skipped } = rows;
  return { rows: { read, loaded, rejected, deduplicated, skipped }, bytes };
}

/** The same of a write that failed, as far as it came. */
export function failedWriteOutcome(error: unknown): RunOutcome {
  const report = error instanceof ConnectorError ? error.report : undefined;
  return report === undefined ? {} : writeOutcome(report as WriteReport);
}

export function exportOutcome({ rows, bytes }: ExportReport): RunOutcome {
  return { rows: { read: rows }, bytes };
}
