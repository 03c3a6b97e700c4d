import type { RoleHop } from '../../access/plan.ts';
import type { AwsCredentials } from '../../auth/access.ts';
import type { Run } from '../../core/run.ts';
import type { Connection } from '../connection.ts';
import { loginTitle } from './describe-login.ts';
import { lifetimeTask } from './lifetime.ts';
import type { CheckTask, Finding } from './tasks.ts';

/** The steps of access, and where later ones hang. */
export interface AccessTasks {
  readonly tasks: readonly CheckTask[];
  /** The step that gives the credentials of the last role, or of the identity itself. */
  readonly lastRole: string | undefined;
  /** The step that gives the credentials of staging. */
  readonly staging: string | undefined;
}

/** Identity, each role and how long its session lasts, the login. Roles that staging shares with the login are tried once. */
export function accessTasks({ access }: Connection, run: Run): AccessTasks {
  const { identity, roles, stagingRoles, login } = access.plan;
  const base = identity === undefined ? undefined : 'identity';
  const lastRole = lastStep(roles) ?? base;
  const shared = new Set(roles.map(({ id }) => id));
  return {
    tasks: [
      ...(identity === undefined
        ? []
        : [
            {
              id: 'identity',
              title: `Who we are in AWS: ${SOURCE_TITLES[identity.kind]}`,
              needs: ['options'],
              unless: ['reach:sts'],
              attempt: async () => credentialFinding(await access.identity(run)),
            },
          ]),
      ...roleTasks(roles, access, run),
      ...roleTasks(stagingRoles, access, run).filter(({ hop }) => !shared.has(hop)),
      {
        id: 'login',
        title: loginTitle(login),
        needs: [lastRole ?? 'options'],
        unless: ['reach:redshift', 'reach:redshift-serverless'],
        attempt: async () => {
          if (login.kind === 'password') return { evidence: `${login.username}, with the stored password` };
          const { user, expiresAt } = await access.login(run);
          return { evidence: user + until(expiresAt) };
        },
      },
    ],
    lastRole,
    staging: lastStep(stagingRoles) ?? base,
  };
}

const SOURCE_TITLES = {
  accessKeys: 'access keys',
  machineRole: "the machine's role",
  workerRole: "the worker node's role",
  profile: 'a shared profile',
  environment: "the agent's environment",
} as const;

function lastStep(hops: readonly RoleHop[]): string | undefined {
  const last = hops.at(-1);
  return last && `role:${last.id}`;
}

function roleTasks(
  hops: readonly RoleHop[],
  access: Connection['access'],
  run: Run,
): readonly (CheckTask & { readonly hop: string })[] {
  return hops.flatMap((hop, index) => {
    const { id, roleArn } = hop;
    const step = `role:${id}`;
    const credentials = (): Promise<AwsCredentials> => access.assume(hops.slice(0, index + 1), run);
    return [
      {
        hop: id,
        id: step,
        title: `Assume ${roleArn}`,
        needs: [lastStep(hops.slice(0, index)) ?? 'identity'],
        attempt: async () => credentialFinding({ ...(await credentials()), note: undefined }),
      },
      { hop: id, ...lifetimeTask(hop, step, credentials, access.clock) },
    ];
  });
}

function credentialFinding({
  principalArn,
  source,
  expiresAt,
  note,
}: Pick<AwsCredentials, 'principalArn' | 'source' | 'expiresAt'> & { readonly note?: string | undefined }): Finding {
  return { evidence: `${principalArn ?? 'AWS would not say who'}, by ${source}${until(expiresAt)}`, warning: note };
}

function until(expiresAt: Date | undefined): string {
  return expiresAt === undefined ? '' : `, until ${expiresAt.toISOString()}`;
}
