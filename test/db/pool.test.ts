import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { expect } from 'chai';
import { sql as drizzleSql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import knex, { type Knex } from 'knex';
import { Kysely, sql as kyselySql, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { ConnectorError } from '../../src/core/errors.ts';
import type { ConnectorEvent } from '../../src/core/events.ts';
import { createPool, loginProvider, type RolePoolConfig } from '../../src/pool.ts';
import { importsOf } from '../../tools/check-layers.ts';
import { openWorld, type TestWorld } from '../harness.ts';
import { roleInput } from './world-database.ts';

const WHO = 'SELECT current_user AS who, 7 AS lucky';
const ANSWER = [{ who: 'etl', lucky: 7 }];

describe('createPool', () => {
  let world: TestWorld;

  before(async function () {
    this.timeout(60_000);
    world = await openWorld();
  });

  afterEach(() => world.clearFaults());
  after(() => world?.[Symbol.asyncDispose]());

  function openPool(config: RolePoolConfig = {}, events: ConnectorEvent[] = []): pg.Pool {
    // Patient: a test machine may open hundreds of sessions at once on few cores.
    const input = roleInput(world, { connectTimeoutSeconds: 60 });
    return createPool(input, config, { clock: world.clock, onEvent: (event) => events.push(event) });
  }

  async function withPool<T>(work: (pool: pg.Pool) => Promise<T>, config: RolePoolConfig = {}): Promise<T> {
    const pool = openPool(config);
    try {
      return await work(pool);
    } finally {
      await pool.end();
    }
  }

  it('serves plain pg, with and without parameters, by promise and by callback', async () => {
    await withPool(async (pool) => {
      expect(pool).to.be.instanceOf(pg.Pool);
      expect((await pool.query(WHO)).rows).to.deep.equal(ANSWER);
      expect((await pool.query('SELECT $1::int AS n', [5])).rows).to.deep.equal([{ n: 5 }]);
      const rows = await new Promise((resolve, reject) => {
        pool.query(WHO, (error, result) => (error ? reject(error) : resolve(result.rows)));
      });
      expect(rows).to.deep.equal(ANSWER);
      const client = await pool.connect();
      expect((await client.query(WHO)).rows).to.deep.equal(ANSWER);
      client.release();
    });
  });

  it('serves Kysely', async () => {
    const db = new Kysely({ dialect: new PostgresDialect({ pool: openPool() }) });
    expect((await kyselySql`SELECT current_user AS who, 7 AS lucky`.execute(db)).rows).to.deep.equal(ANSWER);
    await db.transaction().execute(async (tx) => {
      expect((await kyselySql`SELECT 1 AS n`.execute(tx)).rows).to.deep.equal([{ n: 1 }]);
    });
    await db.destroy();
  });

  it('serves Drizzle', async () => {
    await withPool(async (pool) => {
      const db = drizzle(pool);
      expect((await db.execute(drizzleSql`SELECT current_user AS who, 7 AS lucky`)).rows).to.deep.equal(ANSWER);
      await db.transaction(async (tx) => {
        expect((await tx.execute(drizzleSql`SELECT 1 AS n`)).rows).to.deep.equal([{ n: 1 }]);
      });
    });
  });

  it('serves Knex through a login provider, which is asked again when a login nears its end', async () => {
    await using provider = loginProvider(roleInput(world), { clock: world.clock });
    const db = knex({ client: 'pg', connection: provider as Knex.ConnectionConfigProvider, pool: { min: 0, max: 2 } });
    try {
      const ask = async (): Promise<unknown> => ((await db.raw(WHO)) as { rows: unknown }).rows;
      expect(await ask()).to.deep.equal(ANSWER);
      const before = (await world.calls('redshift:GetClusterCredentials')).length;
      await world.advance(880);
      expect(await ask()).to.deep.equal(ANSWER);
      expect((await world.calls('redshift:GetClusterCredentials')).length).to.equal(before + 1);
    } finally {
      await db.destroy();
    }
  });

  it('logs 200 sessions in at once by one AssumeRole and one GetClusterCredentials', async () => {
    const count = async (action: string): Promise<number> => (await world.calls(action)).length;
    const roles = await count('sts:AssumeRole');
    const logins = await count('redshift:GetClusterCredentials');
    await withPool(
      async (pool) => {
        const clients = await Promise.all(Array.from({ length: 200 }, () => pool.connect()));
        expect(pool.totalCount).to.equal(200);
        const pids = await Promise.all(
          clients.map(async (client) => (await client.query('SELECT pg_backend_pid() AS pid')).rows[0]),
        );
        expect(new Set(pids.map(({ pid }) => pid)).size).to.equal(200);
        for (const client of clients) client.release();
      },
      { max: 200 },
    );
    expect((await count('sts:AssumeRole')) - roles).to.equal(1);
    expect((await count('redshift:GetClusterCredentials')) - logins).to.equal(1);
  }).timeout(60_000);

  it('renews a login that the server refuses, and tries once more', async () => {
    await withPool(async (pool) => {
      (await pool.connect()).release(true);
      const logins = (await world.calls('redshift:GetClusterCredentials')).length;
      await world.faults({ on: 'pg:connect', effect: { kind: 'error', code: '28000', message: 'no such user' } });
      expect((await pool.query(WHO)).rows).to.deep.equal(ANSWER);
      expect((await world.calls('redshift:GetClusterCredentials')).length).to.equal(logins + 1);
    });
  });

  it('asks AWS for no more logins once a fresh one is refused too', async () => {
    await world.faults({
      on: 'pg:connect',
      times: 99,
      effect: { kind: 'error', code: '28000', message: 'no such user' },
    });
    await withPool(async (pool) => {
      const logins = (await world.calls('redshift:GetClusterCredentials')).length;
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const refused = await pool.query(WHO).catch((error: unknown) => error);
        expect(refused).to.include({ code: 'RS_AUTH_LOGIN_REJECTED' });
      }
      expect((await world.calls('redshift:GetClusterCredentials')).length - logins).to.be.at.most(2);
    });
  });

  it('opens sessions for longer than a login lives', async () => {
    await withPool(async (pool) => {
      const first = await pool.connect();
      await world.advance(1_000);
      const second = await pool.connect();
      expect((await first.query(WHO)).rows).to.deep.equal(ANSWER);
      expect((await second.query(WHO)).rows).to.deep.equal(ANSWER);
      first.release();
      second.release();
    });
  });

  it('opens nothing before it is used', async () => {
    const seen = (await world.log()).length;
    await withPool(async (pool) => expect(pool.totalCount).to.equal(0));
    expect((await world.log()).length).to.equal(seen);
  });

  it('outlives an idle connection that the server ends, and says so', async () => {
    const events: ConnectorEvent[] = [];
    const pool = openPool({}, events);
    const pid = (await pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid as number;
    await world.sql(`SELECT pg_terminate_backend(${pid})`);
    while (pool.totalCount > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await pool.query(WHO)).rows).to.deep.equal(ANSWER);
    await pool.end();
    expect(events.filter(({ type }) => type === 'warning')).to.have.length(1);
  });

  it('outlives a borrowed connection that the server ends without a listener', async () => {
    await withPool(async (pool) => {
      const client = await pool.connect();
      const pid = (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid as number;
      const gone = new Promise((resolve) => client.once('end', resolve));
      await world.sql(`SELECT pg_terminate_backend(${pid})`);
      await gone;
      const outcome = await client.query(WHO).catch((error: Error) => error);
      expect(outcome).to.be.instanceOf(Error);
      client.release(true);
    });
  });

  it('tells why there is no session, by promise and by callback', async () => {
    const pool = createPool({ ...roleInput(world), roleArn: 'arn:aws:iam::111122223333:role/RedshiftAudit' });
    const refused = await pool.query(WHO).catch((error: unknown) => error);
    expect(refused).to.include({ code: 'RS_AUTH_ROLE_DENIED' });
    const again = await new Promise((resolve) => pool.connect((error) => resolve(error)));
    expect(again).to.include({ code: 'RS_AUTH_ROLE_DENIED' });
    await pool.end();
  });

  it('keeps the values of pg, and changes no parser of the program', async () => {
    const parser = pg.types.getTypeParser(1114);
    await withPool(async (pool) => {
      const [row] = (await pool.query("SELECT 1::bigint AS big, DATE '2024-01-02' AS day, true AS yes")).rows;
      expect(row).to.include({ big: '1', yes: true });
      expect(row.day).to.be.instanceOf(Date);
    });
    expect(pg.types.getTypeParser(1114)).to.equal(parser);
  });

  it('shows no secret when it is printed', async () => {
    await withPool(async (pool) => {
      await pool.query(WHO);
      const secret = String(roleInput(world).secretAccessKey);
      const shown = inspect(pool, { depth: 12, showHidden: true });
      expect(shown).not.to.contain(secret);
      expect(JSON.stringify(await world.statements())).not.to.contain(secret);
    });
  });

  it('refuses settings that the connection decides, and connections that are not complete', () => {
    const config = { host: 'elsewhere', ssl: false } as RolePoolConfig;
    expect(() => createPool(roleInput(world), config))
      .to.throw()
      .that.satisfies((error: ConnectorError) => error.issues.map(({ path }) => path).join() === 'host,ssl');
    expect(() => createPool({}))
      .to.throw()
      .with.property('code', 'RS_CONFIG_INVALID');
  });

  it('hands out a login that pg takes as it is', async () => {
    await using provider = loginProvider(roleInput(world), { clock: world.clock });
    const client = new pg.Client(await provider());
    await client.connect();
    expect((await client.query(WHO)).rows).to.deep.equal(ANSWER);
    await client.end();
  });

  it('loads neither S3 nor DuckDB', async () => {
    const script = `
      import { createRequire } from 'node:module';
      const { createPool } = await import(${JSON.stringify(new URL('../../src/pool.ts', import.meta.url).href)});
      const pool = createPool({ host: '127.0.0.1', port: 1, database: 'dev', username: 'u', password: 'p' });
      await pool.query('SELECT 1').catch(() => undefined);
      await pool.end();
      console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)));`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      script,
    ]);
    const files = JSON.parse(stdout) as string[];
    expect(files.filter((file) => /[\\/]pg[\\/]lib/.test(file))).not.to.be.empty;
    expect(files.filter((file) => /client-s3|lib-storage|duckdb/.test(file))).to.deep.equal([]);
  });

  it('reaches no code of staging, files or operations by any import', () => {
    const root = fileURLToPath(new URL('../../src/', import.meta.url));
    const reached = new Set<string>();
    const follow = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const { specifier, typeOnly } of importsOf(file, readFileSync(file, 'utf8'))) {
        if (!typeOnly && specifier.startsWith('.')) follow(resolve(dirname(file), specifier));
      }
    };
    follow(join(root, 'pool.ts'));
    const folders = new Set([...reached].map((file) => relative(root, file).split(sep)[0]));
    expect([...folders]).to.have.members(['access', 'auth', 'core', 'db', 'manifest', 'pool.ts', 'sql', 'types']);
  });
});
