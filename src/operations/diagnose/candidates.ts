import type { ActualState } from '../../policies/actual-policies.ts';
import { withoutSample } from '../../policies/bucket.ts';
import type { AccessRequest, PlannedDocument } from '../../policies/document.ts';
import type { PolicySet } from '../../policies/policies.ts';
import { isBounded, type Obstacle } from './denials.ts';
import type { Candidate, DiagnosedDocument } from './diagnosis.ts';
import { holderOf, policyOwnerOf, shortName } from './holder-of.ts';
import { commandToAdd, commandToAttach, commandToCreate, commandToLook, consoleOf, placeOf } from './mends.ts';
import type { Hint, Refusal } from './refusal.ts';
import { type NearMiss, type Simulation, simulationOf } from './standing.ts';
import type { Suspect } from './suspects.ts';

const IAM = 'https://docs.aws.amazon.com/IAM/latest/UserGuide';
const PAGES = {
  logic: `${IAM}/reference_policies_evaluation-logic.html`,
  boundary: `${IAM}/access_policies_boundaries.html`,
  session: `${IAM}/access_policies.html#policies_session`,
  endpoint: 'https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html',
  organization: 'https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html',
  createRole: `${IAM}/id_roles_create_for-user.html`,
  attach: 'https://docs.aws.amazon.com/redshift/latest/mgmt/copy-unload-iam-role.html',
  messages: `${IAM}/troubleshoot_access-denied.html`,
} as const;

/** A statement that is missing, and what comes near to it. `isKnown`: its absence was read, simulated or said, and not concluded. */
export function addition(
  set: PolicySet,
  { document, explained, requests }: Suspect,
  near: NearMiss,
  { isKnown }: { readonly isKnown: boolean },
): Candidate {
  const { kind, holder } = document;
  const { statement, reason, page } = explained;
  const [request] = requests;
  return {
    mend: 'addStatement',
    principalArn: request?.principal ?? holder.arn,
    holder,
    document: kind,
    sid: statement.Sid,
    statement,
    reason: [lead(document, requests, isKnown), ...nearSentences(near), ...spelling(request), reason].join(' '),
    page,
    console: consoleOf(holder, kind, set),
    command: commandToAdd(holder, kind, statement, set),
  };
}

/** More resources than this are no help. */
const SHOWN_RESOURCES = 3;

function nearSentences({ conditions, resources }: NearMiss): readonly string[] {
  const more = resources.length > SHOWN_RESOURCES ? ' and others' : '';
  return [
    ...(conditions.length === 0
      ? []
      : [`A statement that is there would allow it, but for its condition on ${conditions.join(' and ')}.`]),
    ...(resources.length === 0
      ? []
      : [
          `A statement that is there allows it on ${resources.slice(0, SHOWN_RESOURCES).join(', ')}${more}: if that is what is meant, mend the connection instead.`,
        ]),
  ];
}

const REDSHIFT_NAMES = /^arn:[^:]+:redshift:[^:]*:\d*:(?:dbuser|dbname|dbgroup|cluster):([^/]+)(?:\/(.+))?$/;

/** Under a narrow policy AWS refuses a wrong name in the same words as a missing right. */
function spelling(request: AccessRequest | undefined): readonly string[] {
  const [, cluster, name] = REDSHIFT_NAMES.exec(request?.resource ?? '') ?? [];
  if (cluster === undefined) return [];
  const names = name === undefined ? cluster : `${cluster} and ${name}`;
  return [
    `Check the spelling of ${names} first: what does not exist is refused in the same words, and then the connection is to be mended, not the policy.`,
  ];
}

