/**
 * Loads and reads the flights table and prints rows a second and the peak memory of the agent's process, which runs apart from
 * the sandbox. One process for each figure.
 *
 *   npm run build && npx tsx bench/flights.ts             3 million rows
 *   npx tsx bench/flights.ts --times 10                    30 million rows
 *   npx tsx bench/flights.ts --wide 100000                 so many rows of 4 kB
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { loadConnectionFile } from '../src/index.ts';
import { createPool } from '../src/pool.ts';

interface Figure {
  readonly rows: number;
  readonly ms: number;
  readonly maxRssMib: number;
}

const TABLE = 'public.bench';
const { values: flags } = parseArgs({
  options: { times: { type: 'string', default: '1' }, wide: { type: 'string', default: '0' } },
});

await main(Number(flags.times), Number(flags.wide));

async function main(times: number, wide: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'roleshift-bench-'));
  const sandbox = spawn(process.execPath, ['dist/cli/main.js', 'sandbox', '--json', '--connections', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await ready(sandbox);
    const connection = join(folder, 'keys-etl-agent.yaml');
    const file = await makeFile(folder, times, wide);
    const pool = createPool(await loadConnectionFile(connection));
    await pool.query(
      wide > 0
        ? `create table ${TABLE} (id bigint, note varchar(4096))`
        : `create table ${TABLE} (date timestamp, delay bigint, distance bigint, origin varchar(3), destination varchar(3))`,
    );
    await pool.end();
    console.log(`Node ${process.version}, ${availableParallelism()} cores, sandbox in a process of its own`);
    console.log('operation      rows        seconds   rows/s     peak memory of the agent');
    for (const operation of ['write', 'staged', 'direct']) {
      const { rows, ms, maxRssMib } = await measure([operation, connection, TABLE, file]);
      console.log(
        operation.padEnd(10),
        rows.toLocaleString('en-US').padStart(11),
        (ms / 1000).toFixed(1).padStart(10),
        Math.round((rows / ms) * 1000)
          .toLocaleString('en-US')
          .padStart(10),
        `${Math.round(maxRssMib)} MiB`.padStart(12),
      );
    }
  } finally {
    sandbox.kill('SIGINT');
    await once(sandbox, 'exit');
    await rm(folder, { recursive: true, force: true });
  }
}

async function ready({ stdout }: ChildProcess): Promise<void> {
  if (!stdout) throw new Error('The sandbox has no output');
  let printed = '';
  for await (const text of stdout.setEncoding('utf8')) {
    printed += String(text);
    if (printed.endsWith('}\n')) return;
  }
  throw new Error(`The sandbox ended: ${printed}`);
}

async function makeFile(folder: string, times: number, wide: number): Promise<string> {
  const flights = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data/flights-3m.parquet');
  if (times === 1 && wide === 0) return flights;
  const target = join(folder, 'input.parquet');
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '1GB' });
  const connection = await instance.connect();
  const rows =
    wide > 0
      ? `select i as id, repeat(md5(i::varchar), 127) as note from range(${wide}) t(i)`
      : `select f.* from read_parquet('${flights}') f, range(${times})`;
  await connection.run(
    `copy (${rows}) to '${target}' (format parquet, compression zstd, row_group_size ${wide > 0 ? 2048 : 122880})`,
  );
  connection.closeSync();
  instance.closeSync();
  return target;
}

async function measure(args: readonly string[]): Promise<Figure> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('flights-agent.mjs', import.meta.url)), ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  });
  const [[figure]] = (await Promise.all([once(child, 'message'), once(child, 'exit')])) as [[Figure], unknown[]];
  return figure;
}
