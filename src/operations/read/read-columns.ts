import { invalidField } from '../../core/invalid-field.ts';
import { nearNames } from '../../core/near-names.ts';
import { identifier, nameProblem, type Sql, sql } from '../../sql/sql.ts';
import { splitName } from '../write/object-reference.ts';
import type { SourceObject } from './read-join.ts';
import type { SelectedColumn } from './read-source.ts';
import type { ReadColumn } from './read-spec.ts';

/** Names columns of a source in SQL. */
export interface Columns {
  /** A column by its reference: its own name, or `alias.name` where several objects are read. */
  readonly column: (reference: string, path: string) => Sql;
  readonly select: (column: ReadColumn, path: string) => SelectedColumn;
  /** A column by what it is called in the result. */
  readonly output: (name: string) => Sql;
}

/** Throws RS_CONFIG_INVALID for a reference that leads nowhere. */
export function openColumns(objects: readonly Pick<SourceObject, 'alias'>[]): Columns {
  const [first] = objects;
  const aliases = objects.map(({ alias = '' }) => alias);
  const find = (reference: string, path: string): { readonly from: Sql; readonly name: string } => {
    if (typeof reference !== 'string') throw invalidField(path, 'It is no name of a column', 'Give a name as text.');
    if (objects.length === 1) {
      const own = named(reference, path);
      return { from: first?.alias === undefined ? own : sql`${identifier(first.alias)}.${own}`, name: reference };
    }
    const [alias, name, ...more] = splitName(reference);
    if (alias === undefined || name === undefined || more.length > 0) {
      const action = `Write it as alias.column; the aliases are ${aliases.join(', ')}.`;
      throw invalidField(path, `It is not said which object has ${JSON.stringify(reference)}`, action);
    }
    if (aliases.includes(alias)) return { from: sql`${identifier(alias)}.${named(name, path)}`, name };
    const [near] = nearNames(alias, aliases);
    const action = near === undefined ? `The aliases are ${aliases.join(', ')}.` : `Did you mean ${near}?`;
    throw invalidField(path, `No object before is called ${JSON.stringify(alias)}`, action);
  };
  return {
    column: (reference, path) => find(reference, path).from,
    select: (column, path) => {
      const { column: reference, as } = typeof column === 'string' ? { column, as: undefined } : column;
      const { from, name } = find(reference, path);
      if (as !== undefined) named(as, `${path}.as`);
      return { from, name: as ?? name };
    },
    output: (name) => identifier(name),
  };
}

function named(name: string, path: string): Sql {
  const problem = nameProblem(name);
  if (problem === undefined) return identifier(name);
  throw invalidField(path, `Not a usable name of a column: ${problem}`, 'Correct the name.');
}
