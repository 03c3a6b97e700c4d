import type { Run } from '../core/run.ts';
import { describeObject, listObjects, listSchemas } from '../db/catalog.ts';
import { foldName } from '../db/catalog-query.ts';
import { missingSchema } from '../db/missing-object.ts';
import type { ObjectDescriptor, ObjectSummary, SchemaDescriptor } from '../db/object-descriptor.ts';
import type { Connection } from './connection.ts';
import { resolveObjectReference } from './write/object-reference.ts';
import type { ObjectReference } from './write-spec.ts';

/** What to look at: all schemas, the objects of one schema, or one object with its columns. */
export interface DiscoverSpec {
  readonly schema?: string | undefined;
  /** Table or view: `schema.name`, or `name` in `schema` or else in the default schema. */
  readonly object?: ObjectReference | undefined;
}

/** What was found; which one follows from what was asked. */
export type Discovery =
  | { readonly kind: 'schemas'; readonly schemas: readonly SchemaDescriptor[] }
  | { readonly kind: 'objects'; readonly schema: string; readonly objects: readonly ObjectSummary[] }
  | { readonly kind: 'object'; readonly object: ObjectDescriptor };

/** Looks into the catalog: only what the user may see is there. Throws RS_CONFIG_OBJECT_MISSING with the names that are near. */
export async function discover(
  { database, options }: Pick<Connection, 'database' | 'options'>,
  { schema, object }: DiscoverSpec,
  run: Run,
): Promise<Discovery> {
  await using session = await database.session(run);
  if (object !== undefined) {
    const path = resolveObjectReference(object, schema ?? options.defaultSchema);
    return { kind: 'object', object: await describeObject(session, path, run) };
  }
  const schemas = await listSchemas(session, run);
  if (schema === undefined) return { kind: 'schemas', schemas };

  const known = schemas.find(({ name }) => name === foldName(schema, session));
  if (!known) throw missingSchema(schema, schemas);
  return { kind: 'objects', schema: known.name, objects: await listObjects(session, known.name, run) };
}
