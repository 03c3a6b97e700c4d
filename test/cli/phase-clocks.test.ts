import { expect } from 'chai';
import { PhaseClocks } from '../../src/cli/phase-clocks.ts';
import { describeProgress } from '../../src/cli/progress-line.ts';

describe('The times of phases', () => {
  it('go on where phases take turns, so that a rate is one of all rows in all their time', () => {
    const clocks = new PhaseClocks();
    expect(clocks.take({ type: 'progress', phase: 'fetch', rows: 1 }, 0)).to.equal(true);
    clocks.take({ type: 'progress', phase: 'fetch', rows: 500_000, bytes: 7 }, 5000);
    expect(clocks.take({ type: 'progress', phase: 'export', rows: 500_000 }, 5100)).to.equal(true);
    expect(clocks.take({ type: 'progress', phase: 'fetch', rows: 1_000_000 }, 10_000)).to.equal(true);
    const shown = clocks.shown(10_500)!;
    expect(shown.event).to.include({ phase: 'fetch', rows: 1_000_000, bytes: 7 });
    expect(shown.times).to.deep.equal({ elapsedMs: 10_500, countedMs: 10_000 });
    expect(describeProgress(shown.event, shown.times)).to.include('100,000 rows/s');
  });

  it('begin anew for a phase that counts from the start again', () => {
    const clocks = new PhaseClocks();
    clocks.take({ type: 'progress', phase: 'stage', rows: 900 }, 0);
    clocks.take({ type: 'progress', phase: 'stage', rows: 10 }, 4000);
    expect(clocks.shown(5000)?.times).to.deep.equal({ elapsedMs: 1000, countedMs: 0 });
    expect(clocks.take({ type: 'progress', phase: 'stage' }, 6000)).to.equal(false);
    expect(clocks.shown(6000)?.event.rows).to.equal(10);
    clocks.clear();
    expect(clocks.shown(7000)).to.equal(undefined);
  });
});
