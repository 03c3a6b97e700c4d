import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { type DiscoverSpec, type Discovery, discover } from '../../src/operations/discover.ts';
import { identifier, sql } from '../../src/sql/sql.ts';
import { openWorldDatabase, type WorldDatabase } from '../db/world-database.ts';
import { openWorld, type TestWorld } from '../harness.ts';

const SETUP = [
  'CREATE SCHEMA sales',
  'CREATE SCHEMA hidden',
  'GRANT USAGE ON SCHEMA sales TO PUBLIC',
  `CREATE TABLE sales.orders (
     id BIGINT IDENTITY(1,1) NOT NULL,
     region CHAR(2) NOT NULL DISTKEY,
     number INTEGER NOT NULL,
     amount DECIMAL(12,2) DEFAULT 0,
     note VARCHAR(40),
     placed TIMESTAMPTZ,
     PRIMARY KEY (region, number)
   ) COMPOUND SORTKEY (placed, region)`,
  'CREATE VIEW sales.totals AS SELECT region, SUM(amount) AS total FROM sales.orders GROUP BY region',
  'CREATE TABLE sales."Größe ""x""" ("select" INTEGER, "a;drop table t" DATE)',
  'GRANT SELECT ON ALL TABLES IN SCHEMA sales TO PUBLIC',
];

describe('discover', () => {
  let world: TestWorld;
  let connection: WorldDatabase;

  before(async function () {
    this.timeout(60_000);
    world = await openWorld();
    connection = openWorldDatabase(world);
    for (const statement of SETUP) await world.sql(statement, { database: 'dev' });
  });

  afterEach(async () => {
    await world.clearFaults();
    const { totalCount, idleCount } = connection.database.pool;
    expect(totalCount, 'borrowed sessions').to.equal(idleCount);
  });

  after(async () => {
    await connection?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  const look = (spec: DiscoverSpec): Promise<Discovery> => discover(connection, spec, connection.run());

  async function refusalOf(spec: DiscoverSpec): Promise<ConnectorError> {
    const outcome: unknown = await look(spec).catch((error: unknown) => error);
    if (outcome instanceof ConnectorError) return outcome;
    throw new Error('nothing was refused');
  }

  it('lists the schemas that the user may use, without those of the server', async () => {
    const found = await look({});
    const names = found.kind === 'schemas' ? found.schemas.map(({ name }) => name) : [];
    expect(names).to.include.members(['public', 'sales']);
    expect(names.filter((name) => /^pg_|information_schema|hidden/.test(name))).to.deep.equal([]);
  });

  it('lists tables and views of a schema', async () => {
    const found = await look({ schema: 'Sales' });
    expect(found).to.deep.include({ kind: 'objects', schema: 'sales' });
    const objects = found.kind === 'objects' ? found.objects : [];
    expect(objects.map(({ name, kind }) => [name, kind])).to.have.deep.members([
      ['größe "x"', 'table'],
      ['orders', 'table'],
      ['totals', 'view'],
    ]);
  });

  it('describes a table with its columns and keys', async () => {
    const found = await look({ object: 'SALES.ORDERS' });
    const object = found.kind === 'object' ? found.object : expect.fail('not an object');
    expect(object).to.deep.include({
      schema: 'sales',
      name: 'orders',
      kind: 'table',
      primaryKey: ['region', 'number'],
      distributionKey: 'region',
      sortKey: ['placed', 'region'],
    });
    expect(
      object.columns.map(({ name, type, nullable, isIdentity }) => [name, type, nullable, isIdentity]),
    ).to.deep.equal([
      ['id', { kind: 'bigint' }, false, true],
      ['region', { kind: 'char', bytes: 2 }, false, false],
      ['number', { kind: 'integer' }, false, false],
      ['amount', { kind: 'decimal', precision: 12, scale: 2 }, true, false],
      ['note', { kind: 'varchar', bytes: 40 }, true, false],
      ['placed', { kind: 'timestamptz' }, true, false],
    ]);
    expect(object.columns[3]?.defaultExpression).to.be.a('string').that.contains('0');
  });

  it('describes a view, and a table of awkward names', async () => {
    const view = await look({ schema: 'sales', object: 'totals' });
    expect(view.kind === 'object' && view.object.kind).to.equal('view');
    const awkward = await look({ object: ['sales', 'Größe "x"'] });
    const columns = awkward.kind === 'object' ? awkward.object.columns : [];
    expect(columns.map(({ name }) => name)).to.deep.equal(['select', 'a;drop table t']);
  });

  for (const [title, spec, near] of [
    ['a schema', { schema: 'sale' }, '"sales"'],
    ['the schema of an object', { object: 'slaes.orders' }, '"sales"'],
    ['an object', { object: 'sales.order' }, '"orders"'],
  ] as const) {
    it(`names what is near when ${title} is missing`, async () => {
      const error = await refusalOf(spec);
      expect(error.code).to.equal('RS_CONFIG_OBJECT_MISSING');
      expect(error.action).to.contain(near);
    });
  }

  it('goes to the system views where SHOW is not understood', async () => {
    const shown = await look({ object: 'sales.orders' });
    for (const command of ['SHOW SCHEMAS', 'SHOW TABLES', 'SHOW COLUMNS']) {
      await world.faults({ on: 'pg:statement', matching: command, times: 9, effect: { kind: 'error', code: '42601' } });
    }
    const found = await look({ object: 'sales.orders' });
    expect(found).to.deep.equal(shown);
    expect((await look({ schema: 'sales' })).kind).to.equal('objects');
  });

  it('asks no leader-node view that the server bills when SHOW answers', async () => {
    const before = (await world.statements()).length;
    await look({ object: 'sales.orders' });
    const texts = (await world.statements()).slice(before).map(({ text }) => text ?? '');
    expect(texts.filter((text) => /svv_|information_schema/i.test(text))).to.deep.equal([]);
  });

  it('keeps capitals where the session keeps them', async () => {
    await world.sql('GRANT CREATE ON SCHEMA public TO PUBLIC', { database: 'dev' });
    await using keeping = openWorldDatabase(world, { connectSql: 'SET enable_case_sensitive_identifier TO true' });
    {
      await using session = await keeping.database.session(keeping.run());
      expect(session.capabilities().caseSensitiveNames).to.equal(true);
      await session.run(sql`CREATE TABLE public.${identifier('Mixed')} (${identifier('Case')} INTEGER)`, keeping.run());
    }
    const found = await discover(keeping, { object: 'Mixed' }, keeping.run());
    expect(found).to.have.nested.property('object.name', 'Mixed');
    expect(found).to.have.nested.property('object.columns[0].name', 'Case');
    const refusal = await discover(keeping, { object: 'mixed' }, keeping.run()).catch((error: unknown) => error);
    expect(refusal).to.include({ code: 'RS_CONFIG_OBJECT_MISSING', action: 'Did you mean "Mixed"?' });
  });
});
