import type { PolicyHolder } from './document.ts';
import type { Drafts } from './drafts.ts';
import type { PolicyExtras } from './extras.ts';
import type { Starter } from './holders.ts';
import { PAGES } from './pages.ts';
import { placeholder } from './placeholders.ts';

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
