import { readRoleArn } from '../access/location.ts';
import type { AccessPlan, RoleHop } from '../access/plan.ts';
import type { PolicyHolder } from './document.ts';
import type { MachineKind, PolicyExtras, PolicyOptions } from './extras.ts';
import { type PlaceholderName, placeholder } from './placeholders.ts';

/** IAM's own default for a role's longest session. */
const IAM_MAX_SESSION_SECONDS = 3600;

/** Who begins a walk along the roles. */
export interface Starter {
  readonly who: 'agent' | 'worker';
  readonly holder: PolicyHolder;
  /** Of a machine's role: whose machine. */
  readonly machine?: MachineKind;
}

/** A role of the plan, or of the COPY chain, as the holder of policies. */
export function roleHolder(arn: string, hop?: RoleHop): PolicyHolder {
  const role = readRoleArn(arn);
  const path = /:role(\/(?:.*\/)?)[^/]+$/.exec(arn)?.[1] ?? '/';
  const longer = hop !== undefined && hop.durationSeconds > IAM_MAX_SESSION_SECONDS;
  return {
    kind: 'role',
    arn,
    account: role?.account ?? accountIn(arn),
    name: role?.name ?? arn.slice(arn.lastIndexOf('/') + 1),
    path,
    ...(longer ? { maxSessionSeconds: hop.durationSeconds } : {}),
  };
}

function accountIn(arn: string): string {
  return arn.split(':')[4] ?? '';
}

function unknownRole(partition: string, account: PlaceholderName, name: PlaceholderName): PolicyHolder {
  return roleHolder(`arn:${partition}:iam::${placeholder(account)}:role/${placeholder(name)}`);
}

/** Reads an ARN as `aws sts get-caller-identity` prints it: a user's, a role's or a role session's. */
function holderOfIdentity(arn: string): PolicyHolder {
  const [, partition = '', , , account = ''] = arn.split(':');
  const [, kind = '', path = '/', name = ''] = /:([a-z-]+)(\/(?:.*\/)?)([^/]+)$/.exec(arn) ?? [];
  // A session says its role's name, but not the role's path: AWS shows arn:aws:sts::1:assumed-role/Name/session.
  if (kind === 'assumed-role') return roleHolder(`arn:${partition}:iam::${account}:role${path.replace(/\/$/, '')}`);
  if (kind === 'role') return roleHolder(arn);
  return { kind: 'user', arn, account, name, path };
}

function withMachine(who: Starter['who'], holder: PolicyHolder, machine: MachineKind | undefined): Starter {
  return { who, holder, machine: machine ?? 'ec2' };
}

function workerStarter(partition: string, roleArn: string | undefined, { workerMachine }: PolicyExtras): Starter {
  const holder = roleArn === undefined ? unknownRole(partition, 'WORKER_ACCOUNT', 'WORKER_ROLE') : roleHolder(roleArn);
  return withMachine('worker', holder, workerMachine);
}

function agentStarter({ identity, aws: { partition } }: AccessPlan, extras: PolicyExtras): Starter | undefined {
  if (identity === undefined) return undefined;
  if (identity.kind === 'workerRole') {
    return workerStarter(partition, identity.expectedRoleArn ?? extras.identityArn, extras);
  }
  const given = extras.identityArn === undefined ? undefined : holderOfIdentity(extras.identityArn);
  switch (identity.kind) {
    case 'machineRole':
      return withMachine('agent', given ?? unknownRole(partition, 'AGENT_ACCOUNT', 'AGENT_ROLE'), extras.machine);
    case 'accessKeys': {
      if (given !== undefined || identity.sessionToken !== undefined) break;
      const name = placeholder('AGENT_USER');
      const account = placeholder('AGENT_ACCOUNT');
      const arn = `arn:${partition}:iam::${account}:user/${name}`;
      return { who: 'agent', holder: { kind: 'user', arn, account, name, path: '/' } };
    }
    case 'profile':
    case 'environment':
      break;
  }
  const name = placeholder('AGENT_IDENTITY');
  const account = placeholder('AGENT_ACCOUNT');
  const arn = `arn:${partition}:iam::${account}:${name}`;
  return { who: 'agent', holder: given ?? { kind: 'identity', arn, account, name, path: '/' } };
}

/** Everybody who walks the plan's roles from their start: the agent, and in advanced mode the worker nodes. */
export function startersOf(plan: AccessPlan, options: PolicyOptions, extras: PolicyExtras): readonly Starter[] {
  const agent = agentStarter(plan, extras);
  if (agent === undefined) return [];
  const hasWorkers = options.workerRoleArn !== undefined || extras.mode === 'advanced';
  if (!hasWorkers || agent.who === 'worker') return [agent];
  return [agent, workerStarter(plan.aws.partition, options.workerRoleArn, extras)];
}
