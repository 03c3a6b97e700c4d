import { openConnection } from './connection.ts';
import { describeExplanation } from './explain-screen.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';
import { type ReadCommand, readRequest } from './read.ts';
import { type WriteCommand, writeRequest } from './write.ts';

/** `roleshift explain read`: the plan of a read as text or JSON. */
export async function explainRead(options: ReadCommand, context: CommandContext, object?: string): Promise<number> {
  const { spec, destination, output: target } = readRequest(options, object);
  using output = openOutput(context);
  await using redshift = await openConnection(options.connection, output);
  const to = target === '-' ? () => Promise.resolve() : target;
  const isFiles = target !== '-' || destination.format === 'parquet' || destination.compression !== undefined;
  const plan = await redshift.explainRead(spec, isFiles ? { ...destination, to } : undefined, context);
  if (context.json) output.result(plan);
  else output.text(describeExplanation(plan).join('\n'));
  return 0;
}

/** `roleshift explain write`: the plan of a write as text or JSON. */
export async function explainWrite(
  options: WriteCommand,
  context: CommandContext,
  object: string,
  files: readonly string[],
): Promise<number> {
  // A plan needs no input: without one the columns are those of the table.
  const isWithout = files.length === 0 && options.replay === undefined;
  const { spec, input } = writeRequest(options, object, isWithout ? ['-'] : files);
  using output = openOutput(context);
  await using redshift = await openConnection(options.connection, output);
  const plan = await redshift.explainWrite(spec, isWithout ? undefined : input, context);
  if (context.json) output.result(plan);
  else output.text(describeExplanation(plan).join('\n'));
  return 0;
}
