import { renderType } from '../core/redshift-type.ts';
import type { Discovery } from '../operations/discover.ts';
import { openConnection } from './connection.ts';
import { formatTable } from './format.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

/** `roleshift discover`: schemas, the objects of one, or the columns and keys of an object. */
export async function discover(
  { connection }: { readonly connection: string },
  context: CommandContext,
  name?: string,
): Promise<number> {
  using output = openOutput(context);
  await using redshift = await openConnection(connection, output);
  const found = await redshift.discover(
    name === undefined ? {} : name.includes('.') ? { object: name } : { schema: name },
    context,
  );
  if (context.json) output.result(found);
  else output.text(describeDiscovery(found));
  return 0;
}

/** What was found as a table. */
export function describeDiscovery(found: Discovery): string {
  switch (found.kind) {
    case 'schemas':
      return tableOr(
        'no schemas that this user may see',
        ['schema', 'kind'],
        found.schemas.map(({ name, kind }) => [name, kind]),
      );
    case 'objects':
      return tableOr(
        'no tables or views that this user may see',
        ['object', 'kind', 'remarks'],
        found.objects.map(({ name, kind, remarks = '' }) => [name, kind, remarks]),
      );
    case 'object': {
      const { columns, primaryKey, distributionKey, sortKey } = found.object;
      const rows = columns.map(({ name, type, nullable, isIdentity, defaultExpression = '' }) => [
        name,
        renderType(type),
        nullable ? '' : 'not null',
        [
          primaryKey.includes(name) ? 'primary key' : '',
          name === distributionKey ? 'dist key' : '',
          sortKey.includes(name) ? `sort key ${sortKey.indexOf(name) + 1}` : '',
          isIdentity ? 'identity' : '',
        ]
          .filter((part) => part !== '')
          .join(', '),
        defaultExpression,
      ]);
      return formatTable(['column', 'type', 'null', 'key', 'default'], rows);
    }
  }
  return found satisfies never;
}

function tableOr(nothing: string, headers: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? `(${nothing})` : formatTable(headers, rows);
}
