import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { listSchemas } from '../../db/catalog.ts';
import { foldName } from '../../db/catalog-query.ts';
import { missingObject } from '../../db/missing-object.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import type { Session } from '../../db/session.ts';
import { ledgerPath } from '../../sql/ledger.ts';
import { identifier, join, literal, type Sql, sql } from '../../sql/sql.ts';
import type { Connection } from '../connection.ts';
import {
  describeRights,
  type Right,
  renderGrants,
  rightsToRead,
  rightsToWrite,
  usualRights,
} from '../grants-rights.ts';
import { resolveObjectReference } from '../write/object-reference.ts';
import type { ObjectReference, WriteOperation } from '../write-spec.ts';
import type { CheckSpec } from './report.ts';
import type { CheckTask, Finding } from './tasks.ts';

const VERBS: Readonly<Record<WriteOperation, string>> = {
  insert: 'insert into',
  update: 'update',
  upsert: 'upsert',
  replaceRow: 'replace rows of',
  delete: 'delete from',
  dataDriven: 'insert into, update and delete from',
};

/** The rights in the database that the work asked for needs; without any, those that most work needs, as a warning. */
export function rightsTasks(
  { database, options }: Connection,
  { read, write, operation = 'insert' }: CheckSpec,
  run: Run,
): readonly CheckTask[] {
  const withSession = async (look: (session: Session) => Promise<Finding>): Promise<Finding> => {
    await using session = await database.session(run);
    return await look(session);
  };
  const path = (reference: ObjectReference, session: Session): ObjectPath => {
    const [schema, name] = resolveObjectReference(reference, options.defaultSchema);
    return [foldName(schema, session), foldName(name, session)];
  };
  const common = { needs: ['session'], after: ['groups'] };
  if (read === undefined && write === undefined) {
    const { defaultSchema } = options;
    const attempt = () => withSession((session) => lookAtUsual(session, foldName(defaultSchema, session), run));
    return [{ ...common, id: 'rights:schema', title: `Rights in the schema ${defaultSchema}`, attempt }];
  }
  return [
    ...(read === undefined
      ? []
      : [
          {
            ...common,
            id: 'rights:read',
            title: `Rights to read ${shown(read)}`,
            attempt: () => withSession((session) => lookToRead(session, path(read, session), run)),
          },
        ]),
    ...(write === undefined
      ? []
      : [
          {
            ...common,
            after: ['groups', 'rights:read'],
            id: 'rights:write',
            title: `Rights to ${VERBS[operation]} ${shown(write)}`,
            attempt: () =>
              withSession(async (session) => {
                const target = path(write, session);
                await requireTable(session, target, run);
                const hasLedger = (await kindOf(session, ledgerPath(target), run)) !== undefined;
                const { database: name } = session.capabilities();
                return decide(session, rightsToWrite(target, operation, { database: name, hasLedger }), run);
              }),
          },
        ]),
  ];
}

function shown(reference: ObjectReference): string {
  return typeof reference === 'string' ? reference : reference.join('.');
}

async function lookAtUsual(session: Session, schema: string, run: Run): Promise<Finding> {
  const { database, user } = session.capabilities();
  if (!(await schemaExists(session, schema, run))) {
    return { warning: `There is no schema ${schema}, where tables that are named without one are looked for` };
  }
  const rights = usualRights(database, schema);
  const missing = await missingOf(session, rights, run);
  const held = rights.filter((right) => !missing.includes(right));
  return {
    ...(held.length === 0 ? {} : { evidence: `${user} has ${describeRights(held)}` }),
    warning:
      missing.length === 0
        ? undefined
        : `${user} has no ${describeRights(missing)}; where it is needed: ${renderGrants(missing, user)}`,
  };
}

async function lookToRead(session: Session, path: ObjectPath, run: Run): Promise<Finding> {
  if ((await kindOf(session, path, run)) !== undefined) return decide(session, rightsToRead(path), run);
  const { kind } = await findOther(session, path, run);
  return { skipped: `${path.join('.')} is ${kind}: the catalog does not tell rights on it, a read will` };
}

