import { ConnectorError } from '../core/errors.ts';
import { visibleText } from '../core/plain-text.ts';
import type { ReadSpec } from '../operations/read/read-spec.ts';
import type { Batch, Value } from '../types/batch.ts';
import { requireSupported } from '../types/field.ts';
import { jsonOf } from '../types/json-value.ts';
import { openConnection } from './connection.ts';
import { formatDuration, formatNoun } from './format.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';
import { readTarget } from './read-target.ts';
import { writeToStandardOutput, writeWholeFile } from './row-sink.ts';

/** Every attribute of a read but the batches' size, which a reader of lines does not see. */
export interface ReadCommand extends Omit<ReadSpec, 'object' | 'batchRows'> {
  readonly connection: string;
  readonly runId?: string;
  readonly format: 'jsonl' | 'csv';
  readonly output: string;
}

/** `roleshift read`: rows to standard output or to a file that appears when it is complete. */
export async function read(options: ReadCommand, context: CommandContext, object?: string): Promise<number> {
  const { connection, format, output: target, query, objects, procedure, ...attributes } = options;
  const source = readTarget(object, query, objects, procedure);
  if (context.json && target === '-') {
    throw new ConnectorError('RS_CONFIG_INVALID', 'Rows and the JSON report cannot share standard output', {
      action: 'Add --output FILE, or leave --json out.',
    });
  }
  const toTerminal = target === '-' && process.stdout.isTTY;
  using output = openOutput({ ...context, withoutProgress: toTerminal });
  await using redshift = await openConnection(connection, output);
  const startedMs = performance.now();
  const counted = { rows: 0 };
  const batches = redshift.read({ ...source, ...attributes }, context);
  const lines = format === 'csv' ? csvLines(batches, counted) : jsonLines(batches, counted, options.acceptLoss ?? []);
  if (target === '-') await writeToStandardOutput(toTerminal ? shownLines(lines) : lines, context.signal);
  else await writeWholeFile(lines, target, context.signal);
  const ms = performance.now() - startedMs;
  if (context.json) output.result({ rows: counted.rows, output: target, ms: Math.round(ms) });
  else output.line(`read  ${formatNoun(counted.rows, 'row')} in ${formatDuration(ms)}`);
  return 0;
}

async function* jsonLines(
  batches: AsyncIterable<Batch>,
  counted: { rows: number },
  acceptLoss: readonly string[],
): AsyncGenerator<string> {
  for await (const batch of batches) {
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