function lead({ kind, holder }: PlannedDocument, requests: readonly AccessRequest[], isKnown: boolean): string {
  const actions = [...new Set(requests.map(({ action }) => action))].join(' and ');
  const who = shortName(requests[0]?.principal ?? '');
  switch (kind) {
    case 'permissions':
      return isKnown
        ? `No policy of ${holder.kind} ${holder.name} allows ${actions}.`
        : `No policy of ${holder.kind} ${holder.name} allows ${actions}, or one above it refuses: a boundary, or the organization's.`;
    case 'trust':
      return isKnown
        ? `The trust policy of role ${holder.name} does not allow ${actions} to ${who}.`
        : `The trust policy of role ${holder.name} does not allow ${actions} to ${who}, or demands more than the connection sends; AWS answers alike for a role that does not exist.`;
    case 'bucket':
    case 'key':
      return `The policy of ${kind} ${holder.name} does not allow ${actions} to ${who}, which is of another account.`;
  }
  return kind satisfies never;
}

/** A role that IAM does not have. */
export function creation(set: PolicySet, { holder }: PlannedDocument, near: readonly string[]): Candidate {
  const trust = set.documents.find((each) => each.holder.arn === holder.arn && each.kind === 'trust');
  const meant = near.length === 0 ? ' Check its spelling first.' : ` Did you mean ${near.join(' or ')}?`;
  return {
    mend: 'createRole',
    principalArn: holder.arn,
    holder,
    document: 'trust',
    reason: `There is no ${holder.kind} ${holder.name} in account ${holder.account}.${meant}`,
    page: PAGES.createRole,
    console: consoleOf(holder, 'trust', set),
    command: commandToCreate(holder, trust?.document.Statement ?? []),
  };
}

/** The cluster lacks the role that COPY and UNLOAD are to work as. */
export function attachment(set: PolicySet): readonly Candidate[] {
  const { attach } = set;
  if (attach === undefined) return [];
  const { role, cluster } = attach;
  return [
    {
      mend: 'attachRole',
      principalArn: role.arn,
      holder: role,
      document: 'cluster',
      reason: `Role ${role.name} is not attached to ${cluster}: trust alone does not make it usable.`,
      page: PAGES.attach,
      console: consoleOf(role, 'cluster', set),
      command: commandToAttach(set),
    },
  ];
}

/** What was read and stands in the way. */
export function fromObstacle({ holder, document, request, source, statement }: Obstacle, set: PolicySet): Candidate {
  const { action, resource, principal } = request;
  const name = statement?.Sid === undefined ? 'a statement without a Sid' : statement.Sid;
  const keys = Object.values(statement?.Condition ?? {}).flatMap((tests) => Object.keys(tests));
  const unless = keys.length === 0 ? '' : ` It hangs on ${[...new Set(keys)].join(' and ')}.`;
  return {
    mend: statement === undefined ? 'widenBoundary' : 'removeStatement',
    principalArn: principal,
    holder,
    document,
    ...(statement?.Sid === undefined ? {} : { sid: statement.Sid }),
    ...(statement === undefined ? {} : { statement }),
    reason:
      statement === undefined
        ? `The permissions boundary of ${holder.kind} ${holder.name} (${source}) does not allow ${action} on ${withoutSample(resource)}, so nothing else can.`
        : `${capital(placeOf({ holder, document }))} denies ${action} on ${withoutSample(resource)} in so many words: ${name} (${source}).${unless}`,
    page: statement === undefined ? PAGES.boundary : PAGES.logic,
    console: consoleOf(holder, document, set),
    command: commandToLook(holder, document),
  };
}

/** What IAM's own simulation shows beyond a statement that is missing. */
export function fromSimulation(
  set: PolicySet,
  simulated: readonly Simulation[],
  requests: readonly AccessRequest[],
  state: ActualState,
): readonly Candidate[] {
  return requests.flatMap((request): readonly Candidate[] => {
    const found = simulationOf(request, simulated);
    if (found?.byOrganization === false) return [narrowing(set, request, 'organization', SIMULATED)];
    if (found?.byBoundary === false && isBounded(request, set, state))
      return [narrowing(set, request, 'boundary', SIMULATED)];
    return found?.decision === 'explicitDeny' ? denied(set, request, 'permissions', SIMULATED) : [];
  });
}

