import { expect } from 'chai';
import { openTestCluster, refusal, type TestCluster } from './pg-cluster.ts';

describe('Logging in to the pg endpoint', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await openTestCluster({ groups: ['readers'], databases: [{ name: 'dev', setup: GRANTS }] });
  });
  after(() => cluster[Symbol.asyncDispose]());

  const GRANTS = 'CREATE TABLE secretive (i int); GRANT SELECT ON secretive TO GROUP readers';

  it('gives a session of the database user, on a server that calls itself Redshift', async () => {
    const client = await cluster.client();
    const [row] = await cluster.rows(client, 'SELECT current_user, version(), current_database()');
    expect(row?.[0]).to.equal('etl');
    expect(row?.[1]).to.match(/^PostgreSQL 8\.0\.2 on .*, Redshift 1\.0\.\d+$/);
    expect(row?.[2]).to.equal('dev');
  });

  it('never gives a superuser', async () => {
    const client = await cluster.client();
    expect(await cluster.rows(client, 'SELECT usesuper FROM pg_user WHERE usename = current_user')).to.deep.equal([
      [false],
    ]);
    expect((await refusal(client.query('CREATE USER mallory'))).code).to.equal('42501');
  });

  for (const [title, config] of [
    ['a wrong password', { password: 'wrong' }],
    ['an expired login', { password: 'expired' }],
    ['a user that does not exist, without auto-create', { user: 'IAM:nobody' }],
    ['a login without TLS', { ssl: false }],
  ] as const) {
    it(`refuses ${title} with one and the same message`, async () => {
      const { code, message } = await refusal(cluster.client(config));
      expect(code).to.equal('28000');
      expect(message).to.equal(
        `password authentication failed for user "${'user' in config ? config.user : 'IAM:etl'}"`,
      );
    });
  }

  it('creates the user when the login asks for it', async () => {
    const client = await cluster.client({ user: 'IAMA:newcomer' });
    expect(await cluster.rows(client, 'SELECT current_user')).to.deep.equal([['newcomer']]);
  });

  it('joins the groups of the login for as long as its sessions last', async () => {
    const select = 'SELECT count(*) FROM secretive';
    const member = await cluster.client({ user: 'IAMA:guest:readers' });
    expect(await cluster.rows(member, select)).to.deep.equal([['0']]);
    await member.end();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const outsider = await cluster.client({ user: 'IAM:guest' });
    expect((await refusal(outsider.query(select))).code).to.equal('42501');
  });

  describe('a fault ahead of it', () => {
    for (const on of ['pg:accept', 'pg:connect']) {
      for (const [effect, expected] of [
        [{ kind: 'drop' }, /terminated|ECONNRESET|socket hang up|ended/i],
        [{ kind: 'silence' }, /timeout/i],
      ] as const) {
        it(`at ${on}: ${effect.kind}`, async () => {
          cluster.faults.push({ on, effect });
          const error: unknown = await cluster
            .client({ connectionTimeoutMillis: 300 })
            .catch((failure: unknown) => failure);
          expect((error as Error).message).to.match(expected);
          const client = await cluster.client();
          expect(await cluster.rows(client, 'SELECT 1')).to.deep.equal([[1]]);
        });
      }
    }
  });

  it('refuses a group and a database that do not exist', async () => {
    expect((await refusal(cluster.client({ user: 'IAM:etl:nogroup' }))).message).to.equal(
      'group "nogroup" does not exist',
    );
    for (const database of ['nowhere', 'postgres', 'template1']) {
      expect((await refusal(cluster.client({ database }))).code).to.equal('3D000');
    }
  });

  it('knows no lock_timeout at the start of a session', async () => {
    expect((await refusal(cluster.client({ lock_timeout: 1000 }))).message).to.equal(
      'unrecognized configuration parameter "lock_timeout"',
    );
  });

  it('takes settings at the start of a session', async () => {
    const client = await cluster.client({
      statement_timeout: 54_321,
      options: '-csearch_path=pg_catalog',
      application_name: 'me',
    });
    expect(await cluster.rows(client, 'SHOW statement_timeout')).to.deep.equal([['54321ms']]);
    expect(await cluster.rows(client, 'SHOW search_path')).to.deep.equal([['pg_catalog']]);
    expect(await cluster.rows(client, 'SHOW application_name')).to.deep.equal([['me']]);
  });

  it('writes logins and statements into the log of the world, without passwords', async () => {
    const client = await cluster.client();
    await client.query("SELECT 'seen'");
    await refusal(client.query('SELECT nonsense'));
    const texts = cluster.log.flatMap((entry) => (entry.kind === 'statement' ? [[entry.text, entry.errorCode]] : []));
    expect(texts.slice(-2)).to.deep.equal([
      ["SELECT 'seen'", undefined],
      ['SELECT nonsense', '42703'],
    ]);
    expect(JSON.stringify(cluster.log)).not.to.contain('"right"');
  });
});
