import { expect } from 'chai';
import type { Client } from 'pg';
import { openTestCluster, refusal, type TestCluster } from './pg-cluster.ts';

describe('Views, materialized views and procedures at the pg endpoint', () => {
  let cluster: TestCluster;
  let client: Client;
  let admin: Client;
  const rows = (...sql: readonly string[]) => cluster.rows(client, ...sql);
  before(async () => {
    cluster = await openTestCluster({
      users: [{ name: 'etl' }, { name: 'reader' }, { name: 'admin', superuser: true }],
    });
    client = await cluster.client();
    admin = await cluster.client({ user: 'admin' });
    await client.query('CREATE TABLE base (id int, name varchar(20)); ');
    await client.query("INSERT INTO base VALUES (1, 'one'), (2, 'two')");
  });
  after(() => cluster[Symbol.asyncDispose]());

  describe('a late-binding view', () => {
    it('outlives its table, fails without it, and is bound again by the next one', async () => {
      await client.query('CREATE TABLE passing (id int)');
      await client.query('CREATE VIEW late AS SELECT * FROM public.passing WITH NO SCHEMA BINDING');
      await client.query('GRANT SELECT ON late TO reader');
      await client.query('INSERT INTO passing VALUES (7)');
      expect(await rows('SELECT * FROM late')).to.deep.equal([[7]]);
      await client.query('DROP TABLE passing');
      expect(await refusal(client.query('SELECT * FROM late'))).to.include({ code: '42P01' });
      await client.query("CREATE TABLE passing AS SELECT 8 AS id, 'new'::varchar(5) AS more");
      expect(await rows('SELECT * FROM late')).to.deep.equal([[8, 'new']]);
      await client.query('ALTER TABLE passing ADD COLUMN third int');
      expect(await rows('SELECT * FROM late')).to.deep.equal([[8, 'new', null]]);
      expect(await rows("SELECT has_table_privilege('reader', 'late', 'select')")).to.deep.equal([[true]]);
    });

    it('may be made before its table, with qualified names only', async () => {
      await client.query('CREATE VIEW early AS SELECT id FROM public.not_yet WITH NO SCHEMA BINDING');
      expect((await refusal(client.query('SELECT * FROM early'))).message).to.match(/"public.not_yet" does not exist/);
      await client.query('CREATE TABLE not_yet (id bigint)');
      expect(await rows('SELECT * FROM early')).to.deep.equal([]);
      const unqualified = refusal(client.query('CREATE VIEW vague AS SELECT * FROM base WITH NO SCHEMA BINDING'));
      expect((await unqualified).message).to.match(/should be qualified/);
    });

    it('is told of by a function of its own, and not by the catalog', async () => {
      const columns =
        'SELECT * FROM pg_get_late_binding_view_cols() cols(view_schema name, view_name name, col_name name, col_type varchar, col_num int)';
      expect(await rows(`${columns} WHERE view_name = 'late' ORDER BY col_num`)).to.deep.equal([
        ['public', 'late', 'id', 'integer', 1],
        ['public', 'late', 'more', 'character varying(5)', 2],
        ['public', 'late', 'third', 'integer', 3],
      ]);
      expect(await rows("SELECT * FROM pg_table_def WHERE tablename = 'late'")).to.deep.equal([]);
      expect(await rows("SELECT 1 FROM pg_attribute WHERE attrelid = 'late'::regclass")).to.deep.equal([]);
      const listed = await rows("SHOW TABLES FROM SCHEMA dev.public LIKE 'late'");
      expect(listed[0]!.at(-1)).to.equal('LATE BINDING VIEW');
    });

    it('is replaced with other columns, where an ordinary view keeps its own and its table', async () => {
      await client.query('CREATE OR REPLACE VIEW early AS SELECT name FROM public.base WITH NO SCHEMA BINDING');
      expect(await rows('SELECT * FROM early ORDER BY 1')).to.deep.equal([['one'], ['three'], ['two']]);
      await client.query('CREATE VIEW bound AS SELECT id FROM base');
      expect(await refusal(client.query('DROP TABLE base'))).to.include({ code: '2BP01' });
    });
  });

  it('makes, refreshes and drops materialized views, and tells what they depend on', async () => {
    await client.query(
      'CREATE MATERIALIZED VIEW totals DISTKEY(id) SORTKEY(id) AUTO REFRESH NO AS SELECT id, count(*) AS n FROM base GROUP BY id',
    );
    await client.query('CREATE MATERIALIZED VIEW over_totals AS SELECT sum(n) AS n FROM totals');
    await client.query("INSERT INTO base VALUES (3, 'three')");
    expect(await rows('SELECT count(*) FROM totals')).to.deep.equal([['2']]);
    await client.query('REFRESH MATERIALIZED VIEW totals');
    expect(await rows('SELECT count(*) FROM totals')).to.deep.equal([['3']]);
    expect(await rows('SELECT trim(name), trim(dependent_name) FROM svv_mv_dependency')).to.deep.equal([
      ['over_totals', 'totals'],
    ]);
    expect(await rows("SELECT trim(name) FROM stv_mv_info WHERE trim(schema) = 'public' ORDER BY 1")).to.deep.equal([
      ['over_totals'],
      ['totals'],
    ]);
    expect((await rows("SHOW TABLES FROM SCHEMA dev.public LIKE 'totals'"))[0]!.at(-1)).to.equal('MATERIALIZED VIEW');
    expect(await rows("SELECT relkind FROM pg_class WHERE relname = 'totals'")).to.deep.equal([['v']]);
    expect(await refusal(client.query('INSERT INTO totals VALUES (1, 1)'))).to.include({ code: '42809' });
    await client.query('DROP MATERIALIZED VIEW totals CASCADE');
    expect(await rows('SELECT * FROM svv_mv_dependency')).to.deep.equal([]);
  });

  describe('a procedure', () => {
    before(async () => {
      await client.query(`CREATE OR REPLACE PROCEDURE swap(a INOUT int, b INOUT varchar(20)) AS $$
        BEGIN a := a + 1; b := nvl(b, 'none'); END; $$ LANGUAGE plpgsql`);
      await client.query(
        `CREATE PROCEDURE swap(a INOUT varchar(20)) LANGUAGE plpgsql AS $$ BEGIN a := 'text'; END; $$`,
      );
      await client.query(`CREATE PROCEDURE listing(lowest IN int, out_rows INOUT refcursor) AS $$
        BEGIN OPEN out_rows FOR SELECT id, name FROM base WHERE id >= lowest ORDER BY id; END; $$ LANGUAGE plpgsql`);
      await client.query(
        'CREATE PROCEDURE adding(n int) NONATOMIC AS $$ BEGIN INSERT INTO base VALUES (n, getdate()::varchar(20)); COMMIT; END; $$ LANGUAGE plpgsql SECURITY INVOKER',
      );
    });

    it('answers its INOUT arguments; overloads differ by types', async () => {
      const { rows: answered, fields } = await client.query('CALL swap(1, NULL)');
      expect(answered).to.deep.equal([{ a: 2, b: 'none' }]);
      expect(fields.map(({ name }) => name)).to.deep.equal(['a', 'b']);
      expect((await client.query("CALL swap('x'::varchar)")).rows).to.deep.equal([{ a: 'text' }]);
      expect((await client.query('CALL swap($1::int, $2::varchar)', [5, 'kept'])).rows).to.deep.equal([
        { a: 6, b: 'kept' },
      ]);
    });

    it('opens a cursor that the block fetches from', async () => {
      await client.query('BEGIN');
      expect((await client.query("CALL listing(2, 'mine')")).rows).to.deep.equal([{ out_rows: 'mine' }]);
      expect(await rows('FETCH ALL FROM mine')).to.deep.equal([
        [2, 'two'],
        [3, 'three'],
      ]);
      await client.query('COMMIT');
      expect(await refusal(client.query('FETCH ALL FROM mine'))).to.include({ code: '34000' });
    });

    it("may commit, and is its owner's alone until it is granted", async () => {
      await client.query('CALL adding(10)');
      expect(await rows('SELECT count(*) FROM base WHERE id = 10')).to.deep.equal([['1']]);
      const reader = await cluster.client({ user: 'IAM:reader' });
      expect(await refusal(reader.query('CALL adding(11)'))).to.include({ code: '42501' });
      await client.query('GRANT EXECUTE ON PROCEDURE adding(int) TO reader');
      expect((await refusal(reader.query('CALL adding(11)'))).message).to.match(
        /permission denied for (?:table|relation) base/,
      );
    });

    it('is listed, shown and dropped', async () => {
      expect(
        await rows(
          "SELECT function_name, function_type, argument_type FROM svv_redshift_functions WHERE function_name = 'listing'",
        ),
      ).to.deep.equal([['listing', 'STORED PROCEDURE', 'IN lowest integer, INOUT out_rows refcursor']]);
      expect(
        await rows("SELECT proname, prokind, proargnames FROM pg_proc_info WHERE proname = 'listing'"),
      ).to.deep.equal([['listing', 'p', ['lowest', 'out_rows']]]);
      expect(String((await rows('SHOW PROCEDURE listing(int, refcursor)'))[0])).to.match(/OPEN out_rows/);
      expect(await refusal(client.query('SHOW PROCEDURE swap'))).to.include({ code: '42725' });
      await client.query('DROP PROCEDURE listing(int, refcursor)');
      expect(await refusal(client.query("CALL listing(1, 'c')"))).to.include({ code: '42883' });
    });
  });

  const refused: readonly [sql: string, message: RegExp][] = [
    [
      "CREATE EXTERNAL SCHEMA s FROM POSTGRES DATABASE 'd' IAM_ROLE default",
      /An external schema from POSTGRES is not covered/,
    ],
    ['CREATE DATASHARE d', /CREATE DATASHARE is not covered/],
    ['ALTER DATASHARE d ADD SCHEMA public', /ALTER DATASHARE is not covered/],
    ['SELECT * FROM elsewhere.public.t', /cross-database references are not implemented/],
    ['INSERT INTO elsewhere.public.base VALUES (1)', /another database/],
    ['CREATE FUNCTION f() RETURNS int STABLE AS $$ SELECT 1 $$ LANGUAGE sql', /CREATE FUNCTION is not covered/],
    ['CREATE PROCEDURE p() AS $$ SELECT 1 $$ LANGUAGE sql', /at or near "sql"/],
  ];
  for (const [sql, message] of refused) {
    it(`refuses ${sql.slice(0, 50)}`, async () => {
      expect((await refusal(admin.query(sql))).message).to.match(message);
    });
  }
});
