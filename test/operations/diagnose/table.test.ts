import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { DIAGNOSES_PAGE } from '../../../tools/diagnoses.ts';
import { renderTopology } from '../../../tools/render-diagnoses.ts';
import { ALL_TOPOLOGIES, outcomesOf, type TopologyOutcomes } from './outcomes.ts';
import { TABLE_RULES } from './table-rules.ts';

/** One of each kind; all of them are walked in table.full.test.ts. */
const SOME = ALL_TOPOLOGIES.filter(({ title }) =>
  /^IAM user, another account|^EC2 role|^KMS: EC2|^tags|^worker, same account, an/.test(title),
);

describe('The diagnosis of a missing statement', () => {
  let topologies: readonly TopologyOutcomes[];
  before(async function () {
    this.timeout(120_000);
    topologies = await outcomesOf(SOME);
    expect(topologies).to.have.length(5);
  });

  for (const [title, rule] of Object.entries(TABLE_RULES)) it(title, () => rule(topologies));

  it('stands in docs/iam/diagnoses.md', () => {
    const page = readFileSync(DIAGNOSES_PAGE, 'utf8');
    for (const each of topologies) expect(page).to.include(renderTopology(each));
  });
});
