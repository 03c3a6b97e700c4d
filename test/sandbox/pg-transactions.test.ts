import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { Client } from 'pg';
import type { StatementHandler } from '../../src/sandbox/pg/statement-handler.ts';
import { openTestCluster, refusal, type TestCluster } from './pg-cluster.ts';

/** A handled statement that runs until it is stopped. */
const ENDLESS: StatementHandler = {
  matches: (sql) => sql.startsWith('UNLOAD'),
  run: ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    }),
};

/** Whether a statement is still running after a moment. */
async function waits(work: Promise<unknown>): Promise<boolean> {
  return Promise.race([work.then(() => false), wait(150).then(() => true)]);
}

describe('Transactions at the pg endpoint', () => {
  let cluster: TestCluster;
  let a: Client;
  let b: Client;
  before(async () => {
    cluster = await openTestCluster({ nodes: 1 }, [ENDLESS]);
    a = await cluster.client();
    b = await cluster.client();
  });
  beforeEach(async () => {
    await a.query('CREATE TABLE t (i int)');
    await a.query('INSERT INTO t VALUES (1)');
  });
  afterEach(async () => {
    await a.query('ROLLBACK');
    await b.query('ROLLBACK');
    await a.query('DROP TABLE t');
    cluster.faults.splice(0);
  });
  after(() => cluster[Symbol.asyncDispose]());

  for (const write of ['INSERT INTO t VALUES (2)', 'UPDATE t SET i = 2', 'DELETE FROM t', 'DELETE t']) {
    it(`lets readers go on and other writers wait during ${write}`, async () => {
      await a.query(`BEGIN; ${write}`);
      expect(await cluster.rows(b, 'SELECT i FROM t')).to.deep.equal([[1]]);
      const second = b.query('INSERT INTO t VALUES (3)');
      expect(await waits(second)).to.equal(true);
      await a.query('COMMIT');
      await second;
    });
  }

  it('makes readers wait for a LOCK, which takes no snapshot', async () => {
    await a.query('BEGIN; LOCK t');
    const reader = b.query('SELECT i FROM t');
    expect(await waits(reader)).to.equal(true);
    await a.query('COMMIT');
    await reader;
    await a.query('BEGIN; LOCK TABLE t; INSERT INTO t VALUES (2)');
    const locked = b.query('BEGIN; LOCK t');
    expect(await waits(locked)).to.equal(true);
    await a.query('COMMIT');
    await locked;
    expect(await cluster.rows(b, 'SELECT count(*) FROM t')).to.deep.equal([['2']]);
  });

  it('takes the snapshot at the first read, not at BEGIN', async () => {
    await a.query('BEGIN');
    await b.query('INSERT INTO t VALUES (2)');
    expect(await cluster.rows(a, 'SELECT count(*) FROM t')).to.deep.equal([['2']]);
    await b.query('INSERT INTO t VALUES (3)');
    expect(await cluster.rows(a, 'SELECT count(*) FROM t')).to.deep.equal([['2']]);
  });

  it('refuses to update what a concurrent transaction has updated', async () => {
    await a.query('BEGIN; SELECT * FROM t');
    await b.query('UPDATE t SET i = 5');
    const { code, message } = await refusal(a.query('UPDATE t SET i = 6'));
    expect(code).to.equal('XX000');
    expect(message).to.equal('could not complete because of conflict with concurrent transaction');
    expect((await refusal(a.query('SELECT 1'))).code).to.equal('25P02');
  });

  it('commits the whole transaction at TRUNCATE', async () => {
    await a.query('CREATE TABLE other (i int)');
    await a.query('BEGIN; INSERT INTO other VALUES (1)');
    await a.query('TRUNCATE t');
    await a.query('ROLLBACK');
    expect(await cluster.rows(b, 'SELECT (SELECT count(*) FROM other), (SELECT count(*) FROM t)')).to.deep.equal([
      ['1', '0'],
    ]);
    await a.query('DROP TABLE other');
  });

  it('runs several statements as one transaction', async () => {
    await refusal(a.query('INSERT INTO t VALUES (2); SELECT nonsense'));
    expect(await cluster.rows(a, 'SELECT count(*) FROM t')).to.deep.equal([['1']]);
  });

  it('has one cursor a session, and bounds its fetches on a single node', async () => {
    await a.query('BEGIN; DECLARE c CURSOR FOR SELECT * FROM t');
    expect((await a.query('FETCH FORWARD 1000 FROM c')).rowCount).to.equal(1);
    expect((await refusal(a.query('FETCH FORWARD 1001 FROM c'))).message).to.match(/single node/);
    await a.query('ROLLBACK');
    await a.query('BEGIN; DECLARE c CURSOR FOR SELECT * FROM t');
    expect((await refusal(a.query('DECLARE d CURSOR FOR SELECT 1'))).message).to.match(/Only one cursor/);
    await a.query('ROLLBACK');
    await a.query(
      'BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; CLOSE c; DECLARE d CURSOR FOR SELECT 1; FETCH ALL FROM d'.replace(
        'ALL',
        '5',
      ),
    );
  });

  it('takes cursors as psql and psycopg declare them', async () => {
    for (const declared of ['"named" CURSOR WITHOUT HOLD FOR', 'named NO SCROLL CURSOR FOR']) {
      await a.query(`BEGIN; DECLARE ${declared} SELECT 1`);
      expect((await a.query('FETCH FORWARD 100 FROM "named"')).rowCount).to.equal(1);
      await a.query('ROLLBACK');
    }
  });

  it('takes locks for prepared statements, too, and commits them with the request', async () => {
    await a.query('BEGIN; INSERT INTO t VALUES (2)');
    const second = b.query({ name: 'add', text: 'INSERT INTO t VALUES ($1)', values: [3] });
    expect(await waits(second)).to.equal(true);
    await a.query('COMMIT');
    await second;
    await b.query({ name: 'add', text: 'INSERT INTO t VALUES ($1)', values: [4] });
    expect((await a.query('SELECT count(*)::int AS n FROM t WHERE i > $1', [0])).rows).to.deep.equal([{ n: 4 }]);
    expect((await refusal(b.query('INSERT INTO t VALUES ($1)', ['x']))).code).to.equal('22P02');
    await b.query('INSERT INTO t VALUES ($1)', [5]);
  });

  it('cancels a statement that waits, runs, or is handled elsewhere', async () => {
    await a.query('BEGIN; INSERT INTO t VALUES (2)');
    const [[pid] = []] = await cluster.rows(b, 'SELECT pg_backend_pid()');
    const helper = await cluster.client();
    for (const sql of [
      'INSERT INTO t VALUES (3)',
      'SELECT count(*) FROM generate_series(1, 1000000000)',
      "UNLOAD ('x')",
    ]) {
      const work = refusal(b.query(sql));
      await wait(100);
      await helper.query(`SELECT pg_cancel_backend(${Number(pid)})`);
      const { code, message } = await work;
      expect([code, message]).to.deep.equal(['57014', "Query cancelled on user's request"]);
    }
  });

  it('ends a session that is terminated', async () => {
    const doomed = await cluster.client();
    const [[pid] = []] = await cluster.rows(doomed, 'SELECT pg_backend_pid()');
    await a.query(`SELECT pg_terminate_backend(${Number(pid)})`);
    await refusal(doomed.query('SELECT 1'));
  });

  it('ends a handled statement at the statement timeout', async () => {
    await a.query('SET statement_timeout TO 100');
    expect((await refusal(a.query("UNLOAD ('x')"))).message).to.equal('canceling statement due to statement timeout');
    await a.query('SET statement_timeout TO 0');
  });

  for (const [when, kept] of [
    ['before', '1'],
    ['after', '2'],
  ] as const) {
    it(`cuts the connection ${when} COMMIT when the world says so`, async () => {
      const doomed = await cluster.client();
      await doomed.query('BEGIN; INSERT INTO t VALUES (2)');
      cluster.faults.push({ on: 'pg:commit', effect: { kind: 'drop', when } });
      await refusal(doomed.query('COMMIT'));
      await wait(50);
      expect(await cluster.rows(a, 'SELECT count(*) FROM t')).to.deep.equal([[kept]]);
    });
  }

  it('answers COMMIT with a conflict when the world says so', async () => {
    await a.query('BEGIN; INSERT INTO t VALUES (2)');
    cluster.faults.push({ on: 'pg:commit', effect: { kind: 'error' } });
    const { code, message, detail } = await refusal(a.query('COMMIT'));
    expect([code, message]).to.deep.equal(['XX000', '1023']);
    expect(detail).to.match(/Serializable isolation violation/);
    expect(await cluster.rows(a, 'SELECT count(*) FROM t')).to.deep.equal([['1']]);
  });

  it('refuses a connection when the world says so', async () => {
    cluster.faults.push({ on: 'pg:connect', effect: { kind: 'error', code: '57P03', message: 'no' } });
    expect((await refusal(cluster.client())).code).to.equal('57P03');
  });
});

