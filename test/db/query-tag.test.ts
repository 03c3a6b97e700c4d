import { expect } from 'chai';
import { openRun } from '../../src/core/run.ts';
import { behindTag, queryTag } from '../../src/db/query-tag.ts';

describe('the mark of a statement', () => {
  const step = (): string => 'apply';

  for (const [title, runId, shown] of [
    ['an id of letters and digits', 'nightly-2026.11:24@a+b=c', 'nightly-2026.11:24@a+b=c'],
    ['the end of a comment', "x */ DROP TABLE t; --'", 'x%20%2A%2F%20DROP%20TABLE%20t%3B%20--%27'],
    ['the begin of one', '/* x', '%2F%2A%20x'],
    ['line ends and a percent sign', 'a\nb%2A', 'a%0Ab%252A'],
    ['letters of other scripts', 'naïve 日', 'na%C3%AFve%20%E6%97%A5'],
  ] as const) {
    it(`holds ${title} without harm`, () => {
      expect(queryTag('COPY', { runId, step })).to.match(/^\/\* roleshift \d+\.\d+\.\d+\S* run=\S+ step=apply \*\/ $/);
      expect(queryTag('COPY', { runId, step })).to.contain(` run=${shown} step=`);
    });
  }

  it('is there inside of a step only, and not on what does no work', () => {
    const run = openRun({ runId: 'a' });
    expect(queryTag('SELECT', run)).to.equal('');
    run.publish({ type: 'phaseBegin', phase: 'stage' });
    run.publish({ type: 'phaseBegin', phase: 'load' });
    expect(queryTag('SELECT', run)).to.contain('step=load');
    run.publish({ type: 'phaseEnd', phase: 'load', durationMs: 1, outcome: 'completed' });
    expect(queryTag('SELECT', run)).to.contain('step=stage');
    for (const verb of ['BEGIN', 'COMMIT', 'ROLLBACK', 'SET', 'FETCH']) expect(queryTag(verb, run)).to.equal('');
    run.publish({ type: 'phaseEnd', phase: 'stage', durationMs: 1, outcome: 'completed' });
    expect(queryTag('SELECT', run)).to.equal('');
  });

  it('stays short with a run id that is not', () => {
    expect(queryTag('SELECT', { runId: '日'.repeat(1_000_000), step })).to.have.length.below(4000);
  });

  it('stays where it is at the end of a step that did not begin', () => {
    const run = openRun({ runId: 'a' });
    run.publish({ type: 'phaseBegin', phase: 'stage' });
    run.publish({ type: 'phaseEnd', phase: 'load', durationMs: 1, outcome: 'completed' });
    expect(queryTag('SELECT', run)).to.contain('step=stage');
  });

  it('shifts where the own SQL of a person begins', () => {
    const part = { text: 'x', startsAt: 3, label: 'the query' };
    expect(behindTag('12345', part)).to.deep.equal([{ ...part, startsAt: 8 }]);
  });
});
