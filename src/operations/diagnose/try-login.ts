import { openAccess } from '../../auth/open-access.ts';
import { ConnectorError } from '../../core/errors.ts';
import { AWS_CALL_LIMITS } from '../../core/retry.ts';
import type { Run } from '../../core/run.ts';
import { Secret } from '../../core/secret.ts';
import type { Connection } from '../connection.ts';
import type { Trial } from './trial.ts';

/** The rights of a login that can be told apart by asking for less. */
const PARTS = ['redshift:CreateClusterUser', 'redshift:JoinGroup'] as const;

/**
 * Finds out which right of a login is missing where AWS names none, by asking for one without groups and without the
 * creation of a user. Nothing is made or joined: the login is thrown away.
 */
export async function tryLogin({ access }: Connection, run: Run): Promise<Trial> {
  const { plan } = access;
  const { login } = plan;
  if (login.kind !== 'clusterCredentials' || (!login.autoCreate && login.groups.length === 0)) return NOTHING;
  const { accessKeyId, secretAccessKey, sessionToken } = await access.role(run);
  const asks = async (less: Partial<Pick<typeof login, 'autoCreate' | 'groups'>>): Promise<boolean | undefined> => {
    const identity = {
      kind: 'accessKeys' as const,
      accessKeyId: new Secret(accessKeyId),
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    };
    const own = openAccess(
      { ...plan, identity, roles: [], login: { ...login, ...less } },
      { clock: run.clock, limits: { ...AWS_CALL_LIMITS, attempts: 1 } },
    );
    try {
      await own.login(run);
      return true;
    } catch (error) {
      run.signal.throwIfAborted();
      return error instanceof ConnectorError && error.code === 'RS_AUTH_LOGIN_DENIED' ? false : undefined;
    } finally {
      await own[Symbol.asyncDispose]();
    }
  };

  const bare = await asks({ autoCreate: false, groups: [] });
  if (bare === undefined) return NOTHING;
  if (!bare) return clears(PARTS, 'A login without groups and without creating a user is refused as well.');
  const main = ['redshift:GetClusterCredentials'];
  const evidence = 'AWS gives a login without groups and without creating a user (thrown away).';
  if (!login.autoCreate || login.groups.length === 0) return clears(main, evidence);
  const grouped = await asks({ autoCreate: false });
  if (grouped === undefined) return clears(main, evidence);
  return grouped
    ? clears([...main, PARTS[1]], 'AWS gives a login with the groups, as long as no user is created (thrown away).')
    : clears([...main, PARTS[0]], `${evidence} With the groups it is refused.`);
}

const NOTHING: Trial = { clears: () => false, evidence: [] };

function clears(actions: readonly string[], ...evidence: readonly string[]): Trial {
  return { clears: ({ requests }) => requests.every(({ action }) => actions.includes(action)), evidence };
}
