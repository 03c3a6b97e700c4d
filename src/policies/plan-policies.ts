import type { AccessPlan } from '../access/plan.ts';
import { sourceBucketsOf, stagingBucketOf } from './bucket.ts';
import { checkExtras } from './check-extras.ts';
import { addCopyRoles, copyRolesOf } from './copy-statements.ts';
import type { PlannedDocument, PolicyHolder } from './document.ts';
import { Drafts } from './drafts.ts';
import type { PolicyExtras, PolicyOptions } from './extras.ts';
import { assumeRoleGrants, type ExplainedGrant } from './grants.ts';
import { startersOf } from './holders.ts';
import { addLogin } from './login-statements.ts';
import { addMachineTrust } from './machine-trust.ts';
import { policyNotes } from './notes.ts';
import { placeOf, type RedshiftPlace } from './place.ts';
import { type Placeholder, placeholdersIn } from './placeholders.ts';
import { addRoleHops } from './role-statements.ts';
import { type SessionPolicyGap, sessionPolicyGaps } from './session-policies.ts';
import { addSources, addStaging } from './staging-statements.ts';

/** Everything that IAM and the cluster have to be told for one connection. */
export interface PolicySet {
  readonly partition: string;
  /** Home region of the cluster and of the calls. */
  readonly region?: string;
  /** For the inline policies: of this connection only, since a user or a role may serve several. */
  readonly policyName: string;
  /** In the order in which they can be applied: who is trusted exists before who trusts. */
  readonly documents: readonly PlannedDocument[];
  /** For the cluster's administrator, in SQL; empty unless the COPY role is kept for one user. */
  readonly grants: readonly ExplainedGrant[];
  /** The role to attach to the cluster, where COPY and UNLOAD are used. */
  readonly attach?: { readonly role: PolicyHolder; readonly cluster: string; readonly isServerless: boolean };
  /** What is still to be filled in. */
  readonly placeholders: readonly Placeholder[];
  /** What the connection's own session policies take away of what it needs. */
  readonly sessionGaps: readonly SessionPolicyGap[];
  /** What an administrator should know, in sentences. */
  readonly notes: readonly string[];
}

/** The policies of a planned connection. Pure. Throws RS_CONFIG_INVALID for extras that contradict the connection. */
export function planPolicies(plan: AccessPlan, options: PolicyOptions, extras: PolicyExtras = {}): PolicySet {
  checkExtras(extras);
  const drafts = new Drafts();
  const starters = startersOf(plan, options, extras);
  addMachineTrust(drafts, plan.aws.partition, starters, extras);
  addRoleHops(drafts, plan, starters);
  const cluster = placeOf(plan, options, extras);
  addLogin(drafts, plan, cluster, extras);

  const bucket = stagingBucketOf(plan, options, extras);
  const copyRoles = bucket === undefined ? [] : copyRolesOf(plan, options, cluster, extras);
  const sources = sourceBucketsOf(plan, bucket, extras);
  if (bucket !== undefined) {
    addStaging(drafts, plan, starters, bucket);
    addSources(drafts, plan, starters, sources);
    addCopyRoles(drafts, copyRoles, bucket, cluster, extras);
  }

  const documents = drafts.documents();
  const autoCreate = plan.login.kind === 'clusterCredentials' && plan.login.autoCreate;
  const grants = extras.copyForUserOnly === true ? assumeRoleGrants(copyRoles, cluster.user, autoCreate) : [];
  const [first] = copyRoles;
  const sessionGaps = sessionPolicyGaps(plan, documents);
  return {
    partition: plan.aws.partition,
    ...(plan.aws.region === undefined ? {} : { region: plan.aws.region }),
    policyName: policyNameOf(cluster, plan.login.database),
    documents,
    grants,
    ...(first === undefined
      ? {}
      : { attach: { role: first, cluster: cluster.name, isServerless: cluster.isServerless } }),
    placeholders: placeholdersIn(
      JSON.stringify([documents.map(({ document, holder }) => ({ document, holder })), first && cluster.name]),
    ),
    sessionGaps,
    notes: policyNotes(plan, documents, { starters, copyRoles, bucket, extras, sessionGaps, place: cluster }),
  };
}

/** As IAM takes it: 128 letters, digits and a few marks at most. */
function policyNameOf({ name: place, user }: RedshiftPlace, database: string): string {
  const name = ['roleshift', place, database, user].join('-');
  return name
    .replaceAll(/[<>]/g, '')
    .replaceAll(/[^\w+=,.@-]/g, '_')
    .slice(0, 128);
}
