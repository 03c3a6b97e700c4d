import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type ClientConfig, type QueryResult } from 'pg';
import { createWorldClock } from '../../src/sandbox/clock.ts';
import type { ClusterInit, RunningCluster } from '../../src/sandbox/cluster.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import type { LoginVerdict } from '../../src/sandbox/logins.ts';
import { startCluster } from '../../src/sandbox/pg/cluster.ts';
import type { StatementHandler } from '../../src/sandbox/pg/statement-handler.ts';
import type { WorldCluster } from '../../src/sandbox/world.ts';
import type { LogEntry } from '../../src/sandbox/world-log.ts';

const absent = (): never => {
  throw new Error('This test has no such part of a world');
};

/** A pg endpoint outside any world: every user's password is `right`, `IAMA:` names are auto-created. */
export interface TestCluster extends AsyncDisposable {
  readonly running: RunningCluster;
  readonly log: LogEntry[];
  readonly faults: Fault[];
  /** A connected client; ended with the cluster at the latest. */
  client(config?: ClientConfig): Promise<Client>;
  /** The same statement or several; the answer of the last. */
  rows(client: Client, ...statements: readonly string[]): Promise<unknown[][]>;
}

export async function openTestCluster(
  cluster: Partial<WorldCluster> = {},
  handlers: readonly StatementHandler[] = [],
): Promise<TestCluster> {
  const dataDir = mkdtempSync(join(tmpdir(), 'rs-test-'));
  const log: LogEntry[] = [];
  const faults: Fault[] = [];
  const running = await startCluster(clusterInit({ id: 'warehouse', users: [{ name: 'etl' }], ...cluster }), handlers);
  const clients: Client[] = [];

  function clusterInit(world: WorldCluster): ClusterInit {
    return {
      cluster: world,
      region: 'us-east-1',
      account: '111122223333',
      arn: 'arn:aws:redshift:us-east-1:111122223333:cluster:warehouse',
      clock: createWorldClock(),
      service: 'redshift.amazonaws.com',
      userArnPrefix: 'arn:aws:redshift:us-east-1:111122223333:dbuser:warehouse',
      logins: { verify },
      roles: { assumeRoleAsService: absent, principalOfKeys: absent },
      store: { headBucket: absent, head: absent, get: absent, put: absent, list: absent, delete: absent },
      faults: {
        add: (...added) => faults.push(...added),
        clear: () => faults.splice(0),
        points: () => [],
        take: (on) => {
          const at = faults.findIndex((fault) => fault.on === on);
          return at < 0 ? undefined : faults.splice(at, 1)[0];
        },
      },
      log: { add: (entry) => log.push({ time: '', ...entry } as LogEntry), entries: () => log },
      dataDir,
    };
  }

  return {
    running,
    log,
    faults,
    client: async (config = {}) => {
      const client = new Client({
        host: 'localhost',
        port: running.port,
        user: 'IAM:etl',
        password: 'right',
        database: 'dev',
        ssl: { ca: readFileSync(running.caFile, 'utf8') },
        ...config,
      });
      client.on('error', () => undefined); // a cut connection: the statement's own failure is what tests look at
      await client.connect();
      clients.push(client);
      return client;
    },
    rows: async (client, ...statements) => {
      let last: QueryResult<unknown[]> | undefined;
      for (const text of statements) last = await client.query<unknown[]>({ text, rowMode: 'array' });
      return last?.rows ?? [];
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      await running[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function verify(_cluster: string, user: string, password: string): LoginVerdict {
  if (password === 'expired') return { accepted: false, reason: 'expired' };
  if (password !== 'right') return { accepted: false, reason: 'wrongPassword' };
  const [, auto, name, groups] = /^IAM(A?):([^:]+)(?::(.*))?$/.exec(user) ?? [];
  return {
    accepted: true,
    dbUser: name ?? user,
    groups: groups?.split(':') ?? [],
    createUser: auto === 'A',
    kind: name === undefined ? 'stored' : 'issued',
    superuser: user === 'admin',
  };
}

/** SQLSTATE and message of a refusal; fails when there is none. */
export async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string; detail?: string }> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error as { code: string; message: string; detail?: string },
  );
  if (!outcome) throw new Error('The statement was not refused');
  return outcome;
}
