import { expect } from 'chai';
import { ACCOUNT, BUCKET, type ClientDesk, openClientDesk, roleArn } from './client-desk.ts';
import type { PythonError, PythonSession } from './python-session.ts';

const COPY_ROLE = roleArn('WarehouseCopy');

describe("Amazon's Python driver judges the sandbox", () => {
  let desk: ClientDesk;
  let python: PythonSession;
  before(async function () {
    this.timeout(400_000);
    desk = await openClientDesk({ client: 'redshift_connector' });
    const { port, caFile } = desk.world.clusters['warehouse']!;
    python = await desk.python({ SSL_CERT_FILE: caFile });
    await python.run(
      `
      global redshift_connector, connect, boto3, s3
      import boto3, redshift_connector
      s3 = boto3.client('s3')
      def connect(**more):
          asked = dict(iam=True, profile='redshift', endpoint_url=input['endpoint'], region='us-east-1',
                       cluster_identifier='warehouse', host=input['host'], port=input['port'], database='dev',
                       db_user='etl', sslmode='verify-full')
          asked.update(more)
          return redshift_connector.connect(**asked)
    `,
      { endpoint: desk.world.awsEndpoint, host: 'localhost', port },
    );
    await desk.world.sql('CREATE SCHEMA sales AUTHORIZATION etl');
  });
  after(async () => {
    await python?.[Symbol.asyncDispose]();
    await desk?.[Symbol.asyncDispose]();
  });

  describe('logins', () => {
    it('follow a profile with a role, once for STS and once for the login', async () => {
      const told = await python.run(`
        with connect() as connection:
            with connection.cursor() as cursor:
                cursor.execute('SELECT current_user, current_database(), version()')
                return cursor.fetchone()
      `);
      const [user, database, version] = told as [string, string, string];
      expect([user.trim(), database.trim()]).to.deep.equal(['etl', 'dev']);
      expect(version).to.match(/^PostgreSQL 8\.0\.2 on .*, Redshift 1\.0\.\d+/);
      const bought = (await desk.world.calls('redshift:GetClusterCredentials')).at(-1);
      expect(bought?.principal).to.equal(`arn:aws:sts::${ACCOUNT}:assumed-role/RedshiftLogin/judge`);
    });

    it('find the cluster by themselves', async () => {
      expect(
        await python.run(`
        with connect(host=None, port=None) as connection:
            with connection.cursor() as cursor:
                cursor.execute('SELECT 1')
                return cursor.fetchone()
      `),
      ).to.deep.equal([1]);
    });

    it('make the user when asked, and put it into its groups', async () => {
      expect(
        await python.run(`
        with connect(db_user='newcomer', auto_create=True, db_groups=['loaders']) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT usename FROM pg_user WHERE usename = 'newcomer'")
                return cursor.fetchone()
      `),
      ).to.deep.equal(['newcomer']);
    });

    it('of a user that is not there are refused by the cluster', async () => {
      const refusal = await python.refused(`connect(db_user='nobody_yet')`);
      expect(refusal).to.deep.include({
        code: '28000',
        severity: 'FATAL',
        message: 'password authentication failed for user "IAM:nobody_yet"',
      });
    });

    it('that the role may not buy are refused by AWS', async () => {
      const refusal = await python.refused(`connect(db_user='awsuser')`);
      expect(refusal.message).to.include('with an explicit deny in an identity-based policy');
    });

    it('need a certificate that the client trusts', async () => {
      await using stranger = await desk.python();
      const { port } = desk.world.clusters['warehouse']!;
      const refusal = await stranger.refused(
        `
        import redshift_connector
        redshift_connector.connect(host='localhost', port=input, database='dev', user='reporting',
                                   password='Sandbox-Passw0rd', sslmode='verify-full')
      `,
        port,
      );
      expect(refusal.message).to.match(/CERTIFICATE_VERIFY_FAILED/);
    });

    it('with a stored password need no AWS', async () => {
      const { port } = desk.world.clusters['warehouse']!;
      const login = (password: string): string => `
        with redshift_connector.connect(host='localhost', port=input, database='dev', user='reporting', password='${password}') as connection:
            with connection.cursor() as cursor:
                cursor.execute('SELECT current_user')
                return cursor.fetchone()[0].strip()
      `;
      expect(await python.run(login('Sandbox-Passw0rd'), port)).to.equal('reporting');
      expect((await python.refused(login('sandbox-passw0rd'), port)).code).to.equal('28000');
    });
  });

  describe('statements', () => {
    before(() =>
      python.run(`
        global connection, cursor
        connection = connect()
        cursor = connection.cursor()
        connection.autocommit = True
        cursor.execute('''CREATE TABLE sales.every (
            a smallint, b integer, c bigint, d decimal(18,4), e real, f double precision, g boolean, h char(6), i varchar(40),
            j date, k timestamp, l timestamptz, m time, n timetz) DISTSTYLE EVEN COMPOUND SORTKEY (b)''')
        cursor.execute('CREATE TABLE sales.lines (id integer NOT NULL, item varchar(20), price decimal(8,2)) DISTKEY (id) SORTKEY (id)')
      `),
    );
    after(() => python.run('cursor.close()\nconnection.close()'));

    it('give every type as Python knows it', async () => {
      const told = (await python.run(`
        cursor.execute("""INSERT INTO sales.every VALUES (-32768, 2147483647, -9223372036854775808, 12345678901234.5678, 1.5,
            0.1, true, 'abc', 'grüße 😀', '2024-02-29', '2024-02-29 23:59:59.123456', '2024-02-29 23:59:59+00', '23:59:59', '23:59:59+00'),
            (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""")
        cursor.execute('SELECT * FROM sales.every ORDER BY b NULLS LAST')
        rows = cursor.fetchall()
        return {'types': [type(value).__name__ for value in rows[0]], 'texts': [str(value) for value in rows[0]],
                'nulls': all(value is None for value in rows[1]), 'names': [each[0] for each in cursor.description]}
      `)) as Record<string, unknown>;
      expect(told['names']).to.deep.equal(Array.from('abcdefghijklmn'));
      expect(told['nulls']).to.equal(true);
      expect(told['types']).to.deep.equal([
        'int',
        'int',
        'int',
        'Decimal',
        'float',
        'float',
        'bool',
        'str',
        'str',
        'date',
        'datetime',
        'datetime',
        'time',
        'time',
      ]);
      expect(told['texts']).to.deep.equal([
        '-32768',
        '2147483647',
        '-9223372036854775808',
        '12345678901234.5678',
        '1.5',
        '0.1',
        'True',
        'abc   ',
        'grüße 😀',
        '2024-02-29',
        '2024-02-29 23:59:59.123456',
        '2024-02-29 23:59:59+00:00',
        '23:59:59',
        '23:59:59+00:00',
      ]);
    });

    it('take parameters of every kind', async () => {
      const told = await python.run(`
        import datetime, decimal
        day, moment = datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1, 2, 3, 450000)
        cursor.execute('INSERT INTO sales.every (a, b, c, d, f, g, i, j, k) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)',
                       (7, 70000, 7 * 10 ** 12, decimal.Decimal('7.25'), 7.5, False, "it's \\\\ seven", day, moment))
        cursor.execute('SELECT a, b, c, d, f, g, i, j, k FROM sales.every WHERE b = %s AND i LIKE %s', (70000, 'it%'))
        row = cursor.fetchone()
        return [list(row) == [7, 70000, 7 * 10 ** 12, decimal.Decimal('7.2500'), 7.5, False, "it's \\\\ seven", day, moment], cursor.fetchone()]
      `);
      expect(told).to.deep.equal([true, null]);
    });

    it('insert many rows, and count them', async () => {
      const told = await python.run(`
        cursor.executemany('INSERT INTO sales.lines VALUES (%s, %s, %s)', [(n, f'item {n}', n / 4) for n in range(30)])
        cursor.execute('UPDATE sales.lines SET item = NULL WHERE id >= 20')
        changed = cursor.rowcount
        cursor.execute('SELECT count(*), count(item), sum(price) FROM sales.lines')
        row = cursor.fetchone()
        return [changed, row[0], row[1], str(row[2])]
      `);
      expect(told).to.deep.equal([10, 30, 20, '108.75']);
    });

    it('are fetched one by one, in parts and at once', async () => {
      const told = await python.run(`
        cursor.execute('SELECT id FROM sales.lines ORDER BY id')
        one, four = cursor.fetchone(), cursor.fetchmany(4)
        return [one[0], [row[0] for row in four], len(cursor.fetchall()), len(cursor.fetchall())]
      `);
      expect(told).to.deep.equal([0, [1, 2, 3, 4], 25, 0]);
    });

    it('are undone together, or kept together', async () => {
      const told = await python.run(`
        connection.autocommit = False
        counts = []
        for finish in (connection.rollback, connection.commit):
            cursor.execute("INSERT INTO sales.lines VALUES (100, 'in doubt', 1)")
            finish()
            cursor.execute('SELECT count(*) FROM sales.lines WHERE id = 100')
            counts.append(cursor.fetchone()[0])
        connection.commit()
        connection.autocommit = True
        return counts
      `);
      expect(told).to.deep.equal([0, 1]);
    });

    it('that fail say why, and leave a session that goes on', async () => {
      const failures: readonly (readonly [sql: string, code: string, message: RegExp])[] = [
        ['SELECT * FROM sales.absent', '42P01', /relation "sales.absent" does not exist/],
        ['SELECT absent FROM sales.lines', '42703', /column "absent" does not exist/],
        ['SELEC 1', '42601', /syntax error at or near "SELEC"/],
        ['SELECT 1/0', '22012', /division by zero/i],
        ['CREATE TABLE sales.lines (a int)', '42P07', /Relation "lines" already exists/i],
        [
          "INSERT INTO sales.lines VALUES (NULL, 'x', 1)",
          '23502',
          /null value in column "id"|Cannot insert a NULL value into column id/,
        ],
      ];
      const seen: PythonError[] = [];
      for (const [sql] of failures) seen.push(await python.refused('cursor.execute(input)', sql));
      expect(seen.map(({ type, code }) => [type, code])).to.deep.equal(
        failures.map(([, code]) => ['ProgrammingError', code]),
      );
      for (const [index, { message }] of seen.entries()) expect(message).to.match(failures[index]![2]);
      expect(await python.run(`cursor.execute('SELECT 1')\nreturn cursor.fetchone()`)).to.deep.equal([1]);
    });

    it('do not enforce a primary key', async () => {
      expect(
        await python.run(`
        cursor.execute('CREATE TABLE sales.keyed (id integer PRIMARY KEY)')
        cursor.execute('INSERT INTO sales.keyed VALUES (1)')
        cursor.execute('INSERT INTO sales.keyed VALUES (1)')
        cursor.execute('SELECT count(*) FROM sales.keyed')
        return cursor.fetchone()
      `),
      ).to.deep.equal([2]);
    });

    it('tell of schemas, tables, columns and keys by the calls of the driver', async () => {
      const told = (await python.run(`
        def named(rows, *columns):
            names = [each[0].decode() if isinstance(each[0], bytes) else each[0] for each in cursor.description]
            return [[row[names.index(column.upper())] for column in columns] for row in rows]
        def asked(call, *columns, **filters):
            return named(call(**filters), *columns)
        return {
          'schemas': [row[0] for row in asked(cursor.get_schemas, 'table_schem')],
          'tables': asked(cursor.get_tables, 'table_name', 'table_type', schema_pattern='sales'),
          'columns': asked(cursor.get_columns, 'column_name', 'type_name', 'is_nullable', schema_pattern='sales', tablename_pattern='lines'),
          'keys': asked(cursor.get_primary_keys, 'column_name', schema='sales', table='keyed'),
        }
      `)) as Record<string, unknown>;
      expect(told['schemas']).to.include.members(['public', 'sales']);
      expect(told['tables']).to.deep.equal([
        ['every', 'TABLE'],
        ['keyed', 'TABLE'],
        ['lines', 'TABLE'],
      ]);
      expect(told['columns']).to.deep.equal([
        ['id', 'int4', 'NO'],
        ['item', 'varchar', 'YES'],
        ['price', 'numeric', 'YES'],
      ]);
      expect(told['keys']).to.deep.equal([['id']]);
    });
  });

  describe('COPY and UNLOAD', () => {
    before(() =>
      python.run(`
        global connection, cursor
        connection = connect()
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute('CREATE TABLE sales.loaded (id integer, name varchar(12))')
        s3.put_object(Bucket='${BUCKET}', Key='roleshift/in/good.csv', Body='1,Ann\\n2,"B,ob"\\n3,\\n'.encode())
        s3.put_object(Bucket='${BUCKET}', Key='roleshift/bad/bad.csv', Body='4,Dan\\nfive,Eve\\n6,much too long for it\\n'.encode())
      `),
    );
    after(() => python.run('cursor.close()\nconnection.close()'));
    const copy = (from: string, rest = '', role = COPY_ROLE): string =>
      `COPY sales.loaded FROM 's3://${BUCKET}/roleshift/${from}' IAM_ROLE '${role}' FORMAT AS CSV ${rest}`;

    it('load files, and count rows', async () => {
      const told = await python.run(
        `
        cursor.execute(input)
        cursor.execute('SELECT pg_last_copy_count()')
        count = cursor.fetchone()[0]
        cursor.execute('SELECT id, name FROM sales.loaded ORDER BY id')
        return [count, cursor.fetchall()]
      `,
        copy('in/'),
      );
      expect(told).to.deep.equal([
        3,
        [
          [1, 'Ann'],
          [2, 'B,ob'],
          [3, ''],
        ],
      ]);
    });

    it('write files that boto3 finds', async () => {
      const told = await python.run(
        `
        import json
        cursor.execute(input)
        cursor.execute('SELECT pg_last_unload_count()')
        manifest = json.loads(s3.get_object(Bucket='${BUCKET}', Key='roleshift/out/manifest')['Body'].read())
        lines = []
        for entry in manifest['entries']:
            key = entry['url'].split('/', 3)[3]
            body = s3.get_object(Bucket='${BUCKET}', Key=key)['Body'].read()
            assert len(body) == entry['meta']['content_length']
            lines += body.decode().splitlines()
        return [cursor.fetchone()[0], manifest['meta']['record_count'], sorted(lines)]
      `,
        `UNLOAD ('SELECT id, name FROM sales.loaded') TO 's3://${BUCKET}/roleshift/out/' IAM_ROLE default FORMAT CSV MANIFEST VERBOSE`,
      );
      expect(told).to.deep.equal([3, 3, ['1,Ann', '2,"B,ob"', '3,']]);
    });

    it('refuse to write over files', async () => {
      const again = `UNLOAD ('SELECT 1 AS one') TO 's3://${BUCKET}/roleshift/out/' IAM_ROLE default FORMAT CSV MANIFEST`;
      const refusal = await python.refused('cursor.execute(input)', again);
      expect(refusal.message).to.match(/Specified unload destination on S3 is not empty/);
      await python.run('cursor.execute(input)', `${again} ALLOWOVERWRITE`);
    });

    it('carry Parquet both ways', async () => {
      const told = await python.run(
        `
        cursor.execute(input[0])
        cursor.execute('CREATE TABLE sales.again (LIKE sales.loaded)')
        cursor.execute(input[1])
        cursor.execute('SELECT id, name FROM sales.again ORDER BY id')
        return cursor.fetchall()
      `,
        [
          `UNLOAD ('SELECT * FROM sales.loaded') TO 's3://${BUCKET}/roleshift/parquet/' IAM_ROLE '${COPY_ROLE}' FORMAT PARQUET`,
          `COPY sales.again FROM 's3://${BUCKET}/roleshift/parquet/' IAM_ROLE '${COPY_ROLE}' FORMAT AS PARQUET`,
        ],
      );
      expect(told).to.deep.equal([
        [1, 'Ann'],
        [2, 'B,ob'],
        [3, ''],
      ]);
    });

    it('refuse bad rows, and tell them in the views of load errors', async () => {
      const refusal = await python.refused('cursor.execute(input)', copy('bad/'));
      expect(refusal.code).to.equal('XX000');
      expect(refusal.message).to.match(
        /^Load into table 'loaded' failed\. {2}Check '(?:stl_load_errors|sys_load_error_detail)' system table for details\.$/,
      );
      expect(
        await python.run(`cursor.execute('SELECT count(*) FROM sales.loaded')\nreturn cursor.fetchone()`),
      ).to.deep.equal([3]);
      const told = await python.run(
        `
        cursor.execute(input)
        cursor.execute('''SELECT trim(filename), line_number, trim(colname), err_code, trim(raw_field_value) FROM stl_load_errors
            WHERE query = pg_last_copy_id() ORDER BY line_number''')
        errors = cursor.fetchall()
        cursor.execute('SELECT count(*) FROM sales.loaded')
        return [errors, cursor.fetchone()[0]]
      `,
        copy('bad/', 'MAXERROR 3'),
      );
      const file = `s3://${BUCKET}/roleshift/bad/bad.csv`;
      expect(told).to.deep.equal([
        [
          [file, 2, 'id', 1207, 'five'],
          [file, 3, 'name', 1204, 'much too long for it'],
        ],
        4,
      ]);
    });

    it('need a role that the cluster has', async () => {
      const refusal = await python.refused('cursor.execute(input)', copy('in/', '', roleArn('RedshiftLogin')));
      expect(refusal.message).to.match(/The requested role \S+ is not associated to cluster/);
      const absent = await python.refused('cursor.execute(input)', copy('nothing/here'));
      expect(absent.message).to.match(/The specified S3 prefix 'roleshift\/nothing\/here' does not exist/);
    });
  });
});
