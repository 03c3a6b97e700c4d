import type { AccessPlan, RoleHop } from '../access/plan.ts';
import type { AccessRequest, PolicyHolder } from './document.ts';
import type { Drafts, NewStatement } from './drafts.ts';
import type { PolicyExtras } from './extras.ts';
import { roleHolder, type Starter } from './holders.ts';
import { PAGES } from './pages.ts';
import { placeholder } from './placeholders.ts';

/** `redshift` -> `RedshiftRole`, `intermediate-1` -> `IntermediateRole1`. */
function hopSid(id: string): string {
  const [kind = '', number = ''] = id.split('-');
  return `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}Role${number}`;
}

function callerSid(holder: PolicyHolder, starters: readonly Starter[], hops: readonly RoleHop[]): string {
  const starter = starters.find(({ holder: { arn } }) => arn === holder.arn);
  // Unlike Sids for the ways in, so that their trust statements fit into one document.
  if (starter?.who === 'worker') return 'WorkerNodes';
  if (starter?.holder.kind === 'user') return 'AgentUser';
  if (starter?.holder.kind === 'role') return 'AgentRole';
  if (starter !== undefined) return 'Agent';
  return hopSid(hops.find(({ roleArn }) => roleArn === holder.arn)?.id ?? 'caller');
}

/** Both halves of each AssumeRole on the way: the caller's permission, and the trust of the role. */
export function addRoleHops(drafts: Drafts, plan: AccessPlan, starters: readonly Starter[]): void {
  for (const hops of [plan.roles, plan.stagingRoles]) {
    // Sent to the first role; AWS hands it on to the others.
    const sourceIdentity = hops[0]?.sourceIdentity;
    for (const starter of starters) {
      let caller = starter.holder;
      for (const hop of hops) {
        const step: Step = {
          caller,
          callerSid: callerSid(caller, starters, hops),
          hop,
          role: roleHolder(hop.roleArn, hop),
        };
        addAssume(drafts, step);
        if (sourceIdentity !== undefined) addSourceIdentity(drafts, step, sourceIdentity);
        if (starter.machine === 'eks') addTags(drafts, step);
        caller = step.role;
      }
    }
  }
}

/** One AssumeRole: who becomes which role. */
interface Step {
  readonly caller: PolicyHolder;
  readonly callerSid: string;
  readonly hop: RoleHop;
  readonly role: PolicyHolder;
}

function addAssume(drafts: Drafts, { caller, callerSid: name, hop, role }: Step): void {
  const { externalId } = hop;
  const requests = requestsOf('sts:AssumeRole', caller, hop);
  drafts.add(caller, 'permissions', {
    Sid: `Assume${hopSid(hop.id)}`,
    Action: 'sts:AssumeRole',
    Resource: hop.roleArn,
    reason: `${caller.name} assumes the role ${role.name}, and nothing else.`,
    page: PAGES.assumePermission,
    requests,
  });
  drafts.add(role, 'trust', {
    Sid: `Trust${name}`,
    Principal: { AWS: caller.arn },
    Action: 'sts:AssumeRole',
    ...(externalId === undefined ? {} : { Condition: { StringEquals: { 'sts:ExternalId': externalId } } }),
    reason:
      externalId === undefined
        ? `${role.name} lets ${caller.name} become it.`
        : `${role.name} lets ${caller.name} become it, with the agreed external id only.`,
    page: externalId === undefined ? PAGES.trust : PAGES.externalId,
    requests,
  });
}

/** A statement of its own: IAM knows no external id where it asks for this right. */
function addSourceIdentity(drafts: Drafts, { caller, callerSid: name, hop, role }: Step, sourceIdentity: string): void {
  addBeside(drafts, { caller, hop, role }, 'sts:SetSourceIdentity', {
    sids: [`SetSourceIdentityOf${hopSid(hop.id)}`, `Trust${name}SourceIdentity`],
    ...(hop.sourceIdentity === undefined
      ? {}
      : { Condition: { StringEquals: { 'sts:SourceIdentity': hop.sourceIdentity } } }),
    reason: `The source identity ${sourceIdentity} travels with the session: AWS asks for the right at each role.`,
    page: PAGES.sourceIdentity,
  });
}

