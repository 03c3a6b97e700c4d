import { expect } from 'chai';
import { openTargetWorld, type TargetWorld } from './target-world.ts';

describe('A target that is changed', () => {
  let world: TargetWorld;
  before(async () => {
    world = await openTargetWorld();
  });
  after(() => world[Symbol.asyncDispose]());

  /** A table of the connection's own user, which may then change it. */
  async function own(name: string, columns: string, rows?: string): Promise<void> {
    await world.table(name, columns);
    if (rows !== undefined) await world.world.sql(`INSERT INTO sales.${name} VALUES ${rows}`);
    await world.world.sql(`ALTER TABLE sales.${name} OWNER TO etl`);
  }

  it('gets the columns that it lacks, and no wider types, by add', async () => {
    await own('added', 'id INT, name VARCHAR(3)', "(1, 'old')");
    const file = await world.file('added.csv', 'id,name,price\n2,new,1.5\n');
    const report = await world.write(
      {
        object: 'sales.added',
        targetChanges: 'add',
        columnDefinitions: "price DECIMAL(9,2) NOT NULL ENCODE zstd COMMENT 'net'",
      },
      { file },
    );
    expect(report.ddl).to.deep.equal([
      'ALTER TABLE "sales"."added" ADD COLUMN "price" DECIMAL(9,2) ENCODE ZSTD',
      `COMMENT ON COLUMN "sales"."added"."price" IS 'net'`,
    ]);
    expect(await world.rows('SELECT * FROM sales.added ORDER BY id')).to.deep.equal([
      ['1', 'old', null],
      ['2', 'new', '1.50'],
    ]);
    const long = await world.file('long.csv', 'id,name\n3,longer\n');
    const refused = await world.refusal({ object: 'sales.added', targetChanges: 'add' }, { file: long });
    expect(refused).to.include({ code: 'RS_VALUE_UNREPRESENTABLE' });
  });

  it('refuses any difference by fail, and says which', async () => {
    await own('same', 'id SMALLINT, name VARCHAR(3), more INT');
    const file = await world.file('same.csv', 'id,name,price\n70000,long,1.5\n');
    const refused = await world.refusal({ object: 'sales.same', targetChanges: 'fail' }, { file });
    expect(refused).to.include({ code: 'RS_INPUT_INVALID' });
    expect(refused.details['differences']).to.equal(
      'column "id" (SMALLINT) does not hold INTEGER; column "name" (VARCHAR(3)) does not hold VARCHAR(4); ' +
        'the table has no column "price" (DECIMAL(18,1)); the input has no column "more"',
    );
    const equal = await world.file('equal.csv', 'id,name,more\n7,abc,1\n');
    expect(
      (await world.write({ object: 'sales.same', targetChanges: 'fail' }, { file: equal })).rows.inserted,
    ).to.equal(1);
  });

  it('gets wider types by alter: a VARCHAR in place, a number by a new column that takes its place', async () => {
    await own('altered', 'id INT, name VARCHAR(3) ENCODE zstd, n SMALLINT', "(1, 'abc', 7), (2, NULL, NULL)");
    await world.world.sql("COMMENT ON COLUMN sales.altered.n IS 'a number'");
    const file = await world.file('altered.csv', 'id,name,n\n3,longer,3000000000\n');
    const report = await world.write({ object: 'sales.altered', targetChanges: 'alter' }, { file });
    expect(report.ddl?.[0]).to.equal('ALTER TABLE "sales"."altered" ALTER COLUMN "name" TYPE VARCHAR(256)');
    expect(report.ddl?.map((text) => text.split(' ')[0])).to.deep.equal(
      'ALTER ALTER COMMENT UPDATE LOCK UPDATE ALTER ALTER COMMENT COMMENT ALTER'.split(' '),
    );
    expect(await world.rows('SELECT id, name, n FROM sales.altered ORDER BY id')).to.deep.equal([
      ['1', 'abc', '7'],
      ['2', null, null],
      ['3', 'longer', '3000000000'],
    ]);
    const shown = await world.shown('altered');
    expect(shown)
      .to.match(/n bigint/)
      .and.not.match(/roleshift_/);
    expect(
      await world.rows(
        "SELECT col_description('sales.altered'::regclass, attnum::int) FROM pg_attribute WHERE attrelid = 'sales.altered'::regclass AND attname = 'n'",
      ),
    ).to.deep.equal([['a number']]);
  });

  for (const [title, columns, file] of [
    ['a key', 'id INT NOT NULL PRIMARY KEY, name VARCHAR(9)', 'id\n3000000000\n'],
    ['a distribution key', 'id INT DISTKEY, name VARCHAR(9)', 'id\n3000000000\n'],
    ['a column that takes no NULLs', 'id INT NOT NULL, name VARCHAR(9)', 'id\n3000000000\n'],
    ['a column with a default', 'id INT DEFAULT 1, name VARCHAR(9)', 'id\n3000000000\n'],
  ] as const) {
    it(`leaves ${title} alone by alter, and says why`, async () => {
      const name = `fixed_${title.replaceAll(' ', '_')}`.toLowerCase();
      await own(name, columns);
      const path = await world.file(`${name}.csv`, file);
      const refused = await world.refusal({ object: `sales.${name}`, targetChanges: 'alter' }, { file: path });
      expect(refused).to.include({ code: 'RS_FEATURE_UNSUPPORTED' });
      expect(refused.action).to.match(/recreate/);
    });
  }

  const STEPS = [
    'ADD COLUMN "roleshift_new',
    'COMMENT ON COLUMN',
    'SET "roleshift_new',
    'LOCK ',
    'RENAME COLUMN "n"',
    'RENAME COLUMN "roleshift_new',
    'DROP COLUMN "roleshift_old',
  ];
  for (const when of ['before', 'after'] as const) {
    for (const [index, matching] of STEPS.entries()) {
      // With nothing left to do, the second attempt of the same run ends it.
      if (when === 'after' && matching.startsWith('DROP')) continue;
      it(`goes on where a run died that changed a type: ${when} ${matching}`, async () => {
        const name = `crashed_${when}_${index}`;
        await own(name, 'id INT, n SMALLINT', '(1, 7), (2, NULL)');
        const file = await world.file(`${name}.csv`, 'id,n\n3,70000\n');
        await world.world.faults({ on: 'pg:statement', matching, times: 'always', effect: { kind: 'drop', when } });
        const spec = { object: `sales.${name}`, targetChanges: 'alter' } as const;
        const refused = await world.refusal(spec, { file });
        expect(refused.code).to.match(/^RS_CO(?:NN_LOST|MMIT_UNKNOWN)$/);
        await world.world.clearFaults();
        await world.write(spec, { file });
        expect(await world.rows(`SELECT id, n FROM sales.${name} ORDER BY id`)).to.deep.equal([
          ['1', '7'],
          ['2', null],
          ['3', '70000'],
        ]);
        expect(await world.shown(name))
          .to.match(/n bigint/)
          .and.not.match(/roleshift_/);
      });
    }
  }

  it('tells a commit whose answer was lost from one that did not happen, and goes on from there', async () => {
    await own('uncommitted', 'id INT, n SMALLINT', '(1, 7)');
    const file = await world.file('uncommitted.csv', 'id,n\n3,70000\n');
    const spec = { object: 'sales.uncommitted', targetChanges: 'alter' } as const;
    await world.world.faults({ on: 'pg:commit', after: 1, effect: { kind: 'drop', when: 'after' } });
    expect(await world.refusal(spec, { file })).to.include({ code: 'RS_COMMIT_UNKNOWN' });
    await world.write(spec, { file });
    expect(await world.rows('SELECT id, n FROM sales.uncommitted ORDER BY id')).to.deep.equal([
      ['1', '7'],
      ['3', '70000'],
    ]);
  });
});
