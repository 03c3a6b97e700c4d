import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { DIAGNOSES_PAGE } from '../../../tools/diagnoses.ts';
import { figuresOf, renderDiagnoses } from '../../../tools/render-diagnoses.ts';
import { ALL_TOPOLOGIES, outcomesOf, type TopologyOutcomes } from './outcomes.ts';
import { AMONG, EXACT, SURE, TABLE_RULES } from './table-rules.ts';

describe('The diagnosis of every missing statement, action and resource', () => {
  let topologies: readonly TopologyOutcomes[];
  before(async function () {
    this.timeout(300_000);
    const rich = ALL_TOPOLOGIES.filter(({ bucketAccount }) => bucketAccount !== undefined);
    topologies = await outcomesOf(rich, { parts: true });
    expect(topologies.flatMap(({ outcomes }) => outcomes).length).to.be.greaterThan(200);
  });

  for (const title of [EXACT, AMONG, SURE] as const) it(title, () => TABLE_RULES[title]!(topologies));
});

describe('The diagnosis of every missing statement', () => {
  let topologies: readonly TopologyOutcomes[];
  before(async function () {
    this.timeout(300_000);
    topologies = await outcomesOf(ALL_TOPOLOGIES);
    expect(topologies).to.have.length(ALL_TOPOLOGIES.length);
  });

  for (const [title, rule] of Object.entries(TABLE_RULES)) it(title, () => rule(topologies));

  it('is what docs/iam/diagnoses.md shows', () => {
    expect(figuresOf(topologies).wrong).to.deep.equal({ withReads: 0, without: 0 });
    expect(renderDiagnoses(topologies)).to.equal(readFileSync(DIAGNOSES_PAGE, 'utf8'));
  });
});
