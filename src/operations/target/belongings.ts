import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { type CatalogRow, flagOf, textOf } from '../../db/catalog-query.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import { namedRows } from '../../db/rows.ts';
import type { Session } from '../../db/session.ts';
import { identifier, literal, Sql, sql } from '../../sql/sql.ts';
import { dependentViews, relation } from './read-facts.ts';

/** A right that somebody has on a table, a view or one of its columns. */
export interface Grant {
  readonly privilege: string;
  readonly to: string;
  readonly kind: 'user' | 'group' | 'role' | 'public';
  readonly withGrantOption: boolean;
  readonly column?: string;
}

/** What belongs to a table or view and goes with it. */
export interface Belongings {
  readonly owner: string;
  readonly grants: readonly Grant[];
  readonly comment?: string;
}

export interface ViewBelongings extends Belongings {
  readonly path: ObjectPath;
  readonly query: string;
}

/** What has to be there again when a table was recreated, in a form that can be compared. */
export interface TableBelongings extends Belongings {
  /** Those first that no other stands on. */
  readonly views: readonly ViewBelongings[];
}

/** Reads all of it; safe inside a transaction. */
export async function readBelongings(session: Session, path: ObjectPath, run: Run): Promise<TableBelongings> {
  const views: ViewBelongings[] = [];
  for (const view of await dependentViews(session, path, run)) {
    const [row] = (await session.run(sql`SHOW VIEW ${identifier(...view)}`, run)).rows;
    views.push({ path: view, query: row?.[0] ?? '', ...(await ownBelongings(session, view, run)) });
  }
  return { ...(await ownBelongings(session, path, run)), views };
}

async function ownBelongings(session: Session, path: ObjectPath, run: Run): Promise<Belongings> {
  const ask = async (statement: Sql): Promise<readonly CatalogRow[]> => namedRows(await session.run(statement, run));
  const [schema, name] = path;
  const where = sql`namespace_name = ${literal(schema)} AND relation_name = ${literal(name)}`;
  const [facts] = await ask(
    sql`SELECT u.usename AS owner_name, array_to_string(c.relacl, '|') AS acl, obj_description(c.oid) AS remarks FROM pg_class c JOIN pg_user u ON u.usesysid = c.relowner WHERE c.oid = ${relation(path)}`,
  );
  const onTable = await ask(
    sql`SELECT privilege_type, identity_name, identity_type, admin_option FROM svv_relation_privileges WHERE ${where}`,
  );
  const onColumns = await ask(
    sql`SELECT column_name, privilege_type, identity_name, identity_type FROM svv_column_privileges WHERE ${where}`,
  );
  const grants = [
    ...onTable.map(grantOf),
    ...onColumns.map((row) => ({ ...grantOf(row), column: textOf(row, 'column_name') })),
  ];
  const owner = facts === undefined ? '' : textOf(facts, 'owner_name');
  requireReadable(path, owner, facts === undefined ? '' : textOf(facts, 'acl'), grants);
  const comment = facts?.get('remarks') ?? undefined;
  return {
    owner,
    grants: [...grants].sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1)),
    ...(comment === undefined ? {} : { comment }),
  };
}

function grantOf(row: CatalogRow): Grant {
  const kind = textOf(row, 'identity_type').toLowerCase();
  return {
    privilege: textOf(row, 'privilege_type').toUpperCase(),
    to: textOf(row, 'identity_name'),
    kind: kind === 'group' || kind === 'role' || kind === 'public' ? kind : 'user',
    withGrantOption: flagOf(row, 'admin_option'),
  };
}

/** Everybody whom the table's own list names must be among the grants that can be read. */
function requireReadable(path: ObjectPath, owner: string, acl: string, grants: readonly Grant[]): void {
  const hidden = acl
    .split('|')
    .map((entry) =>
      entry
        .replaceAll('"', '')
        .replace(/=.*$/, '')
        .replace(/^group /, ''),
    )
    .filter((name, index) => acl !== '' && index >= 0 && name !== owner)
    .filter((name) => !grants.some(({ to, kind }) => (name === '' ? kind === 'public' : to === name)));
  if (hidden.length === 0) return;
  throw new ConnectorError(
    'RS_FEATURE_UNSUPPORTED',
    `Rights on ${path.join('.')} cannot all be read, so they would be lost`,
    {
      action: 'Let the owner of the table or a superuser recreate it.',
      details: { hidden: hidden.map((name) => name || 'PUBLIC').join(', ') },
    },
  );
}

// The words are checked, since they come out of a catalog and go into a statement.
const PRIVILEGES = /^(?:SELECT|INSERT|UPDATE|DELETE|REFERENCES|TRUNCATE|DROP|ALTER|RULE|TRIGGER)$/;

/** GRANT statements that give the same rights again. Throws RS_FEATURE_UNSUPPORTED for a right that is not known. */
export function renderGrantsAgain(path: ObjectPath, grants: readonly Grant[]): readonly Sql[] {
  return grants.map(({ privilege, to, kind, withGrantOption, column }) => {
    if (!PRIVILEGES.test(privilege)) {
      throw new ConnectorError(
        'RS_FEATURE_UNSUPPORTED',
        `The right ${privilege} on ${path.join('.')} cannot be granted again`,
        {
          action: 'Recreate the table by hand.',
        },
      );
    }
    const what = column === undefined ? Sql.trusted(privilege) : sql`${Sql.trusted(privilege)} (${identifier(column)})`;
    const option = withGrantOption ? sql` WITH GRANT OPTION` : sql``;
    return sql`GRANT ${what} ON ${identifier(...path)} TO ${granteeSql(kind, to)}${option}`;
  });
}

function granteeSql(kind: Grant['kind'], name: string): Sql {
  switch (kind) {
    case 'public':
      return sql`PUBLIC`;
    case 'group':
      return sql`GROUP ${identifier(name)}`;
    case 'role':
      return sql`ROLE ${identifier(name)}`;
    case 'user':
      return identifier(name);
  }
}
