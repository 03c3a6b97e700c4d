import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Report } from '../../bench/report.ts';
import { ROWS } from '../../bench/rows/rows.ts';
import { pythonWithPipelines } from '../clients/python.ts';
import { runCommand } from '../clients/run-command.ts';

const BENCH = fileURLToPath(new URL('../../bench/bench.ts', import.meta.url));
const ROUNDS = 1;

describe('The benchmark', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-smoke-'));
    await pythonWithPipelines();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('runs every row of its table at a tiny size and leaves figures of sane shape', async () => {
    const json = join(folder, 'figures.json');
    const flags = ['--rows', '2000', '--memory-rows', '2000', '--rounds', String(ROUNDS), '--data', 'wide'];
    const only = ROWS.map(({ id }) => id).join(',');
    const args = ['--import', 'tsx', BENCH, ...flags, '--only', only, '--json', json];
    const environment = { PATH: process.env['PATH'] ?? '' };
    const { status, stdout, stderr } = await runCommand(process.execPath, args, { environment, limitMs: 300_000 });
    expect(status, stderr).to.equal(0);
    expect(stdout).to.contain('What');

    const report = JSON.parse(await readFile(json, 'utf8')) as Report;
    expect([...new Set(report.results.map(({ row }) => row))]).to.have.members(ROWS.map(({ id }) => id));
    expect(report.machine).to.match(/core/);
    for (const { what, ratio, spread, sides, figure, isMet, rows } of report.results) {
      expect(figure, what).to.not.contain('NaN');
      if (ratio !== undefined) expect(ratio, what).to.be.finite;
      if (spread !== undefined) expect(spread[0], what).to.be.at.most(spread[1]);
      if (isMet !== undefined) expect(isMet, what).to.be.a('boolean');
      for (const [side, figures] of Object.entries(sides)) {
        expect(figures, `${what}: ${side}`).to.have.length(ROUNDS);
        for (const measured of figures) {
          expect(measured.ms, `${what}: ${side}`).to.be.above(0);
          expect(measured.cpuMs, `${what}: ${side}`).to.be.above(0);
          expect(measured.peakMib, `${what}: ${side}`).to.be.within(20, 4000);
          if (side !== 'small') expect(measured.rows, `${what}: ${side}`).to.equal(rows);
        }
      }
    }
  });
});