const SIMULATED = 'A simulation in IAM shows it.';

/** The connection's own session policy takes away what the role may. */
export function fromSessionPolicy(set: PolicySet, requests: readonly AccessRequest[]): readonly Candidate[] {
  return set.sessionGaps.flatMap(
    ({ roleArn, hop, sid, statement, verdict, requests: refused }): readonly Candidate[] => {
      const request = requests.find(
        ({ principal, action, resource }) =>
          principal === roleArn && refused.some((each) => each.action === action && each.resource === resource),
      );
      if (request === undefined || verdict !== 'denied') return [];
      const words = `It is the sessionPolicy of the connection for ${hop}; a session has what both allow.`;
      return [{ ...narrowing(set, request, 'session', words), sid, statement }];
    },
  );
}

/** What AWS itself says of a policy that forbids, or of one outside the plan that is silent. */
export function fromHint(set: PolicySet, { hint }: Refusal, requests: readonly AccessRequest[]): readonly Candidate[] {
  const [request] = requests;
  if (hint === undefined || request === undefined) return [];
  const words = `AWS says so${hint.policyArn === undefined ? '' : `, and names it: ${hint.policyArn}`}.`;
  switch (hint.policy) {
    case 'organization':
    case 'session':
    case 'endpoint':
    case 'boundary':
      return [narrowing(set, request, hint.policy, words, hint)];
    case 'identity':
      return hint.effect === 'deny' ? denied(set, request, 'permissions', words) : [];
    case 'resource': {
      if (hint.effect !== 'deny') return [];
      const kind = request.action.startsWith('sts:') ? 'trust' : request.action.startsWith('kms:') ? 'key' : 'bucket';
      return denied(set, request, kind, words);
    }
    case 'other':
      return [];
  }
  return hint.policy satisfies never;
}

const MENDS = {
  organization: 'askOrganization',
  session: 'widenSession',
  endpoint: 'widenEndpoint',
  boundary: 'widenBoundary',
} as const;

function narrowing(
  set: PolicySet,
  request: AccessRequest,
  document: keyof typeof MENDS,
  words: string,
  hint?: Hint,
): Candidate {
  // A service control policy lies over the caller's account, a resource control policy over the resource's.
  const isOfResource = hint !== undefined && /resource control/i.test(hint.words);
  const { principal, resource, resourceAccount } = request;
  const holder = isOfResource ? holderOf(set, policyOwnerOf(resource), resourceAccount) : holderOf(set, principal);
  const verb = hint === undefined ? 'refuses' : hint.effect === 'deny' ? 'denies' : 'does not allow';
  return {
    mend: MENDS[document],
    principalArn: principal,
    holder,
    document,
    reason: `${capital(placeOf({ holder, document }))} ${verb} ${request.action} on ${withoutSample(resource)}. ${words}`,
    page: PAGES[document],
    console: consoleOf(holder, document, set),
    command: commandToLook(holder, document, { isOfResource }),
  };
}

function denied(
  set: PolicySet,
  request: AccessRequest,
  document: Exclude<DiagnosedDocument, keyof typeof MENDS | 'cluster'>,
  words: string,
): readonly Candidate[] {
  const { principal, resource, resourceAccount } = request;
  const isOwn = document === 'permissions';
  const holder = holderOf(set, isOwn ? principal : policyOwnerOf(resource), isOwn ? undefined : resourceAccount);
  return [
    {
      mend: 'removeStatement',
      principalArn: request.principal,
      holder,
      document,
      reason: `${capital(placeOf({ holder, document }))} denies ${request.action} on ${withoutSample(resource)} in so many words. ${words}`,
      page: PAGES.messages,
      console: consoleOf(holder, document, set),
      command: commandToLook(holder, document),
    },
  ];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
