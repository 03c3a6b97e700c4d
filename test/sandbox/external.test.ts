import { expect } from 'chai';
import { type LoadWorld, openLoadWorld, ROLES } from './load-world.ts';

const ROLE = `IAM_ROLE '${ROLES.copy}'`;

describe('External tables', () => {
  let load: LoadWorld;
  before(async () => {
    load = await openLoadWorld();
    await load.put('lake/csv/1.csv', '1|one\n2|two\n');
    await load.query(
      `UNLOAD ('SELECT 7::bigint AS id, DATE ''2024-02-29'' AS day, 1.50::decimal(10,2) AS price') TO 's3://acme-staging/lake/parquet/' ${ROLE} FORMAT PARQUET`,
    );
    await load.query(
      `CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'lakedb' ${ROLE} CREATE EXTERNAL DATABASE IF NOT EXISTS`,
    );
    await load.query(
      "CREATE EXTERNAL TABLE lake.words (id int, word varchar(20)) ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' STORED AS TEXTFILE LOCATION 's3://acme-staging/lake/csv/'",
    );
    await load.query(
      "CREATE EXTERNAL TABLE lake.prices (id bigint, day date, price decimal(10,2)) STORED AS PARQUET LOCATION 's3://acme-staging/lake/parquet/'",
    );
    await load.query('GRANT USAGE ON SCHEMA lake TO guest');
  });
  after(() => load[Symbol.asyncDispose]());

  it('are read from their files as they are now, in cursors, unloads and joins too', async () => {
    expect(await load.query('SELECT * FROM lake.words ORDER BY id')).to.deep.equal([
      ['1', 'one'],
      ['2', 'two'],
    ]);
    await load.put('lake/csv/2.csv', '7|seven\n');
    expect(
      await load.query('SELECT w.word, p.day, p.price FROM lake.words w JOIN "lake"."prices" p ON p.id = w.id'),
    ).to.deep.equal([['seven', '2024-02-29', '1.50']]);
    await load.query('BEGIN; DECLARE c CURSOR FOR SELECT count(*) FROM lake.words');
    expect(await load.query('FETCH ALL FROM c')).to.deep.equal([['3']]);
    await load.query('COMMIT');
    expect((await load.client.query('SELECT word FROM lake.words WHERE id = $1', [7])).rows).to.deep.equal([
      { word: 'seven' },
    ]);
    await load.query(
      `UNLOAD ('SELECT word FROM lake.words ORDER BY 1') TO 's3://acme-staging/lake/out_' ${ROLE} CSV PARALLEL OFF`,
    );
    expect(String(await load.get('lake/out_000'))).to.equal('one\nseven\ntwo\n');
  });

  it('are there for whoever may use the schema', async () => {
    const guest = await load.connect('guest');
    expect((await guest.query('SELECT count(*)::int AS n FROM lake.prices')).rows).to.deep.equal([{ n: 1 }]);
    await guest.end();
  });

  it('are told of by views of their own', async () => {
    expect(await load.query('SELECT schemaname, databasename, esoptions FROM svv_external_schemas')).to.deep.equal([
      ['lake', 'lakedb', `{"IAM_ROLE" : "${ROLES.copy}"}`],
    ]);
    expect(
      await load.query(
        "SELECT tablename, location, serialization_lib LIKE '%ParquetHiveSerDe' FROM svv_external_tables ORDER BY 1",
      ),
    ).to.deep.equal([
      ['prices', 's3://acme-staging/lake/parquet/', 't'],
      ['words', 's3://acme-staging/lake/csv/', 'f'],
    ]);
    expect(
      await load.query(
        "SELECT columnname, external_type, columnnum FROM svv_external_columns WHERE tablename = 'prices' ORDER BY columnnum",
      ),
    ).to.deep.equal([
      ['id', 'bigint', '1'],
      ['day', 'date', '2'],
      ['price', 'decimal(10,2)', '3'],
    ]);
    expect(await load.query("SELECT table_type FROM svv_all_tables WHERE schema_name = 'lake'")).to.deep.equal([
      ['EXTERNAL TABLE'],
      ['EXTERNAL TABLE'],
    ]);
    expect(await load.query("SELECT count(*) FROM svv_redshift_tables WHERE schema_name = 'lake'")).to.deep.equal([
      ['0'],
    ]);
  });

  const refused: readonly [sql: string, code: string, message: RegExp][] = [
    ["INSERT INTO lake.words VALUES (1, 'x')", '0A000', /other than SELECT/],
    ['DELETE FROM lake.words', '0A000', /other than SELECT/],
    ["BEGIN; CREATE EXTERNAL TABLE lake.x (a int) STORED AS PARQUET LOCATION 's3://b/'", '25001', /transaction block/],
    ["CREATE EXTERNAL TABLE public.x (a int) STORED AS PARQUET LOCATION 's3://b/'", '42P17', /not an external schema/],
    [
      "CREATE EXTERNAL TABLE lake.x (a int) PARTITIONED BY (d date) STORED AS PARQUET LOCATION 's3://b/'",
      '0A000',
      /partitioned/,
    ],
    ["CREATE EXTERNAL TABLE lake.x (a int) STORED AS ORC LOCATION 's3://b/'", '0A000', /ORC/],
  ];
  for (const [sql, code, message] of refused) {
    it(`refuse ${sql.slice(0, 70)}`, async () => {
      const refusal = await load.refusal(sql);
      expect(refusal).to.include({ code });
      expect(refusal.message).to.match(message);
      await load.query('ROLLBACK');
    });
  }

  it('say what is wrong with a file', async () => {
    await load.put('lake/parquet/broken.parquet', 'nonsense');
    expect((await load.refusal('SELECT * FROM lake.prices')).message).to.equal('Spectrum Scan Error');
  });
});
