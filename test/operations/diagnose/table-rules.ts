import { expect } from 'chai';
import type { Outcome, TopologyOutcomes } from './outcomes.ts';

function titleOf({ topology, sid, kind, holder }: Outcome): string {
  return `${topology}: without ${sid} (${kind} of ${holder})`;
}

export const EXACT = 'names exactly the missing statement where IAM may be read';
export const AMONG = 'names at most two without, the missing one among them';
export const SURE = 'is sure of nothing that is not so';

/** What must hold of every topology and every statement. */
export const TABLE_RULES: Readonly<Record<string, (topologies: readonly TopologyOutcomes[]) => void>> = {
  'begins with ways in that are green as long as nothing is missing': (topologies) => {
    expect(topologies.filter(({ whole }) => whole !== undefined)).to.deep.equal([]);
  },

  'agrees with verify on what breaks and what is redundant': (topologies) => {
    const outcomes = topologies.flatMap((each) => each.outcomes);
    const judged = (each: Outcome): string => `${titleOf(each)}: ${each.step === undefined ? 'redundant' : 'breaks'}`;
    const verified = (each: Outcome): string => `${titleOf(each)}: ${each.verify ?? 'not reported'}`;
    expect(outcomes.map(judged)).to.deep.equal(outcomes.map(verified));
  },

  [EXACT]: (topologies) => {
    const others = brokenIn(topologies).filter(({ withReads }) => withReads?.place !== 0 || !withReads.decided);
    expect(others.map((each) => [titleOf(each), each.withReads])).to.deep.equal([]);
  },

  [AMONG]: (topologies) => {
    const others = brokenIn(topologies).filter(
      ({ without }) => without === undefined || without.place < 0 || without.candidates.length > 2,
    );
    expect(others.map((each) => [titleOf(each), each.without])).to.deep.equal([]);
  },

  [SURE]: (topologies) => {
    const rash = brokenIn(topologies).filter(({ without }) => without?.decided === true && without.place !== 0);
    expect(rash.map(titleOf)).to.deep.equal([]);
  },
};

function brokenIn(topologies: readonly TopologyOutcomes[]): readonly Outcome[] {
  return topologies.flatMap((each) => each.outcomes).filter(({ step }) => step !== undefined);
}
