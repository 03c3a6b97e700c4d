import type { LoginVerdict } from '../../logins.ts';
import { RedshiftError } from '../backend-session.ts';
import { quoteName } from '../sql/names.ts';
import type { ClientConnection } from '../wire/client-connection.ts';
import { BodyReader, frame, int32, REQUEST, TYPE } from '../wire/messages.ts';
import type { ClusterCore } from './cluster-core.ts';

/** Who logged in. */
export interface Login {
  readonly user: string;
  readonly groups: readonly string[];
  readonly superuser: boolean;
}

const MESSAGE_LIMIT_BYTES = 10_000;
const CLEARTEXT_PASSWORD = 3;

/** Proves a login as Redshift does: cleartext password over TLS only. Throws `RedshiftError` (28000, FATAL). */
export async function authenticate(
  core: ClusterCore,
  client: ClientConnection,
  encrypted: boolean,
  { user, database }: { readonly user: string; readonly database: string },
): Promise<Login> {
  if (!encrypted) throw withoutTls(user, database);
  client.send(frame(TYPE.authentication, int32(CLEARTEXT_PASSWORD)));
  client.flush();
  const message = await client.next(MESSAGE_LIMIT_BYTES);
  if (message?.type !== REQUEST.password) throw rejected(user);
  const password = new BodyReader(message.body).cstring();
  const verdict = core.init.logins.verify(core.init.cluster.id, user, password, database);
  if (!verdict.accepted) throw rejected(user);
  const login = { ...verdict, dbUser: core.names.toPostgres(verdict.dbUser) };
  await prepareUser(core, user, login);
  return { user: login.dbUser, groups: verdict.groups, superuser: verdict.superuser };
}

async function prepareUser(
  core: ClusterCore,
  sentName: string,
  { dbUser, createUser }: Extract<LoginVerdict, { accepted: true }>,
): Promise<void> {
  const { rows } = await core.admin(
    'postgres',
    `SELECT 1 FROM pg_roles WHERE rolcanlogin AND rolname = E${literal(dbUser)}`,
  );
  if (rows.length > 0) return;
  if (!createUser) throw rejected(sentName);
  await core.admin('postgres', createUserSql(dbUser, false, superusersOf(core))).catch((error: unknown) => {
    // Two first logins at once: the other one made the user.
    if (!(error instanceof RedshiftError && /^(?:42710|23505|XX000)$/.test(error.fields.code))) throw error;
  });
}

/**
 * SQL that makes a database user. A superuser of Redshift is none of PostgreSQL: it may read, write and administer, and has the
 * rights of every other user, as `superusers` get those of the new one.
 */
export function createUserSql(name: string, superuser: boolean, superusers: readonly string[] = []): string {
  const user = quoteName(name);
  const rights = superuser ? ' CREATEDB CREATEROLE' : '';
  const roles = ['pg_maintain', ...(superuser ? ['pg_read_all_data', 'pg_write_all_data', 'pg_signal_backend'] : [])];
  const over = superuser ? [] : superusers.map(quoteName);
  const shared = over.length === 0 ? '' : `; GRANT ${user} TO ${over.join(', ')}`;
  return `CREATE ROLE ${user} LOGIN${rights}; GRANT ${roles.join(', ')} TO ${user}${shared}`;
}

/** The superusers that the world declares. */
export function superusersOf({ init }: ClusterCore): readonly string[] {
  return (init.cluster.users ?? []).flatMap(({ name, superuser }) => (superuser ? [name] : []));
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** One message for a wrong password, an expired login and a missing user: Redshift does not tell them apart. */
function rejected(user: string): RedshiftError {
  return new RedshiftError({
    severity: 'FATAL',
    code: '28000',
    message: `password authentication failed for user "${user}"`,
  });
}

function withoutTls(user: string, database: string): RedshiftError {
  if (/^IAM[AR]?:/.test(user)) return rejected(user);
  return new RedshiftError({
    severity: 'FATAL',
    code: '28000',
    message: `no pg_hba.conf entry for host "127.0.0.1", user "${user}", database "${database}", SSL off`,
  });
}
