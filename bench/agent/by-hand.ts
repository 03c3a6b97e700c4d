import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, JSDuckDBValueConverter } from '@duckdb/node-api';
import { type ByHand, download, openByHand, upload } from './aws.ts';
import { rowsOf } from './ours.ts';
import type { HandJob, Outcome, Place, Prepared, RowsFrom } from './protocol.ts';

type JobOf<K extends HandJob['kind']> = Extract<HandJob, { readonly kind: K }>;

/** A job done without roleshift: the floors. */
export async function prepareByHand(place: Place, job: HandJob): Promise<Prepared> {
  const hand = await openByHand(place);
  const run = await prepareRun(hand, place, job);
  return { run, end: () => hand.client.end() };
}

async function prepareRun(hand: ByHand, place: Place, job: HandJob): Promise<() => Promise<Outcome>> {
  const { bucket } = place;
  switch (job.kind) {
    case 'handUnload':
      return async () => {
        const rows = await unload(hand, place, job);
        const { bytes } = await download(hand.s3, bucket, job.prefix, job.folder);
        return { rows, bytes };
      };
    case 'handStagedValues': {
      await unload(hand, place, job);
      const { files } = await download(hand.s3, bucket, job.prefix, job.folder);
      return () => readValues(files);
    }
    case 'handCursor':
      return () => readCursor(hand, job);
    case 'handCopy':
      return () => copy(hand, place, job.table, job.prefix, job.options);
    case 'handAppend': {
      const rows = await rowsOf(job.rows);
      return () => append(hand, place, job, rows);
    }
    case 'handSql': {
      for (const statement of job.before) await hand.client.query(statement);
      return async () => {
        let rows = 0;
        for (const statement of job.timed) rows += (await hand.client.query(statement)).rowCount ?? 0;
        return { rows };
      };
    }
    case 'handUpload':
      return async () => ({ rows: 0, bytes: await upload(hand.s3, bucket, job.prefix, job.files) });
  }
}

async function unload(
  { client }: ByHand,
  { bucket, copyRole }: Place,
  { query, prefix }: Pick<JobOf<'handUnload'>, 'query' | 'prefix'>,
): Promise<number> {
  await client.query(
    `UNLOAD ('${query}') TO 's3://${bucket}/${prefix}' IAM_ROLE '${copyRole}' FORMAT PARQUET MAXFILESIZE 64 MB`,
  );
  const { rows } = await client.query<{ count: string }>('SELECT pg_last_unload_count() AS count');
  return Number(rows[0]?.count);
}

/** Every value of the files as the value that DuckDB's own converter makes for JavaScript, chunk by chunk. */
async function readValues(files: readonly string[]): Promise<Outcome> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const list = files.map((file) => `'${file}'`).join(', ');
  const result = await connection.stream(`SELECT * FROM read_parquet([${list}])`);
  let rows = 0;
  for await (const chunk of result) {
    const columns = chunk.convertColumns(JSDuckDBValueConverter);
    rows += columns[0]?.length ?? 0;
  }
  return { rows };
}

const asWritten = (value: string): string => value;

async function readCursor({ client }: ByHand, { query, fetchRows }: JobOf<'handCursor'>): Promise<Outcome> {
  await client.query('BEGIN READ ONLY');
  await client.query(`DECLARE bench CURSOR FOR ${query}`);
  let count = 0;
  for (;;) {
    const { rows } = await client.query<string[]>({
      text: `FETCH FORWARD ${fetchRows} FROM bench`,
      rowMode: 'array',
      types: { getTypeParser: () => asWritten },
    });
    if (rows.length === 0) break;
    count += rows.length;
  }
  await client.query('ROLLBACK');
  return { rows: count };
}

async function copy(
  { client }: ByHand,
  { bucket, copyRole }: Place,
  table: string,
  prefix: string,
  options: string,
): Promise<Outcome> {
  await client.query(`COPY ${table} FROM 's3://${bucket}/${prefix}' IAM_ROLE '${copyRole}' ${options}`);
  const { rows } = await client.query<{ count: string }>('SELECT pg_last_copy_count() AS count');
  return { rows: Number(rows[0]?.count) };
}

/** Rows into a table of the engine, that table into files, the files into the bucket, and COPY. */
async function append(
  hand: ByHand,
  place: Place,
  { table, prefix, folder, rows: { columns } }: JobOf<'handAppend'>,
  rows: Awaited<ReturnType<typeof rowsOf>>,
): Promise<Outcome> {
  const instance = await DuckDBInstance.create(join(folder, 'append.duckdb'), { preserve_insertion_order: 'false' });
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE t (${columns.map(({ name, type }) => `${name} ${heldAs(type)}`).join(', ')})`);
  const appender = await connection.createAppender('t');
  const appenders = columns.map(({ type }) => appendAs(appender, type));
  for await (const group of rows) {
    for (const row of group) {
      for (let position = 0; position < appenders.length; position += 1) {
        const value = row[position];
        if (value === null || value === undefined) appender.appendNull();
        else appenders[position]?.(value);
      }
      appender.endRow();
    }
  }
  appender.closeSync();
  const files = join(folder, 'files');
  await connection.run(`COPY t TO '${files}' (FORMAT csv, COMPRESSION zstd, HEADER false, PER_THREAD_OUTPUT true)`);
  connection.closeSync();
  instance.closeSync();
  const names = (await readdir(files)).map((name) => join(files, name));
  await upload(hand.s3, place.bucket, prefix, names);
  return copy(hand, place, table, prefix, 'CSV ZSTD');
}

type Appender = Awaited<ReturnType<Awaited<ReturnType<DuckDBInstance['connect']>>['createAppender']>>;

function heldAs(type: RowsFrom['columns'][number]['type']): string {
  if (/^(smallint|integer|bigint|double precision|boolean)$/.test(type)) return type;
  return 'varchar';
}

function appendAs(appender: Appender, type: string): (value: unknown) => void {
  switch (heldAs(type)) {
    case 'smallint':
      return (value) => appender.appendSmallInt(Number(value));
    case 'integer':
      return (value) => appender.appendInteger(Number(value));
    case 'bigint':
      return (value) => appender.appendBigInt(value as bigint);
    case 'double precision':
      return (value) => appender.appendDouble(Number(value));
    case 'boolean':
      return (value) => appender.appendBoolean(value === true);
    default:
      return (value) => appender.appendVarchar(String(value));
  }
}
