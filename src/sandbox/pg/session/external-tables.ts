import type { StatementActivity } from '../activity.ts';
import { RedshiftError } from '../backend-session.ts';
import { SUPERUSER } from '../process/postgres.ts';
import { type BackendClient, connectBackend } from '../wire/backend-client.ts';
import { copyIn, copyOut } from '../wire/copy.ts';
import type { ClusterCore } from './cluster-core.ts';

interface ExternalTable {
  readonly name: string;
  /** COPY's clauses behind the table's name. */
  readonly copy: string;
  readonly role: string;
}

// Somebody else may be filling it: what they find is as new then.
const LOCK_LIMIT = '2s';

/**
 * Fills the external tables that a statement names with what their files hold now, as the schema's role. The rows are there for
 * the statements that take their snapshot afterwards.
 */
export async function fillExternalTables(core: ClusterCore, database: string, text: string): Promise<void> {
  if (!core.hasExternalTables || /^\s*(?:create|drop|alter|grant|revoke|show)\b/i.test(text)) return;
  const named = (await externalTables(core, database)).filter(({ name }) => mentions(text, name));
  if (named.length === 0) return;
  const backend = await connectBackend({
    socketDir: core.socketDir,
    user: SUPERUSER,
    database,
    parameters: { standard_conforming_strings: 'off' },
  });
  try {
    await backend.query(`SET lock_timeout = '${LOCK_LIMIT}'`);
    for (const table of named) await fill(core, database, backend, table);
  } finally {
    backend.destroy();
  }
}

async function externalTables(core: ClusterCore, database: string): Promise<ExternalTable[]> {
  const { rows } = await core.admin(
    database,
    `SELECT format('%I.%I', n.nspname, c.relname), t.copy_text, s.role FROM pg_catalog.rs_external_tables t JOIN pg_catalog.pg_class c ON c.oid = t.relid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.rs_external_schemas s ON s.schema_oid = n.oid`,
  );
  return rows.map(([name, copy, role]) => ({ name: name ?? '', copy: copy ?? '', role: role ?? '' }));
}

function mentions(text: string, name: string): boolean {
  return text.toLowerCase().replaceAll('"', '').includes(name.toLowerCase().replaceAll('"', ''));
}

async function fill(
  core: ClusterCore,
  database: string,
  backend: BackendClient,
  { name, copy, role }: ExternalTable,
): Promise<void> {
  const sql = `COPY ${name} ${copy} IAM_ROLE ${role === 'default' ? role : `'${role}'`}`;
  const handler = core.handlers.find((candidate) => candidate.matches(sql));
  if (!handler) throw new RedshiftError({ code: '0A000', message: 'External tables are not covered without COPY' });
  try {
    // Not TRUNCATE: who reads meanwhile sees the rows of before.
    await backend.query(
      `BEGIN ISOLATION LEVEL READ COMMITTED; LOCK TABLE ${name} IN SHARE ROW EXCLUSIVE MODE; DELETE FROM ${name}`,
    );
  } catch (error) {
    await backend.query('ROLLBACK');
    if (error instanceof RedshiftError && error.fields.code === '55P03') return;
    throw error;
  }
  const activity: StatementActivity = {
    queryId: core.nextQueryId(),
    transactionId: core.nextQueryId(),
    user: SUPERUSER,
    database,
    pid: backend.pid,
    type: 'COPY',
    text: sql,
    label: '',
    startMs: core.init.clock.now(),
    status: 'running',
    error: '',
  };
  const state = {
    lastCopyCount: 0,
    lastCopyId: 0,
    lastUnloadCount: 0,
    lastUnloadId: 0,
    lastQueryId: 0,
    nextQueryId: () => activity.queryId,
  };
  const session = {
    pid: backend.pid,
    database,
    user: SUPERUSER,
    query: (statement: string) => backend.query(statement),
    copyIn: (statement: string, source: AsyncIterable<Uint8Array>) => copyIn(backend, statement, source),
    copyOut: (statement: string) => copyOut(backend, statement),
    translate: (statement: string) => statement,
    lockForWrite: () => Promise.resolve(),
    admin: (statement: string) => core.admin(database, statement),
    notice: () => undefined,
  };
  try {
    await handler.run(
      {
        backend: session,
        user: SUPERUSER,
        cluster: core.init,
        sessionState: state,
        activity,
        signal: new AbortController().signal,
      },
      sql,
    );
    await backend.query('COMMIT');
  } catch (error) {
    await backend.query('ROLLBACK');
    // No files are no rows.
    if (error instanceof RedshiftError && /prefix '.*' does not exist/.test(error.message)) return;
    throw error;
  }
}
