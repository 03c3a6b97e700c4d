import type { Batch } from '../types/batch.ts';
import { openConnection } from './connection.ts';
import { formatTable } from './format.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

/** `roleshift preview`: the first rows as a table, or as JSON. */
export async function preview(
  { connection, limit }: { readonly connection: string; readonly limit: number },
  context: CommandContext,
  object: string,
): Promise<number> {
  using output = openOutput(context);
  await using redshift = await openConnection(connection, output);
  const batch = await redshift.preview({ object, limit }, context);
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
