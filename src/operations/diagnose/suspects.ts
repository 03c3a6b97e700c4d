import type { ActualPolicy, ActualState } from '../../policies/actual-policies.ts';
import { decide, type KnownPolicies } from '../../policies/decide.ts';
import {
  type AccessRequest,
  type ExplainedStatement,
  listOf,
  type PlannedDocument,
  type PolicyDocument,
} from '../../policies/document.ts';
import { matchesPattern } from '../../policies/match-pattern.ts';
import type { PolicySet } from '../../policies/policies.ts';
import type { Refusal } from './refusal.ts';
import { elsewhereSuspect, unplannedSuspect } from './unplanned.ts';

/** A statement that would explain the refusal if it were missing. */
export interface Suspect {
  readonly document: PlannedDocument;
  readonly explained: ExplainedStatement;
  /** Its requests among those that may have been refused. */
  readonly requests: readonly AccessRequest[];
  /**
   * Without it alone, with everything else as planned, a request is refused. False where the other side suffices: in one
   * account a trust policy that names the caller itself.
   */
  readonly breaks: boolean;
}

/** Who does what on the way, as the connection names them: its policies do not tell one use of a role from another. */
export interface Actors {
  /** ARNs of the COPY roles in order; empty where there are none. */
  readonly copyRoles: readonly string[];
  /** Who reads and writes the staging area. */
  readonly stagingPrincipal?: string;
}

/** The statements behind a refusal, in the order of their policies; those whose requests AWS did not name are left out. */
export function suspectsOf(set: PolicySet, refusal: Refusal, actors: Actors): readonly Suspect[] {
  const all = set.documents.flatMap((document) =>
    document.statements.map((explained) => ({
      document,
      explained,
      requests: explained.requests.filter((request) => isOfWork(request, refusal, actors)),
    })),
  );
  const concerned = all.filter(({ requests }) => requests.length > 0);
  const isPlanned = concerned.some(({ requests }) => requests.some(({ action }) => action === refusal.named));
  const principal = concerned[0]?.requests[0]?.principal;
  const elsewhere = isElsewhere(concerned, refusal) ? elsewhereSuspect(set, refusal, principal) : undefined;
  if (elsewhere !== undefined) return [elsewhere];
  const unplanned = isPlanned ? undefined : unplannedSuspect(set, refusal, principal);
  if (unplanned !== undefined) return [unplanned];
  return narrowed(concerned, refusal).map((each) => ({ ...each, breaks: isCause(set, NOTHING_READ, each) }));
}

/** Whether S3 was asked for what no statement of the plan names: rows come from and go to other places than the staging area. */
function isElsewhere(concerned: readonly Concerned[], { work, action, resource }: Refusal): boolean {
  if (work !== 'staging' || resource === undefined || action?.startsWith('s3:') !== true) return false;
  return !concerned.some(({ explained: { statement } }) =>
    listOf(statement.Resource).some((pattern) => matchesPattern(pattern, resource) !== false),
  );
}

/** The state before anything was read. */
export const NOTHING_READ: ActualState = { policies: [], listed: new Set(), unread: [] };

type Concerned = Omit<Suspect, 'breaks'>;

/** Keeps the requests that AWS named, where it named any that the policies know. */
function narrowed(concerned: readonly Concerned[], { action, resource }: Refusal): readonly Concerned[] {
  const keep = (test: (request: AccessRequest) => boolean, among: readonly Concerned[]): readonly Concerned[] => {
    const kept = among
      .map((each) => ({ ...each, requests: each.requests.filter(test) }))
      .filter(({ requests }) => requests.length > 0);
    return kept.length > 0 ? kept : among;
  };
  const byAction =
    action === undefined ? concerned : keep((each) => each.action.toLowerCase() === action.toLowerCase(), concerned);
  return resource === undefined ? byAction : keep((each) => each.resource === resource, byAction);
}

const LOOKUPS = /:(?:Describe|List|GetWorkgroup|GetNamespace)/;

