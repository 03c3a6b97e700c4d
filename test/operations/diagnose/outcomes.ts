import { ConnectorError } from '../../../src/core/errors.ts';
import type { CheckError, CheckStep } from '../../../src/operations/check/report.ts';
import { diagnose } from '../../../src/operations/diagnose/diagnose.ts';
import type { Candidate, Diagnosis } from '../../../src/operations/diagnose/diagnosis.ts';
import type { DocumentKind } from '../../../src/policies/document.ts';
import type { Missing } from '../../../src/policies/verify.ts';
import { openWorld, type TestWorld } from '../../harness.ts';
import { AppliedWorld } from '../../policies/applied-world.ts';
import { AWAY, HOME, LOGINS, MORE_LOGINS, TOPOLOGIES } from '../../policies/topologies.ts';
import { reportOf, type Variant, variantsOf } from '../../policies/variants.ts';
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

const ALL = [...TOPOLOGIES, ...MORE_LOGINS, ...LOGINS];
/** Walks at a time; the machine has two cores, and a walk mostly waits. */
const AT_ONCE = 3;

/** Every topology walked whole and without each of its statements, judged by the sandbox: a world for each account of clusters. */
export async function allOutcomes(): Promise<readonly TopologyOutcomes[]> {
  const found = new Map<string, TopologyOutcomes>();
  for (const account of [HOME, AWAY]) {
    for (const each of await outcomesIn(account)) found.set(each.topology, each);
  }
  return ALL.flatMap(({ title }) => found.get(title) ?? []);
}

async function outcomesIn(account: string): Promise<readonly TopologyOutcomes[]> {
  const applied = new AppliedWorld({ readsIam: true });
  const ways = ALL.filter(({ clusterAccount }) => clusterAccount === account).map((topology, at) => ({
    topology: topology.title,
    variants: variantsOf(topology, `${at}`, applied, { parts: false }),
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
  if (failed === undefined) return {};
  const error = errorOf(failed);
  const ask = async (readIam: boolean): Promise<Verdict> =>
    verdictOf(variant, await diagnose(way.connection, { step: failed.id, error }, way.run, { readIam }));
  return { step: failed.id, without: await ask(false), withReads: await ask(true) };
}

/** The failure as it was before it became part of a report. */
function errorOf({ error }: CheckStep): ConnectorError {
  const { code, message, details = {}, said = message } = error as CheckError;
  return new ConnectorError(code, message, { details, cause: new Error(said) });
}

function verdictOf(
  { dropped }: Variant,
  { candidates, decided }: Diagnosis = { candidates: [], decided: false, evidence: [] },
): Verdict {
  if (dropped === undefined) return { candidates: [], decided, place: -1 };
  const { document, sid } = dropped;
  const isIt = ({ holder, document: kind, sid: named }: Candidate): boolean =>
    holder.name === document.holder.name && kind === document.kind && named === sid;
  return {
    candidates: candidates.map((each) => nameOf(each, tagOf(document.holder.name))),
    decided,
    place: candidates.findIndex(isIt),
  };
}

function nameOf({ holder, document, sid = 'no statement' }: Candidate, tag: string): string {
  return `${document} of ${holder.kind} ${holder.name}: ${sid}`.replaceAll(tag, '');
}

/** `-t1v2`: what makes the names of one variant its own. */
function tagOf(name: string): string {
  return /-t\d+v\d+$/.exec(name)?.[0] ?? '';
}

function outcomeOf(topology: string, variant: Variant, tried: Tried = {}): Outcome {
  const { document, sid } = variant.dropped!;
  const { holder, kind } = document;
  const effect = reportOf(variant).missing[0]?.effect;
  return {
    topology,
    sid,
    kind,
    holder: `${holder.kind} ${holder.name}`.replace(tagOf(holder.name), ''),
    ...(effect === undefined ? {} : { verify: effect }),
    ...tried,
  };
}
