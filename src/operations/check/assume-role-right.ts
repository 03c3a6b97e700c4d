import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { identifier, integer, join, literal, sql } from '../../sql/sql.ts';
import type { Connection } from '../connection.ts';
import type { Finding } from './tasks.ts';

const COMMANDS = ['COPY', 'UNLOAD'] as const;

/**
 * Whether Redshift lets the database user act as these COPY roles: everybody may, until the right is taken from PUBLIC.
 * Throws RS_AUTH_PERMISSION with the GRANT. https://docs.aws.amazon.com/redshift/latest/dg/r_HAS_ASSUMEROLE_PRIVILEGE.html
 */
export async function lookAtAssumeRole({ database }: Connection, roles: string, run: Run): Promise<Finding> {
  await using session = await database.session(run);
  const { user } = session.capabilities();
  const asked = COMMANDS.map(
    (command) =>
      sql`CASE WHEN has_assumerole_privilege(${literal(user)}, ${literal(roles)}, ${literal(command)}) THEN 'yes' ELSE 'no' END`,
  );
  let held: readonly (string | null)[];
  try {
    held = (await session.run(sql`SELECT ${join(asked)}`, run)).rows[0] ?? [];
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof ConnectorError) || session.isBroken) throw error;
    return { skipped: 'this server does not tell ASSUMEROLE rights' };
  }
  const missing = COMMANDS.filter((_, position) => held[position] !== 'yes');
  if (missing.length === 0) return { evidence: `${user} may ${COMMANDS.join(' and ')} as ${roles}` };
  const grant = sql`GRANT ASSUMEROLE ON ${literal(roles)} TO ${identifier(user)} FOR ${join(missing.map((command) => (command === 'COPY' ? sql`COPY` : sql`UNLOAD`)))};`;
  throw new ConnectorError('RS_AUTH_PERMISSION', `${user} has no ASSUMEROLE for ${missing.join(' and ')} as ${roles}`, {
    action: 'Let a superuser run the GRANT.',
    details: { user, roles, grantStatement: String(grant) },
  });
}

/** How many other users are asked for: one that may not is enough. */
const OTHERS = 20;

/** Whether some other database user may not act as the role: then the right was taken from PUBLIC. */
export async function isKeptFromOthers({ database }: Connection, role: string, run: Run): Promise<boolean> {
  await using session = await database.session(run);
  const { user } = session.capabilities();
  const may = sql`has_assumerole_privilege(usename::VARCHAR, ${literal(role)}, 'COPY')`;
  try {
    const { rows } = await session.run(
      sql`SELECT CASE WHEN ${may} THEN 'yes' ELSE 'no' END FROM pg_user WHERE NOT usesuper AND usename <> ${literal(user)} LIMIT ${integer(OTHERS)}`,
      run,
    );
    return rows.some(([answer]) => answer === 'no');
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof ConnectorError) || session.isBroken) throw error;
    return false; // a server that does not have the function
  }
}
