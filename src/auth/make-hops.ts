import type { AccessPlan } from '../access/plan.ts';
import { ConnectorError } from '../core/errors.ts';
import type { AwsCredentials, Login } from './access.ts';
import type { Made, MadeHops } from './forecast.ts';
import type { RoleWalk, Starter } from './role-walk.ts';

/** Makes every hop of both ways, those in hand from the caches; the first one that fails ends its way, and is told. */
export async function makeHops(
  { identity: planned, roles, stagingRoles, login }: AccessPlan,
  walk: RoleWalk,
  starter: Starter,
  logIn: () => Promise<Login>,
): Promise<MadeHops> {
  const made = new Map<string, Made<AwsCredentials>>();
  const attempt = <T>(work: () => Promise<T>): Promise<Made<T>> => madeBy(() => walk.freshOnRefusal(work));
  const known = walk.knownIdentity;
  const identity = planned && (await attempt(() => walk.identity(starter)));
  for (const path of [roles, stagingRoles]) {
    let before: Made<unknown> = identity;
    for (const [index, { id }] of path.entries()) {
      const hops = path.slice(0, index + 1);
      if (!isMade(before) && !walk.inHand(hops)) break;
      if (!made.has(id)) made.set(id, await attempt(() => walk.assume(hops, starter)));
      before = made.get(id);
    }
  }
  const caller = roles.length > 0 ? made.get(roles.at(-1)?.id ?? '') : identity;
  const canLogIn = login.kind === 'password' || isMade(caller);
  return { identity, known, roles: made, login: canLogIn ? await attempt(logIn) : undefined };
}

async function madeBy<T>(work: () => Promise<T>): Promise<Made<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    return { error };
  }
}

function isMade(made: Made<unknown>): boolean {
  return made !== undefined && 'value' in made;
}
