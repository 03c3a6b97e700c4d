import type { PreviewSpec } from '../operations/preview.ts';
import type { Batch } from '../types/batch.ts';
import { openConnection } from './connection.ts';
import { formatTable } from './format.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';
import { readTarget } from './read-target.ts';

/** Every attribute of a preview. */
export interface PreviewCommand extends Omit<PreviewSpec, 'object'> {
  readonly connection: string;
}

/** `roleshift preview`: the first rows as a table, or as JSON. */
export async function preview(
  { connection, query, objects, ...attributes }: PreviewCommand,
  context: CommandContext,
  object?: string,
): Promise<number> {
  const source = readTarget(object, query, objects);
  using output = openOutput(context);
  await using redshift = await openConnection(connection, output);
  const batch = await redshift.preview({ ...source, ...attributes }, context);
  if (context.json) output.result({ fields: batch.fields, rows: batch.rows() });
  else output.text(batchAsTable(batch));
  return 0;
}

/** A batch for a terminal; NULL is shown as `NULL`, an empty string as nothing. */
export function batchAsTable({ fields, columns, rowCount }: Batch): string {
  const rows = Array.from({ length: rowCount }, (_, row) =>
    columns.map((column) => {
      const value = column[row];
      return value === null || value === undefined ? 'NULL' : String(value);
    }),
  );
  const table = formatTable(
    fields.map(({ name }) => name),
    rows,
  );
  return rowCount === 0 ? `${table}\n(no rows)` : table;
}
