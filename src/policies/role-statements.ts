import type { AccessPlan, RoleHop } from '../access/plan.ts';
import type { AccessRequest, PolicyHolder } from './document.ts';
import type { Drafts } from './drafts.ts';
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
    const sourceIdentity = hops[0]?.sourceIdentity;
    const actions =
      sourceIdentity === undefined ? 'sts:AssumeRole' : (['sts:AssumeRole', 'sts:SetSourceIdentity'] as const);
    for (const starter of starters) {
      let caller = starter.holder;
      for (const hop of hops) {
        const role = roleHolder(hop.roleArn, hop);
        const requests = requestsOf(caller, hop, typeof actions === 'string' ? [actions] : actions, sourceIdentity);
        const sourceReason = sourceIdentity === undefined ? '' : ' The source identity travels with the session.';
        drafts.add(caller, 'permissions', {
          Sid: `Assume${hopSid(hop.id)}`,
          Action: actions,
          Resource: hop.roleArn,
          reason: `${caller.name} assumes the role ${role.name}, and nothing else.${sourceReason}`,
          page: sourceIdentity === undefined ? PAGES.assumePermission : PAGES.sourceIdentity,
          requests,
        });
        drafts.add(role, 'trust', {
          Sid: `Trust${callerSid(caller, starters, hops)}`,
          Principal: { AWS: caller.arn },
          Action: actions,
          ...(hop.externalId === undefined
            ? {}
            : { Condition: { StringEquals: { 'sts:ExternalId': hop.externalId } } }),
          reason:
            hop.externalId === undefined
              ? `${role.name} lets ${caller.name} become it.${sourceReason}`
              : `${role.name} lets ${caller.name} become it, with the agreed external id only.${sourceReason}`,
          page: hop.externalId === undefined ? PAGES.trust : PAGES.externalId,
          requests,
        });
        caller = role;
      }
    }
  }
}

function requestsOf(
  caller: PolicyHolder,
  hop: RoleHop,
  actions: readonly string[],
  sourceIdentity: string | undefined,
): readonly AccessRequest[] {
  return actions.map((action) => ({
    principal: caller.arn,
    action,
    resource: hop.roleArn,
    resourceAccount: hop.account,
    context: {
      'sts:ExternalId': hop.externalId ?? '',
      'sts:RoleSessionName': hop.sessionName,
      'sts:SourceIdentity': sourceIdentity ?? '',
    },
  }));
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
    page: 'https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html',
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
