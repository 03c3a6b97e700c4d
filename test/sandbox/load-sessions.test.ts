import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type pg from 'pg';
import { type LoadWorld, openLoadWorld } from './load-world.ts';

describe('COPY and UNLOAD among sessions', () => {
  let load: LoadWorld;
  let other: pg.Client;
  const COPY = `COPY t FROM 's3://acme-staging/in/' IAM_ROLE default CSV`;

  before(async function () {
    this.timeout(60_000);
    load = await openLoadWorld();
    other = await load.connect();
    await load.query('CREATE TABLE t (id integer, name varchar(20))');
    await load.put('in/1.csv', '1,a\n2,b\n');
  });
  after(async () => {
    await other?.end();
    await load?.[Symbol.asyncDispose]();
  });
  beforeEach(() => load.query('DELETE FROM t'));

  it('a COPY waits for another that writes to the table', async () => {
    await other.query('BEGIN');
    await other.query(COPY);
    let isDone = false;
    const second = load.query(COPY).then(() => {
      isDone = true;
    });
    await wait(200);
    expect(isDone).to.equal(false);
    await other.query('COMMIT');
    await second;
    expect(await load.query('SELECT count(*) FROM t')).to.deep.equal([['4']]);
  });

  it('nobody sees the rows of a COPY before its commit, nor after its rollback', async () => {
    await other.query('BEGIN');
    await other.query(COPY);
    expect(await load.query('SELECT count(*) FROM t')).to.deep.equal([['0']]);
    await other.query('ROLLBACK');
    expect(await load.query('SELECT count(*) FROM t')).to.deep.equal([['0']]);
  });

  for (const { verb, point, sql } of [
    { verb: 'COPY', point: 'pg:copy', sql: COPY },
    {
      verb: 'UNLOAD',
      point: 'pg:unload',
      sql: `UNLOAD ('select * from t') TO 's3://acme-staging/out/' IAM_ROLE default`,
    },
  ]) {
    it(`a cancelled ${verb} ends at once and leaves the session well`, async () => {
      await load.world.faults({ on: point, effect: { kind: 'delay', ms: 120_000 } });
      const [[pid]] = (await load.query('SELECT pg_backend_pid()')) as [[string]];
      const running = load.refusal(sql);
      await wait(200);
      await other.query(`SELECT pg_cancel_backend(${pid})`);
      expect(await running).to.include({ code: '57014' });
      expect(await load.query('SELECT count(*) FROM t')).to.deep.equal([['0']]);
    });
  }

  it('an UNLOAD cancelled half-way leaves the files that it had begun, and no manifest', async function () {
    this.timeout(20_000);
    await load.query('CREATE TABLE many (n integer)');
    await load.put('many/1.csv', Array.from({ length: 3000 }, (_value, index) => `${index}\n`).join(''));
    await load.query(`COPY many FROM 's3://acme-staging/many/' IAM_ROLE default CSV`);
    const [[pid]] = (await load.query('SELECT pg_backend_pid()')) as [[string]];
    const running = load.refusal(
      `UNLOAD ('select a.n, b.n from many a, many b') TO 's3://acme-staging/half/' IAM_ROLE default CSV MANIFEST`,
    );
    await wait(500);
    await other.query(`SELECT pg_cancel_backend(${pid})`);
    expect(await running).to.include({ code: '57014' });
    const files = await load.list('half/');
    expect(Object.keys(files)).to.include('0000_part_00').and.not.to.include('manifest');
    expect(files['0000_part_00']).to.be.greaterThan(0);
    const [status] = await load.query('SELECT trim(status) FROM sys_unload_history ORDER BY start_time DESC LIMIT 1');
    expect(status).to.deep.equal(['aborted']);
  });

  it('names of every kind are found', async () => {
    const long = 'l'.repeat(120);
    await load.query(`CREATE SCHEMA "größe"`);
    await load.query(`CREATE TABLE "größe"."a;drop ""t""" ("select" integer, "${long}" varchar(5))`);
    const table = `"größe"."a;drop ""t"""`;
    await load.put('swapped/1.csv', 'x,1\n');
    await load.query(`COPY ${table} ("${long}", "select") FROM 's3://acme-staging/swapped/' IAM_ROLE default CSV`);
    await load.query(
      `UNLOAD ('select "select", "${long}" from ${table}') TO 's3://acme-staging/named/' IAM_ROLE default CSV HEADER PARALLEL OFF`,
    );
    expect((await load.get('named/000')).toString()).to.equal(`select,${long}\n1,x\n`);
  });
});
