import { RedshiftError } from '../backend-session.ts';
import { quoteLiteral, quoteName } from '../sql/names.ts';
import type { ClusterCore } from './cluster-core.ts';

interface Membership {
  sessions: number;
  /** Joined for the sessions' sake, and to be left after the last. */
  borrowed: boolean;
}

/**
 * Group memberships that last as long as sessions do. They belong to the user while a session that asked for them lives:
 * two sessions of one user with different groups share what both joined.
 */
export class GroupMembers {
  readonly #memberships = new Map<string, Membership>();
  readonly #changes = new Map<string, Promise<void>>();

  /** Joins the groups; the answer leaves them. Throws `RedshiftError` for a group that does not exist. */
  async join(core: ClusterCore, user: string, groups: readonly string[]): Promise<() => Promise<void>> {
    const entered: string[] = [];
    const leave = async (): Promise<void> => {
      for (const group of entered.splice(0))
        await this.#inTurn(user, group, (held) => release(core, user, group, held));
    };
    try {
      for (const group of groups) {
        await this.#inTurn(user, group, (held) => hold(core, user, group, held));
        entered.push(group);
      }
    } catch (error) {
      await leave();
      throw error;
    }
    return leave;
  }

  /** Changes of one membership follow each other: the count and the database must not part. */
  async #inTurn(user: string, group: string, change: (held: Membership) => Promise<void>): Promise<void> {
    const key = `${user}\0${group}`;
    const held = this.#memberships.get(key) ?? { sessions: 0, borrowed: false };
    this.#memberships.set(key, held);
    const changed = (this.#changes.get(key) ?? Promise.resolve()).then(() => change(held));
    this.#changes.set(
      key,
      changed.catch(() => undefined), // the caller has the failure; the next change only wants its end
    );
    await changed;
  }
}

async function hold(core: ClusterCore, user: string, group: string, held: Membership): Promise<void> {
  if (held.sessions === 0) held.borrowed = await grant(core, user, group);
  held.sessions++;
}

async function release(core: ClusterCore, user: string, group: string, held: Membership): Promise<void> {
  held.sessions--;
  if (held.sessions > 0 || !held.borrowed) return;
  held.borrowed = false;
  await core.admin('postgres', `REVOKE ${quoteName(group)} FROM ${quoteName(user)}`);
}

async function grant(core: ClusterCore, user: string, group: string): Promise<boolean> {
  const own = `m.roleid = r.oid AND m.member = ${quoteLiteral(quoteName(user))}::regrole`;
  const member = `EXISTS (SELECT 1 FROM pg_auth_members m WHERE ${own})`;
  const named = `NOT rolcanlogin AND rolname = ${quoteLiteral(group)}`;
  const { rows } = await core.admin('postgres', `SELECT ${member} FROM pg_roles r WHERE ${named}`);
  const [row] = rows;
  if (!row) throw new RedshiftError({ severity: 'FATAL', code: '42704', message: `group "${group}" does not exist` });
  if (row[0] === 't') return false;
  await core.admin('postgres', `GRANT ${quoteName(group)} TO ${quoteName(user)}`);
  return true;
}