/** EKS Pod Identity tags its sessions, and the tags go along to every further role. */
function addTags(drafts: Drafts, { caller, callerSid: name, hop, role }: Step): void {
  addBeside(drafts, { caller, hop, role }, 'sts:TagSession', {
    sids: [`Tag${hopSid(hop.id)}`, `Trust${name}Tags`],
    reason:
      'EKS tags the sessions of its pods, and the tags go along to the next role. Not needed with disableSessionTags.',
    page: PAGES.podTags,
  });
}

/** A right that goes with AssumeRole, on both sides. */
function addBeside(
  drafts: Drafts,
  { caller, hop, role }: Pick<Step, 'caller' | 'hop' | 'role'>,
  Action: string,
  {
    sids: [own, trust],
    ...rest
  }: Pick<NewStatement, 'Condition' | 'reason' | 'page'> & {
    readonly sids: readonly [own: string, trust: string];
  },
): void {
  const base = { ...rest, Action, requests: requestsOf(Action, caller, hop) };
  drafts.add(caller, 'permissions', { ...base, Sid: own, Resource: hop.roleArn });
  drafts.add(role, 'trust', { ...base, Sid: trust, Principal: { AWS: caller.arn } });
}

function requestsOf(action: string, caller: PolicyHolder, hop: RoleHop): readonly AccessRequest[] {
  return [
    {
      principal: caller.arn,
      action,
      resource: hop.roleArn,
      resourceAccount: hop.account,
      context: {
        'sts:RoleSessionName': hop.sessionName,
        // Only AssumeRole itself is asked with an external id.
        ...(action === 'sts:AssumeRole' ? { 'sts:ExternalId': hop.externalId ?? '' } : {}),
        ...(action === 'sts:SetSourceIdentity' && hop.sourceIdentity !== undefined
          ? { 'sts:SourceIdentity': hop.sourceIdentity }
          : {}),
      },
    },
  ];
}

const SERVICES = {
  ec2: { name: 'ec2', page: PAGES.machineRole, what: 'EC2 machines' },
  ecs: { name: 'ecs-tasks', page: PAGES.taskRole, what: 'ECS tasks' },
  eks: { name: 'pods.eks', page: PAGES.podRole, what: 'EKS pods' },
} as const;

/** Who hands a machine its role: the trust of the agent's and of the worker nodes' role. */
export function addMachineTrust(
  drafts: Drafts,
  partition: string,
  starters: readonly Starter[],
  extras: PolicyExtras,
): void {
  for (const { holder, machine } of starters) {
    if (machine === undefined || holder.kind !== 'role') continue;
    if (machine === 'irsa') {
      addWebIdentityTrust(drafts, partition, holder, extras);
      continue;
    }
    const { name, page, what } = SERVICES[machine];
    // China's EC2 signs with its own suffix; the other services use one name everywhere.
    const service = `${name}.amazonaws.com${partition === 'aws-cn' && machine === 'ec2' ? '.cn' : ''}`;
    const actions = machine === 'eks' ? ['sts:AssumeRole', 'sts:TagSession'] : ['sts:AssumeRole'];
    drafts.add(holder, 'trust', {
      Sid: 'TrustMachine',
      Principal: { Service: service },
      Action: actions.length === 1 ? 'sts:AssumeRole' : actions,
      reason: `${what} run as ${holder.name}.`,
      page,
      requests: actions.map((action) => ({
        principal: service,
        action,
        resource: holder.arn,
        resourceAccount: holder.account,
        context: {},
      })),
    });
  }
}

function addWebIdentityTrust(
  drafts: Drafts,
  partition: string,
  holder: PolicyHolder,
  { oidcProvider = placeholder('OIDC_PROVIDER'), serviceAccount = placeholder('SERVICE_ACCOUNT') }: PolicyExtras,
): void {
  const provider = `arn:${partition}:iam::${holder.account}:oidc-provider/${oidcProvider}`;
  const claims = {
    [`${oidcProvider}:aud`]: partition === 'aws-cn' ? 'sts.amazonaws.com.cn' : 'sts.amazonaws.com',
    [`${oidcProvider}:sub`]: `system:serviceaccount:${serviceAccount}`,
  };
  drafts.add(holder, 'trust', {
    Sid: 'TrustServiceAccount',
    Principal: { Federated: provider },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: claims },
    reason: `Pods of one Kubernetes service account run as ${holder.name}.`,
    page: PAGES.serviceAccount,
    requests: [
      {
        principal: provider,
        action: 'sts:AssumeRoleWithWebIdentity',
        resource: holder.arn,
        resourceAccount: holder.account,
        context: claims,
      },
    ],
  });
}
