/**
 * What the sandbox's endpoint costs: FETCH, COPY and UNLOAD through it against the same PostgreSQL without it, both with
 * TLS. `npx tsx bench/proxy.ts [rows]` prints a table. Aim: 0.8 of the direct rate.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCluster } from '../src/sandbox/pg/cluster.ts';
import { chooseOsUser } from '../src/sandbox/pg/process/os-user.ts';
import { SUPERUSER } from '../src/sandbox/pg/process/postgres.ts';
import type { StatementHandler } from '../src/sandbox/pg/statement-handler.ts';
import { serverCertificate } from '../src/sandbox/pg/wire/certificates.ts';
import type { Job, Outcome } from './proxy-client.ts';
import { benchInit } from './proxy-world.ts';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const RUNS = 3;
const BLOCK_ROWS = 1000;
const COLUMNS =
  'id bigint, a integer, b integer, c varchar(20), d varchar(40), e double precision, f date, g timestamp, h numeric(12,2), i boolean';
const QUERY = `SELECT n AS id, n % 1000 AS a, n % 7 AS b, 'name ' || n % 5000 AS c, 'a somewhat longer text ' || n AS d,
  n / 3.0 AS e, DATE '2024-01-01' + (n % 365)::int AS f, TIMESTAMP '2024-01-01' + n * interval '1 second' AS g,
  n / 100.0 AS h, n % 2 = 0 AS i FROM generate_series(1, ${ROWS}) n`;

const dataDir = mkdtempSync(join(tmpdir(), 'rs-bench-'));
const block = Array.from({ length: BLOCK_ROWS }, (_, n) => {
  const fields = [
    n,
    n % 1000,
    n % 7,
    `name ${n}`,
    `a somewhat longer text ${n}`,
    n / 3,
    '2024-03-01',
    '2024-03-01 10:00:00',
    n / 100,
  ];
  return `${fields.join(',')},t\n`;
}).join('');
const blockFile = join(dataDir, 'block.csv');
writeFileSync(blockFile, block);
const blockBytes = Buffer.from(block);

async function* blocks(): AsyncGenerator<Buffer> {
  for (let count = 0; count < ROWS / BLOCK_ROWS; count++) yield blockBytes;
}

const handlers: StatementHandler[] = [
  {
    matches: (sql) => /^copy/i.test(sql),
    run: async ({ backend }) => {
      await backend.copyIn('COPY public.target FROM STDIN (FORMAT csv)', blocks());
      return { tag: 'COPY' };
    },
  },
  {
    matches: (sql) => /^unload/i.test(sql),
    run: async ({ backend }) => {
      for await (const chunk of backend.copyOut('COPY public.source TO STDOUT (FORMAT csv)')) void chunk;
      return { tag: 'UNLOAD' };
    },
  },
];

const { settings, host: directHost } = await directSettings();
const cluster = await startCluster(benchInit(dataDir), handlers, settings);
try {
  await cluster.sql(
    'dev',
    `CREATE TABLE source (${COLUMNS}); INSERT INTO source ${QUERY}; CREATE TABLE target (${COLUMNS});
    GRANT ALL ON source, target TO PUBLIC`,
  );
  const through = {
    host: cluster.host,
    port: cluster.port,
    caFile: cluster.caFile,
    user: 'bench',
    password: 'bench',
    database: 'dev',
  };
  const direct = { ...through, host: directHost, port: 5432, user: SUPERUSER, password: '' };
  const cursor = ['BEGIN', 'DECLARE c CURSOR FOR SELECT * FROM source'];
  const copy = { file: blockFile, times: ROWS / BLOCK_ROWS };
  const pairs: readonly [name: string, direct: Job, through: Job][] = [
    [
      'FETCH 10000',
      { ...direct, statements: cursor, fetch: 'FETCH FORWARD 10000 FROM c' },
      { ...through, statements: cursor, fetch: 'FETCH FORWARD 10000 FROM c' },
    ],
    [
      'COPY in',
      { ...direct, statements: ['TRUNCATE target', 'COPY target FROM STDIN (FORMAT csv)'], copy },
      { ...through, statements: ['TRUNCATE target', 'COPY target FROM files'] },
    ],
    [
      'COPY out',
      { ...direct, statements: ['COPY source TO STDOUT (FORMAT csv)'] },
      { ...through, statements: ['UNLOAD source'] },
    ],
  ];
  console.log(`${ROWS} rows of ten columns, best of ${RUNS}, rows a second\n`);
  console.log('            |    direct |   through | ratio');
  console.log('------------|-----------|-----------|------');
  for (const [name, directJob, throughJob] of pairs) {
    const rates = { direct: 0, through: 0 };
    for (let count = 0; count < RUNS; count++) {
      rates.direct = Math.max(rates.direct, ROWS / (await client(directJob)).seconds);
      rates.through = Math.max(rates.through, ROWS / (await client(throughJob)).seconds);
    }
    const show = (rate: number): string => rate.toFixed(0).padStart(9);
    console.log(
      `${name.padEnd(11)} | ${show(rates.direct)} | ${show(rates.through)} | ${(rates.through / rates.direct).toFixed(2)}`,
    );
  }
} finally {
  await cluster[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
}

async function client(job: Job): Promise<Outcome> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('proxy-client.ts', import.meta.url))],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  child.stdin.end(JSON.stringify(job));
  let output = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) output += chunk as string;
  return JSON.parse(output) as Outcome;
}

/** Settings that let the database itself listen with TLS, beside the endpoint. */
async function directSettings(): Promise<{ settings: Record<string, string>; host: string }> {
  const { certificatePem, keyPem } = serverCertificate();
  const { uid, gid } = await chooseOsUser();
  const files = {
    'hba.conf': 'local all all trust\nhostssl all all 127.0.0.0/8 trust\n',
    'cert.pem': certificatePem,
    'key.pem': keyPem,
  };
  const own = mkdtempSync(join(tmpdir(), 'rs-bench-tls-'));
  if (uid !== undefined && gid !== undefined) chownSync(own, uid, gid);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(own, name), content, { mode: 0o600 });
    if (uid !== undefined && gid !== undefined) chownSync(join(own, name), uid, gid);
  }
  process.on('exit', () => rmSync(own, { recursive: true, force: true }));
  // The socket's name holds the port, so the port stays: an address of the loopback network that nobody else has.
  const host = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  return {
    host,
    settings: {
      listen_addresses: host,
      ssl: 'on',
      ssl_cert_file: join(own, 'cert.pem'),
      ssl_key_file: join(own, 'key.pem'),
      hba_file: join(own, 'hba.conf'),
    },
  };
}
