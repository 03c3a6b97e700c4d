import { hasIam, openIamReader } from '../../auth/iam-reads.ts';
import type { LookUps } from '../../auth/look-up.ts';
import { type EndpointName, readEndpointName } from '../../core/endpoint-name.ts';
import type { PlaceholderName } from '../../policies/placeholders.ts';
import type { PolicyExtras } from '../../policies/policies.ts';
import { bucketOwnerOf } from './bucket-owner.ts';
import { asAny, noCaller, reasonOf, type Search } from './search.ts';

/** A part of a policy that AWS told. */
export interface Resolved {
  /** As it stands in the policies: `<WORKGROUP_ID>`. */
  readonly placeholder: string;
  readonly value: string;
  /** The call that told it. */
  readonly by: string;
}

/** A part that stays to be filled in by hand. */
export interface Unresolved {
  /** As it stands in the policies: `<WORKGROUP_ID>`. */
  readonly placeholder: string;
  readonly why: string;
}

export interface Resolution {
  /** What was given, and what was found. */
  readonly extras: PolicyExtras;
  readonly resolved: readonly Resolved[];
  readonly unresolved: readonly Unresolved[];
}

/** What one look-up found. */
interface Found {
  readonly value: string;
  readonly by: string;
  readonly extras: PolicyExtras;
}

type LookUpPart = (search: Search) => Promise<Found | undefined>;

/** What can be looked up, and how. The worker nodes' role, an OIDC provider and a service account AWS tells nobody. */
const PARTS: Readonly<Partial<Record<PlaceholderName, LookUpPart>>> = {
  CLUSTER: async (search) => {
    const { login } = search.access.plan;
    const domain = 'customDomain' in login ? login.customDomain : undefined;
    if (domain === undefined) return undefined;
    const value = await asAny(search, (lookUps) => lookUps.clusterOfDomain(domain));
    return found('clusterIdentifier', value, 'redshift:DescribeCustomDomainAssociations');
  },
  WORKGROUP_ID: async (search) => found('workgroupId', (await workgroupOf(search)).id, GET_WORKGROUP),
  CLUSTER_ACCOUNT: async (search) =>
    isServerless(search)
      ? found('clusterAccount', (await workgroupOf(search)).account, GET_WORKGROUP)
      : found('clusterAccount', (await clusterOf(search)).account, DESCRIBE_CLUSTERS),
  CLUSTER_DEFAULT_ROLE: async (search) =>
    isServerless(search)
      ? found('defaultCopyRoleArn', (await namespaceOf(search)).defaultRoleArn, 'redshift-serverless:GetNamespace')
      : found('defaultCopyRoleArn', (await clusterOf(search)).defaultRoleArn, DESCRIBE_CLUSTERS),
  BUCKET_OWNER: async (search) =>
    found('bucketOwner', await bucketOwnerOf(search), 's3:ListBucket with that account as the expected owner'),
  AGENT_ACCOUNT: identityOf,
  AGENT_USER: identityOf,
  AGENT_ROLE: identityOf,
  AGENT_IDENTITY: identityOf,
};

const PART_OF: ReadonlyMap<string, LookUpPart> = new Map(
  Object.entries(PARTS).map(([name, part]) => [`<${name}>`, part]),
);

const GET_WORKGROUP = 'redshift-serverless:GetWorkgroup';
const DESCRIBE_CLUSTERS = 'redshift:DescribeClusters';

function found(key: keyof PolicyExtras, value: string | undefined, by: string): Found | undefined {
  return value === undefined ? undefined : { value, by, extras: { [key]: value } };
}

/**
 * Asks AWS for parts of the policies that the connection does not say, as the connection's own last role or identity. Each
 * call is made once and in bounded time; what fails stays a placeholder, with the reason. Throws only the run's abort.
 */
export async function resolveUnknown(
  search: Search,
  wanted: readonly string[],
  given: PolicyExtras,
): Promise<Resolution> {
  let extras = given;
  const resolved: Resolved[] = [];
  const unresolved: Unresolved[] = [];
  for (const placeholder of wanted) {
    const lookUp = PART_OF.get(placeholder);
    try {
      const answer = await lookUp?.(search);
      if (answer === undefined) {
        unresolved.push({ placeholder, why: lookUp ? 'AWS names none' : 'no call to AWS tells it' });
        continue;
      }
      extras = { ...extras, ...answer.extras };
      resolved.push({ placeholder, value: answer.value, by: answer.by });
    } catch (error) {
      search.run.signal.throwIfAborted();
      unresolved.push({ placeholder, why: reasonOf(error) });
    }
  }
  return { extras, resolved, unresolved };
}

/** A session tells the name of its role, not the role's path: IAM does, to whoever may read the role. */
const SESSION = 'sts:GetCallerIdentity, which does not tell the path of a role: give --identity-arn where it has one';

async function identityOf({ access, run, identity, nobody }: Search): Promise<Found | undefined> {
  if (identity === undefined) throw noCaller(nobody);
  const { principalArn } = identity;
  if (principalArn === undefined || !/:(?:user|role|assumed-role)\//.test(principalArn)) return undefined;
  const [, partition, account, name] = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)/.exec(principalArn) ?? [];
  if (name === undefined) return found('identityArn', principalArn, 'sts:GetCallerIdentity');
  const { aws } = access.plan;
  if (hasIam(aws)) {
    using reader = await openIamReader(aws, identity, access.clock);
    const read = await reader.principal(`arn:${partition}:iam::${account}:role/${name}`, run.signal);
    if (read.kind === 'read') return found('identityArn', read.policies.arn, 'sts:GetCallerIdentity and iam:GetRole');
  }
  return found('identityArn', principalArn, SESSION);
}

function isServerless(search: Search): boolean {
  return workgroupName(search) !== undefined;
}

function workgroupName({ access, options }: Search): string | undefined {
  const { login } = access.plan;
  return login.kind === 'serverlessCredentials' ? login.workgroup : (options.workgroup ?? nameOf(options)?.workgroup);
}

function workgroupOf(search: Search): ReturnType<LookUps['workgroup']> {
  const name = workgroupName(search);
  return name === undefined ? Promise.resolve({}) : asAny(search, (lookUps) => lookUps.workgroup(name));
}

async function namespaceOf(search: Search): ReturnType<LookUps['namespace']> {
  const { namespace } = await workgroupOf(search);
  return namespace === undefined ? {} : asAny(search, (lookUps) => lookUps.namespace(namespace));
}

function clusterOf(search: Search): ReturnType<LookUps['cluster']> {
  const { login } = search.access.plan;
  const named = 'clusterIdentifier' in login ? login.clusterIdentifier : undefined;
  const identifier = named ?? search.options.clusterIdentifier ?? nameOf(search.options)?.clusterIdentifier;
  return identifier === undefined ? Promise.resolve({}) : asAny(search, (lookUps) => lookUps.cluster(identifier));
}

function nameOf({ host }: Search['options']): EndpointName | undefined {
  return host === undefined ? undefined : readEndpointName(host);
}
