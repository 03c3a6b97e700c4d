import { styleText } from 'node:util';
import { plainText } from '../core/plain-text.ts';
import type { JanitorReport, JanitorSpec } from '../operations/janitor.ts';
import { openConnection } from './connection.ts';
import { formatBytes, formatNoun } from './format.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

export interface JanitorCommand extends JanitorSpec {
  readonly connection: string;
}

/** `roleshift janitor`: what crashed runs left in the staging bucket, and why each folder goes or stays. */
export async function janitor(command: JanitorCommand, context: CommandContext): Promise<number> {
  const { connection, ...spec } = command;
  using output = openOutput(context);
  await using redshift = await openConnection(connection, output);
  const report = await redshift.janitor(spec, context);
  if (context.json) output.result(report);
  else output.text(describeJanitor(report).join('\n'));
  return 0;
}

/** One line a folder, then the sum. */
function describeJanitor({ prefix, dryRun, swept, objects, bytes, kept, folders }: JanitorReport): string[] {
  const gone = dryRun ? 'would be deleted' : 'deleted';
  const lines = folders.map((folder) => {
    const isGone = dryRun ? folder.verdict === 'sweep' : folder.deleted;
    const word = isGone ? styleText(dryRun ? 'yellow' : 'green', dryRun ? 'would go' : 'deleted ') : 'kept    ';
    const size = `${formatNoun(folder.objects, 'object')}, ${formatBytes(folder.bytes)}`;
    return `${word}  ${plainText(folder.url)}  ${size}: ${plainText(folder.reason)}`;
  });
  const sum = `${formatNoun(swept, 'folder')} ${gone} (${formatNoun(objects, 'object')}, ${formatBytes(bytes)}), ${kept} kept below ${plainText(prefix)}`;
  return [...lines, sum];
}
