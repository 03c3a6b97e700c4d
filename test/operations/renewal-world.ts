import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { expect } from 'chai';
import { read } from '../../src/operations/read/read.ts';
import type { ReadMode } from '../../src/operations/read/read-spec.ts';
import { write } from '../../src/operations/write.ts';
import type { WriteReport } from '../../src/operations/write-report.ts';
import { openReadWorld, type ReadWorld } from './read-world.ts';

const ACCOUNT = '111122223333';
const STAGER = 'RedshiftStaging';
const ADMIN = { id: 'AKIAADMINISTRATOR001', secret: 'administrator+not+a+real+secret+0000000001' };

/** What long work did, and what AWS was asked for meanwhile. */
export interface WorkDone {
  /** Ids in the order in which they came. */
  readonly direct: readonly number[];
  readonly staged: readonly number[];
  readonly written: WriteReport;
  readonly sessions: number;
  readonly seconds: number;
}

/** Rows of `numbers`, whose `id`s count from 0. */
export const ROWS = 40_000;
const BATCH_ROWS = 1000;

/**
 * A world in which a role's session and a login last `lifeSeconds`: S3 has a role of its own, so three hops end all the
 * time. Holds a table `numbers` and an empty one `sink`.
 */
export async function openRenewalWorld(lifeSeconds: number): Promise<ReadWorld> {
  const opened = await openReadWorld(
    { stagingRoleArn: `arn:aws:iam::${ACCOUNT}:role/${STAGER}`, roleDurationSeconds: 900, maxSessions: 8 },
    (world, account, cluster) => {
      world.lifetimeScale = lifeSeconds / 900;
      cluster.slices = 32; // as many files to fetch
      account.users?.push({
        name: 'admin',
        accessKeys: [ADMIN],
        policies: [statement({ Action: 'iam:*', Resource: '*' })],
      });
      account.roles?.push({
        name: STAGER,
        trust: statement({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/etl-agent` }, Action: 'sts:AssumeRole' }),
        policies: [
          statement({ Action: 's3:*', Resource: ['arn:aws:s3:::acme-staging', 'arn:aws:s3:::acme-staging/*'] }),
        ],
      });
    },
  );
  await opened.table(
    'numbers',
    'id INTEGER, note VARCHAR(40)',
    `SELECT n, md5(n::text) FROM generate_series(0, ${ROWS - 1}) n`,
  );
  await opened.table('sink', 'id INTEGER, filler VARCHAR(8192)');
  await opened.world.sql('GRANT ALL ON SCHEMA public TO etl');
  return opened;
}

function statement(rest: object) {
  return { Version: '2012-10-17' as const, Statement: [{ Effect: 'Allow' as const, ...rest }] };
}

/** Revokes the sessions of both roles that were begun before now, as the console's button does. */
export async function revokeSessions({ world }: ReadWorld): Promise<void> {
  const iam = new IAMClient({
    region: 'us-east-1',
    endpoint: world.awsEndpoint,
    credentials: { accessKeyId: ADMIN.id, secretAccessKey: ADMIN.secret },
  });
  const before = new Date(world.clock.now()).toISOString();
  const Condition = { DateLessThan: { 'aws:TokenIssueTime': before } };
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Action: '*', Resource: '*', Condition }],
  });
  for (const RoleName of [STAGER, 'RedshiftLogin']) {
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'AWSRevokeOlderSessions', PolicyDocument }));
  }
  iam.destroy();
}

/** A direct read, a staged read and a load that each take about so long, while sessions come and go. */
export async function workFor(opened: ReadWorld, seconds: number, rowsToWrite: number): Promise<WorkDone> {
  const startedMs = performance.now();
  const stop = new AbortController();
  const churning = churn(opened, stop.signal);
  try {
    const [direct, staged, written] = await Promise.all([
      readSlowly(opened, 'direct', seconds),
      readSlowly(opened, 'staged', seconds),
      write(opened.connection, { object: 'public.sink' }, slowRows(rowsToWrite, seconds), opened.run()),
    ]);
    stop.abort();
    return { direct, staged, written, sessions: await churning, seconds: (performance.now() - startedMs) / 1000 };
  } finally {
    stop.abort();
    await churning.catch(() => 0);
  }
}

async function readSlowly(opened: ReadWorld, mode: ReadMode, seconds: number): Promise<readonly number[]> {
  const ids: number[] = [];
  for await (const batch of read(
    opened.connection,
    { object: 'public.numbers', mode, batchRows: BATCH_ROWS },
    opened.run(),
  )) {
    for (const id of batch.columns[0] ?? []) ids.push(Number(id));
    await delay((seconds * 1000 * batch.rowCount) / ROWS);
  }
  return ids;
}

/** Rows that no compressor makes small, so that parts of an upload are sent all the while. */
async function* slowRows(count: number, seconds: number): AsyncGenerator<{ id: number; filler: string }> {
  const startedMs = performance.now();
  for (let id = 0; id < count; id += 1) {
    yield { id, filler: randomBytes(3000).toString('base64') };
    const aheadMs = (id / count) * seconds * 1000 - (performance.now() - startedMs);
    if (aheadMs > 20) await delay(aheadMs);
  }
}

/** Opens and closes sessions: each is a new connection, with a login that must be good at that moment. */
async function churn(opened: ReadWorld, signal: AbortSignal): Promise<number> {
  let sessions = 0;
  while (!signal.aborted) {
    await openAndClose();
    sessions += 1;
    await delay(80);
  }
  return sessions;

  async function openAndClose(): Promise<void> {
    await using session = await opened.connection.database.session(opened.run());
    session.taint('a new one is wanted each time');
  }
}

/** Every row once: read by both ways, and written. */
export async function expectAllRows({ world }: ReadWorld, done: WorkDone, written: number): Promise<void> {
  const all = Array.from({ length: ROWS }, (_, id) => id);
  for (const mode of ['direct', 'staged'] as const) {
    expect(
      done[mode].toSorted((left, right) => left - right),
      mode,
    ).to.deep.equal(all);
  }
  expect(done.written).to.deep.include({ outcome: 'committed', warnings: [] });
  expect(done.written.rows).to.include({ read: written, loaded: written, rejected: 0 });
  const { rows } = await world.sql(
    'SELECT count(*), count(DISTINCT id), min(id), max(id), min(length(filler)) FROM sink',
  );
  expect(rows).to.deep.equal([[String(written), String(written), '0', String(written - 1), '4000']]);
}

/** What AWS was asked for since the world began, and what it refused: `action: code`. */
export async function countCalls({ world }: ReadWorld) {
  const calls = await world.calls();
  const countOf = (action: string): number =>
    calls.filter(({ allowed, ...call }) => allowed && `${call.service}:${call.action}` === action).length;
  return {
    roles: countOf('sts:AssumeRole'),
    logins: countOf('redshift:GetClusterCredentials'),
    identities: countOf('sts:GetCallerIdentity'),
    refused: calls.filter(({ allowed }) => !allowed).map(({ action, errorCode }) => `${action}: ${errorCode}`),
  };
}
