import { invalidField } from '../../core/invalid-field.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import { identifier, type Sql } from '../../sql/sql.ts';
import { splitName } from '../write/object-reference.ts';
import type { ReadObject } from './read-spec.ts';

/** A table or view to read; `database` where another one than the connection's is named. */
export interface ReadPath {
  readonly database?: string;
  readonly path: ObjectPath;
}

/** Where a reference leads. Throws RS_CONFIG_INVALID for what is no name. */
export function resolveReadObject(reference: ReadObject, defaultSchema: string, field = 'object'): ReadPath {
  const parts = typeof reference === 'string' ? splitName(reference) : reference;
  const [first, second, third, ...more] = parts;
  if (first === undefined || more.length > 0) {
    const action = 'Write schema.name or database.schema.name, and put a part that holds a dot into double quotes.';
    throw invalidField(field, `Not the name of a table: ${JSON.stringify(reference)}`, action);
  }
  if (second !== undefined && third !== undefined) return { database: first, path: [second, third] };
  return { path: second === undefined ? [defaultSchema, first] : [first, second] };
}

/** The object's name in SQL. */
export function objectName({ database, path }: ReadPath): Sql {
  return database === undefined ? identifier(...path) : identifier(database, ...path);
}
