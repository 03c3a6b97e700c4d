import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { write } from '../../../src/operations/write.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

const FLIGHTS = fileURLToPath(new URL('../../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url));
const PACKAGE = new URL('../../../dist/index.js', import.meta.url).href;
const FLIGHT = '"date" TIMESTAMP, delay SMALLINT, distance INTEGER, origin VARCHAR(3), destination VARCHAR(3)';
const LIMIT_MIB = 400;

/** A host of the built package that looks at every row. VmHWM: the highest resident size of this process alone. */
const READER = `
  import { readFileSync } from 'node:fs';
  import { connector } from ${JSON.stringify(PACKAGE)};
  const { values, spec } = JSON.parse(process.env.READ_MEMORY);
  const startedMs = performance.now();
  let rows = 0;
  let distance = 0;
  {
    const redshift = connector.open(values);
    for await (const batch of redshift.read(spec)) {
      rows += batch.rowCount;
      for (const value of batch.columns[2]) distance += value;
    }
    await redshift[Symbol.asyncDispose]();
  }
  const peakMib = Math.round(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1] / 1024);
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(JSON.stringify({ rows, distance, peakMib, seconds }));
`;

describe('read: memory stays flat', () => {
  let world: ReadWorld;

  before(async () => {
    world = await openReadWorld();
    await world.table('flights', FLIGHT);
    const report = await write(world.connection, { object: 'flights' }, { file: FLIGHTS }, world.run());
    expect(report.rows.loaded).to.equal(3_000_000);
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  for (const mode of ['direct', 'staged'] as const) {
    it(`gives 3 million flights, ${mode}, to a process that stays below ${LIMIT_MIB} MiB`, async () => {
      const values = world.world.connection('keys-etl-agent').values;
      const input = JSON.stringify({ values: { ...values, useStaging: true }, spec: { object: 'flights', mode } });
      const child = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', READER], {
        env: { ...process.env, READ_MEMORY: input, TMPDIR: world.connection.workDirectory },
      });
      const found = JSON.parse(child.stdout) as Record<'rows' | 'distance' | 'peakMib' | 'seconds', number>;
      console.log(`      ${mode}: peak ${found.peakMib} MiB, ${found.seconds} s`);
      const [expected] = (await world.world.sql('SELECT COUNT(*), SUM(distance) FROM flights')).rows;
      expect([found.rows, found.distance].map(String)).to.deep.equal(expected);
      expect(found.peakMib).to.be.lessThan(LIMIT_MIB);
      expect(await world.leftovers()).to.deep.equal([]);
    });
  }
});