describe('Serializable databases', () => {
  let cluster: TestCluster;
  let a: Client;
  let b: Client;
  before(async () => {
    cluster = await openTestCluster({ isolation: 'serializable' });
    a = await cluster.client();
    b = await cluster.client();
    await a.query('CREATE TABLE x (i int)');
    await a.query('CREATE TABLE y (i int)');
  });
  afterEach(async () => {
    await a.query('ROLLBACK');
    await b.query('ROLLBACK');
  });
  after(() => cluster[Symbol.asyncDispose]());

  const violation =
    /^Serializable isolation violation on table - \d+, transactions forming the cycle are: \d+ \(pid:\d+\), \d+/;

  it('refuse the one that closes a cycle over two tables', async () => {
    await a.query('BEGIN; SELECT * FROM x');
    await b.query('BEGIN; SELECT * FROM y');
    await a.query('INSERT INTO y VALUES (1)');
    await b.query('INSERT INTO x VALUES (1)');
    await a.query('COMMIT');
    const { code, message, detail } = await refusal(b.query('COMMIT'));
    expect([code, message]).to.deep.equal(['XX000', '1023']);
    expect(detail).to.match(violation);
  });

  it('refuse the second of two that read and then write one table', async () => {
    await a.query('BEGIN; SELECT * FROM x');
    await b.query('BEGIN; SELECT * FROM x');
    await a.query('INSERT INTO x VALUES (1)');
    const second = refusal(b.query('INSERT INTO x VALUES (2)'));
    await a.query('COMMIT');
    expect((await second).message).to.equal('1023');
  });

  it('let through what a serial order explains', async () => {
    await a.query('BEGIN; INSERT INTO x VALUES (1)');
    await b.query('BEGIN; SELECT * FROM x; INSERT INTO y VALUES (1)');
    await a.query('COMMIT');
    await b.query('COMMIT');
  });

  it('let two writers through that meet at a LOCK', async () => {
    await a.query('BEGIN; LOCK x; SELECT * FROM x');
    const second = b.query('BEGIN; LOCK x; SELECT * FROM x');
    await a.query('UPDATE x SET i = 5');
    await a.query('COMMIT');
    await second;
    await b.query('UPDATE x SET i = 6');
    await b.query('COMMIT');
  });

  it('let two updates through that meet at the write lock', async () => {
    await a.query('BEGIN; UPDATE x SET i = 7');
    const second = b.query('UPDATE x SET i = 8');
    await a.query('COMMIT');
    await second;
  });
});
