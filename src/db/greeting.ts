import type { ClientBase } from 'pg';
import type { Access } from '../auth/access.ts';
import { ConnectorError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import { type Sql, sql } from '../sql/sql.ts';
import type { Capabilities } from './capabilities.ts';
import { classifyDatabaseError } from './classify.ts';
import { namedRows, rowsOf, TEXT_AS_WRITTEN } from './rows.ts';

/** What every new connection is asked: one round trip. */
export interface ServerGreeting {
  readonly backendPid: number;
  readonly version: string;
  readonly database: string;
  readonly user: string;
}

type NamedRow = ReadonlyMap<string, string | null>;

/** Asks a new connection who is there. Throws RS_CONN_LOST. */
export async function greetServer(client: ClientBase): Promise<ServerGreeting> {
  const [row] = await ask(
    client,
    sql`SELECT pg_backend_pid() AS pid, version() AS version, current_database() AS database, current_user AS username`,
  );
  return {
    backendPid: Number(row?.get('pid')),
    version: row?.get('version') ?? '',
    database: row?.get('database') ?? '',
    user: row?.get('username') ?? '',
  };
}

/** What the server can do. A question that it does not answer leaves its fact unknown. */
export async function readCapabilities(
  client: ClientBase,
  greeting: ServerGreeting,
  access: Access,
  run: Run,
): Promise<Capabilities> {
  const { host } = await access.endpoint(run);
  const databases = await askIfAnswered(client, sql`SHOW DATABASES`, run);
  const [setting] = await askIfAnswered(client, sql`SHOW enable_case_sensitive_identifier`, run);
  return capabilitiesFrom(greeting, host, databases, setting);
}

/** The answers as facts. Pure. */
export function capabilitiesFrom(
  { version, database, user }: ServerGreeting,
  host: string,
  databases: readonly NamedRow[],
  setting: NamedRow | undefined,
): Capabilities {
  const own = databases.find((row) => row.get('database_name') === database);
  const [caseSensitive] = setting?.values() ?? [];
  return Object.freeze({
    redshiftVersion: /Redshift (\S+)/.exec(version)?.[1] ?? '',
    isServerless: /\.redshift-serverless\.amazonaws\.com(?:\.cn)?$/i.test(host),
    isolation: isolationOf(own?.get('database_isolation_level') ?? ''),
    caseSensitiveNames: /^(?:on|true|t|1)$/i.test(caseSensitive ?? ''),
    database,
    user,
  });
}

function isolationOf(text: string): Capabilities['isolation'] {
  if (/snapshot/i.test(text)) return 'snapshot';
  return /serializable/i.test(text) ? 'serializable' : 'unknown';
}

async function ask(client: ClientBase, statement: Sql): Promise<NamedRow[]> {
  try {
    const result = await client.query<(string | null)[]>({
      text: statement.toString(),
      rowMode: 'array',
      types: TEXT_AS_WRITTEN,
    });
    return namedRows(rowsOf(result));
  } catch (cause) {
    throw classifyDatabaseError(cause, statement);
  }
}

async function askIfAnswered(client: ClientBase, statement: Sql, run: Run): Promise<NamedRow[]> {
  try {
    return await ask(client, statement);
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code === 'RS_CONN_LOST') throw error;
    run.publish({
      type: 'suppressed',
      reason: 'A capability of the server stays unknown',
      message: `${statement.toString()}: ${error.message}`,
    });
    return [];
  }
}
