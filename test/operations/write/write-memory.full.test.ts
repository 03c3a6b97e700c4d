import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { peakOf } from '../../peak-memory.ts';
import { openWriteWorld, type WriteWorld } from './write-world.ts';

const FLIGHTS = fileURLToPath(new URL('../../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url));
const LIMIT_BYTES = 400 * 1024 * 1024;
const LONG_NOTE = 'x'.repeat(4000);

describe('write: memory stays flat', () => {
  let on: WriteWorld;
  let inputs: string;
  before(async () => {
    on = await openWriteWorld();
    inputs = await mkdtemp(join(tmpdir(), 'write-inputs-'));
  });
  after(async () => {
    await on[Symbol.asyncDispose]();
    await rm(inputs, { recursive: true });
  });

  const FLIGHT = '"date" TIMESTAMP, delay SMALLINT, distance INTEGER, origin VARCHAR(3), destination VARCHAR(3)';
  for (const [times, rows] of [
    [1, 3_000_000],
    [10, 30_000_000],
  ] as const) {
    it(`loads ${rows / 1e6} million flights from Parquet`, async () => {
      await on.table(`flights_${times}`, FLIGHT);
      const file = times === 1 ? FLIGHTS : await repeatFlights(times);
      const startedMs = performance.now();
      const peak = await peakOf(async () => {
        const report = await on.write({ object: `sales.flights_${times}` }, { file });
        expect(report.rows).to.include({ read: rows, loaded: rows });
      });
      tell(`${rows / 1e6} million rows of a file`, peak, startedMs);
      expect(peak).to.be.lessThan(LIMIT_BYTES);
      await on.world.sql(`DROP TABLE sales.flights_${times}`);
    });
  }

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

  /** The flights, several times over, in one file. Written by another process: its memory is not ours. */
  async function repeatFlights(times: number): Promise<string> {
    const file = join(inputs, `flights-${times}.parquet`);
    const copy = `COPY (SELECT f.* FROM read_parquet('${FLIGHTS}') f, range(${times})) TO '${file}'`;
    const script = `
      import { DuckDBInstance } from '@duckdb/node-api';
      const instance = await DuckDBInstance.create(':memory:', { memory_limit: '500MB' });
      await (await instance.connect()).run(${JSON.stringify(copy)});
    `;
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
    return file;
  }

  function tell(what: string, peak: number, startedMs: number): void {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`      ${what}: peak ${Math.round(peak / 1024 / 1024)} MB, ${seconds} s`);
  }
});
