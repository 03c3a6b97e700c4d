import type { AccessPlan, RoleHop } from '../access/plan.ts';
import type { AccessRequest, OneOrMany, PolicyHolder } from './document.ts';
import type { Drafts, NewStatement } from './drafts.ts';
import { roleHolder, type Starter } from './holders.ts';
import { PAGES } from './pages.ts';

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
    for (const starter of starters) {
      let caller = starter.holder;
      // Set once; AWS hands it on to the later roles, and asks for the right at each.
      let sourceIdentity: string | undefined;
      const inherited: string[] = [];
      for (const hop of hops) {
        const step: Step = {
          caller,
          callerSid: callerSid(caller, starters, hops),
          hop,
          role: roleHolder(hop.roleArn, hop),
        };
        addAssume(drafts, step);
        sourceIdentity ??= hop.sourceIdentity;
        if (sourceIdentity !== undefined) addSourceIdentity(drafts, step, sourceIdentity);
        addTags(drafts, step, { isPod: starter.machine === 'eks', inherited: [...inherited] });
        inherited.push(...transitiveKeys(hop));
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

interface TagOrigin {
  /** EKS Pod Identity tags the sessions that it hands out. */
  readonly isPod: boolean;
  /** Keys that an earlier role hands on. */
  readonly inherited: readonly string[];
}

/** The tags that the call sets, and those that go along from before: AWS asks for the right in both cases. */
function addTags(drafts: Drafts, step: Step, { isPod, inherited }: TagOrigin): void {
  const own = step.hop.sessionTags ?? [];
  if (!isPod && own.length === 0 && inherited.length === 0) return;
  const sids = [`Tag${hopSid(step.hop.id)}`, `Trust${step.callerSid}Tags`] as const;
  if (isPod && own.length === 0) {
    addBeside(drafts, step, 'sts:TagSession', {
      sids,
      reason:
        'EKS tags the sessions of its pods, and the tags go along to the next role. Not needed with disableSessionTags.',
      page: PAGES.podTags,
    });
    return;
  }
  const values = Object.fromEntries(own.map(({ key, value }) => [`aws:RequestTag/${key}`, value]));
  const keys = [...own.map(({ key }) => key), ...inherited];
  addBeside(drafts, step, 'sts:TagSession', {
    sids,
    Condition: {
      ...(own.length === 0 ? {} : { StringEquals: values }),
      // The keys of a pod's tags are EKS's to choose.
      ...(isPod ? {} : { 'ForAllValues:StringEquals': tagKeys(keys, [...inherited, ...transitiveKeys(step.hop)]) }),
    },
    reason:
      own.length === 0
        ? `The tags ${inherited.join(', ')} of an earlier session go along: AWS asks for the right at each role.`
        : `The session is tagged (${own.map(({ key }) => key).join(', ')}) with these values only.`,
    page: PAGES.sessionTags,
  });
}

function tagKeys(keys: readonly string[], transitive: readonly string[]): Record<string, OneOrMany> {
  return { 'aws:TagKeys': keys, ...(transitive.length === 0 ? {} : { 'sts:TransitiveTagKeys': transitive }) };
}

function transitiveKeys({ sessionTags = [] }: RoleHop): readonly string[] {
  return sessionTags.filter(({ transitive }) => transitive).map(({ key }) => key);
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
        ...(action === 'sts:TagSession' ? tagContext(hop) : {}),
      },
    },
  ];
}

function tagContext({ sessionTags = [], ...hop }: RoleHop): AccessRequest['context'] {
  return {
    ...Object.fromEntries(sessionTags.map(({ key, value }) => [`aws:RequestTag/${key}`, value])),
    'aws:TagKeys': sessionTags.map(({ key }) => key),
    'sts:TransitiveTagKeys': transitiveKeys({ ...hop, sessionTags }),
  };
}
