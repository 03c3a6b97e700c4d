import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { PlannedDocument, PolicyHolder } from '../../policies/document.ts';
import type { PolicyExtras } from '../../policies/extras.ts';
import { hasPlaceholder } from '../../policies/placeholders.ts';
import { type PolicySet, planPolicies } from '../../policies/plan-policies.ts';
import type { Connection } from '../connection.ts';
import type { Refusal } from './refusal.ts';
import { type Actors, type Suspect, suspectsOf } from './suspects.ts';

/** The policies of the connection, and the statements of theirs that the refusal may be about. */
export interface KnownWay {
  readonly set: PolicySet;
  readonly suspects: readonly Suspect[];
  readonly actors: Actors;
  /** ARN of the user, or of the role's session, that begins the way; absent where it is not known. */
  readonly identityArn?: string;
}

/** Who begins the way, as far as AWS tells. */
interface KnownIdentity {
  readonly arn?: string | undefined;
  readonly source?: string | undefined;
}

/**
 * Lays the refusal beside the policies that the connection needs, for the identity that it really has. `identityArn` is a
 * better name for it than AWS gave: of a role with its path.
 */
export async function knownWay(
  { access, options }: Connection,
  refusal: Refusal,
  run: Run,
  { identityArn }: { readonly identityArn?: string | undefined } = {},
): Promise<KnownWay> {
  const { plan } = access;
  const identity = await identityOf(access, refusal, run);
  const arn = identityArn ?? identity.arn;
  const planned = planPolicies(plan, options, {
    ...(arn === undefined ? {} : { identityArn: arn }),
    ...machineOf(identity, refusal),
    ...namedBy(refusal, options.copyRole),
  });
  const set = refusal.roleName === undefined ? planned : withRoleName(planned, refusal.roleName);
  const copyRole = options.copyRole === 'default' ? set.attach?.role.arn : options.copyRole;
  const stagingPrincipal = plan.stagingRoles.at(-1)?.roleArn ?? arn;
  const actors = {
    copyRoles: copyRole === undefined ? [] : copyRole.split(',').map((each) => each.trim()),
    ...(stagingPrincipal === undefined ? {} : { stagingPrincipal }),
  };
  return {
    set,
    suspects: suspectsOf(set, refusal, actors),
    actors,
    ...(arn === undefined ? {} : { identityArn: arn }),
  };
}

const PRINCIPAL = /^arn:[^:]+:(?:iam::\d{12}:(?:user|role)|sts::\d{12}:assumed-role)\//;

async function identityOf(access: Connection['access'], { work }: Refusal, run: Run): Promise<KnownIdentity> {
  if (access.plan.identity === undefined || work === 'identity') return {};
  try {
    const { principalArn = '', source } = await access.identity(run);
    // The account itself, and users of GetFederationToken, are nobody whom a policy of the plan could belong to.
    return PRINCIPAL.test(principalArn) ? { arn: principalArn, source } : { source };
  } catch (error) {
    run.signal.throwIfAborted();
    if (error instanceof ConnectorError) return {};
    throw error;
  }
}

/** By what the credentials came. EKS names and tags the sessions of its pods; ECS does neither. */
function machineOf({ arn = '', source = '' }: KnownIdentity, { action }: Refusal): Pick<PolicyExtras, 'machine'> {
  if (source.startsWith('web identity token')) return { machine: 'irsa' };
  if (!source.startsWith('container credentials')) return {};
  return { machine: action === 'sts:TagSession' || /:assumed-role\/[^/]+\/eks-/.test(arn) ? 'eks' : 'ecs' };
}

/** What a connection cannot say and AWS's refusal tells: the default role, a workgroup's id, a cluster's identifier. */
function namedBy({ work, resource = '', roleArn }: Refusal, copyRole: string | undefined): PolicyExtras {
  const workgroupId = /:redshift-serverless:[^:]*:\d*:workgroup\/([\w-]+)/.exec(resource)?.[1];
  const clusterIdentifier = /:redshift:[^:]*:\d*:(?:dbuser|dbname|dbgroup|cluster):([\w-]+)/.exec(resource)?.[1];
  const isDefault = copyRole === 'default' && work === 'copyRole';
  return {
    ...(workgroupId === undefined ? {} : { workgroupId }),
    ...(clusterIdentifier === undefined ? {} : { clusterIdentifier }),
    ...(isDefault && roleArn !== undefined ? { defaultCopyRoleArn: roleArn } : {}),
  };
}

/** The machine's service names the role that it may not hand out, though not its account. */
function withRoleName(set: PolicySet, name: string): PolicySet {
  const named = (holder: PolicyHolder): PolicyHolder => {
    if (holder.kind !== 'role' || !hasPlaceholder(holder.name)) return holder;
    return { ...holder, name, arn: holder.arn.replace(holder.name, name) };
  };
  const documents = set.documents.map((document): PlannedDocument => ({ ...document, holder: named(document.holder) }));
  return { ...set, documents };
}
