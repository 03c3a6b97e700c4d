import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { describeSelect } from '../../db/describe-query.ts';
import { missingObject } from '../../db/missing-object.ts';
import type { Session } from '../../db/session.ts';
import { identifier, sql } from '../../sql/sql.ts';
import { type Field, requireSupported, type SupportedField } from '../../types/field.ts';
import { aliasOf, type SourceObject } from './read-join.ts';
import { objectName } from './read-object.ts';
import { describingSelect } from './read-select.ts';
import type { ObjectSource, ReadSource, SelectedColumn } from './read-source.ts';

/** A source, and what its rows are made of. */
export interface DescribedSource {
  readonly source: ReadSource;
  /** In the order of the columns; every one of a type that can be carried. */
  readonly fields: readonly SupportedField[];
}

/**
 * Asks the server what the rows of a source are made of: now, so that a table that was changed since is seen as it is.
 * Throws RS_TYPE_UNSUPPORTED, RS_CONFIG_OBJECT_MISSING, RS_SQL_USER_FAILED.
 */
export async function describeSource(session: Session, source: ReadSource, run: Run): Promise<DescribedSource> {
  const explicit = source.kind === 'object' ? await withAllColumns(session, source, run) : source;
  const { statement, origin } = describingSelect(explicit);
  try {
    return { source: explicit, fields: requireSupported(await describeSelect(session, statement, run, origin)) };
  } catch (error) {
    if (isMissing(error) && source.kind === 'object') {
      for (const object of source.objects) await describeObjectAlone(session, object, run);
    }
    throw error;
  }
}

/** Joined objects with every column named: what two of them have in common is called by its alias too. */
async function withAllColumns(session: Session, source: ObjectSource, run: Run): Promise<ObjectSource> {
  if (source.columns !== undefined || source.objects.length === 1) return source;
  const found: { readonly object: SourceObject; readonly fields: readonly Field[] }[] = [];
  for (const object of source.objects) found.push({ object, fields: await describeObjectAlone(session, object, run) });
  const times = new Map<string, number>();
  for (const { fields } of found) for (const { name } of fields) times.set(name, (times.get(name) ?? 0) + 1);
  const columns = found.flatMap(({ object, fields }) =>
    fields.map(({ name }): SelectedColumn => {
      const isShared = (times.get(name) ?? 0) > 1;
      const from = sql`${aliasOf(object)}.${identifier(name)}`;
      return { from, name: isShared ? `${object.alias ?? object.path[1]}_${name}` : name };
    }),
  );
  return { ...source, columns };
}

async function describeObjectAlone(session: Session, object: SourceObject, run: Run): Promise<readonly Field[]> {
  try {
    return await describeSelect(session, sql`SELECT * FROM ${objectName(object)} LIMIT 0`, run);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const { database, path } = object;
    if (database === undefined || database === session.capabilities().database) {
      throw await missingObject(session, path, run, error);
    }
    const message = `The database "${database}" has no table or view "${path.join('"."')}" that the user may see`;
    throw new ConnectorError('RS_CONFIG_OBJECT_MISSING', message, {
      action: 'Check the name, and that the database is shared with this cluster and user.',
      details: { database, schema: path[0], object: path[1] },
      cause: error,
    });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof ConnectorError && /^(?:42P01|3F000|3D000|0A000)$/.test(String(error.details['sqlState']));
}
