import { expect } from 'chai';
import { discover } from '../../../src/operations/discover.ts';
import { preview } from '../../../src/operations/preview.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import { Sql } from '../../../src/sql/sql.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

const ROLE = 'IAM_ROLE default';
const SETUP = [
  `UNLOAD ('SELECT 7::bigint AS id, DATE ''2024-02-29'' AS day, 1.50::decimal(10,2) AS price, ''ü"|,''::varchar(20) AS note UNION ALL SELECT 8::bigint, NULL::date, 2::decimal(10,2), NULL::varchar(20)') TO 's3://acme-staging/lake/prices/' ${ROLE} FORMAT PARQUET`,
  `CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'lakedb' ${ROLE} CREATE EXTERNAL DATABASE IF NOT EXISTS`,
  "CREATE EXTERNAL TABLE lake.prices (id bigint, day date, price decimal(10,2), note varchar(20)) STORED AS PARQUET LOCATION 's3://acme-staging/lake/prices/'",
  'CREATE TABLE goods (id BIGINT, name VARCHAR(20))',
  "INSERT INTO goods VALUES (7, 'pen'), (9, 'cup')",
  'CREATE VIEW priced AS SELECT id, price FROM lake.prices WITH NO SCHEMA BINDING',
];

describe('external tables', () => {
  let on: ReadWorld;

  before(async function () {
    this.timeout(60_000);
    on = await openReadWorld();
    await on.world.sql('GRANT CREATE ON DATABASE dev TO etl; GRANT CREATE ON SCHEMA public TO etl');
    await using session = await on.connection.database.session(on.run());
    for (const statement of SETUP) await session.run(Sql.trusted(statement), on.run());
  });
  after(async () => {
    await on?.[Symbol.asyncDispose]();
  });

  for (const mode of ['direct', 'staged', 'auto', 'partitioned'] as const) {
    const how: ReadSpec =
      mode === 'partitioned' ? { mode, allowInconsistent: true, partitionColumn: 'id', partitionCount: 2 } : { mode };
    it(`are read with their values, ${mode}`, async () => {
      const rows = await on.rows({ object: 'lake.prices', ...how });
      expect(rows.toSorted((one, other) => Number(one[0]) - Number(other[0]))).to.deep.equal([
        [7n, '2024-02-29', '1.50', 'ü"|,'],
        [8n, null, '2.00', null],
      ]);
    });
  }

  for (const mode of ['direct', 'staged'] as const) {
    it(`are filtered, joined with local tables and read through views, ${mode}`, async () => {
      expect(
        await on.rows({ object: 'lake.prices', columns: ['id'], filter: { column: 'day', operator: 'isNull' }, mode }),
      ).to.deep.equal([[8n]]);
      expect(
        await on.rows({
          objects: [
            { object: 'lake.prices', alias: 'p' },
            { object: 'goods', alias: 'g', on: [{ left: 'p.id', right: 'g.id' }] },
          ],
          columns: ['g.name', 'p.price'],
          mode,
        }),
      ).to.deep.equal([['pen', '1.50']]);
      expect(await on.rows({ object: 'priced', where: 'id > 7', mode })).to.deep.equal([[8n, '2.00']]);
    });
  }

  it('are found, described and previewed', async () => {
    const listed = await discover(on.connection, { schema: 'lake' }, on.run());
    expect(listed).to.deep.include({ objects: [{ schema: 'lake', name: 'prices', kind: 'external' }] });
    const found = await discover(on.connection, { object: 'lake.prices' }, on.run());
    expect(found.kind === 'object' && found.object.columns.map(({ name, type }) => [name, type])).to.deep.equal([
      ['id', { kind: 'bigint' }],
      ['day', { kind: 'date' }],
      ['price', { kind: 'decimal', precision: 10, scale: 2 }],
      ['note', { kind: 'varchar', bytes: 20 }],
    ]);
    const { rowCount } = await preview(on.connection, { object: 'lake.prices', limit: 1 }, on.run());
    expect(rowCount).to.equal(1);
  });

  it('whose files do not fit are told as such, with what to look at', async () => {
    await using session = await on.connection.database.session(on.run());
    const create =
      "CREATE EXTERNAL TABLE lake.broken (id date, day date, price date, note date) STORED AS PARQUET LOCATION 's3://acme-staging/lake/prices/'";
    await session.run(Sql.trusted(create), on.run());
    const error = await on.refusal({ object: 'lake.broken' });
    expect(error.code, error.message).to.equal('RS_INPUT_INVALID');
    expect(error.message).to.include('Redshift Spectrum could not read a file');
  });
});
