import { RedshiftError } from '../backend-session.ts';
import { quoteLiteral, quoteName } from '../sql/names.ts';
import type { ClusterCore } from './cluster-core.ts';

/**
 * Group memberships that last as long as sessions do. They belong to the user while a session that asked for them lives:
 * two sessions of one user with different groups share what both joined.
 */
export class GroupMembers {
  readonly #counts = new Map<string, number>();

  /** Joins the groups; the answer leaves them. Throws `RedshiftError` for a group that does not exist. */
  async join(core: ClusterCore, user: string, groups: readonly string[]): Promise<() => Promise<void>> {
    const joined: string[] = [];
    const leave = async (): Promise<void> => {
      for (const group of joined.splice(0)) await this.#change(core, user, group, -1);
    };
    try {
      for (const group of groups) {
        await this.#change(core, user, group, 1);
        joined.push(group);
      }
    } catch (error) {
      await leave();
      throw error;
    }
    return leave;
  }

  async #change(core: ClusterCore, user: string, group: string, by: 1 | -1): Promise<void> {
    const key = `${user}\0${group}`;
    const before = this.#counts.get(key) ?? 0;
    if (by === 1 && before === 0) {
      const { rows } = await core.admin(
        'postgres',
        `SELECT pg_has_role(${quoteLiteral(user)}, r.oid, 'MEMBER') FROM pg_roles r WHERE NOT rolcanlogin AND rolname = ${quoteLiteral(group)}`,
      );
      const [row] = rows;
      if (!row)
        throw new RedshiftError({ severity: 'FATAL', code: '42704', message: `group "${group}" does not exist` });
      if (row[0] === 't') return; // a member anyway: nothing to take back later
      await core.admin('postgres', `GRANT ${quoteName(group)} TO ${quoteName(user)}`);
    }
    if (by === -1 && before === 0) return;
    this.#counts.set(key, before + by);
    if (by === -1 && before === 1) await core.admin('postgres', `REVOKE ${quoteName(group)} FROM ${quoteName(user)}`);
  }
}
