import { styleText } from 'node:util';
import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import { plainText } from '../core/plain-text.ts';
import type { WriteCallSpec } from '../operations/calls/open-connector.ts';
import type { LoadReject, WriteReport } from '../operations/write-report.ts';
import type { WriteInput, WriteSpec } from '../operations/write-spec.ts';
import { openConnection } from './connection.ts';
import { describeVerified } from './describe-verified.ts';
import { formatBytes, formatCount, formatDuration, formatNoun } from './format.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';
import { withReport } from './report-file.ts';

/** Every attribute of a write, the form of its file, and the run's id. */
export interface WriteCommand extends Omit<WriteSpec, 'object'> {
  readonly connection: string;
  readonly format?: 'parquet' | 'csv' | 'jsonl' | 'arrow';
  readonly runId?: string;
  /** A reject file to load in place of an input. */
  readonly replay?: string;
  /** Where the run report goes. */
  readonly report?: string;
}

/** `roleshift write`: files into one table, and the account of every row. */
export async function write(
  options: WriteCommand,
  context: CommandContext,
  object: string,
  files: readonly string[],
): Promise<number> {
  const { spec, input } = writeRequest(options, object, files);
  using output = openOutput(context);
  const report = await withReport(options.report, output, async (onReport) => {
    await using redshift = await openConnection(options.connection, output);
    return await redshift.write(spec, input, { ...context, onReport });
  });
  if (context.json) output.result(report);
  else for (const line of describeWrite(report)) output.text(line);
  return 0;
}

/** What a command line asks to be written. Throws RS_CONFIG_INVALID where no input, or two of them, are named. */
export function writeRequest(
  options: WriteCommand,
  object: string,
  files: readonly string[],
): { readonly spec: WriteCallSpec; readonly input: WriteInput } {
  const { connection: _connection, report: _report, format, runId, replay, ...attributes } = options;
  return { spec: { object, ...attributes, runId }, input: inputOf(files, replay, format) };
}

function inputOf(files: readonly string[], replay: string | undefined, format: WriteCommand['format']): WriteInput {
  if (files.filter((file) => file === '-').length > 1) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'Standard input can be read once only', { action: 'Name - once.' });
  }
  if (files.includes('-') && process.stdin.isTTY) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'Nothing is sent to standard input', {
      action: 'Put the command behind a pipe, or name a file.',
    });
  }
  if (files.length > 0 && replay === undefined) {
    return { files: files.map((file) => (file === '-' ? process.stdin : file)), ...defined({ format }) };
  }
  if (replay !== undefined && files.length === 0 && format === undefined) return { rejects: replay };
  throw new ConnectorError('RS_CONFIG_INVALID', 'A write loads either files or, with --replay, a reject file', {
    action: 'Name one of them; --format goes with a file only.',
  });
}

/** A count that most writes do not have. */
function someOf(count: number, what: string): readonly string[] {
  return count === 0 ? [] : [`${formatCount(count)} ${what}`];
}

/** What a person reads after a write: where every row went, and how long it took. */
export function describeWrite(report: WriteReport): string[] {
  const { rows, target } = report;
  const phases = report.phases.filter(({ ms }) => ms > 0);
  const account = [
    `${formatCount(rows.read)} read`,
    `${formatCount(rows.inserted)} inserted`,
    `${formatCount(rows.updated)} updated`,
    ...someOf(rows.deleted, 'deleted'),
    ...someOf(rows.replaced, 'replaced'),
    `${formatCount(rows.rejected)} rejected`,
    `${formatCount(rows.deduplicated)} deduplicated`,
    ...someOf(rows.skipped, 'skipped'),
    ...(report.cleared === undefined ? [] : [`${formatCount(report.cleared)} that were there deleted before`]),
  ];
  const total = phases.reduce((sum, { ms }) => sum + ms, 0);
  const again = report.alreadyApplied
    ? styleText('yellow', '  this run had been applied before: nothing was written now')
    : '';
  return [
    `${styleText('green', 'written')}  ${plainText(`${target.schema}.${target.name}`)}${again}`,
    `  ${account.join(', ')}`,
    `  ${wayOf(report)}${phases.map(({ name, ms }) => `${name} ${formatDuration(ms)}`).join(', ')}; ${formatDuration(total)} in all`,
    `  run ${plainText(report.runId)}`,
    ...(report.verified === undefined ? [] : [describeVerified(report.verified)]),
    ...report.rejects.slice(0, SHOWN_REJECTS).map((reject) => `  rejected: ${plainText(describeReject(reject))}`),
    ...(rows.rejected > SHOWN_REJECTS
      ? [`  ${formatCount(rows.rejected)} rejected in all; --reject-file keeps them`]
      : []),
  ];
}

/** Warnings are not here: each is told when it happens. */
const SHOWN_REJECTS = 20;

/** Nothing where the run had been applied before: no row travelled. */
function wayOf({ path, files, bytes }: WriteReport): string {
  if (path === undefined) return '';
  return path === 'insert' ? 'by INSERT; ' : `${formatNoun(files, 'file')}, ${formatBytes(bytes)} staged; `;
}

/** The row of the input where it is known; a staged file is gone by now. */
function describeReject({ row, source, column, code, reason }: LoadReject): string {
  const of = source === undefined ? '' : ` of ${source}`;
  const place = row === undefined ? '' : `row ${formatCount(row)}${of}, `;
  return `${place}column ${column}: ${code} ${reason}`;
}
