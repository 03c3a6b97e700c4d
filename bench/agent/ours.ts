import { DuckDBInstance } from '@duckdb/node-api';
import {
  type Batch,
  type ConnectionInput,
  type ConnectorEvent,
  connector,
  type InputValue,
  type WriteReport,
} from '../../src/index.ts';
import type { Outcome, OwnJob, Place, Prepared, RowsFrom } from './protocol.ts';

type Redshift = ReturnType<typeof connector.open>;
type Group = InputValue[][];

/** What a job's events told. */
interface Seen {
  unloadedMs: number;
  stagedBytes: number;
}

/** A job done by roleshift, as a program would. */
export async function prepareOurs(place: Place, job: OwnJob, cold: boolean): Promise<Prepared> {
  const seen: Seen = { unloadedMs: 0, stagedBytes: 0 };
  const onEvent = (event: ConnectorEvent): void => {
    if (event.type === 'statement' && event.verb === 'UNLOAD') seen.unloadedMs = performance.now();
    if (event.type === 'progress' && event.phase === 'fetch') seen.stagedBytes = event.totalBytes ?? seen.stagedBytes;
  };
  const redshift = connector.open(place.connection as ConnectionInput, { onEvent });
  const rows = job.kind === 'writeRows' ? await rowsOf(job.rows) : undefined;
  if (!cold) for await (const _ of redshift.read({ query: 'select 1 as n', mode: 'direct' }));
  return {
    run: () => run(redshift, job, rows, seen),
    end: async () => {
      await redshift[Symbol.asyncDispose]();
    },
  };
}

async function run(
  redshift: Redshift,
  job: OwnJob,
  rows: AsyncIterable<Group> | undefined,
  seen: Seen,
): Promise<Outcome> {
  switch (job.kind) {
    case 'readToFiles': {
      const report = await redshift.readToFiles({ object: job.object, mode: 'staged' }, { to: job.to });
      return { rows: report.rows, bytes: report.bytes, stagedBytes: seen.stagedBytes };
    }
    case 'readBatches': {
      let count = 0;
      for await (const batch of redshift.read({ object: job.object, mode: job.mode })) count += touch(batch);
      const endMs = performance.now();
      if (job.mode === 'direct') return { rows: count };
      return { rows: count, stagedBytes: seen.stagedBytes, parts: { afterUnload: endMs - seen.unloadedMs } };
    }
    case 'writeFile':
      return written(await redshift.write({ object: job.object, ...job.spec }, { file: job.file }));
    case 'writeRows': {
      const columns = job.rows.columns.map(({ name }) => name);
      return written(await redshift.write({ object: job.object, columns }, rows ?? []));
    }
  }
}

/** Every value is there already; one of each column is looked at, so that nothing can be left undone. */
function touch({ rowCount, columns }: Batch): number {
  for (const column of columns) if (column.length !== rowCount) throw new RangeError('A column is short');
  return rowCount;
}

function written({ rows, bytes, phases }: WriteReport): Outcome {
  return {
    rows: rows.loaded,
    bytes,
    stagedBytes: bytes,
    parts: Object.fromEntries(phases.map(({ name, ms }) => [name, ms])),
  };
}

const BLOCK_ROWS = 100_000;
const GROUP_ROWS = 1000;

/** Rows in groups, from a block in memory: what makes them costs nothing while the clock runs. */
export async function rowsOf({ file, count, columns }: RowsFrom): Promise<AsyncIterable<Group>> {
  const block = await readBlock(file, columns);
  return (async function* groups() {
    for (let given = 0; given < count; ) {
      const start = given % block.length;
      const group = block.slice(start, start + Math.min(GROUP_ROWS, count - given));
      given += group.length;
      yield group;
    }
  })();
}

/** In the forms that a read gives and a write takes: dates, times and decimals as text. */
async function readBlock(file: string, columns: RowsFrom['columns']): Promise<Group> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const asText = /^(decimal|date|timestamp)/;
  const list = columns.map(({ name, type }) => (asText.test(type) ? `cast(${name} as varchar) as ${name}` : name));
  const reader = await connection.runAndReadAll(
    `select ${list.join(', ')} from read_parquet('${file}') limit ${BLOCK_ROWS}`,
  );
  const rows = reader.getRowsJS() as Group;
  connection.closeSync();
  instance.closeSync();
  return rows;
}
