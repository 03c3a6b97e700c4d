import { identifier, literal, type Sql, sql } from '../sql/sql.ts';
import type { PolicyHolder } from './document.ts';
import { hasPlaceholder } from './placeholders.ts';

/** A statement for the cluster's administrator, with the reason for it. */
export interface ExplainedGrant {
  readonly statement: string;
  readonly reason: string;
}

/**
 * What limits the COPY roles inside Redshift: everybody may use an attached role until the right is taken from PUBLIC.
 * https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html
 */
export function assumeRoleGrants(
  roles: readonly PolicyHolder[],
  username: string,
  autoCreate: boolean,
): readonly ExplainedGrant[] {
  if (roles.length === 0) return [];
  const named = roles.map(({ arn }) => arn).join(',');
  const role: Sql = roles.some(({ arn }) => hasPlaceholder(arn)) ? sql`default` : literal(named);
  const user = identifier(username);
  return [
    {
      statement: String(sql`REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL;`),
      reason:
        'Turns the check on: from then on each user needs a grant. It reaches every user and every attached role of the cluster, so see to the others first.',
    },
    {
      statement: String(sql`GRANT ASSUMEROLE ON ${role} TO ${user} FOR COPY, UNLOAD;`),
      reason: autoCreate
        ? `${username} loads and unloads with this role. The user has to exist: run this after its first login.`
        : `${username} loads and unloads with this role.`,
    },
    {
      statement: commented(String(sql`REVOKE ASSUMEROLE ON ${role} FROM ${user} FOR COPY, UNLOAD;`)),
      reason: 'Takes it back.',
    },
  ];
}

/** As a comment in SQL: a name may hold a line break, and nothing of it may become a statement. */
export function commented(text: string): string {
  return text
    .split(/\r\n?|\n/)
    .map((line) => `-- ${line}`)
    .join('\n');
}
