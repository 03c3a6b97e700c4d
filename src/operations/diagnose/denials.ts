import type { ActualState } from '../../policies/actual-policies.ts';
import { decideBy } from '../../policies/decide.ts';
import { type AccessRequest, type PolicyHolder, type PolicyStatement, statementsOf } from '../../policies/document.ts';
import type { PolicySet } from '../../policies/policies.ts';
import type { DiagnosedDocument } from './diagnosis.ts';

/** A statement that forbids, or a boundary that does not allow. */
export interface Obstacle {
  readonly holder: PolicyHolder;
  readonly document: Exclude<DiagnosedDocument, 'organization' | 'cluster' | 'session'>;
  readonly request: AccessRequest;
  readonly source: string;
  /** The `Deny`; absent for a boundary that is silent. */
  readonly statement?: PolicyStatement;
}

/** Every `Deny` in what was read that speaks of one of these requests, and every boundary that does not allow it. */
export function obstaclesTo(
  requests: readonly AccessRequest[],
  set: PolicySet,
  { policies }: ActualState,
): readonly Obstacle[] {
  const found = requests.flatMap((request) =>
    policies.flatMap(({ kind, holder: arn, document, source }): readonly Obstacle[] => {
      const isOwn = kind === 'permissions' || kind === 'boundary';
      const holder = set.documents.find((each) => each.holder.arn === arn)?.holder;
      if (holder === undefined || arn !== (isOwn ? request.principal : resourceHolder(request))) return [];
      const denies = statementsOf(document).filter((statement) => forbids(statement, request, !isOwn));
      if (denies.length > 0) {
        return denies.map((statement) => ({ holder, document: kind, request, source, statement }));
      }
      const isBounded =
        kind === 'boundary' && decideBy([document], request, { byPrincipal: false }).verdict === 'denied';
      return isBounded ? [{ holder, document: kind, request, source }] : [];
    }),
  );
  const key = ({ holder, document, source, statement }: Obstacle): string =>
    JSON.stringify([holder.arn, document, source, statement]);
  return [...new Map(found.map((each) => [key(each), each])).values()];
}

/** Alone beside a statement that allows everything. */
function forbids(statement: PolicyStatement, request: AccessRequest, byPrincipal: boolean): boolean {
  if (statement.Effect !== 'Deny') return false;
  const all: PolicyStatement = byPrincipal
    ? { Effect: 'Allow', Principal: '*', Action: '*' }
    : { Effect: 'Allow', Action: '*', Resource: '*' };
  return decideBy([{ Statement: [all, statement] }], request, { byPrincipal }).verdict === 'denied';
}

function resourceHolder({ resource }: AccessRequest): string {
  return resource.includes(':s3:::') ? (resource.split('/')[0] ?? resource) : resource;
}
