import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

const PACKAGE = new URL('../../../dist/index.js', import.meta.url).href;
const LIMIT_MIB = { narrow: 400, wide: 450 } as const;
/** Of 65,535 bytes each: what a VARCHAR holds at most. */
const WIDE_ROWS = 6_000;
const NARROW_ROWS = 2_000_000;

/** A host of the built package. VmHWM: the highest resident size of this process alone. */
const HOST = `
  import { readFileSync } from 'node:fs';
  import { connector } from ${JSON.stringify(PACKAGE)};
  const { values, spec, destination } = JSON.parse(process.env.EXPORT_MEMORY);
  const redshift = connector.open(values);
  const { rows, bytes, ms } = await redshift.readToFiles(spec, destination);
  await redshift[Symbol.asyncDispose]();
  const peakMib = Math.round(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1] / 1024);
  console.log(JSON.stringify({ rows, bytes, ms, peakMib }));
`;

describe('read to files: memory stays flat', () => {
  let world: ReadWorld;
  let folder: string;

  before(async () => {
    world = await openReadWorld();
    folder = await mkdtemp(join(tmpdir(), 'roleshift-files-'));
    await world.table(
      'wide',
      'id INTEGER, note VARCHAR(65535)',
      `SELECT n, left(repeat(md5(n::text) || md5((-n)::text), 1024), 65535) FROM generate_series(1, ${WIDE_ROWS}) AS n`,
    );
    await world.table(
      'narrow',
      'id BIGINT, day DATE, "at" TIMESTAMP, note VARCHAR(40)',
      `SELECT n, '2024-02-29', '2024-02-29 12:00:00', md5(n::text) FROM generate_series(1, ${NARROW_ROWS}) AS n`,
    );
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  for (const [object, rows] of [
    ['wide', WIDE_ROWS],
    ['narrow', NARROW_ROWS],
  ] as const) {
    for (const mode of ['staged', 'direct'] as const) {
      for (const name of ['out.parquet', 'out.zstd.parquet', 'out.csv.zst', 'out.jsonl']) {
        if (object === 'narrow' && (mode === 'direct' || name === 'out.zstd.parquet')) continue;
        it(`${rows} ${object} rows, ${mode}, into ${name}: below ${LIMIT_MIB[object]} MiB`, async () => {
          const values = { ...world.world.connection('keys-etl-agent').values, useStaging: true };
          const compression = name === 'out.zstd.parquet' ? { compression: 'zstd' } : {};
          const to = join(folder, name);
          const destination = { to, replace: true, ...compression };
          const child = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', HOST], {
            env: {
              ...process.env,
              EXPORT_MEMORY: JSON.stringify({ values, spec: { object, mode }, destination }),
              TMPDIR: world.connection.workDirectory,
            },
          });
          const found = JSON.parse(child.stdout) as Record<'rows' | 'bytes' | 'ms' | 'peakMib', number>;
          console.log(`      peak ${found.peakMib} MiB, ${Math.round(found.bytes / 1e6)} MB in ${found.ms} ms`);
          expect(found.rows).to.equal(rows);
          expect(found.peakMib).to.be.lessThan(LIMIT_MIB[object]);
          expect(await world.leftovers()).to.deep.equal([]);
          await rm(to);
        });
      }
    }
  }
});
