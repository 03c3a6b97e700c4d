import { expect } from 'chai';
import type { Client } from 'pg';
import type { StatementHandler } from '../../src/sandbox/pg/statement-handler.ts';
import { openTestCluster, refusal, type TestCluster } from './pg-cluster.ts';

const BROKEN: StatementHandler = {
  matches: (sql) => /^unload\b/i.test(sql),
  run: () => Promise.reject(new TypeError('a bug of ours')),
};

describe('What the pg endpoint answers besides rows', () => {
  let cluster: TestCluster;
  let client: Client;
  before(async () => {
    cluster = await openTestCluster({ caseSensitiveIdentifiers: true, users: [{ name: 'etl' }] }, [BROKEN]);
    client = await cluster.client();
    await client.query('CREATE TABLE t (id int, v varchar(10))');
  });
  afterEach(() => client.query('ROLLBACK'));
  after(() => cluster[Symbol.asyncDispose]());

  // ^ stands before the character that the refusal is about; it is not sent.
  for (const marked of [
    'SELECT id, ^nope FROM t',
    "SELECT '😀 é', ^nope FROM t",
    'SELECT nvl(id, 1), listagg(v) WITHIN GROUP (ORDER BY id), ^nope FROM t',
    'SELECT id FROM t; SELECT ^nope FROM t',
    '/* 😀 */ BEGIN; DECLARE c CURSOR FOR SELECT nvl(id, 1), ^nope FROM t',
    'DELETE t WHERE ^nope = 1',
    'UPDATE t SET ^nope = sysdate',
    'SELECT TOP 5 ^nope FROM t',
    'SELECT id id ^id FROM t',
    '^frobnicate t',
    'BEGIN; FETCH FORWARD 5 ^c',
  ]) {
    const sql = marked.replace('^', '');
    const position = Array.from(marked.slice(0, marked.indexOf('^'))).length + 1;
    it(`places a refusal in the text that was sent: ${marked}`, async () => {
      expect((await refusal(client.query(sql))) as unknown).to.have.property('position', String(position));
    });
  }

  it('places a refusal of the extended protocol, too', async () => {
    const refused = await refusal(client.query('SELECT nvl(id, $1), nope FROM t', [1]));
    expect(refused as unknown).to.have.property('position', '21');
  });

  it('gives no place in a text that the client did not send', async () => {
    expect((await refusal(client.query('INSERT INTO missing VALUES (1)'))) as unknown).to.have.property(
      'position',
      undefined,
    );
  });

  it('shows the case sensitivity of the cluster, and what the session makes of it', async () => {
    const show = () => cluster.rows(client, 'SHOW enable_case_sensitive_identifier');
    expect(await show()).to.deep.equal([['on']]);
    await client.query('SET enable_case_sensitive_identifier TO false');
    expect(await show()).to.deep.equal([['off']]);
    await client.query('RESET enable_case_sensitive_identifier');
    expect(await show()).to.deep.equal([['on']]);
    await client.query('BEGIN; SET enable_case_sensitive_identifier TO off; ROLLBACK');
    expect(await show()).to.deep.equal([['on']]);
  });

  it('writes down what failed inside, and no session that was told to end', async () => {
    const other = await cluster.client();
    const [[pid]] = (await cluster.rows(other, 'SELECT pg_backend_pid()')) as [[number]];
    await client.query(`SELECT pg_terminate_backend(${pid})`);
    await refusal(other.query('SELECT 1'));
    const failures = () => cluster.log.filter(({ kind }) => kind === 'failure');
    expect(failures()).to.deep.equal([]);
    const another = await cluster.client();
    expect((await refusal(another.query('UNLOAD'))).message).to.contain('a bug of ours');
    expect(failures()).to.have.length(1);
    expect(JSON.stringify(failures())).to.contain('TypeError: a bug of ours');
  });

  it('writes no failure down when it ends in the middle of statements', async () => {
    const ending = await openTestCluster();
    const running = await ending.client();
    const count = running.query('SELECT count(*) FROM pg_class a, pg_class b, pg_class c, pg_class d');
    const outcome = refusal(count);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await ending.running[Symbol.asyncDispose]();
    await outcome;
    await ending[Symbol.asyncDispose]();
    expect(ending.log.filter(({ kind }) => kind === 'failure')).to.deep.equal([]);
  });
});
