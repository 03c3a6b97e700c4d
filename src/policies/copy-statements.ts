import type { AccessPlan } from '../access/plan.ts';
import type { StagingBucket } from './bucket.ts';
import type { PolicyCondition, PolicyHolder } from './document.ts';
import type { Drafts } from './drafts.ts';
import type { PolicyExtras, PolicyOptions } from './extras.ts';
import { roleHolder } from './holders.ts';
import { PAGES } from './pages.ts';
import type { RedshiftPlace } from './place.ts';
import { placeholder } from './placeholders.ts';
import { addCopyAccess } from './staging-statements.ts';

/** The roles that COPY and UNLOAD work as, in order: the first is attached to the cluster. */
export function copyRolesOf(
  plan: AccessPlan,
  { copyRole }: PolicyOptions,
  cluster: RedshiftPlace,
  extras: PolicyExtras,
): readonly PolicyHolder[] {
  if (copyRole === undefined) return [];
  const unknown = `arn:${plan.aws.partition}:iam::${cluster.account}:role/${placeholder('CLUSTER_DEFAULT_ROLE')}`;
  if (copyRole === 'default') return [roleHolder(extras.defaultCopyRoleArn ?? unknown)];
  return copyRole.split(',').map((arn) => roleHolder(arn));
}

/** Trust and rights of the COPY roles: Redshift becomes the first, each next one is reached from the one before. */
export function addCopyRoles(
  drafts: Drafts,
  roles: readonly PolicyHolder[],
  bucket: StagingBucket,
  cluster: RedshiftPlace,
  extras: PolicyExtras,
): void {
  const [first] = roles;
  const last = roles.at(-1);
  if (first === undefined || last === undefined) return;
  addServiceTrust(drafts, first, cluster, extras);
  roles.slice(1).forEach((role, index) => {
    const caller = roles[index] ?? first;
    const requests = [
      {
        principal: caller.arn,
        action: 'sts:AssumeRole',
        resource: role.arn,
        resourceAccount: role.account,
        // Whether Redshift sends an external id here as well, AWS does not say.
        context: {},
      },
    ];
    const page = PAGES.copyChain;
    drafts.add(caller, 'permissions', {
      Sid: `AssumeCopyRole${index + 2}`,
      Action: 'sts:AssumeRole',
      Resource: role.arn,
      reason: `Redshift goes on from ${caller.name} to ${role.name}: a chain of COPY roles.`,
      page,
      requests,
    });
    drafts.add(role, 'trust', {
      Sid: `TrustCopyRole${index + 1}`,
      Principal: { AWS: caller.arn },
      Action: 'sts:AssumeRole',
      reason: `${role.name} lets ${caller.name}, the role before it in the chain, become it.`,
      page,
      requests,
    });
  });
  addCopyAccess(drafts, last, bucket);
}

function addServiceTrust(drafts: Drafts, role: PolicyHolder, cluster: RedshiftPlace, extras: PolicyExtras): void {
  // A workgroup presents itself as either service, by the feature that asks.
  const services = cluster.isServerless
    ? ['redshift.amazonaws.com', 'redshift-serverless.amazonaws.com']
    : ['redshift.amazonaws.com'];
  const condition = serviceConditions(cluster, extras);
  drafts.add(role, 'trust', {
    Sid: 'TrustRedshift',
    Principal: { Service: services.length === 1 ? (services[0] ?? '') : services },
    Action: 'sts:AssumeRole',
    ...(condition === undefined ? {} : { Condition: condition }),
    reason:
      extras.copyForUserOnly === true
        ? `Redshift becomes ${role.name} for COPY and UNLOAD of this one database user.`
        : `Redshift becomes ${role.name} for COPY and UNLOAD. Every user of a cluster with this role may use it.`,
    page: trustPage(extras),
    requests: services.map((principal) => ({
      principal,
      action: 'sts:AssumeRole',
      resource: role.arn,
      resourceAccount: role.account,
      context: {
        'sts:ExternalId': cluster.arnOf('dbuser', cluster.user),
        'aws:SourceArn': cluster.arn,
        'aws:SourceAccount': cluster.account,
      },
    })),
  });
}

function trustPage({ copyForUserOnly, pinSourceArn, pinSourceAccount }: PolicyExtras): string {
  if (copyForUserOnly === true) return PAGES.copyUsers;
  return pinSourceArn === true || pinSourceAccount === true ? PAGES.copyPins : PAGES.copyTrust;
}

function serviceConditions(
  { arn, account, arnOf, user }: RedshiftPlace,
  { copyForUserOnly = false, pinSourceArn = false, pinSourceAccount = false }: PolicyExtras,
): PolicyCondition | undefined {
  if (!copyForUserOnly && !pinSourceArn && !pinSourceAccount) return undefined;
  const equals = {
    // A user name may look like a variable of IAM.
    ...(copyForUserOnly ? { 'sts:ExternalId': arnOf('dbuser', user).replaceAll(/\$(?=\{)/g, '$${$$}') } : {}),
    ...(pinSourceAccount ? { 'aws:SourceAccount': account } : {}),
  };
  return {
    ...(Object.keys(equals).length > 0 ? { StringEquals: equals } : {}),
    ...(pinSourceArn ? { ArnEquals: { 'aws:SourceArn': arn } } : {}),
  };
}