async function requireTable(session: Session, path: ObjectPath, run: Run): Promise<void> {
  if ((await kindOf(session, path, run)) === 'r') return;
  const { kind } = await findOther(session, path, run);
  throw new ConnectorError('RS_FEATURE_UNSUPPORTED', `${path.join('.')} is ${kind}, so nothing can be written to it`, {
    action: 'Name a table of this database.',
  });
}

/** Something that is no local table: an external or shared one, a view. Throws RS_CONFIG_OBJECT_MISSING. */
async function findOther(session: Session, path: ObjectPath, run: Run): Promise<{ readonly kind: string }> {
  if ((await kindOf(session, path, run)) === 'v') return { kind: 'a view' };
  const schema = (await listSchemas(session, run)).find(({ name }) => name === path[0]);
  if (schema !== undefined && schema.kind !== 'local') return { kind: `in the ${schema.kind} schema ${schema.name}` };
  throw await missingObject(session, path, run);
}

/** Every right is held, or RS_AUTH_PERMISSION with the GRANT. */
async function decide(session: Session, rights: readonly Right[], run: Run): Promise<Finding> {
  const { user } = session.capabilities();
  const missing = await missingOf(session, rights, run);
  if (missing.length === 0) return { evidence: `${user} has ${describeRights(rights)}` };
  throw new ConnectorError('RS_AUTH_PERMISSION', `${user} has no ${describeRights(missing)}`, {
    action: 'Let the owner of the object, or a superuser, run the GRANT.',
    details: { user, missing: describeRights(missing), grantStatement: renderGrants(missing, user) },
  });
}

/** Rights that are not held. Without USAGE on its schema, a table's own cannot be asked for: then USAGE alone is missing. */
async function missingOf(session: Session, rights: readonly Right[], run: Run): Promise<readonly Right[]> {
  const [tables, others] = [rights.filter(({ on }) => on === 'table'), rights.filter(({ on }) => on !== 'table')];
  const missing = await refused(session, others, run);
  if (tables.length === 0 || missing.some(({ privilege }) => privilege === 'USAGE')) return missing;
  return [...missing, ...(await refused(session, tables, run))];
}

async function refused(session: Session, rights: readonly Right[], run: Run): Promise<readonly Right[]> {
  if (rights.length === 0) return [];
  const { rows } = await session.run(sql`SELECT ${join(rights.map(askFor))}`, run);
  return rights.filter((_, position) => rows[0]?.[position] !== 'yes');
}

function askFor({ on, path, privilege }: Right): Sql {
  const asked = literal(privilege);
  switch (on) {
    case 'database':
      return sql`CASE WHEN has_database_privilege(${literal(path[0])}, ${asked}) THEN 'yes' ELSE 'no' END`;
    case 'schema':
      return sql`CASE WHEN has_schema_privilege(${literal(path[0])}, ${asked}) THEN 'yes' ELSE 'no' END`;
    case 'table':
      // The function reads a name as SQL does, quotes included.
      return sql`CASE WHEN has_table_privilege(${literal(String(identifier(...path)))}, ${asked}) THEN 'yes' ELSE 'no' END`;
  }
}

async function schemaExists(session: Session, schema: string, run: Run): Promise<boolean> {
  const { rows } = await session.run(sql`SELECT nspname FROM pg_namespace WHERE nspname = ${literal(schema)}`, run);
  return rows.length > 0;
}

/** `r` for a table, `v` for a view, as pg_class has it; undefined where it has nothing of that name. */
async function kindOf(session: Session, path: readonly string[], run: Run): Promise<string | undefined> {
  const [schema = '', name = ''] = path;
  const { rows } = await session.run(
    sql`SELECT c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ${literal(schema)} AND c.relname = ${literal(name)}`,
    run,
  );
  return rows[0]?.[0] ?? undefined;
}
