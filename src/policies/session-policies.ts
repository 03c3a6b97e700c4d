import type { AccessPlan, RoleHop } from '../access/plan.ts';
import { decideBy } from './decide.ts';
import type { AccessRequest, PlannedDocument, PolicyStatement } from './document.ts';
import { hasPlaceholder } from './placeholders.ts';
import { readDocument } from './read-document.ts';

/** A request of the connection that its own session policy does not let pass: the session has what role and policy both allow. */
export interface SessionPolicyGap {
  /** `redshift`, `intermediate-1`, `staging`. */
  readonly hop: string;
  readonly roleArn: string;
  /** The statement of the role that is of no use to the session. */
  readonly sid: string;
  readonly requests: ReadonlyArray<Pick<AccessRequest, 'action' | 'resource'>>;
  /** `undecided`: it hangs on conditions, or on a part that is still a placeholder. */
  readonly verdict: 'denied' | 'undecided';
  /** To add to the session policy. */
  readonly statement: PolicyStatement;
}

/** Holds each session policy of the plan against what the session has to do. A text that is no policy is a gap for everything. */
export function sessionPolicyGaps(
  { roles, stagingRoles }: AccessPlan,
  documents: readonly PlannedDocument[],
): readonly SessionPolicyGap[] {
  const hops = new Map([...roles, ...stagingRoles].map((hop) => [`${hop.id} ${hop.sessionPolicy}`, hop]));
  return [...hops.values()].flatMap((hop) => {
    const permissions = documents.filter(({ kind, holder }) => kind === 'permissions' && holder.arn === hop.roleArn);
    return permissions.flatMap((document) => gapsOf(hop, document));
  });
}

/** What Redshift does as a COPY role is no session of ours. */
const OF_REDSHIFT = /^(?:Copy|Unload|AssumeCopyRole)/;

function gapsOf({ id, roleArn, sessionPolicy }: RoleHop, { statements }: PlannedDocument): readonly SessionPolicyGap[] {
  if (sessionPolicy === undefined) return [];
  const policy = readDocument(sessionPolicy);
  return statements
    .filter(({ statement: { Sid } }) => !OF_REDSHIFT.test(Sid))
    .flatMap(({ statement, requests }): readonly SessionPolicyGap[] => {
      const verdicts = requests.map((request) => verdictOf(policy === undefined ? [] : [policy], request));
      const worst = (['denied', 'undecided'] as const).find((verdict) => verdicts.includes(verdict));
      if (worst === undefined) return [];
      const refused = requests.filter((_, index) => verdicts[index] !== 'allowed');
      return [
        {
          hop: id,
          roleArn,
          sid: statement.Sid,
          requests: refused.map(({ action, resource }) => ({ action, resource })),
          verdict: worst,
          statement,
        },
      ];
    });
}

function verdictOf(
  policies: Parameters<typeof decideBy>[0],
  request: AccessRequest,
): ReturnType<typeof decideBy>['verdict'] {
  const { verdict } = decideBy(policies, request, { byPrincipal: false });
  return verdict === 'denied' && hasPlaceholder(request.resource) ? 'undecided' : verdict;
}
