import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { styleText } from 'node:util';
import { connector, type OpenConnector } from '../connector.ts';
import { ConnectorError } from '../core/errors.ts';
import type { HopEvent } from '../core/events.ts';
import { openRun } from '../core/run.ts';
import { makeWorkFolder } from '../core/work-folder.ts';
import { loadConnectionFile } from '../manifest/connection-file.ts';
import type { ConnectionInput } from '../manifest/options.gen.ts';
import { createPool } from '../pool.ts';
import type { Batch } from '../types/batch.ts';
import { digestBatches, digestText } from './demo/digest.ts';
import { fileRows, fileTotals, flightsFile, redshiftTotals, TOTAL_NAMES, type Totals } from './demo/flights.ts';
import { type SandboxProcess, startSandboxProcess } from './demo/sandbox-process.ts';
import { describeFailure } from './failure.ts';
import { formatCount, formatDuration, formatTable } from './format.ts';
import { describeHop, type Output, openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

/** Whose rows: created by the login itself, through *Auto create DBUser*. */
const DEMO_USER = 'flight_loader';
const TABLE = 'public.flights';
const CORRECTED_DAY = '2001-05-27';
const READ_BACK = "date >= '2001-05-27' and date < '2001-06-10'";

interface Demo {
  readonly sandbox: SandboxProcess;
  readonly folder: string;
  readonly output: Output;
  readonly context: CommandContext;
  /** What must hold for the demo to succeed, and whether it did. */
  readonly claims: { readonly claim: string; readonly holds: boolean }[];
}

/** `roleshift demo`: the main job on real data, from three identities to rows that add up. Status 5 when they do not. */
export async function demo(context: CommandContext): Promise<number> {
  using output = openOutput(context);
  const say = (text: string): void => (context.json ? undefined : output.text(text));
  const startedMs = performance.now();
  const folder = await makeWorkFolder(tmpdir(), 'roleshift-demo-');
  const claims: Demo['claims'] = [];
  try {
    const file = flightsFile();
    say(heading('The sandbox', 'stands in for AWS and Redshift; nothing leaves this machine'));
    await using sandbox = await startSandboxProcess(folder, context.signal);
    const stage: Demo = { sandbox, folder, output, context, claims };
    for (const [id, { host, port }] of Object.entries(sandbox.clusters)) {
      say(`  STS, IAM, Redshift and S3 at ${sandbox.awsEndpoint}, cluster ${id} at ${host}:${port} with TLS`);
    }

    say(heading('Three ways in, one Redshift role', 'each identity assumes it, and it obtains a login'));
    await logIn(stage, say, 'Option 1: access keys of an IAM user; Auto create DBUser', 'keys-etl-agent', {
      username: DEMO_USER,
      autoCreateDbUser: true,
    });
    await logIn(stage, say, 'Option 2: Use EC2 Role to Assume Role, no keys at all', 'ec2-agent');
    await logIn(stage, say, "Advanced mode: the worker node's own role", 'worker-worker-1');

    await loadAndReadBack(stage, say, file);
    await meetRefusal(stage, say);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const failed = claims.filter(({ holds }) => !holds);
  const ms = performance.now() - startedMs;
  if (context.json) output.result({ ok: failed.length === 0, ms: Math.round(ms), claims });
  else {
    say(heading('Cleaned up', 'sandbox stopped, files removed'));
    for (const { claim } of failed) say(`  ${styleText('red', '✘')} ${claim}`);
    const verdict =
      failed.length === 0
        ? styleText('green', `${claims.length} of ${claims.length} claims hold`)
        : styleText('red', `${failed.length} of ${claims.length} claims do not hold`);
    say(`  ${verdict}, ${formatDuration(ms)} in all\n`);
  }
  return failed.length === 0 ? 0 : 5;
}

function heading(title: string, remark: string): string {
  return `\n${styleText('bold', title)}  ${styleText('dim', remark)}`;
}

/** Opens a connection of the sandbox with the variables of its identity, and gives the process its own back. */
async function withConnection<T>(
  { sandbox, context, output }: Demo,
  name: string,
  changes: ConnectionInput,
  body: (redshift: OpenConnector) => Promise<T>,
  onHop: (hop: HopEvent) => void = () => undefined,
): Promise<T> {
  const { path, environment } = sandbox.connection(name);
  const before = Object.keys(environment).map((key) => [key, process.env[key]] as const);
  Object.assign(process.env, environment);
  try {
    const values = { ...(await loadConnectionFile(path)), ...changes };
    const onEvent: Output['onEvent'] = (event) => (event.type === 'hop' ? onHop(event) : output.onEvent(event));
    await using redshift = connector.open(
      values,
      { onEvent },
      { mode: name.startsWith('worker') ? 'advanced' : 'standard' },
    );
    context.signal.throwIfAborted();
    return await body(redshift);
  } finally {
    for (const [key, value] of before) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  }
}

async function logIn(
  stage: Demo,
  say: (text: string) => void,
  title: string,
  name: string,
  changes: ConnectionInput = {},
): Promise<void> {
  say(`\n  ${title}`);
  const seen = new Set<string>();
  const onHop = (hop: HopEvent): void => {
    if (seen.has(hop.hop + hop.principal)) return;
    seen.add(hop.hop + hop.principal);
    say(`  ${describeHop(hop)}`);
  };
  const found = await withConnection(
    stage,
    name,
    changes,
    (redshift) => redshift.preview({ query: 'select current_user, version()' }, stage.context),
    onHop,
  );
  const [user, version] = found.columns.map(([value]) => String(value));
  say(`    ${styleText('green', '✔')} ${user} on ${/Redshift [\d.]+/.exec(version ?? '')?.[0] ?? version}`);
  claim(stage, `${title}: a session as ${user}`, user !== undefined && seen.size > 0);
}

async function loadAndReadBack(stage: Demo, say: (text: string) => void, file: string): Promise<void> {
  const { context, folder } = stage;
  const run = openRun({ signal: context.signal });
  const user = { username: DEMO_USER, autoCreateDbUser: true };
  await createTable(stage, user);
  await withConnection(stage, 'keys-etl-agent', user, async (redshift) => {
    say(heading('Load', 'Parquet, to numbered zstd files in S3, to COPY in one transaction with its ledger row'));
    const loaded = await redshift.write({ object: TABLE }, { file }, context);
    say(
      `  ${formatCount(loaded.rows.loaded)} flights in ${formatCount(loaded.files)} files, ${loaded.phases
        .filter(({ ms }) => ms > 0)
        .map(({ name, ms }) => `${name} ${formatDuration(ms)}`)
        .join(', ')}`,
    );
    const source = await fileTotals(file, folder, run);
    const target = await totalsOf(redshift, context);
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

    say(heading('Read back twice', 'two weeks, every value: over the wire by cursor, and by UNLOAD to Parquet'));
    const results = [{ from: 'file', digest: digestText(await fileRows(file, folder, READ_BACK, run)), took: '' }];
    for (const mode of ['direct', 'staged'] as const) {
      const startedMs = performance.now();
      const batches = redshift.read({ object: TABLE, where: READ_BACK, mode }, context);
      const digest = await digestBatches(batches);
      results.push({ from: mode, digest, took: formatDuration(performance.now() - startedMs) });
    }
    say(
      indent(
        formatTable(
          ['', 'flights', 'checksum', 'time'],
          results.map(({ from, digest, took }) => [from, formatCount(digest.rows), digest.text, took]),
        ),
      ),
    );
    const checksums = new Set(results.map(({ digest }) => `${digest.rows} ${digest.text}`));
    claim(
      stage,
      'both read modes give the values of the file',
      checksums.size === 1 && results.every(({ digest }) => digest.rows > 0),
    );

    say(
      heading(
        'Correct a day',
        `${CORRECTED_DAY}: a clock was five minutes fast; its flights upserted by date, origin and destination`,
      ),
    );
    const fix = await redshift.write(
      { object: TABLE, operation: 'upsert', keys: ['date', 'origin', 'destination'] },
      correctedDay(redshift, context),
      context,
    );
    say(
      `  ${formatCount(fix.rows.read)} read, ${formatCount(fix.rows.updated)} updated, ${formatCount(fix.rows.inserted)} inserted`,
    );
    claim(
      stage,
      'every corrected flight is accounted for',
      fix.rows.read === fix.rows.loaded + fix.rows.rejected + fix.rows.deduplicated && fix.rows.read > 0,
    );

    const corrected = await totalsOf(redshift, context);
    claim(
      stage,
      'the correction changed delays and nothing else',
      corrected[0] === source[0] && corrected[1] !== source[1] && corrected[2] === source[2],
    );
  });
}

async function createTable({ sandbox, context }: Demo, user: ConnectionInput): Promise<void> {
  const values = { ...(await loadConnectionFile(sandbox.connection('keys-etl-agent').path)), ...user };
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

async function totalsOf(redshift: OpenConnector, context: CommandContext): Promise<Totals> {
  const { columns } = await redshift.preview({ query: redshiftTotals(TABLE) }, context);
  return columns.map(([value]) => String(value));
}

/** The flights of the day whose key is unique, five minutes less late. */
async function* correctedDay(redshift: OpenConnector, context: CommandContext): AsyncGenerator<CorrectedBatch> {
  const query = `select date, origin, destination, max(delay) as delay, max(distance) as distance from ${TABLE}
    where date >= '${CORRECTED_DAY}' and date < date '${CORRECTED_DAY}' + 1 group by 1, 2, 3 having count(*) = 1`;
  for await (const batch of redshift.read({ query, mode: 'direct' }, context)) {
    yield {
      fields: batch.fields,
      rows: () => batch.rows().map((row) => ({ ...row, delay: BigInt(row['delay'] as bigint) - 5n })),
    };
  }
}

type CorrectedBatch = Pick<Batch, 'fields' | 'rows'>;

async function meetRefusal(stage: Demo, say: (text: string) => void): Promise<void> {
  say(heading('A door that stays closed', 'a role that trusts another account only'));
  const roleArn = 'arn:aws:iam::111122223333:role/RedshiftAudit';
  try {
    await withConnection(stage, 'keys-etl-agent', { roleArn }, (redshift) =>
      redshift.preview({ query: 'select 1' }, stage.context),
    );
    claim(stage, 'the role that does not trust the caller is refused', false);
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    for (const line of describeFailure(error)) say(`  ${line}`);
    claim(stage, 'the role that does not trust the caller is refused', error.code === 'RS_AUTH_ROLE_DENIED');
  }
}

function claim({ claims }: Demo, text: string, holds: boolean): void {
  claims.push({ claim: text, holds });
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
