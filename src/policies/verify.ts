import { type ActualPolicy, type ActualState, listingOf } from './actual-policies.ts';
import { decide, decideBy, type KnownPolicies } from './decide.ts';
import type { DocumentKind, PlannedDocument, PolicyDocument, PolicyStatement } from './document.ts';
import { type Excess, excessOf } from './excess.ts';
import type { PolicySet } from './plan-policies.ts';
import type { SessionPolicyGap } from './session-policies.ts';

/** A statement whose requests the existing policies do not all let pass. */
export interface Missing {
  readonly sid: string;
  readonly holder: string;
  /** `boundary`: the permissions are there, and the permissions boundary of the holder takes them away. */
  readonly kind: ActualPolicy['kind'];
  /**
   * `breaks`: a request of the connection is refused. `redundant`: it is absent here, and another policy lets the
   * request pass. `undecided`: it hangs on conditions that only the real request can answer.
   */
  readonly effect: 'breaks' | 'redundant' | 'undecided';
  readonly requests: readonly { readonly principal: string; readonly action: string; readonly resource: string }[];
  readonly dependsOn?: readonly string[];
  /** To add to the policy. */
  readonly statement: PolicyStatement;
  readonly reason: string;
}

/** What a comparison by meaning found. */
export interface VerifyReport {
  /** Nothing that is needed is refused or undecided, and no session policy takes it away. */
  readonly ok: boolean;
  readonly missing: readonly Missing[];
  readonly excess: readonly Excess[];
  /** Documents of which nothing was given: not compared, and taken as they should be. */
  readonly notGiven: readonly { readonly holder: string; readonly kind: DocumentKind }[];
  /** Attached to a holder, and not judged, since the text was not given. */
  readonly unread: readonly { readonly holder: string; readonly policy: string }[];
  /** What the connection's own session policies take away: no policy of IAM mends that. */
  readonly sessionGaps: readonly SessionPolicyGap[];
  /** How many requests were tried. */
  readonly requests: number;
}

/**
 * Holds existing policies against those that are needed, by what they allow and not by their text: every request of the
 * connection is evaluated, and every statement is tried with requests that nobody needs. Pure.
 */
export function verifyPolicies({ documents, sessionGaps }: PolicySet, state: ActualState): VerifyReport {
  const actual = state.policies;
  const given = documents.filter((document) => isGiven(document, state));
  const known = knownPolicies(documents, given, actual);
  const missing = given.flatMap((document) => missingOf(document, actual, known));
  const excess = given.flatMap((document) =>
    excessOf(
      actual.filter(({ kind, holder }) => holder === document.holder.arn && kind === document.kind),
      document,
    ),
  );
  return {
    ok:
      missing.every(({ effect }) => effect === 'redundant') && sessionGaps.every(({ verdict }) => verdict !== 'denied'),
    missing,
    excess,
    notGiven: documents
      .filter((document) => !given.includes(document))
      .map(({ holder, kind }) => ({ holder: holder.arn, kind })),
    unread: state.unread.filter(({ holder }) => documents.some((each) => each.holder.arn === holder)),
    sessionGaps,
    requests: given.flatMap(({ statements }) => statements.flatMap(({ requests }) => requests)).length,
  };
}

/** A listing says everything about the users, or the roles, of an account: what is not in it does not exist. */
function isGiven({ kind, holder }: PlannedDocument, { policies, listed }: ActualState): boolean {
  if (policies.some((policy) => policy.holder === holder.arn && policy.kind === kind)) return true;
  return (kind === 'permissions' || kind === 'trust') && listed.has(listingOf(holder.arn));
}

function knownPolicies(
  documents: readonly PlannedDocument[],
  given: readonly PlannedDocument[],
  actual: readonly ActualPolicy[],
): KnownPolicies {
  const of = (arn: string, kinds: readonly ActualPolicy['kind'][]) =>
    actual.filter(({ holder, kind }) => holder === arn && kinds.includes(kind)).map(({ document }) => document);
  const assumed = (arn: string, kinds: readonly DocumentKind[]) =>
    documents
      .filter((each) => each.holder.arn === arn && kinds.includes(each.kind) && !given.includes(each))
      .map(({ document }) => document);
  return {
    permissions: (arn) => [...of(arn, ['permissions']), ...assumed(arn, ['permissions'])],
    boundary: (arn) => {
      const found = of(arn, ['boundary']);
      return found.length === 0 ? undefined : found;
    },
    ofResource: (arn) => {
      const kinds = ['trust', 'bucket', 'key'] as const;
      return [...of(arn, kinds), ...assumed(arn, kinds)];
    },
  };
}

function missingOf(
  { kind, holder, statements }: PlannedDocument,
  actual: readonly ActualPolicy[],
  known: KnownPolicies,
): readonly Missing[] {
  const documentsOf = (wanted: ActualPolicy['kind']): readonly PolicyDocument[] =>
    actual.filter((policy) => policy.holder === holder.arn && policy.kind === wanted).map(({ document }) => document);
  const own = documentsOf(kind);
  const boundary = kind === 'permissions' ? documentsOf('boundary') : [];
  return statements.flatMap(({ statement, reason, requests }): readonly Missing[] => {
    const tried = requests.map((request) => ({
      request,
      here: decideBy(own, request, { byPrincipal: kind !== 'permissions' }),
      bounds: boundary.length === 0 ? undefined : decideBy(boundary, request, { byPrincipal: false }),
      whole: decide(request, known),
    }));
    const absent = tried.filter(
      ({ here, bounds }) => here.verdict !== 'allowed' || (bounds?.verdict ?? 'allowed') !== 'allowed',
    );
    if (absent.length === 0) return [];
    const verdicts = absent.map(({ whole }) => whole.verdict);
    const effect = verdicts.includes('denied') ? 'breaks' : verdicts.includes('undecided') ? 'undecided' : 'redundant';
    const keys = absent.flatMap(({ here, bounds }) => [...here.unknownKeys, ...(bounds?.unknownKeys ?? [])]);
    return [
      {
        sid: statement.Sid,
        holder: holder.arn,
        kind: absent.every(({ here }) => here.verdict === 'allowed') ? 'boundary' : kind,
        effect,
        requests: absent.map(({ request: { principal, action, resource } }) => ({ principal, action, resource })),
        ...(effect === 'undecided' ? { dependsOn: [...new Set(keys)] } : {}),
        statement,
        reason,
      },
    ];
  });
}
