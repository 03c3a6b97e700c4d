import { extname } from 'node:path';
import { ConnectorError } from '../core/errors.ts';
import { visibleText } from '../core/plain-text.ts';
import { MANIFEST } from '../manifest/manifest.gen.ts';
import type { ReadCallSpec } from '../operations/calls/open-connector.ts';
import type { ExportReport } from '../operations/export/export-report.ts';
import type { FileDestination } from '../operations/export/file-destination.ts';
import { requireNames } from '../operations/export/require-names.ts';
import type { ReadSpec } from '../operations/read/read-spec.ts';
import type { Batch, Value } from '../types/batch.ts';
import { requireSupported } from '../types/field.ts';
import { jsonOf } from '../types/json-value.ts';
import { openConnection } from './connection.ts';
import { describeVerified } from './describe-verified.ts';
import { formatBytes, formatDuration, formatNoun } from './format.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';
import { readTarget } from './read-target.ts';
import { withReport } from './report-file.ts';
import { writeToStandardOutput } from './row-sink.ts';

/** Every attribute of a read and of files, but the batches' size, which a reader of lines does not see. */
export interface ReadCommand extends Omit<ReadSpec, 'object' | 'batchRows'>, FileForm {
  readonly connection: string;
  readonly runId?: string;
  readonly output: string;
  /** Where the run report goes. */
  readonly report?: string;
}

/** What the files are like. */
type FileForm = Omit<FileDestination, 'to'>;

/** What a command line asks for: what to read, and what the files are like. */
export interface ReadRequest {
  readonly spec: ReadCallSpec;
  readonly form: FileForm;
  readonly destination: FileForm;
  /** `-`: standard output. */
  readonly output: string;
}

/** Throws RS_CONFIG_INVALID where nothing, or more than one thing, is named. */
export function readRequest(options: ReadCommand, object?: string): ReadRequest {
  const { connection: _connection, report: _report, output, query, objects, procedure, ...attributes } = options;
  const { form, rest } = splitAttributes(attributes);
  return {
    spec: { ...readTarget(object, query, objects, procedure), ...rest },
    form,
    destination: { ...form, ...(isUnnamed(output) ? { format: form.format ?? 'jsonl' } : {}) },
    output,
  };
}

/** Which flags are about files says connector.json, out of which they were made and checked. */
function splitAttributes<Attributes extends FileForm>(attributes: Attributes) {
  const ofFiles = MANIFEST.operations['readToFiles']?.attributes ?? {};
  const isOfFiles = ([key]: readonly [string, unknown]): boolean => Object.hasOwn(ofFiles, key);
  const given = Object.entries(attributes);
  return {
    form: Object.fromEntries(given.filter(isOfFiles)) as FileForm,
    rest: Object.fromEntries(given.filter((one) => !isOfFiles(one))) as Omit<Attributes, keyof FileForm>,
  };
}

/** `roleshift read`: rows to standard output, or to files that appear when they are complete. */
export async function read(options: ReadCommand, context: CommandContext, object?: string): Promise<number> {
  const { spec, form, destination, output: target } = readRequest(options, object);
  const { format, compression } = form;
  if (context.json && target === '-') {
    throw new ConnectorError('RS_CONFIG_INVALID', 'Rows and the JSON report cannot share standard output', {
      action: 'Add --output FILE, or leave --json out.',
    });
  }
  const toTerminal = target === '-' && process.stdout.isTTY;
  if (toTerminal && (format === 'parquet' || (compression ?? 'none') !== 'none')) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'A terminal cannot show what is not text', {
      action: 'Add --output FILE, or lead standard output into a file or another program.',
    });
  }
  using output = openOutput({ ...context, withoutProgress: toTerminal });
  const startedMs = performance.now();
  if (target === '-' && isPlain(form)) {
    const counted = { rows: 0 };
    await withReport(options.report, output, async (onReport) => {
      await using redshift = await openConnection(options.connection, output);
      const batches = redshift.read(spec, { ...context, onReport });
      const lines =
        format === 'csv' ? csvLines(batches, counted) : jsonLines(batches, counted, options.acceptLoss ?? []);
      await writeToStandardOutput(toTerminal ? shownLines(lines) : lines, context.signal);
    });
    output.line(`read  ${formatNoun(counted.rows, 'row')} in ${formatDuration(performance.now() - startedMs)}`);
    return 0;
  }
  const to =
    target === '-' ? (bytes: AsyncIterable<Uint8Array>) => writeToStandardOutput(bytes, context.signal) : target;
  const report = await withReport(options.report, output, async (onReport) => {
    await using redshift = await openConnection(options.connection, output);
    return await redshift.readToFiles(spec, { ...destination, to }, { ...context, onReport });
  });
  if (context.json) output.result({ ...report, output: target });
  else for (const line of reportLines(report)) output.line(line);
  return 0;
}

