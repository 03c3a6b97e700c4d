import type { RoleHop } from '../../access/plan.ts';
import type { AwsCredentials } from '../../auth/access.ts';
import type { Run } from '../../core/run.ts';
import type { Connection } from '../connection.ts';
import type { CheckWalk, Finding } from './walk.ts';

/** Where later steps hang: the ids of the steps that give the login and the staging credentials. */
export interface AccessSteps {
  readonly login: string;
  /** The step that the lookup of a host needs, when no host was given. */
  readonly lastRole: string | undefined;
  readonly staging: string | undefined;
}

/** Identity, each role, the login. Roles that staging shares with the login are tried once. */
export async function checkAccess({ access }: Connection, walk: CheckWalk, run: Run): Promise<AccessSteps> {
  const { identity, roles, stagingRoles, login } = access.plan;
  if (identity !== undefined) {
    await walk.step(
      { id: 'identity', title: `Who we are in AWS: ${SOURCE_TITLES[identity.kind]}`, needs: ['options'] },
      async () => credentialFinding(await access.identity(run)),
    );
  }
  const lastRole = await checkRoles(roles, access, walk, run);
  const staging = await checkRoles(stagingRoles, access, walk, run);
  switch (login.kind) {
    case 'password':
      await walk.step({ id: 'login', title: 'Database login', needs: ['options'] }, async () => ({
        evidence: `${login.username}, with the stored password`,
      }));
      break;
    case 'clusterCredentials':
      await walk.step(
        { id: 'login', title: `Get a login for ${login.username}`, needs: [lastRole ?? 'identity'] },
        async () => {
          const { user, expiresAt } = await access.login(run);
          return { evidence: user + until(expiresAt) };
        },
      );
      break;
  }
  const base = identity === undefined ? undefined : 'identity';
  return { login: 'login', lastRole: lastRole ?? base, staging: staging ?? base };
}

const SOURCE_TITLES = {
  accessKeys: 'access keys',
  machineRole: "the machine's role",
  workerRole: "the worker node's role",
  profile: 'a shared profile',
  environment: "the agent's environment",
} as const;

async function checkRoles(
  hops: readonly RoleHop[],
  access: Connection['access'],
  walk: CheckWalk,
  run: Run,
): Promise<string | undefined> {
  let before = 'identity';
  for (const [index, { id, roleArn }] of hops.entries()) {
    const step = `role:${id}`;
    if (!walk.steps.some((done) => done.id === step)) {
      await walk.step({ id: step, title: `Assume ${roleArn}`, needs: [before] }, async () =>
        credentialFinding(await access.assume(hops.slice(0, index + 1), run)),
      );
    }
    before = step;
  }
  return hops.length === 0 ? undefined : before;
}

function credentialFinding({ principalArn, source, expiresAt, note }: AwsCredentials): Finding {
  return { evidence: `${principalArn ?? 'AWS would not say who'}, by ${source}${until(expiresAt)}`, warning: note };
}

function until(expiresAt: Date | undefined): string {
  return expiresAt === undefined ? '' : `, until ${expiresAt.toISOString()}`;
}
