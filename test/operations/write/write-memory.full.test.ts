import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { openWriteWorld, type WriteWorld } from './write-world.ts';

const FLIGHTS = fileURLToPath(new URL('../../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url));
const LIMIT_BYTES = 400 * 1024 * 1024;
const LONG_NOTE = 'x'.repeat(4000);

describe('write: memory stays flat', () => {
  let on: WriteWorld;
  before(async () => {
    on = await openWriteWorld();
  });
  after(() => on[Symbol.asyncDispose]());

  /** Highest resident size while `work` runs. */
  async function peakOf(work: () => Promise<unknown>): Promise<number> {
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 20);
    try {
      await work();
      return peak;
    } finally {
      clearInterval(timer);
    }
  }

  it('loads 3 million flights from Parquet', async () => {
    await on.table(
      'flights',
      '"date" TIMESTAMP, delay SMALLINT, distance INTEGER, origin VARCHAR(3), destination VARCHAR(3)',
    );
    const startedMs = performance.now();
    const peak = await peakOf(async () => {
      const report = await on.write({ object: 'sales.flights' }, { file: FLIGHTS });
      expect(report.rows).to.include({ read: 3_000_000, loaded: 3_000_000 });
    });
    tell('3 million rows of a file', peak, startedMs);
    expect(peak).to.be.lessThan(LIMIT_BYTES);
  });

  it('stages a gigabyte of wide rows from a program', async () => {
    await on.table('wide', 'id INTEGER, note VARCHAR(4000)');
    async function* rows() {
      for (let start = 0; start < 250_000; start += 500) {
        yield Array.from({ length: 500 }, (_, index) => ({ id: start + index, note: LONG_NOTE }));
      }
    }
    const startedMs = performance.now();
    const peak = await peakOf(async () => {
      const report = await on.write({ object: 'sales.wide' }, rows());
      expect(report.rows.loaded).to.equal(250_000);
      expect(report.files).to.be.greaterThan(1);
    });
    tell('250,000 rows of 4 kB', peak, startedMs);
    expect(peak).to.be.lessThan(LIMIT_BYTES);
  });

  function tell(what: string, peak: number, startedMs: number): void {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`      ${what}: peak ${Math.round(peak / 1024 / 1024)} MB, ${seconds} s`);
  }
});
