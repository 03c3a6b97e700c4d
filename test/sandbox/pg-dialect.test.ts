import { expect } from 'chai';
import type { Client } from 'pg';
import { openTestCluster, refusal, type TestCluster } from './pg-cluster.ts';

const LONG = `${'n'.repeat(100)}é_name`;

describe('Statements at the pg endpoint', () => {
  let cluster: TestCluster;
  let client: Client;
  before(async () => {
    cluster = await openTestCluster({ slices: 4, users: [{ name: 'etl' }, { name: 'admin', superuser: true }] });
    client = await cluster.client();
    await client.query('CREATE TABLE t (id int, v varchar(10))');
  });
  after(() => cluster[Symbol.asyncDispose]());

  const refused: readonly [sql: string, code: string, message: RegExp][] = [
    ["INSERT INTO t VALUES (1, 'a') RETURNING id", '42601', /"RETURNING"/],
    ["INSERT INTO t VALUES (1, 'a') ON CONFLICT DO NOTHING", '42601', /"conflict"/],
    ['SAVEPOINT s', '0A000', /"SAVEPOINT S" not supported/],
    ['ROLLBACK TO SAVEPOINT s', '0A000', /not supported/],
    ['SET lock_timeout TO 10', '42704', /unrecognized configuration parameter "lock_timeout"/],
    ['SET idle_in_transaction_session_timeout TO 10', '42704', /unrecognized configuration parameter/],
    ['SET client_min_messages TO warning', '42501', /permission denied to set parameter/],
    ['SELECT 1 IS DISTINCT FROM 2', '42601', /"DISTINCT"/],
    ['SELECT 1 IS NOT DISTINCT FROM 2', '42601', /"DISTINCT"/],
    ['SELECT * FROM t FOR UPDATE', '0A000', /FOR UPDATE/],
    ['COPY t FROM STDIN', '0A000', /COPY FROM STDIN/],
    ['LISTEN x', '0A000', /"LISTEN X" not supported/],
    ['CREATE INDEX i ON t (id)', '0A000', /"CREATE INDEX" not supported/],
    ['CREATE SEQUENCE s', '0A000', /"CREATE SEQUENCE" not supported/],
    ['CREATE TABLE x (v varchar(9) COLLATE case_insensitive)', '0A000', /not imitate COLLATE CASE_INSENSITIVE/],
    ['CREATE TABLE x (i int ENCODE nope)', '42601', /"nope"/],
    ['CREATE TABLE x (i int) ENCODE nope', '42601', /"nope"/],
    ['CREATE TABLE x (i serial)', '42704', /"serial" is not supported/],
    ['CREATE TABLE x (i int[])', '42704', /"int\[\]" is not supported/],
    ['CREATE TABLE x (i jsonb)', '42704', /"jsonb" is not supported/],
    ['CREATE TABLE x (i int CHECK (i > 0))', '0A000', /CHECK constraint is not supported/],
    ['CREATE TABLE x (v varchar(65536))', '22023', /cannot exceed 65535/],
    ['CREATE TABLE x (d decimal(39,0))', '22023', /between 1 and 38/],
    ["SELECT '{}'::json", '42704', /type "json" does not exist/],
    ['SELECT ARRAY[1]', '0A000', /ARRAY/],
    ['SELECT pg_advisory_lock(1)', '42883', /pg_advisory_lock/],
    ["SELECT string_agg(v, ',') FROM t", '42883', /string_agg/],
    ['INSERT INTO t SELECT generate_series(1, 3)', '0A000', /not supported on Redshift tables/],
    ['DECLARE c SCROLL CURSOR FOR SELECT 1', '0A000', /SCROLL/],
    ['DECLARE c CURSOR WITH HOLD FOR SELECT 1', '0A000', /WITH HOLD/],
    ['DECLARE c CURSOR FOR SELECT 1', '25P01', /transaction blocks/],
    ['ALTER TABLE t ADD COLUMN IF NOT EXISTS x int', '0A000', /IF NOT EXISTS/],
    [
      'MERGE INTO t USING t s ON t.id = s.id WHEN MATCHED AND true THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)',
      '0A000',
      /AND/,
    ],
    [
      'MERGE INTO t USING t s ON t.id = s.id WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT VALUES (1)',
      '0A000',
      /DO NOTHING/,
    ],
    ['MERGE INTO t USING t s ON t.id = s.id WHEN MATCHED THEN DELETE', '42601', /once each/],
    ['WITH x AS (DELETE FROM t RETURNING id) SELECT * FROM x', '0A000', /writes inside another/],
    ['WITH x AS (SELECT 1) DELETE FROM t', '42601', /"DELETE"/],
    ['INSERT INTO t (SELECT * FROM pg_class)', '0A000', /not supported on Redshift tables/],
    ['EXPLAIN ANALYZE DELETE FROM t', '42601', /"ANALYZE"/],
    ['PREPARE p AS DELETE FROM t', '0A000', /PREPARE/],
    ['SELECT count(*) FILTER (WHERE id > 0) FROM t', '0A000', /FILTER/],
    ['SELECT pg_sleep(1)', '42883', /pg_sleep/],
    ['SELECT DISTINCT ON (id) id FROM t', '0A000', /DISTINCT ON/],
    ['SELECT xmin FROM t', '42703', /column "xmin" does not exist/],
    ['SELECT t.ctid FROM t', '42703', /column "ctid" does not exist/],
    ['SELECT * FROM t TABLESAMPLE SYSTEM (50)', '42601', /"TABLESAMPLE"/],
    [
      'WITH RECURSIVE n (i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n',
      '0A000',
      /UNION without ALL/,
    ],
    ['SELECT * FROM t FETCH FIRST 1 ROWS ONLY', '42601', /"FETCH"/],
    ['SELECT * FROM (VALUES (1), (2)) AS x (i)', '0A000', /VALUES list used as a table/],
    ["SELECT concat('a', 'b', 'c')", '42883', /concat/],
    ['SELECT row(1, 2)', '0A000', /ROW/],
    ["SELECT current_setting('server_version', true)", '42883', /current_setting/],
    [
      'SELECT listagg(v) WITHIN GROUP (ORDER BY v) OVER (PARTITION BY id) FROM t',
      '0A000',
      /WITHIN GROUP .* OVER is not covered/,
    ],
    ['SELECT (t).id FROM t', '42601', /"\."/],
    ['SELECT gcd(4, 6)', '42883', /gcd/],
    ["SELECT pg_catalog.date_bin('1 day', now(), now())", '42883', /date_bin/],
    ["SELECT starts_with(v, 'a') FROM t", '42883', /starts_with/],
    ['SELECT point(1, 2)', '42883', /point/],
    ["SELECT encode('a', 'hex')", '42883', /encode/],
    ['SELECT * FROM rs_show_databases()', '42883', /rs_show_databases/],
    ["SELECT current_setting('data_directory')", '42704', /unrecognized/],
    ['SELECT * FROM pg_matviews', '42P01', /relation "pg_matviews" does not exist/],
    ['SELECT backend_type FROM pg_stat_activity', '42703', /backend_type/],
    ["SELECT decode(id, 1, 'a') FROM t", '0A000', /DECODE is not covered by the sandbox/],
    ['SELECT median(id) FROM t', '0A000', /MEDIAN is not covered/],
    ["SELECT json_extract_path_text(v, 'a') FROM t", '0A000', /JSON_EXTRACT_PATH_TEXT is not covered/],
    ["SELECT regexp_replace(v, 'a', 'b') FROM t", '0A000', /REGEXP_REPLACE is not covered/],
    ['SELECT id FROM t QUALIFY row_number() OVER (ORDER BY id) = 1', '0A000', /QUALIFY is not covered/],
    ['SELECT * FROM t PIVOT (count(*) FOR id IN (1, 2))', '0A000', /PIVOT is not covered/],
    ['SELECT APPROXIMATE count(DISTINCT id) FROM t', '0A000', /APPROXIMATE is not covered/],
    ['SELECT id FROM t START WITH id = 1 CONNECT BY PRIOR id = id', '0A000', /CONNECT BY is not covered/],
    ['SHOW PROCEDURES FROM SCHEMA dev.public', '0A000', /SHOW PROCEDURES/],
    ['DO $$ BEGIN END $$', '0A000', /not supported/],
    ['FROBNICATE t', '42601', /syntax error at or near "FROBNICATE"/],
  ];
  for (const [sql, code, message] of refused) {
    it(`refuses ${sql}`, async () => {
      const error = await refusal(client.query(sql));
      expect(error.message).to.match(message);
      expect(error.code).to.equal(code);
    });
  }

  for (const sql of ['VACUUM', 'CREATE DATABASE x', 'ALTER TABLE t ALTER COLUMN v TYPE varchar(20)']) {
    it(`refuses ${sql} in a block and among several statements`, async () => {
      const admin = await cluster.client({ user: 'admin' });
      expect((await refusal(admin.query(`SELECT 1; ${sql}`))).code).to.equal('25001');
      await admin.query('BEGIN');
      expect((await refusal(admin.query(sql))).code).to.equal('25001');
      expect((await refusal(admin.query('SELECT 1'))).code).to.equal('25P02');
      await admin.query('ROLLBACK');
    });
  }

  it('folds names, quoted or not, and keeps them up to 127 bytes', async () => {
    await client.query(`CREATE TABLE "Größe ""X""" ("SELECT" int, "${LONG}" int)`);
    const { fields } = await client.query('SELECT * FROM "GRöße ""x"""');
    expect(fields.map(({ name }) => name)).to.deep.equal(['select', LONG]);
    const columns = await client.query(`SHOW COLUMNS FROM TABLE dev.public."größe ""x""" LIKE 'nnn%'`);
    expect(columns.rows[0].column_name).to.equal(LONG);
    await client.query(`INSERT INTO "größe ""x""" (${'N'.repeat(100)}é_NAME) VALUES (7)`);
    expect((await refusal(client.query(`SELECT "${LONG}x" FROM t`))).message).to.contain(`${LONG}x`);
  });

  it('cuts names at 127 bytes', async () => {
    const { fields } = await client.query(`SELECT 1 AS "${'x'.repeat(130)}"`);
    expect(fields[0]?.name).to.equal('x'.repeat(127));
  });

  it('keeps the case of quoted names while enable_case_sensitive_identifier is on', async () => {
    await client.query('SET enable_case_sensitive_identifier TO true');
    await client.query('CREATE TABLE "Mixed" ("Case" int)');
    expect((await client.query('SELECT * FROM "Mixed"')).fields[0]?.name).to.equal('Case');
    await client.query('RESET enable_case_sensitive_identifier');
    expect((await refusal(client.query('SELECT * FROM "Mixed"'))).message).to.equal('relation "mixed" does not exist');
  });

  it('counts the length of VARCHAR in bytes, and CHAR in single-byte characters', async () => {
    await client.query('CREATE TABLE lengths (v varchar(5), c char(3), t text, m varchar(max))');
    await client.query("INSERT INTO lengths (v) VALUES ('größ')".replace('größ', 'grö'));
    const long = await refusal(client.query("INSERT INTO lengths (v) VALUES ('größ')"));
    expect([long.code, long.message]).to.deep.equal(['22001', 'value too long for type character varying(5)']);
    expect((await refusal(client.query("INSERT INTO lengths (c) VALUES ('ä')"))).code).to.equal('22001');
    expect((await refusal(client.query(`INSERT INTO lengths (t) VALUES ('${'x'.repeat(257)}')`))).message).to.contain(
      '(256)',
    );
    await client.query(`INSERT INTO lengths (m) VALUES ('${'x'.repeat(65_535)}')`);
    await client.query('CREATE TABLE lengths_like (LIKE lengths)');
    expect((await refusal(client.query("INSERT INTO lengths_like (v) VALUES ('größ')"))).code).to.equal('22001');
  });

  it('declares keys, shows them, and does not enforce them', async () => {
    await client.query(
      'CREATE TABLE keyed (a int, b int, u int UNIQUE, PRIMARY KEY (b, a), FOREIGN KEY (u) REFERENCES t (id))',
    );
    await client.query('INSERT INTO keyed VALUES (1, 1, 1), (1, 1, 1)');
    const keys = await client.query('SHOW CONSTRAINTS PRIMARY KEYS FROM TABLE public.keyed');
    expect(keys.rows.map(({ column_name, key_seq }) => [column_name, key_seq])).to.deep.equal([
      ['b', 1],
      ['a', 2],
    ]);
    expect((await refusal(client.query('INSERT INTO keyed (a) VALUES (1)'))).code).to.equal('23502');
    expect((await client.query('SHOW CONSTRAINTS FOREIGN KEYS FROM TABLE keyed')).rows).to.have.length(1);
    const standard = await cluster.rows(
      client,
      `SELECT c.constraint_type, k.constraint_name, k.column_name, k.ordinal_position
       FROM information_schema.table_constraints c
       JOIN information_schema.key_column_usage k USING (constraint_name, table_schema, table_name)
       WHERE table_schema = 'public' AND table_name = 'keyed' ORDER BY 1, 4`,
    );
    expect(standard).to.deep.equal([
      ['PRIMARY KEY', 'keyed_pkey', 'b', 1],
      ['PRIMARY KEY', 'keyed_pkey', 'a', 2],
      ['UNIQUE', 'keyed_u_key', 'u', 1],
    ]);
  });

  it('keeps distribution, sort keys and encodings, also through LIKE', async () => {
    const attributes = 'DISTSTYLE KEY DISTKEY (k) COMPOUND SORTKEY (b, k)';
    await client.query(
      `CREATE TABLE laid_out (k bigint ENCODE raw, b date, n decimal, i int IDENTITY(5, 2)) BACKUP NO ${attributes}`,
    );
    await client.query('CREATE TABLE laid_out_too (LIKE laid_out)');
    for (const table of ['laid_out', 'laid_out_too']) {
      const { rows } = await client.query(`SHOW COLUMNS FROM TABLE ${table}`);
      const facts = rows.map((row) => [row.column_name, row.data_type, row.dist_key, row.sort_key, row.encoding]);
      expect(facts.slice(0, 3)).to.deep.equal([
        ['k', 'bigint', 1, 2, 'raw'],
        ['b', 'date', null, 1, 'none'],
        ['n', 'numeric', null, null, 'az64'],
      ]);
    }
    const [decimal] = (await client.query("SHOW COLUMNS FROM TABLE laid_out LIKE 'n'")).rows;
    expect([decimal.numeric_precision, decimal.numeric_scale]).to.deep.equal([18, 0]);
    await client.query('INSERT INTO laid_out (k) VALUES (1), (2)');
    expect(await cluster.rows(client, 'SELECT i FROM laid_out ORDER BY k')).to.deep.equal([[5], [7]]);
    expect((await refusal(client.query('INSERT INTO laid_out (i) VALUES (1)'))).message).to.contain('identity column');
    const [shown] = (await client.query("SHOW TABLES FROM SCHEMA public LIKE 'laid_out'")).rows;
    expect([shown.table_type, shown.dist_style]).to.deep.equal(['TABLE', 'KEY(k)']);
  });

  it('merges, and refuses a source that matches a row twice', async () => {
    await client.query('CREATE TABLE target (id int, v varchar(5)); CREATE TEMP TABLE source (LIKE target)');
    await client.query("INSERT INTO target VALUES (1, 'a'); INSERT INTO source VALUES (1, 'b'), (2, 'c')");
    const merge =
      'MERGE INTO public.target USING source s ON target.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)';
    await client.query(merge);
    expect(await cluster.rows(client, 'SELECT * FROM target ORDER BY id')).to.deep.equal([
      [1, 'b'],
      [2, 'c'],
    ]);
    await client.query("INSERT INTO source VALUES (1, 'd')");
    const twice = await refusal(client.query(merge));
    expect([twice.code, twice.message]).to.deep.equal(['XX000', 'Found multiple matches to update the same tuple.']);
  });

  it("speaks Redshift's functions", async () => {
    const [row] = await cluster.rows(
      client,
      `SELECT nvl(NULL, 3), dateadd(month, 1, '2024-01-15'::date)::varchar, datediff(day, '2024-01-01', '2024-03-01'),
        cast(2.6 AS decimal)::varchar, getdate() IS NOT NULL, sysdate IS NOT NULL, len('abc'), pg_last_copy_count(), 'it\\'s'`,
    );
    expect(row).to.deep.equal([3, '2024-02-15 00:00:00', '60', '3', true, true, 3, '0', "it's"]);
  });

  it('tells time zones, digests and numbers of another base', async () => {
    const [row] = await cluster.rows(
      client,
      `SELECT convert_timezone('America/New_York', '2024-07-01 12:00:00')::varchar, strtol('-0xff', 16)::int,
        convert_timezone('Europe/Berlin', 'UTC', '2024-01-01 12:00:00')::varchar, left(sha2('abc', 256), 8), concat('a', NULL)`,
    );
    expect(row).to.deep.equal(['2024-07-01 08:00:00', -255, '2024-01-01 11:00:00', 'ba7816bf', null]);
    expect((await refusal(client.query("SELECT strtol('12', 2)"))).message).to.match(/not valid/);
  });

  it('tells a setting alike, however it is asked for', async () => {
    const asked =
      "SELECT current_setting('server_version'), current_setting('query_group'), current_setting('timezone')";
    expect(await cluster.rows(client, asked)).to.deep.equal([['8.0.2', 'unset', 'UTC']]);
    const listed = "SELECT setting FROM pg_settings WHERE name = 'server_version'";
    expect(await cluster.rows(client, listed)).to.deep.equal([['8.0.2']]);
    const roles = 'SELECT rolname FROM pg_roles ORDER BY 1';
    expect(await cluster.rows(client, roles)).to.deep.equal([['admin'], ['etl']]);
    const { rows } = await client.query('SELECT * FROM pg_catalog.pg_stat_activity WHERE procpid = pg_backend_pid()');
    expect(rows.map(({ usename }) => usename)).to.deep.equal(['etl']);
  });

  it('takes for a name what only looks like a function of PostgreSQL', async () => {
    await client.query('CREATE TABLE IF NOT EXISTS circle (gcd int, path varchar(9))');
    await client.query("INSERT INTO circle (gcd, path) VALUES (1, 'a')");
    const query =
      'WITH RECURSIVE box (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM box WHERE i < 3), area (n) AS (SELECT i FROM box UNION SELECT gcd FROM circle AS point (gcd)) SELECT n FROM area ORDER BY 1';
    expect(await cluster.rows(client, query)).to.deep.equal([[1], [2], [3]]);
  });

  it('reads ordinary SQL as before', async () => {
    await client.query('CREATE TABLE plain (id int, v varchar(20), d timestamp, qualify_me int, object int)');
    for (const sql of [
      'SELECT ceiling(1.2), CAST(id AS char(3)), d::timestamp(3), extract(epoch FROM d), (id)::bigint FROM plain',
      "SELECT trim(BOTH ' ' FROM v), substring(v FROM 1 FOR 2), position('b' IN v), concat(id, v) FROM plain",
      "SELECT * FROM plain WHERE v LIKE ('a%') OR v SIMILAR TO ('a%') OR id IN (1, 2) OR NOT (id = 1)",
      'SELECT row_number() OVER (PARTITION BY id ORDER BY d ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM plain',
      'SELECT approximate, median FROM (SELECT 1 AS approximate, 2 AS median) z',
      'SELECT x.decode FROM (SELECT id FROM plain) x(decode)',
      'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id) FROM plain GROUP BY object',
    ]) {
      await client.query(sql).catch((error: unknown) => expect.fail(`${sql}: ${String(error)}`));
    }
  });

  it('aggregates lists, and stops at TOP', async () => {
    await client.query(
      "CREATE TABLE list (k int, v varchar(5)); INSERT INTO list VALUES (1, 'b'), (1, 'a'), (2, 'c'), (2, 'c')",
    );
    const lists =
      "SELECT k, LISTAGG(DISTINCT v, '+') WITHIN GROUP (ORDER BY v), listagg(k) FROM list GROUP BY k ORDER BY k";
    expect(await cluster.rows(client, lists.replace('ORDER BY v', 'ORDER BY (v)::varchar'))).to.deep.equal([
      [1, 'a+b', '11'],
      [2, 'c', '22'],
    ]);
    expect(
      await cluster.rows(client, "SELECT LISTAGG(v, ', ') WITHIN GROUP (ORDER BY v DESC) FROM list"),
    ).to.deep.equal([['c, c, b, a']]);
    const { fields } = await client.query('SELECT listagg(v) FROM list');
    expect(fields.map(({ name }) => name)).to.deep.equal(['listagg']);
    expect(await cluster.rows(client, 'SELECT TOP 2 k FROM list ORDER BY v')).to.deep.equal([[1], [1]]);
  });

  it('shows the catalog', async () => {
    expect(
      (await client.query('SHOW DATABASES')).rows.map((row) => [row.database_name, row.database_isolation_level]),
    ).to.deep.equal([['dev', 'Snapshot Isolation']]);
    const schemas = (await client.query('SHOW SCHEMAS FROM DATABASE dev')).rows.map((row) => row.schema_name);
    expect(schemas).to.include.members(['public', 'pg_catalog', 'information_schema']);
    expect((await refusal(client.query('SHOW COLUMNS FROM TABLE public.absent'))).code).to.equal('42P01');
    expect((await refusal(client.query('SHOW TABLES FROM SCHEMA dev.absent'))).code).to.equal('3F000');
    expect((await client.query('SELECT * FROM stv_slices')).rowCount).to.equal(4);
    const defined = await cluster.rows(
      client,
      `SELECT "column", type, "notnull" FROM pg_table_def WHERE tablename = 't' ORDER BY 1`,
    );
    expect(defined).to.deep.equal([
      ['id', 'integer', false],
      ['v', 'character varying(10)', false],
    ]);
    for (const view of ['svv_all_columns', 'svv_redshift_columns', 'svv_columns']) {
      expect((await client.query(`SELECT * FROM ${view} WHERE table_name = 't'`)).rowCount, view).to.equal(2);
    }
  });

  it('shows the catalog by names that come as parameters', async () => {
    const shown = async (text: string, ...values: readonly string[]): Promise<unknown[]> =>
      (await client.query({ text, values: [...values], rowMode: 'array' })).rows.map((row: unknown[]) => row[3]);
    expect(await shown('SHOW COLUMNS FROM TABLE $1.$2.$3;', 'dev', 'public', 't')).to.deep.equal(['id', 'v']);
    expect(await shown('SHOW COLUMNS FROM TABLE $1.$2.$3 LIKE $4;', 'dev', 'public', 't', 'i%')).to.deep.equal(['id']);
    const tables = await client.query('SHOW TABLES FROM SCHEMA $1.$2 LIKE $3', ['dev', 'public', 't']);
    expect(tables.rows.map((row) => row.table_name)).to.deep.equal(['t']);
  });

  it("answers what Amazon's JDBC driver sets and asks", async () => {
    await client.query('SET readonly=1');
    expect((await refusal(client.query('CREATE TABLE unwanted (i int)'))).code).to.equal('25006');
    await client.query('SET readonly=0');
    const schemas =
      'SELECT s.r, (current_schemas(false))[s.r] FROM generate_series(1, array_upper(current_schemas(false), 1)) AS s(r)';
    expect(await cluster.rows(client, schemas)).to.deep.equal([[1, 'public']]);
    expect(await cluster.rows(client, 'show transaction isolation level')).to.deep.equal([['serializable']]);
  });

  it('knows types that PostgreSQL has not', async () => {
    await client.query('CREATE TABLE exotic (s super, g geometry, b varbyte(10))');
    const { fields } = await client.query('SELECT * FROM exotic');
    expect(fields.map(({ dataTypeID }) => dataTypeID)).to.deep.equal([4000, 3000, 6551]);
  });
});
