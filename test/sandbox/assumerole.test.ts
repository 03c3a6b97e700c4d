import { expect } from 'chai';
import type pg from 'pg';
import { type LoadWorld, openLoadWorld, ROLES } from './load-world.ts';

describe('The ASSUMEROLE privilege', () => {
  let load: LoadWorld;
  let guest: pg.Client;
  before(async function () {
    this.timeout(60_000);
    load = await openLoadWorld();
    guest = await load.connect('guest');
    await load.put('in/1.csv', '1\n');
    await load.query('CREATE TABLE t (n integer)');
    await load.query('GRANT ALL ON t TO guest');
    await load.world.sql('CREATE GROUP readers');
  });
  after(async () => {
    await guest?.end();
    await load?.[Symbol.asyncDispose]();
  });

  const COPY = `COPY t FROM 's3://acme-staging/in/' IAM_ROLE '${ROLES.copy}' CSV`;
  const UNLOAD = `UNLOAD ('SELECT n FROM t') TO 's3://acme-staging/out/' IAM_ROLE '${ROLES.copy}' CSV ALLOWOVERWRITE`;
  const outcome = (sql: string, client = guest): Promise<string> =>
    client.query(sql).then(
      () => 'done',
      ({ code, message }: pg.DatabaseError) => `${code} ${message}`,
    );
  const rights = async (client = guest) => {
    const asked = ['copy', 'unload'].map((command) => `has_assumerole_privilege('${ROLES.copy}', '${command}')`);
    const { rows } = await client.query<boolean[]>({ text: `SELECT ${asked.join(', ')}`, rowMode: 'array' });
    return rows[0];
  };
  const shown = async (client = guest) => {
    const text = 'SELECT iam_arn, command_type, identity_name, identity_type FROM svv_iam_privileges ORDER BY 1, 2, 3';
    const { rows } = await client.query<string[]>({ text, rowMode: 'array' });
    return rows;
  };

  it('is everybody’s at first, and not shown', async () => {
    expect([await rights(), await shown()]).to.deep.equal([[true, true], []]);
    expect([await outcome(COPY), await outcome(UNLOAD)]).to.deep.equal(['done', 'done']);
  });

  it('is needed once it was taken from everybody, but by superusers', async () => {
    await load.query('REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL');
    expect(await rights()).to.deep.equal([false, false]);
    expect(await outcome(COPY)).to.equal(
      `42501 user "guest" has no ASSUMEROLE privilege on role ${ROLES.copy} for COPY`,
    );
    expect(await outcome(COPY, load.client)).to.equal('done');
  });

  it('is granted for a role, a command and a user', async () => {
    await load.query(`GRANT ASSUMEROLE ON '${ROLES.copy}' TO guest FOR COPY, EXTERNAL FUNCTION`);
    expect([await rights(), await shown()]).to.deep.equal([
      [true, false],
      [
        [ROLES.copy, 'COPY', 'guest', 'user'],
        [ROLES.copy, 'EXTERNAL FUNCTION', 'guest', 'user'],
      ],
    ]);
    expect([await outcome(COPY), await outcome(UNLOAD)]).to.deep.equal([
      'done',
      `42501 user "guest" has no ASSUMEROLE privilege on role ${ROLES.copy} for UNLOAD`,
    ]);
    await load.query(`REVOKE ASSUMEROLE ON '${ROLES.copy}' FROM guest FOR COPY`);
    expect(await outcome(COPY)).to.match(/^42501/);
  });

  it('is granted to groups, for the default role, and for all', async () => {
    await load.query('ALTER GROUP readers ADD USER guest');
    const member = "SELECT user_is_member_of('guest', 'readers') AND NOT user_is_member_of('loader', 'readers')";
    expect((await guest.query<boolean[]>({ text: member, rowMode: 'array' })).rows).to.deep.equal([[true]]);
    await load.query('GRANT ASSUMEROLE ON DEFAULT TO GROUP readers FOR COPY');
    expect(await outcome(COPY)).to.match(/^42501/);
    expect(await outcome(`COPY t FROM 's3://acme-staging/in/' IAM_ROLE default CSV`)).to.equal('done');
    await load.query('GRANT ASSUMEROLE ON ALL TO "guest" FOR ALL');
    expect([await outcome(COPY), await outcome(UNLOAD)]).to.deep.equal(['done', 'done']);
  });

  it('is given by superusers only, in words that Redshift reads', async () => {
    expect(await outcome('GRANT ASSUMEROLE ON ALL TO guest FOR ALL')).to.match(/^42501/);
    for (const text of ['ON ALL TO guest', 'ON ALL TO guest FOR DELETE', 'ON somewhere TO guest FOR COPY'])
      expect(await outcome(`GRANT ASSUMEROLE ${text}`, load.client)).to.match(/^42601/);
    expect(await outcome('GRANT ASSUMEROLE ON ALL TO ROLE r FOR ALL', load.client)).to.match(/^0A000/);
  });
});
