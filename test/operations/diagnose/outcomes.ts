import { ConnectorError } from '../../../src/core/errors.ts';
import type { CheckError } from '../../../src/operations/check/report.ts';
import { diagnose } from '../../../src/operations/diagnose/diagnose.ts';
import type { Candidate, Diagnosis } from '../../../src/operations/diagnose/diagnosis.ts';
import type { DocumentKind } from '../../../src/policies/document.ts';
import type { Missing } from '../../../src/policies/verify.ts';
import { openWorld, type TestWorld } from '../../harness.ts';
import { AppliedWorld } from '../../policies/applied-world.ts';
import { AWAY, ENCRYPTED, HOME, LOGINS, MORE_LOGINS, TOPOLOGIES, type Topology } from '../../policies/topologies.ts';
import { nameWithout, reportOf, type Variant, variantsOf } from '../../policies/variants.ts';
import { Way } from '../../policies/walk.ts';

/** What the doctor says of one failure, held against the truth. */
export interface Verdict {
  /** `trust of role Login: TrustAgentUser`, likeliest first. */
  readonly candidates: readonly string[];
  readonly decided: boolean;
  /** Where among the candidates the statement stands that is really missing; -1: nowhere. */
  readonly place: number;
}

/** What one statement's absence does. */
export interface Outcome {
  readonly topology: string;
  readonly sid: string;
  readonly holder: string;
  readonly kind: DocumentKind;
  /** The step that fails; absent where the check stays green. */
  readonly step?: string;
  /** What `policies verify` says of the absence. */
  readonly verify?: Missing['effect'];
  readonly withReads?: Verdict;
  readonly without?: Verdict;
}

/** One way in with all its statements in place, and each absence. */
export interface TopologyOutcomes {
  readonly topology: string;
  /** The step that fails although nothing is missing. */
  readonly whole?: string;
  readonly outcomes: readonly Outcome[];
}

export const ALL_TOPOLOGIES: readonly Topology[] = [...TOPOLOGIES, ...ENCRYPTED, ...MORE_LOGINS, ...LOGINS];
/** Walks at a time; the machine has two cores, and a walk mostly waits. */
const AT_ONCE = 3;

/** Topologies walked whole and without each of their statements, judged by the sandbox: a world for each account of clusters. With `parts` without each single action and resource, too. */
export async function outcomesOf(
  topologies: readonly Topology[],
  { parts = false }: { readonly parts?: boolean } = {},
): Promise<readonly TopologyOutcomes[]> {
  const found = new Map<string, TopologyOutcomes>();
  for (const account of [HOME, AWAY]) {
    const own = topologies.filter(({ clusterAccount }) => clusterAccount === account);
    if (own.length === 0) continue;
    for (const each of await outcomesIn(account, own, parts)) found.set(each.topology, each);
  }
  return topologies.flatMap(({ title }) => found.get(title) ?? []);
}

async function outcomesIn(
  account: string,
  topologies: readonly Topology[],
  parts: boolean,
): Promise<readonly TopologyOutcomes[]> {
  const applied = new AppliedWorld({ readsIam: true });
  const ways = topologies.map((topology, at) => ({
    topology: topology.title,
    variants: variantsOf(topology, `${at}`, applied, { parts }),
  }));
  await using world = await openWorld(applied.world(account));
  const work = ways.flatMap(({ variants }) => variants);
  const results = new Map<Variant, Awaited<ReturnType<typeof tryOut>>>();
  const next = work[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const variant of { [Symbol.iterator]: () => next }) results.set(variant, await tryOut(world, variant));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return ways.map(({ topology, variants: [whole, ...others] }) => {
    const step = whole && results.get(whole)?.step;
    return {
      topology,
      ...(step === undefined ? {} : { whole: step }),
      outcomes: others.map((variant) => outcomeOf(topology, variant, results.get(variant))),
    };
  });
}

type Tried = Pick<Outcome, 'step' | 'withReads' | 'without'>;

async function tryOut(world: TestWorld, variant: Variant): Promise<Tried> {
  await using way = new Way(world, variant);
  const failed = await way.firstFailure();
  if (failed?.error === undefined) return {};
  const failure = { step: failed.id, error: errorOf(failed.error) };
  const withoutReads = await diagnose(way.connection, failure, way.run, { readIam: false });
  return {
    step: failed.id,
    without: verdictOf(variant, withoutReads),
    withReads: verdictOf(variant, failed.error.diagnosis),
  };
}

/** The failure as it was before it became part of a report. */
function errorOf({ code, message, details = {}, said = message }: CheckError): ConnectorError {
  return new ConnectorError(code, message, { details, cause: new Error(said) });
}

function verdictOf(
  { dropped, tag }: Variant,
  { candidates, decided }: Pick<Diagnosis, 'candidates' | 'decided'> = { candidates: [], decided: false },
): Verdict {
  const isIt = ({ holder, document: kind, sid }: Candidate): boolean =>
    dropped !== undefined &&
    holder.name === dropped.document.holder.name &&
    kind === dropped.document.kind &&
    sid === dropped.sid;
  const nameOf = ({ holder, document, sid = 'no statement' }: Candidate): string =>
    nameWithout(tag, `${document} of ${holder.kind} ${holder.name}: ${sid}`);
  return { candidates: candidates.map(nameOf), decided, place: candidates.findIndex(isIt) };
}

function outcomeOf(topology: string, variant: Variant, tried: Tried = {}): Outcome {
  const { document, sid } = variant.dropped!;
  const { holder, kind } = document;
  const effect = reportOf(variant).missing[0]?.effect;
  return {
    topology,
    sid,
    kind,
    holder: nameWithout(variant.tag, `${holder.kind} ${holder.name}`),
    ...(effect === undefined ? {} : { verify: effect }),
    ...tried,
  };
}
