import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { DIAGNOSES_PAGE } from '../../../tools/diagnoses.ts';
import { figuresOf, renderDiagnoses } from '../../../tools/render-diagnoses.ts';
import { allOutcomes, type Outcome, type TopologyOutcomes } from './outcomes.ts';

function titleOf({ topology, sid, kind, holder }: Outcome): string {
  return `${topology}: without ${sid} (${kind} of ${holder})`;
}

describe('The diagnosis of every missing statement', () => {
  let topologies: readonly TopologyOutcomes[];
  let outcomes: readonly Outcome[];
  let broken: readonly Outcome[];
  before(async function () {
    this.timeout(120_000);
    topologies = await allOutcomes();
    outcomes = topologies.flatMap((each) => each.outcomes);
    broken = outcomes.filter(({ step }) => step !== undefined);
  });

  it('begins with ways in that are green as long as nothing is missing', () => {
    expect(topologies.filter(({ whole }) => whole !== undefined)).to.deep.equal([]);
    expect(topologies.length).to.be.greaterThan(20);
  });

  it('agrees with verify on what breaks and what is redundant', () => {
    const judged = (outcome: Outcome): string =>
      `${titleOf(outcome)}: ${outcome.step === undefined ? 'redundant' : 'breaks'}`;
    const verified = (outcome: Outcome): string => `${titleOf(outcome)}: ${outcome.verify ?? 'not reported'}`;
    expect(outcomes.map(judged)).to.deep.equal(outcomes.map(verified));
  });

  it('names exactly the missing statement where IAM may be read', () => {
    const others = broken.filter(({ withReads }) => withReads?.place !== 0 || !withReads.decided);
    expect(others.map((each) => [titleOf(each), each.withReads])).to.deep.equal([]);
  });

  it('names at most two without, the missing one among them', () => {
    const others = broken.filter(
      ({ without }) => without === undefined || without.place < 0 || without.candidates.length > 2,
    );
    expect(others.map((each) => [titleOf(each), each.without])).to.deep.equal([]);
  });

  it('is sure of nothing that is not so', () => {
    const rash = broken.filter(({ without }) => without?.decided === true && without.place !== 0);
    expect(rash.map(titleOf)).to.deep.equal([]);
  });

  it('is what docs/iam/diagnoses.md shows', () => {
    expect(figuresOf(topologies)).to.deep.include({ wrong: { withReads: 0, without: 0 } });
    expect(renderDiagnoses(topologies)).to.equal(readFileSync(DIAGNOSES_PAGE, 'utf8'));
  });
});