/** Rows that are written as they come, by nothing but this program. */
function isPlain({
  format,
  compression,
  splitBytes,
  splitRows,
  delimiter,
  withoutHeader,
  nullMarker,
}: FileForm): boolean {
  const isText = format !== 'parquet' && (compression ?? 'none') === 'none';
  return isText && [splitBytes, splitRows, delimiter, withoutHeader, nullMarker].every((given) => given === undefined);
}

/** Standard output, and a local name without an ending; an ending that says nothing, or a misspelt one, is not guessed at. */
function isUnnamed(output: string): boolean {
  return output === '-' || (!output.startsWith('s3://') && extname(output) === '');
}

function* reportLines({ rows, files, ms, manifest, verified }: ExportReport): Generator<string> {
  for (const { file, rows: own, bytes: size, sha256 } of files) {
    const sum = sha256 === undefined ? '' : `  sha256 ${sha256}`;
    yield `file  ${visibleText(file)}  ${formatNoun(own, 'row')}, ${formatBytes(size)}${sum}`;
  }
  if (manifest !== undefined) yield `file  ${visibleText(manifest)}`;
  if (verified !== undefined) yield describeVerified(verified);
  yield `read  ${formatNoun(rows, 'row')} in ${formatDuration(ms)}`;
}

async function* jsonLines(
  batches: AsyncIterable<Batch>,
  counted: { rows: number },
  acceptLoss: readonly string[],
): AsyncGenerator<string> {
  for await (const batch of batches) {
    requireNames(requireSupported(batch.fields), 'jsonl');
    const members = requireSupported(batch.fields).map((field) => ({
      name: `${JSON.stringify(field.name)}:`,
      json: jsonOf(field, acceptLoss.includes(field.name)),
    }));
    let row = counted.rows;
    counted.rows += batch.rowCount;
    yield linesOf(batch, (values) => {
      row += 1;
      return `{${members.map(({ name, json }, column) => `${name}${json(values[column] ?? null, row)}`).join(',')}}`;
    });
  }
}

async function* csvLines(batches: AsyncIterable<Batch>, counted: { rows: number }): AsyncGenerator<string> {
  let isFirst = true;
  for await (const batch of batches) {
    if (isFirst) yield `${batch.fields.map(({ name }) => csvText(name)).join(',')}\n`;
    isFirst = false;
    counted.rows += batch.rowCount;
    yield linesOf(batch, (values) => values.map(csvText).join(','));
  }
}

/** For a terminal, which would obey control characters of a value: they are shown. A file or pipe gets the rows as they are. */
async function* shownLines(texts: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const text of texts) yield text.split('\n').map(visibleText).join('\n');
}

function linesOf({ columns, rowCount }: Batch, line: (values: readonly Value[]) => string): string {
  let text = '';
  for (let row = 0; row < rowCount; row += 1) text += `${line(columns.map((column) => column[row] ?? null))}\n`;
  return text;
}

/** NULL is an empty field, the empty string is `""`: told apart by every reader that looks at quotes. */
function csvText(value: Value): string {
  if (value === null) return '';
  const text = String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
