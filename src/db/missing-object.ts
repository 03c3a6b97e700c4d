import { ConnectorError } from '../core/errors.ts';
import { nearNames } from '../core/near-names.ts';
import { listObjects, listSchemas } from './catalog-lists.ts';
import { foldName } from './catalog-query.ts';
import type { ObjectPath } from './object-descriptor.ts';
import type { Session, StatementRun } from './session.ts';

/** RS_CONFIG_OBJECT_MISSING for an object that is not there, with the names that are near. Asks the catalog for them. */
export async function missingObject(
  session: Session,
  [schema, name]: ObjectPath,
  run: StatementRun,
  cause?: unknown,
): Promise<ConnectorError> {
  const schemas = await listSchemas(session, run);
  const folded = foldName(schema, session);
  if (!schemas.some((each) => each.name === folded)) return missingSchema(schema, schemas, cause);

  const details = { schema, object: name };
  const names = (await listObjects(session, schema, run)).map((each) => each.name);
  const message = `"${schema}" has no table or view "${name}" that the user may see`;
  return missing(message, name, names, details, cause);
}

/** RS_CONFIG_OBJECT_MISSING for a schema that is not among those that the user may use. */
export function missingSchema(
  schema: string,
  schemas: readonly { readonly name: string }[],
  cause?: unknown,
): ConnectorError {
  const message = `The schema "${schema}" does not exist, or the user may not use it`;
  return missing(
    message,
    schema,
    schemas.map(({ name }) => name),
    { schema },
    cause,
  );
}

function missing(
  message: string,
  wanted: string,
  names: readonly string[],
  details: Readonly<Record<string, string>>,
  cause: unknown,
): ConnectorError {
  const near = nearNames(wanted, names);
  const action =
    near.length > 0
      ? `Did you mean ${near.map((name) => `"${name}"`).join(' or ')}?`
      : 'Check the name and the grants.';
  return new ConnectorError('RS_CONFIG_OBJECT_MISSING', message, { action, details, cause });
}
