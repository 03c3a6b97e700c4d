import { expect } from 'chai';
import type { Client } from 'pg';
import { openTestCluster, refusal, type TestCluster } from './pg-cluster.ts';

describe('Tables and rights at the pg endpoint', () => {
  let cluster: TestCluster;
  let client: Client;
  let admin: Client;
  const rows = (...sql: readonly string[]) => cluster.rows(client, ...sql);
  before(async () => {
    cluster = await openTestCluster({
      users: [{ name: 'etl' }, { name: 'reader', groups: ['analysts'] }, { name: 'admin', superuser: true }],
      groups: ['analysts'],
    });
    client = await cluster.client();
    admin = await cluster.client({ user: 'admin' });
  });
  after(() => cluster[Symbol.asyncDispose]());

  describe('ALTER TABLE', () => {
    before(async () => {
      await client.query(`CREATE TABLE wide (id bigint NOT NULL ENCODE az64 DISTKEY, at timestamp SORTKEY, v varchar(5) ENCODE zstd, d varchar(5) DEFAULT 'x',
        k varchar(5) NOT NULL, b varchar(5) ENCODE bytedict, n int, UNIQUE (k))`);
      await client.query("INSERT INTO wide (id, v, k) VALUES (1, 'ééx', 'k')");
    });

    const refused: readonly [change: string, code: string, message: RegExp][] = [
      ['ALTER COLUMN v TYPE varchar(4)', '22001', /value too long for type character varying\(4\)/],
      ['ALTER COLUMN v TYPE varchar(5)', '0A000', /target column size should be different/],
      ['ALTER COLUMN d TYPE varchar(9)', '0A000', /default expression/],
      ['ALTER COLUMN k TYPE varchar(9)', '0A000', /part of a key/],
      ['ALTER COLUMN b TYPE varchar(9)', '0A000', /encoding bytedict/],
      ['ALTER COLUMN n TYPE varchar(9)', '0A000', /only supported for VARCHAR/],
      ['ALTER COLUMN nope TYPE varchar(9)', '42703', /"nope" of relation "wide" does not exist/],
      ['ALTER COLUMN n TYPE bigint', '0A000', /other than VARCHAR/],
      ['ALTER COLUMN v ENCODE zstd', '0A000', /is zstd already/],
      ['ADD COLUMN m int NOT NULL', '0A000', /must have a non-null default/],
      ['ADD COLUMN m int, ADD COLUMN o int', '42601', /syntax error/],
      ['ADD COLUMN m int IDENTITY(1,1)', '0A000', /not supported/],
      ['ADD PRIMARY KEY (n)', '0A000', /"n" is nullable/],
      ['DROP COLUMN id', '0A000', /cannot drop distkey column/],
      ['DROP COLUMN at', '0A000', /cannot drop sortkey column/],
      ['DROP COLUMN n, DROP COLUMN b', '42601', /syntax error/],
      ['DROP CONSTRAINT nope', '42704', /"nope" does not exist/],
      ['ALTER DISTKEY nope', '42703', /"nope" does not exist/],
      ['ALTER INTERLEAVED SORTKEY (id)', '0A000', /not supported/],
      ['SET SCHEMA pg_temp', '42601', /syntax error/],
      ['ALTER COLUMN n SET NOT NULL', '42601', /syntax error/],
    ];
    for (const [change, code, message] of refused) {
      it(`refuses ${change}`, async () => {
        const refused = await refusal(client.query(`ALTER TABLE wide ${change}`));
        expect(refused).to.include({ code });
        expect(refused.message).to.match(message);
      });
    }

    it('changes the length of a VARCHAR by itself only, with the bytes that are there', async () => {
      await client.query('BEGIN');
      expect(await refusal(client.query('ALTER TABLE wide ALTER COLUMN v TYPE varchar(20)'))).to.include({
        code: '25001',
      });
      await client.query('ROLLBACK');
      await client.query('ALTER TABLE wide ALTER COLUMN v TYPE varchar(20)');
      await client.query("UPDATE wide SET v = '12345678901234567890'");
      expect(await refusal(client.query("UPDATE wide SET v = '123456789012345678901'"))).to.include({ code: '22001' });
    });

    it('moves keys, sorting and encodings, and shows them', async () => {
      await client.query('CREATE TABLE moved (a int, b int NOT NULL, c varchar(10))');
      for (const change of [
        'ALTER DISTKEY a',
        'ALTER COMPOUND SORTKEY (a, b)',
        'ALTER COLUMN c ENCODE lzo, ALTER COLUMN a ENCODE zstd',
        'ADD CONSTRAINT main PRIMARY KEY (b)',
        'ADD COLUMN d decimal(5,2) DEFAULT 1 ENCODE raw NOT NULL',
        'RENAME COLUMN a TO renamed',
      ]) {
        await client.query(`ALTER TABLE moved ${change}`);
      }
      expect(
        await rows(
          `SELECT "column", type, encoding, distkey, sortkey, "notnull" FROM pg_table_def WHERE tablename = 'moved'`,
        ),
      ).to.deep.equal([
        ['renamed', 'integer', 'zstd', true, 1, false],
        ['b', 'integer', 'az64', false, 2, true],
        ['c', 'character varying(10)', 'lzo', false, 0, false],
        ['d', 'numeric(5,2)', 'raw', false, 0, true],
      ]);
      expect(String(await rows('SHOW TABLE moved'))).to.equal(
        [
          'CREATE TABLE public.moved (',
          '    renamed integer ENCODE zstd distkey,',
          '    b integer NOT NULL ENCODE az64,',
          '    c character varying(10) ENCODE lzo,',
          '    d numeric(5,2) DEFAULT 1 NOT NULL ENCODE raw,',
          '    PRIMARY KEY (b)',
          ')',
          'DISTSTYLE KEY',
          'SORTKEY ( renamed, b );',
        ].join('\n'),
      );
      await client.query('ALTER TABLE moved ALTER DISTSTYLE EVEN');
      await client.query('ALTER TABLE moved ALTER SORTKEY NONE');
      await client.query('ALTER TABLE moved DROP CONSTRAINT main');
      expect(String(await rows('SHOW TABLE public.moved')))
        .to.match(/DISTSTYLE EVEN;$/)
        .and.not.match(/PRIMARY|SORTKEY/);
    });

    it('makes the same table from what SHOW TABLE tells', async () => {
      await client.query(`CREATE TABLE original (id bigint IDENTITY(1,1), g int GENERATED BY DEFAULT AS IDENTITY(5,2), ref int REFERENCES wide (id), s super, b varbyte(8),
        PRIMARY KEY (id)) DISTSTYLE ALL INTERLEAVED SORTKEY (ref, g)`);
      const shown = String(await rows('SHOW TABLE original'));
      await client.query(shown.replace('public.original', 'public.again'));
      expect(String(await rows('SHOW TABLE again'))).to.equal(shown.replace('public.original', 'public.again'));
    });

    it('changes the owner', async () => {
      await client.query('CREATE TABLE given (id int)');
      expect(await refusal(client.query('ALTER TABLE given OWNER TO reader'))).to.include({ code: '42501' });
      await admin.query('ALTER TABLE given OWNER TO reader');
      expect(await rows("SELECT tableowner FROM pg_tables WHERE tablename = 'given'")).to.deep.equal([['reader']]);
      await admin.query('DROP TABLE given');
    });
  });

  describe('changes of rows', () => {
    beforeEach(async () => {
      await client.query('DROP TABLE IF EXISTS target; DROP TABLE IF EXISTS source');
      await client.query('CREATE TABLE target (id int, v varchar(9)); CREATE TABLE source (id int, v varchar(9))');
      await client.query("INSERT INTO target VALUES (1, 'a'), (2, 'b'); INSERT INTO source VALUES (2, 'B'), (3, 'C')");
    });

    const counted: readonly [sql: string, count: number, left: unknown[][]][] = [
      ['DELETE FROM target USING source WHERE target.id = source.id', 1, [[1, 'a']]],
      ['DELETE target USING source s WHERE target.id = s.id', 1, [[1, 'a']]],
      [
        'UPDATE target SET v = source.v FROM source WHERE target.id = source.id',
        1,
        [
          [1, 'a'],
          [2, 'B'],
        ],
      ],
      [
        'INSERT INTO target SELECT * FROM source WHERE NOT EXISTS (SELECT 1 FROM target t WHERE t.id = source.id)',
        1,
        [
          [1, 'a'],
          [2, 'b'],
          [3, 'C'],
        ],
      ],
      [
        'MERGE INTO target USING source ON target.id = source.id WHEN MATCHED THEN UPDATE SET v = source.v WHEN NOT MATCHED THEN INSERT VALUES (source.id, source.v)',
        2,
        [
          [1, 'a'],
          [2, 'B'],
          [3, 'C'],
        ],
      ],
      [
        'MERGE INTO target USING source s ON target.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)',
        2,
        [
          [1, 'a'],
          [3, null],
        ],
      ],
    ];
    for (const [sql, count, left] of counted) {
      it(`counts ${sql.slice(0, 60)}`, async () => {
        expect((await client.query(sql)).rowCount).to.equal(count);
        expect(await rows('SELECT * FROM target ORDER BY id')).to.deep.equal(left);
      });
    }

    it('refuses a MERGE with two rows for one', async () => {
      await client.query("INSERT INTO source VALUES (2, 'again')");
      const merge =
        'MERGE INTO target USING source s ON target.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v)';
      expect(await refusal(client.query(merge))).to.include({
        code: 'XX000',
        message: 'Found multiple matches to update the same tuple.',
      });
    });

    it('refuses an UPDATE .. FROM that is no equijoin', async () => {
      expect(
        (await refusal(client.query('UPDATE target SET v = source.v FROM source WHERE target.id > source.id'))).message,
      ).to.match(/equijoin/);
    });

    it('takes 32,767 parameters and not one more, statements of 16 MB and no longer', async () => {
      const insert = (count: number) =>
        client.query(
          `INSERT INTO target (id) VALUES ${Array.from({ length: count }, (_, index) => `($${index + 1})`).join(', ')}`,
          Array.from({ length: count }, (_, index) => index),
        );
      expect((await insert(32_767)).rowCount).to.equal(32_767);
      expect((await refusal(insert(32_768))).message).to.match(/at most 32767/);
      expect((await refusal(client.query(`SELECT '${'x'.repeat(16 << 20)}'`))).message).to.match(
        /^Statement is too large/,
      );
    });

    it('commits by TRUNCATE what came before it', async () => {
      await client.query("BEGIN; INSERT INTO source VALUES (9, 'z'); TRUNCATE target; ROLLBACK");
      expect(await rows('SELECT (SELECT count(*) FROM target), (SELECT count(*) FROM source)')).to.deep.equal([
        ['0', '3'],
      ]);
    });
  });

  describe('VACUUM and ANALYZE', () => {
    const accepted = [
      'VACUUM',
      'VACUUM FULL kept',
      'VACUUM SORT ONLY kept TO 75 PERCENT',
      'VACUUM DELETE ONLY kept TO 100 PERCENT BOOST',
      'VACUUM REINDEX kept',
      'VACUUM RECLUSTER kept',
      'ANALYZE',
      'ANALYZE kept',
      'ANALYZE VERBOSE public.kept (id)',
      'ANALYZE kept PREDICATE COLUMNS',
      'ANALYZE COMPRESSION kept',
    ];
    before(() => client.query('CREATE TABLE kept (id int SORTKEY); INSERT INTO kept VALUES (1), (2)'));
    for (const sql of accepted) it(`takes ${sql}`, () => client.query(sql).then(() => undefined));

    const refused: readonly [sql: string, code: string][] = [
      ['VACUUM nowhere', '42P01'],
      ['ANALYZE nowhere', '42P01'],
      ['VACUUM kept TO 101 PERCENT', '42601'],
      ['VACUUM REINDEX', '42601'],
      ['VACUUM REINDEX kept TO 5 PERCENT', '42601'],
      ['VACUUM (VERBOSE) kept', '42601'],
      ['BEGIN; VACUUM kept', '25001'],
    ];
    for (const [sql, code] of refused) {
      it(`refuses ${sql}`, async () => {
        expect(await refusal(client.query(sql))).to.include({ code });
        await client.query('ROLLBACK');
      });
    }

    it('shows in svv_table_info how far they are behind', async () => {
      const info = async () =>
        (await admin.query(`SELECT unsorted, stats_off, tbl_rows, sortkey1 FROM svv_table_info WHERE "table" = 'aged'`))
          .rows;
      await client.query('CREATE TABLE aged (id int SORTKEY); INSERT INTO aged VALUES (1)');
      expect(await info()).to.deep.equal([{ unsorted: '100.00', stats_off: '100.00', tbl_rows: '1', sortkey1: 'id' }]);
      await client.query('ANALYZE aged');
      await client.query('VACUUM aged');
      await client.query('INSERT INTO aged VALUES (2)');
      expect(await info()).to.deep.equal([{ unsorted: '50.00', stats_off: '50.00', tbl_rows: '2', sortkey1: 'id' }]);
    });

    it("skips what is another's, with a warning", async () => {
      const reader = await cluster.client({ user: 'IAM:reader' });
      const heard: string[] = [];
      reader.on('notice', ({ message }) => heard.push(message ?? ''));
      await reader.query('ANALYZE kept');
      expect(heard).to.deep.equal(['skipping "kept" --- only table or database owner can analyze it']);
    });
  });

  describe('rights', () => {
    before(() =>
      client.query('CREATE TABLE guarded (id int, secret int); CREATE VIEW over_guarded AS SELECT id FROM guarded'),
    );

    it('are granted to users, groups and everybody, by column too, and listed', async () => {
      for (const sql of [
        'GRANT SELECT, INSERT, DROP, ALTER, TRUNCATE ON guarded TO reader WITH GRANT OPTION',
        'GRANT SELECT ON TABLE over_guarded TO GROUP analysts',
        'GRANT SELECT ON over_guarded TO PUBLIC',
        'GRANT SELECT (id), UPDATE (id, secret) ON guarded TO GROUP analysts',
        'GRANT DROP ON guarded TO admin',
        'REVOKE ALTER ON guarded FROM reader',
      ]) {
        await client.query(sql);
      }
      const relation = `SELECT relation_name, privilege_type, identity_name, identity_type, admin_option FROM svv_relation_privileges ORDER BY 1, 2, 3`;
      expect(
        (await admin.query({ text: relation, rowMode: 'array' })).rows.filter(([name]) =>
          /guarded/.test(name as string),
        ),
      ).to.deep.equal([
        ['guarded', 'DROP', 'admin', 'user', false],
        ['guarded', 'DROP', 'reader', 'user', true],
        ['guarded', 'INSERT', 'reader', 'user', true],
        ['guarded', 'SELECT', 'reader', 'user', true],
        ['guarded', 'TRUNCATE', 'reader', 'user', true],
        ['over_guarded', 'SELECT', 'analysts', 'group', false],
        ['over_guarded', 'SELECT', 'public', 'public', false],
      ]);
      const columns =
        'SELECT column_name, privilege_type, identity_name, identity_type FROM svv_column_privileges ORDER BY 1, 2';
      expect((await admin.query({ text: columns, rowMode: 'array' })).rows).to.deep.equal([
        ['id', 'SELECT', 'analysts', 'group'],
        ['id', 'UPDATE', 'analysts', 'group'],
        ['secret', 'UPDATE', 'analysts', 'group'],
      ]);
    });

    it('of schemas and by default are listed as well', async () => {
      await admin.query('CREATE SCHEMA marts');
      await admin.query('GRANT USAGE, CREATE ON SCHEMA marts TO GROUP analysts');
      await admin.query(
        'ALTER DEFAULT PRIVILEGES FOR USER etl IN SCHEMA marts GRANT SELECT ON TABLES TO GROUP analysts',
      );
      const schemas =
        "SELECT privilege_type, identity_name, identity_type FROM svv_schema_privileges WHERE namespace_name = 'marts' ORDER BY 1";
      expect((await admin.query({ text: schemas, rowMode: 'array' })).rows).to.deep.equal([
        ['CREATE', 'analysts', 'group'],
        ['USAGE', 'analysts', 'group'],
      ]);
      const defaults =
        'SELECT schema_name, object_type, owner_name, privilege_type, grantee_name, grantee_type FROM svv_default_privileges';
      expect((await admin.query({ text: defaults, rowMode: 'array' })).rows).to.deep.equal([
        ['marts', 'RELATION', 'etl', 'SELECT', 'analysts', 'group'],
      ]);
    });

    it('of a database role are refused', async () => {
      expect((await refusal(admin.query('GRANT SELECT ON guarded TO ROLE r'))).message).to.match(
        /Database roles are not covered/,
      );
    });

    it('depend on the table: its view goes with CASCADE only', async () => {
      const depends = `SELECT DISTINCT v.relname FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
        WHERE d.refobjid = 'guarded'::regclass AND v.relname <> 'guarded'`;
      expect(await rows(depends)).to.deep.equal([['over_guarded']]);
      expect(await refusal(client.query('DROP TABLE guarded'))).to.include({ code: '2BP01' });
      expect(String(await rows('SHOW VIEW over_guarded'))).to.match(/FROM guarded/);
      await client.query('DROP TABLE guarded CASCADE');
      expect(await refusal(client.query('SELECT * FROM over_guarded'))).to.include({ code: '42P01' });
    });
  });

  it('keeps comments of tables, columns and views', async () => {
    await client.query(
      "CREATE TABLE noted (id int); COMMENT ON TABLE noted IS 'it''s noted'; COMMENT ON COLUMN noted.id IS 'a key'",
    );
    expect(
      await rows(
        "SELECT remarks FROM svv_all_tables WHERE table_name = 'noted' UNION ALL SELECT remarks FROM svv_all_columns WHERE table_name = 'noted'",
      ),
    ).to.deep.equal([["it's noted"], ['a key']]);
  });
});
