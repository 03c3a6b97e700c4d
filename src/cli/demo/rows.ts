import { openRun, type Run } from '../../core/run.ts';
import { loadConnectionFile } from '../../manifest/connection-file.ts';
import type { OpenConnector } from '../../operations/calls/open-connector.ts';
import { createPool } from '../../pool.ts';
import type { Batch, Row } from '../../types/batch.ts';
import { formatCount, formatDuration, formatTable } from '../format.ts';
import { digestBatches, digestText } from './digest.ts';
import { correctedRows, fileTotals, redshiftTotals, TOTAL_NAMES, type Totals } from './flights.ts';
import { claim, DEMO_USER, heading, type Stage, withConnection } from './stage.ts';

const TABLE = 'public.flights';
const FAST_MINUTES = 5n;
const DAY = "date >= '2001-05-27' and date < '2001-05-28'";
const TWO_WEEKS = "date >= '2001-05-27' and date < '2001-06-10'";

/** Loads the flights, corrects a day, reads back in both modes; what the file says is the judge of each. */
export async function loadAndReadBack(stage: Stage, file: string): Promise<void> {
  const run = openRun({ signal: stage.context.signal });
  await createTable(stage);
  await withConnection(stage, 'keys-etl-agent', DEMO_USER, async (redshift) => {
    const source = await load(stage, redshift, file, run);
    await correct(stage, redshift, source);
    await readBack(stage, redshift, file, run);
  });
}

async function createTable({ sandbox, context }: Stage): Promise<void> {
  const values = { ...(await loadConnectionFile(sandbox.connection('keys-etl-agent').path)), ...DEMO_USER };
  context.signal.throwIfAborted();
  const pool = createPool(values);
  try {
    await pool.query(
      `create table ${TABLE} (date timestamp not null sortkey, delay bigint, distance bigint, origin varchar(3) distkey, destination varchar(3))`,
    );
  } finally {
    await pool.end();
  }
}

async function load(stage: Stage, redshift: OpenConnector, file: string, run: Run): Promise<Totals> {
  const { context, folder, say } = stage;
  say(heading('Load', 'Parquet, to numbered zstd files in S3, to COPY in one transaction with its ledger row'));
  const loaded = await redshift.write({ object: TABLE }, { file }, context);
  const phases = loaded.phases.filter(({ ms }) => ms > 0).map(({ name, ms }) => `${name} ${formatDuration(ms)}`);
  say(`  ${formatCount(loaded.rows.loaded)} flights in ${formatCount(loaded.files)} files, ${phases.join(', ')}`);
  const source = await fileTotals(file, folder, run);
  const target = await totalsOf(redshift, stage);
  say(
    indent(
      formatTable(
        ['', ...TOTAL_NAMES],
        [
          ['file', ...source],
          ['redshift', ...target],
        ],
      ),
    ),
  );
  claim(stage, 'Redshift holds what the file holds', source.join() === target.join() && source[0] === '3000000');
  return source;
}

/** A clock was fast: the flights of the day whose key is unique are five minutes less late. */
async function correct(stage: Stage, redshift: OpenConnector, source: Totals): Promise<void> {
  const { context, say } = stage;
  say(heading('Correct a day', '2001-05-27: a clock was five minutes fast; upsert by date, origin and destination'));
  const { rows } = await redshift.write(
    { object: TABLE, operation: 'upsert', keys: ['date', 'origin', 'destination'] },
    correctedDay(redshift, stage),
    context,
  );
  say(`  ${formatCount(rows.read)} read, ${formatCount(rows.updated)} updated, ${formatCount(rows.inserted)} inserted`);
  claim(stage, 'every corrected flight was there and is accounted for', rows.read > 0 && rows.updated === rows.read);

  const corrected = await totalsOf(redshift, stage);
  const delays = BigInt(source[1] ?? 0) - FAST_MINUTES * BigInt(rows.read);
  const expected = [source[0], String(delays), ...source.slice(2)];
  claim(stage, 'the correction changed those delays and nothing else', corrected.join() === expected.join());
}

async function* correctedDay(
  redshift: OpenConnector,
  { context }: Stage,
): AsyncGenerator<Pick<Batch, 'fields' | 'rows'>> {
  const query = `select date, origin, destination, max(delay) as delay, max(distance) as distance from ${TABLE}
    where ${DAY} group by 1, 2, 3 having count(*) = 1`;
  for await (const batch of redshift.read({ query, mode: 'direct' }, context)) {
    const corrected = (): Row[] =>
      batch.rows().map((row) => ({ ...row, delay: (row['delay'] as bigint) - FAST_MINUTES }));
    yield { fields: batch.fields, rows: corrected };
  }
}

async function readBack(stage: Stage, redshift: OpenConnector, file: string, run: Run): Promise<void> {
  const { context, folder, say } = stage;
  say(heading('Read back twice', 'two weeks, every value: over the wire by cursor, and by UNLOAD to Parquet'));
  const judge = await correctedRows(file, folder, { within: TWO_WEEKS, day: DAY, minutes: FAST_MINUTES }, run);
  const results = [{ from: 'file', digest: digestText(judge), took: '' }];
  for (const mode of ['direct', 'staged'] as const) {
    const startedMs = performance.now();
    const digest = await digestBatches(redshift.read({ object: TABLE, where: TWO_WEEKS, mode }, context));
    results.push({ from: mode, digest, took: formatDuration(performance.now() - startedMs) });
  }
  const lines = results.map(({ from, digest, took }) => [from, formatCount(digest.rows), digest.text, took]);
  say(indent(formatTable(['', 'flights', 'checksum', 'time'], lines)));
  const checksums = new Set(results.map(({ digest }) => `${digest.rows} ${digest.text}`));
  const areSame = checksums.size === 1 && results.every(({ digest }) => digest.rows > 0);
  claim(stage, 'both read modes give the values of the file, corrected', areSame);
}

async function totalsOf(redshift: OpenConnector, { context }: Stage): Promise<Totals> {
  const { columns } = await redshift.preview({ query: redshiftTotals(TABLE) }, context);
  return columns.map(([value]) => String(value));
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
