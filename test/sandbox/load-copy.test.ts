import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { KEY_CREDENTIALS, type LoadWorld, openLoadWorld, ROLES } from './load-world.ts';

const FAILED = "Load into table 'orders' failed.  Check 'stl_load_errors' system table for details.";

describe('COPY from S3', () => {
  let load: LoadWorld;
  const s3 = (key: string) => `s3://acme-staging/${key}`;
  const copy = (key: string, options: string, table = 'orders') =>
    `COPY ${table} FROM '${s3(key)}' IAM_ROLE default ${options}`;

  before(async function () {
    this.timeout(60_000);
    load = await openLoadWorld();
    await load.query(`CREATE TABLE orders (id integer NOT NULL, name varchar(10), price decimal(10,2), at timestamp)`);
    await load.put('good/1.csv', '1,"a ""b"",\nc",1.999,2024-02-29 10:00:00.5\n2,\\N,,\n');
    await load.put('good/2.csv', '3,ÄÖ,-3,2024-01-01 00:00:00\n');
    await load.put('bad/1.csv', 'id,name\n1,ok,1,\nx,b,1,\n3,much too long,1,\n4,fine,1,\n');
  });
  after(async () => {
    await load?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await load.query('DELETE FROM orders');
    load.notices();
  });

  it('loads every key under the prefix and says how many rows', async () => {
    await load.query(copy('good/', 'CSV'));
    expect(await load.query('SELECT * FROM orders ORDER BY id')).to.deep.equal([
      ['1', 'a "b",\nc', '1.99', '2024-02-29 10:00:00.5'],
      ['2', null, null, null],
      ['3', 'ÄÖ', '-3.00', '2024-01-01 00:00:00'],
    ]);
    expect(load.notices()).to.include("Load into table 'orders' completed, 3 record(s) loaded successfully.");
    expect(await load.query('SELECT pg_last_copy_count()')).to.deep.equal([['3']]);
    const [[history]] = [
      await load.query(
        `SELECT trim(status) || ' ' || loaded_rows || ' ' || source_file_count FROM sys_load_history ORDER BY start_time DESC LIMIT 1`,
      ),
    ];
    expect(history).to.deep.equal(['completed 3 2']);
  });

  it('fails at the first bad row, loads nothing, and the views say why after the rollback', async () => {
    await load.query('BEGIN');
    const refused = await load.refusal(copy('bad/', 'CSV IGNOREHEADER 1'));
    expect(refused).to.include({ code: 'XX000', message: FAILED });
    expect(await load.refusal('SELECT 1')).to.include({ code: '25P02' });
    await load.query('ROLLBACK');
    expect(await load.query('SELECT count(*) FROM orders')).to.deep.equal([['0']]);
    const columns =
      'trim(filename), line_number, trim(colname), trim(type), trim(col_length), err_code, trim(err_reason)';
    const errors = await load.query(
      `SELECT ${columns} FROM stl_load_errors WHERE session = pg_backend_pid() ORDER BY starttime DESC, line_number`,
    );
    expect(errors[0]).to.deep.equal([
      s3('bad/1.csv'),
      '3',
      'id',
      'int4',
      '0',
      '1207',
      "Invalid digit, Value 'x', Pos 0, Type: Integer",
    ]);
    const detail = await load.query(
      'SELECT trim(file_name), line_number, trim(column_name), error_code FROM sys_load_error_detail WHERE session_id = pg_backend_pid() ORDER BY start_time DESC',
    );
    expect(detail[0]).to.deep.equal([s3('bad/1.csv'), '3', 'id', '1207']);
  });

  for (const { maxErrors, outcome } of [
    { maxErrors: 0, outcome: 'fails' },
    { maxErrors: 1, outcome: 'fails' },
    { maxErrors: 2, outcome: 'fails' },
    { maxErrors: 3, outcome: 'loads' },
  ]) {
    it(`${outcome} with two bad rows and MAXERROR ${maxErrors}`, async () => {
      const sql = copy('bad/', `CSV IGNOREHEADER 1 MAXERROR ${maxErrors}`);
      if (outcome === 'fails') expect((await load.refusal(sql)).message).to.equal(FAILED);
      else await load.query(sql);
      const ids = (await load.query('SELECT id FROM orders ORDER BY id')).flat();
      expect(ids).to.deep.equal(outcome === 'fails' ? [] : ['1', '4']);
    });
  }

  describe('by a manifest', () => {
    const manifest = (...entries: object[]) => JSON.stringify({ entries });

    it('loads a file twice that is named twice, and skips a missing one that is not mandatory', async () => {
      const entries = ['good/2.csv', 'good/2.csv', 'gone.csv'].map((key) => ({ url: s3(key) }));
      await load.put('m/1', manifest(...entries));
      await load.query(copy('m/1', 'CSV MANIFEST'));
      expect(await load.query('SELECT id FROM orders')).to.deep.equal([['3'], ['3']]);
    });

    for (const { title, text, message } of [
      {
        title: 'a mandatory file that is not there',
        text: manifest({ url: s3('gone.csv'), mandatory: true }),
        message: 'gone.csv',
      },
      { title: 'no entries', text: manifest(), message: 'no entries' },
      { title: 'no JSON', text: '{', message: 'not in correct json format' },
      {
        title: 'a bucket that is not there',
        text: manifest({ url: 's3://acme-nowhere/x' }),
        message: 'The specified bucket does not exist',
      },
    ]) {
      it(`refuses ${title}`, async () => {
        await load.put('m/2', text);
        expect((await load.refusal(copy('m/2', 'CSV MANIFEST'))).message).to.contain(message);
      });
    }

    it('wants content_length of Parquet files, and the right one', async () => {
      await load.put('m/3', manifest({ url: s3('good/2.csv') }));
      expect((await load.refusal(copy('m/3', 'PARQUET MANIFEST'))).message).to.contain('meta.content_length');
      await load.put('m/3', manifest({ url: s3('good/2.csv'), meta: { content_length: 1 } }));
      expect((await load.refusal(copy('m/3', 'PARQUET MANIFEST'))).message).to.contain('content_length 1');
    });
  });

  describe('under a role', () => {
    for (const { title, authorization, from = 'good/', bucket = 'acme-staging', options = '', message } of [
      {
        title: 'a role that is not attached',
        authorization: `IAM_ROLE '${ROLES.notAttached}'`,
        message: `The requested role ${ROLES.notAttached} is not associated to cluster`,
      },
      {
        title: 'a role that does not trust Redshift',
        authorization: `IAM_ROLE '${ROLES.distrustful}'`,
        message: `is not authorized to assume IAM Role ${ROLES.distrustful}`,
      },
      {
        title: 'a chain whose last role does not trust the first',
        authorization: `IAM_ROLE '${ROLES.first},${ROLES.copy}'`,
        message: 'is not authorized to assume IAM Role',
      },
      {
        title: 'a bucket without a right to it',
        authorization: `IAM_ROLE '${ROLES.reader}'`,
        bucket: 'acme-elsewhere',
        options: "REGION 'eu-west-1'",
        message: 'S3ServiceException:Access Denied,Status 403,Error AccessDenied',
      },
      {
        title: 'a bucket in another region',
        authorization: `IAM_ROLE '${ROLES.first},${ROLES.second}'`,
        bucket: 'acme-elsewhere',
        message: 'must be addressed using the specified endpoint',
      },
      {
        title: 'a prefix with nothing',
        authorization: 'IAM_ROLE default',
        from: 'nothing/',
        message: "The specified S3 prefix 'nothing/' does not exist",
      },
      {
        title: 'a wrong secret key',
        authorization: `CREDENTIALS '${KEY_CREDENTIALS}x'`,
        message: 'SignatureDoesNotMatch',
      },
      {
        title: 'an unknown key',
        authorization: `ACCESS_KEY_ID 'AKIANOBODY' SECRET_ACCESS_KEY 'x'`,
        message: 'InvalidAccessKeyId',
      },
    ] as {
      title: string;
      authorization: string;
      from?: string;
      bucket?: string;
      options?: string;
      message: string;
    }[]) {
      it(`refuses ${title}`, async () => {
        const sql = `COPY orders FROM 's3://${bucket}/${from}' ${authorization} CSV ${options}`;
        expect(await load.refusal(sql))
          .to.have.property('message')
          .that.contains(message);
      });
    }

    it('loads by a chain of roles, from a bucket in the region it is told', async () => {
      await load.put('in/1.csv', '9,x,1,\n', 'acme-elsewhere');
      await load.query(
        `COPY orders FROM 's3://acme-elsewhere/in/' IAM_ROLE '${ROLES.first},${ROLES.second}' CSV REGION 'eu-west-1'`,
      );
      expect(await load.query('SELECT id FROM orders')).to.deep.equal([['9']]);
    });

    it('serves the database user whom the role trusts, and no other', async () => {
      const sql = `COPY orders FROM '${s3('good/2.csv')}' IAM_ROLE '${ROLES.onlyGuest}' CSV`;
      expect((await load.refusal(sql)).message).to.equal(
        `User arn:aws:redshift:us-east-1:111122223333:dbuser:warehouse/loader is not authorized to assume IAM Role ${ROLES.onlyGuest}`,
      );
      await load.query('GRANT INSERT ON orders TO guest');
      const guest = await load.connect('guest');
      try {
        await guest.query(sql);
      } finally {
        await guest.end();
        await load.query('REVOKE INSERT ON orders FROM guest');
      }
      expect(await load.query('SELECT id FROM orders')).to.deep.equal([['3']]);
    });

    it('shows a user the errors and loads of that user, a superuser all', async () => {
      await load.refusal(copy('bad/', 'CSV IGNOREHEADER 1'));
      const guest = await load.connect('guest');
      try {
        for (const view of ['stl_load_errors', 'sys_load_error_detail', 'sys_load_history', 'sys_unload_history']) {
          const count = `SELECT count(*) FROM ${view}`;
          const own = view === 'sys_load_history' ? '1' : '0'; // the load of the test before
          expect([view, (await guest.query(count)).rows[0].count]).to.deep.equal([view, own]);
          if (view !== 'sys_unload_history') expect(Number((await load.query(count))[0]?.[0])).to.be.above(Number(own));
        }
      } finally {
        await guest.end();
      }
    });

    it('loads by keys, which the log does not show', async () => {
      await load.query(`COPY orders FROM '${s3('good/2.csv')}' CREDENTIALS '${KEY_CREDENTIALS}' CSV`);
      expect(await load.query('SELECT id FROM orders')).to.deep.equal([['3']]);
      const texts = (await load.world.statements()).map(({ text = '' }) => text);
      expect(texts.some((text) => text.includes("CREDENTIALS '***' CSV"))).to.equal(true);
      expect(texts.join('\n')).not.to.contain('not+a+real+secret');
    });
  });

  describe('into columns', () => {
    it('listed in the order of the file; others take their default, identities are counted', async () => {
      await load.query(
        `CREATE TABLE listed (n bigint IDENTITY(1,1), a integer, "select" varchar(5) DEFAULT 'none', b integer)`,
      );
      await load.put('cols/1.csv', '1,2\n3,4\n');
      await load.query(copy('cols/', 'CSV', 'listed (b, a)'));
      expect(await load.query('SELECT a, "select", b FROM listed ORDER BY b')).to.deep.equal([
        ['2', 'none', '1'],
        ['4', 'none', '3'],
      ]);
      expect((await load.refusal(copy('cols/', 'CSV', 'listed (n, a)'))).message).to.contain('identity column');
      await load.query(copy('cols/', 'CSV EXPLICIT_IDS', 'listed (n, a)'));
      expect((await load.refusal(copy('cols/', 'CSV', 'listed (nope)'))).code).to.equal('42703');
      expect((await load.refusal(copy('cols/', 'CSV', 'nowhere'))).code).to.equal('42P01');
    });

    it('of a temporary table, within a transaction', async () => {
      await load.query('BEGIN');
      await load.query('CREATE TEMP TABLE staged (LIKE orders)');
      await load.query(copy('good/', 'CSV', 'staged'));
      expect(await load.query('SELECT count(*) FROM staged')).to.deep.equal([['3']]);
      await load.query('ROLLBACK');
    });

    it('needs the right to insert, and no other', async () => {
      const guest = await load.connect('guest');
      try {
        const refused = await guest.query(copy('good/', 'CSV')).then(
          () => undefined,
          (error: Error) => error,
        );
        expect(refused).to.have.property('code', '42501');
        await load.query('GRANT INSERT ON orders TO guest');
        await guest.query(copy('good/', 'CSV', 'orders (id, name, price, at)'));
      } finally {
        await guest.end();
      }
    });
  });

  it('reads gzip, JSON and text', async () => {
    await load.put('z/1', gzipSync('1,gzip,1,\n'));
    await load.put('j/1', '{"id": 2, "NAME": "no", "name": "j\\"son", "more": [1]}\n{"id": 3}\n');
    await load.put('t/1', '4|te\\|xt|1|\n');
    await load.query(copy('z/', 'CSV GZIP'));
    await load.query(copy('j/', "JSON 'auto'"));
    await load.query(copy('t/', 'ESCAPE'));
    expect(await load.query('SELECT id, name FROM orders ORDER BY id')).to.deep.equal([
      ['1', 'gzip'],
      ['2', 'j"son'],
      ['3', null],
      ['4', 'te|xt'],
    ]);
    expect((await load.refusal(copy('good/', 'CSV GZIP'))).message).to.contain('not a gzip file');
  });

  it('gives the same rows by the fast way and one by one, whatever the file holds', async function () {
    this.timeout(30_000);
    const types = `a smallint, b integer, c bigint, d decimal(9,3), e real, f double precision, g boolean, h char(3),
      i varchar(8), j date, k time, l timetz, m timestamp, n timestamptz`;
    for (const table of ['fast', 'slow']) await load.query(`CREATE TABLE ${table} (r integer, ${types})`);
    const cell = fc.oneof(
      { weight: 3, arbitrary: fc.constant('') },
      fc.integer({ min: -40_000, max: 40_000 }).map(String),
      fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
      fc.double({ noDefaultInfinity: true, noNaN: true }).map(String),
      fc
        .tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.integer({ min: 0, max: 99_999 }))
        .map((pair) => pair.join('.')),
      fc.constantFrom('t', 'FALSE', 'y', 'on', '+1', '.5', '5.', '-', '1e3', 'NaN', 'inf', '0x1F', '1_0', ' 7', '007'),
      fc.constantFrom('2024-02-29', '2023-02-29', '2024-1-2', '0000-01-01', '10000-01-01', 'infinity', 'today'),
      fc.constantFrom('10:00:00', '24:00:00', '10:00', '10:00:00.1234567', '10:00:00+05:30', '10:00:00-16', '23:59:60'),
      fc.constantFrom(
        '2024-01-01 10:00:00',
        '2024-01-01 10:00:00.',
        '2024-01-01T10:00:00Z',
        '2024-01-01 10:00:00+02',
        '2024-01-01 24:00:00',
        '2024-01-01 10:00:00 America/Lima',
      ),
      fc.string({ unit: 'grapheme', maxLength: 6 }).filter((text) => !text.includes('\0')),
    );
    const columns = fc.sample(fc.array(cell, { minLength: 14, maxLength: 14 }), { numRuns: 400, seed: 20_261_124 });
    // One field a row at a time, so that one bad field does not hide the others.
    const lines = columns.flatMap((cells, row) =>
      cells.map((value, index) => {
        const fields = cells.map((_other, at) => (at === index ? `"${value.replaceAll('"', '""')}"` : ''));
        return [row * 14 + index, ...fields].join(',');
      }),
    );
    await load.put('fuzz/1.csv', lines.join('\n'));
    // A marker that holds the delimiter cannot be handed on: every row is looked at.
    await load.query(copy('fuzz/', "CSV MAXERROR 100000 NULL AS 'z'", 'fast'));
    await load.query(copy('fuzz/', "CSV MAXERROR 100000 NULL AS 'z,z'", 'slow'));
    const rows = await load.query('SELECT * FROM fast ORDER BY r');
    expect(rows).to.deep.equal(await load.query('SELECT * FROM slow ORDER BY r'));
    expect(rows.length).to.be.greaterThan(1000).and.lessThan(lines.length);
  });

  it('checks without loading under NOLOAD', async () => {
    await load.query(copy('good/', 'CSV NOLOAD'));
    expect(await load.query('SELECT count(*) FROM orders')).to.deep.equal([['0']]);
  });

  it('obeys the misfortunes of the world', async () => {
    await load.world.faults({ on: 'pg:copy', effect: { kind: 'error', code: 'XX000', message: 'struck' } });
    expect((await load.refusal(copy('good/', 'CSV'))).message).to.equal('struck');
    await load.query(copy('good/', 'CSV'));
  });
});