function isOfWork(request: AccessRequest, refusal: Refusal, { copyRoles, stagingPrincipal }: Actors): boolean {
  const { principal, action, resource } = request;
  const isService = !/^arn:[^:]+:iam::[^:]*:(?:user|role)\/|^arn:[^:]+:iam::[^:]*:</.test(principal);
  const last = copyRoles.at(-1);
  switch (refusal.work) {
    case 'identity':
      return isService && !principal.startsWith('redshift');
    case 'role':
      return (
        !isService &&
        action.startsWith('sts:') &&
        resource === refusal.roleArn &&
        (refusal.callerArn === undefined ||
          isSamePrincipal(principal, refusal.callerArn) ||
          // A placeholder may be anybody.
          principal.includes('<'))
      );
    case 'login':
      return action.startsWith('redshift') && !LOOKUPS.test(action);
    case 'lookup':
      return action.startsWith('redshift') && LOOKUPS.test(action);
    case 'staging':
      return isStorage(action) && (stagingPrincipal === undefined || isSamePrincipal(principal, stagingPrincipal));
    case 'copyRole':
      return action.startsWith('sts:') && copyRoles.includes(resource) && isBefore(principal, resource, copyRoles);
    case 'copyFiles':
      return isStorage(action) && !unused(refusal.verb).includes(action) && (last === undefined || principal === last);
    case 'attachment':
      return false;
  }
  return refusal.work satisfies never;
}

/** What the other one of the two statements does. */
function unused(verb: Refusal['verb']): readonly string[] {
  if (verb === 'COPY') return ['s3:PutObject', 'kms:GenerateDataKey'];
  return verb === 'UNLOAD' ? ['s3:GetObject'] : [];
}

function isStorage(action: string): boolean {
  return action.startsWith('s3:') || action.startsWith('kms:');
}

/** Whether this is who goes on to that role in the chain: the service to the first, each role to the next. */
function isBefore(principal: string, role: string, chain: readonly string[]): boolean {
  const at = chain.indexOf(role);
  return at === 0 ? principal.startsWith('redshift') : principal === chain[at - 1];
}

/** A session shows its role's name without the path: the same account and name are the same role. */
export function isSamePrincipal(one: string, other: string): boolean {
  return one === other || nameOf(one) === nameOf(other);
}

function nameOf(arn: string): string {
  const account = arn.split(':')[4] ?? '';
  const session = /:assumed-role\/([^/]+)/.exec(arn)?.[1];
  if (session !== undefined) return `${account} role ${session}`;
  const [, kind = '', name = arn] = /:(user|role)\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [];
  return `${account} ${kind} ${name}`;
}

/**
 * The policies as far as they are known: those that were read as they are, the others as planned. With `mended` the planned
 * statements stand beside those that were read as well; `without` is left out of the plan.
 */
export function knownPolicies(
  set: PolicySet,
  state: ActualState,
  { mended = false, without }: { readonly mended?: boolean; readonly without?: Pick<Suspect, 'explained'> } = {},
): KnownPolicies {
  const planned = mended ? set.documents : set.documents.filter((document) => !isRead(document, state));
  const of = (arn: string, kinds: readonly ActualPolicy['kind'][]): readonly PolicyDocument[] => [
    ...documentsIn(state, arn, kinds),
    ...planned
      .filter(({ holder, kind }) => holder.arn === arn && kinds.includes(kind))
      .map(({ document, statements }) => ({
        Version: document.Version,
        Statement: statements.filter((each) => each !== without?.explained).map(({ statement }) => statement),
      })),
  ];
  return {
    permissions: (arn) => of(arn, ['permissions']),
    boundary: (arn) => {
      const found = of(arn, ['boundary']);
      return found.length === 0 ? undefined : found;
    },
    ofResource: (arn) => of(arn, ['trust', 'bucket', 'key']),
  };
}

/** The documents of some kinds that were read of a holder. */
export function documentsIn(
  { policies }: ActualState,
  arn: string,
  kinds: readonly ActualPolicy['kind'][],
): readonly PolicyDocument[] {
  return policies.filter(({ holder, kind }) => holder === arn && kinds.includes(kind)).map(({ document }) => document);
}

/** Whether the counterpart of a planned document was read; one without statements stands for none. */
export function isRead({ kind, holder }: Pick<PlannedDocument, 'kind' | 'holder'>, { policies }: ActualState): boolean {
  return policies.some((policy) => policy.holder === holder.arn && policy.kind === kind);
}

/** Whether a request stays refused as long as this statement is missing, whatever else is mended. */
export function isCause(set: PolicySet, state: ActualState, suspect: Pick<Suspect, 'explained' | 'requests'>): boolean {
  const known = knownPolicies(set, state, { mended: true, without: suspect });
  return suspect.requests.some((request) => decide(request, known).verdict === 'denied');
}
