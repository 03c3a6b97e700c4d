import { expect } from 'chai';
import { openTargetWorld, type TargetWorld } from './target-world.ts';

describe('A target that is recreated', () => {
  let world: TargetWorld;
  before(async () => {
    world = await openTargetWorld();
    await world.world.sql('GRANT USAGE ON SCHEMA sales TO reporting');
  });
  after(() => world[Symbol.asyncDispose]());

  async function own(name: string, columns: string, rest = ''): Promise<void> {
    await world.table(name, columns);
    if (rest !== '') await world.world.sql(rest);
    await world.world.sql(`ALTER TABLE sales.${name} OWNER TO etl`);
  }

  const BELONGINGS = [
    'GRANT SELECT, INSERT ON sales.full TO reporting',
    'GRANT SELECT ON sales.full TO GROUP loaders',
    'GRANT SELECT ON sales.full TO PUBLIC',
    'GRANT UPDATE (name) ON sales.full TO reporting',
    "COMMENT ON TABLE sales.full IS 'all orders'",
    "COMMENT ON COLUMN sales.full.name IS 'as printed'",
    "INSERT INTO sales.full VALUES (1, 'one'), (2, NULL)",
    'CREATE VIEW sales.full_names AS SELECT id, name FROM sales.full',
    'CREATE VIEW sales.full_count AS SELECT COUNT(*) AS n FROM sales.full_names',
    'GRANT SELECT ON sales.full_names TO reporting',
    'ALTER TABLE sales.full_names OWNER TO etl',
    'ALTER TABLE sales.full_count OWNER TO etl',
  ].join(';');

  it('keeps rows, owner, grants, column grants, comments, keys and views', async () => {
    await own('full', 'id INT NOT NULL DISTKEY SORTKEY, name VARCHAR(5), PRIMARY KEY (id)', BELONGINGS);
    const rights = `SELECT privilege_type, identity_name, identity_type FROM svv_relation_privileges WHERE relation_name LIKE 'full%' ORDER BY 1, 2, 3`;
    const columnRights = `SELECT column_name, privilege_type, identity_name FROM svv_column_privileges WHERE relation_name = 'full'`;
    const before = [await world.rows(rights), await world.rows(columnRights)];
    const file = await world.file('full.csv', 'id,name,price\n3000000000,longer,1.25\n');
    const report = await world.write({ object: 'sales.full', targetChanges: 'recreate' }, { file });
    expect(report.rows.inserted).to.equal(1);
    expect(report.ddl?.join('\n')).to.not.match(/CASCADE/);
    expect(await world.rows('SELECT * FROM sales.full ORDER BY id')).to.deep.equal([
      ['1', 'one', null],
      ['2', null, null],
      ['3000000000', 'longer', '1.25'],
    ]);
    expect([await world.rows(rights), await world.rows(columnRights)]).to.deep.equal(before);
    expect(await world.rows('SELECT n FROM sales.full_count')).to.deep.equal([['3']]);
    expect(await world.shown('full'))
      .to.match(/id bigint NOT NULL.*distkey/)
      .and.match(/name character varying\(256\)/)
      .and.match(/PRIMARY KEY \(id\)/)
      .and.match(/SORTKEY \( id \)/);
    expect(
      await world.rows(
        "SELECT obj_description('sales.full'::regclass), col_description('sales.full'::regclass, 2), (SELECT usename FROM pg_user u JOIN pg_class c ON c.relowner = u.usesysid WHERE c.oid = 'sales.full'::regclass)",
      ),
    ).to.deep.equal([['all orders', 'as printed', 'etl']]);
  });

  it('leaves a table alone that fits, and changes one whose distribution is to be another', async () => {
    await own('fits', 'id INT, name VARCHAR(5)', "INSERT INTO sales.fits VALUES (1, 'one')");
    const file = await world.file('fits.csv', 'id,name\n2,two\n');
    const spec = { object: 'sales.fits', targetChanges: 'recreate' } as const;
    expect(await world.write(spec, { file })).to.not.have.property('ddl');
    await world.write({ ...spec, distributionKey: 'id', sortKeys: ['name'] }, { file }, { runId: 'fits-2' });
    expect(await world.shown('fits'))
      .to.match(/id integer.*distkey/)
      .and.match(/SORTKEY \( name \)/);
    expect(await world.rows('SELECT COUNT(*) FROM sales.fits')).to.deep.equal([['3']]);
  });

  it('has the columns of the input and no others where the rows go anyway', async () => {
    await own('gone', 'id INT, old VARCHAR(5)', "INSERT INTO sales.gone VALUES (1, 'one')");
    const file = await world.file('gone.csv', 'id,at\n2,2026-01-01\n');
    await world.write({ object: 'sales.gone', targetChanges: 'recreate', before: 'overwrite' }, { file });
    expect(await world.shown('gone'))
      .to.match(/id integer/)
      .and.match(/at.* date/)
      .and.not.match(/old/);
    expect(await world.rows('SELECT id FROM sales.gone')).to.deep.equal([['2']]);
  });

  const REFUSED: readonly (readonly [title: string, columns: string, more: (name: string) => string, why: RegExp])[] = [
    [
      'a materialised view',
      'id INT',
      (name) => `CREATE MATERIALIZED VIEW sales.mv_${name} AS SELECT id FROM sales.${name}`,
      /materialised view/,
    ],
    [
      'a foreign key from elsewhere',
      'id INT NOT NULL, PRIMARY KEY (id)',
      (name) =>
        `CREATE TABLE sales.fk_${name} (id INT REFERENCES sales.${name} (id)); GRANT SELECT ON sales.fk_${name} TO etl`,
      /foreign key hangs on it/,
    ],
    [
      'row-level security',
      'id INT',
      (name) =>
        `INSERT INTO pg_catalog.rs_rls_attached_policy VALUES ('sales', '${name}', 'table', 'own_rows', 'dba', 'etl', 'user', true, true, 'and')`,
      /row-level security hangs on it/,
    ],
    [
      'masking',
      'id INT',
      (name) =>
        `INSERT INTO pg_catalog.rs_attached_masking_policy VALUES ('mask_id', 'sales', '${name}', 'table', 'dba', 'etl', 'user', 0, '["id"]', '["id"]')`,
      /masking hangs on it/,
    ],
    [
      'a datashare',
      'id INT',
      (name) =>
        `INSERT INTO pg_catalog.rs_datashare_objects VALUES ('OUTBOUND', 'shared', 'table', 'sales.${name}', '111122223333', 'namespace', NULL)`,
      /a datashare hangs on it/,
    ],
    ['numbers of its own', 'nr INT IDENTITY(1,1), id INT', () => '', /numbers its column/],
  ];
  for (const [index, [title, columns, more, why]] of REFUSED.entries()) {
    it(`is refused while ${title} would be lost, and stays as it is`, async () => {
      const name = `refused_${index}`;
      await own(name, columns, more(name));
      const file = await world.file(`${name}.csv`, 'id,more\n1,2\n');
      const refused = await world.refusal({ object: `sales.${name}`, targetChanges: 'recreate' }, { file });
      expect(refused).to.include({ code: 'RS_FEATURE_UNSUPPORTED' });
      expect(refused.message).to.match(why);
      expect(await world.shown(name)).to.not.match(/more/);
    });
  }

  it('is the old one still when the run dies before COMMIT, and the new one when tried again', async () => {
    await own('dies', 'id INT', 'INSERT INTO sales.dies VALUES (1)');
    const file = await world.file('dies.csv', 'id,more\n2,3\n');
    const spec = { object: 'sales.dies', targetChanges: 'recreate' } as const;
    await world.world.faults({
      on: 'pg:statement',
      matching: 'OWNER TO',
      times: 'always',
      effect: { kind: 'drop', when: 'after' },
    });
    expect(await world.refusal(spec, { file })).to.include({ code: 'RS_CONN_LOST' });
    await world.world.clearFaults();
    expect(await world.shown('dies')).to.not.match(/more/);
    await world.write(spec, { file });
    expect(await world.rows('SELECT id, more FROM sales.dies ORDER BY id')).to.deep.equal([
      ['1', null],
      ['2', '3'],
    ]);
  });
});
