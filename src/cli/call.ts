import type { CallResult, CallSpec } from '../operations/call/call-spec.ts';
import { openConnection } from './connection.ts';
import { openOutput } from './output.ts';
import { batchAsTable } from './preview.ts';
import type { CommandContext } from './program.ts';
import { withReport } from './report-file.ts';

/** Every attribute of a call. */
export interface CallCommand extends Omit<CallSpec, 'procedure'> {
  readonly connection: string;
  /** Where the run report goes. */
  readonly report?: string;
}

/** `roleshift call`: what a stored procedure gave, as text or as JSON. */
export async function call(
  { connection, report, ...attributes }: CallCommand,
  context: CommandContext,
  procedure: string,
): Promise<number> {
  using output = openOutput(context);
  const result = await withReport(report, output, async (onReport) => {
    await using redshift = await openConnection(connection, output);
    return await redshift.call({ ...attributes, procedure }, { ...context, onReport });
  });
  if (context.json) output.result(asJson(result));
  else output.text(asText(result));
  return 0;
}

function asJson({ outputs, results }: CallResult): object {
  const shown = results.map(({ name, batch, hasMore }) => ({
    name,
    fields: batch.fields,
    rows: batch.rows(),
    hasMore,
  }));
  return { outputs, results: shown };
}

function asText({ outputs, results }: CallResult): string {
  const values = Object.entries(outputs).map(([name, value]) => `${name}: ${value === null ? 'NULL' : String(value)}`);
  const tables = results.map(({ name, batch, hasMore }) => {
    return `${name}:\n${batchAsTable(batch)}${hasMore ? '\n(there are more rows)' : ''}`;
  });
  const parts = [...(values.length === 0 ? [] : [values.join('\n')]), ...tables];
  return parts.length === 0 ? 'called' : parts.join('\n\n');
}
