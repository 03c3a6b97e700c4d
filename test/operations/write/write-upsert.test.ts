import { expect } from 'chai';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

describe('write: upsert', () => {
  let on: WriteWorld;
  before(async () => {
    on = await sharedWriteWorld();
  });
  afterEach(async () => {
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
  });

  it('updates rows that are there, inserts the others, and leaves other columns alone', async () => {
    await on.table('stock', 'id INTEGER NOT NULL PRIMARY KEY, amount INTEGER, note VARCHAR(10)');
    await on.world.sql("INSERT INTO sales.stock VALUES (1, 10, 'keep'), (2, 20, 'keep')");
    const report = await on.write({ object: 'sales.stock', operation: 'upsert' }, [
      { id: 2, amount: 21 },
      { id: 3, amount: 30 },
    ]);
    expect(report.rows).to.deep.equal({
      read: 2,
      staged: 2,
      loaded: 2,
      inserted: 1,
      updated: 1,
      deleted: 0,
      replaced: 0,
      rejected: 0,
      deduplicated: 0,
      skipped: 0,
    });
    expect(await on.rows('SELECT id, amount, note FROM sales.stock ORDER BY id')).to.deep.equal([
      ['1', '10', 'keep'],
      ['2', '21', 'keep'],
      ['3', '30', null],
    ]);
  });

  it('finds rows whose keys are NULL', async () => {
    await on.table('sparse', 'a INTEGER, b VARCHAR(5), amount INTEGER');
    await on.world.sql("INSERT INTO sales.sparse VALUES (1, NULL, 0), (NULL, 'x', 0), (NULL, NULL, 0), (1, 'x', 0)");
    const report = await on.write({ object: 'sales.sparse', operation: 'upsert', keys: ['a', 'b'] }, [
      { a: 1, b: null, amount: 1 },
      { a: null, b: 'x', amount: 2 },
      { a: null, b: null, amount: 3 },
      { a: 1, b: 'x', amount: 4 },
      { a: 2, b: null, amount: 5 },
      { a: null, b: 'y', amount: 6 },
    ]);
    expect(report.rows).to.include({ loaded: 6, inserted: 2, updated: 4 });
    expect(await on.rows('SELECT a, b, amount FROM sales.sparse ORDER BY amount')).to.deep.equal([
      ['1', null, '1'],
      [null, 'x', '2'],
      [null, null, '3'],
      ['1', 'x', '4'],
      ['2', null, '5'],
      [null, 'y', '6'],
    ]);
  });

  it('tells an empty key from a NULL one', async () => {
    await on.table('blank', 'k VARCHAR(5), amount INTEGER');
    await on.write({ object: 'sales.blank', operation: 'upsert', keys: ['k'] }, [
      { k: '', amount: 1 },
      { k: null, amount: 2 },
    ]);
    const report = await on.write({ object: 'sales.blank', operation: 'upsert', keys: ['k'] }, [{ k: '', amount: 3 }]);
    expect(report.rows).to.include({ updated: 1, inserted: 0 });
    expect(await on.rows('SELECT k, amount FROM sales.blank ORDER BY amount')).to.deep.equal([
      [null, '2'],
      ['', '3'],
    ]);
  });

  const repeated = [
    { id: 1, amount: 1 },
    { id: 2, amount: 2 },
    { id: 1, amount: 3 },
    { id: 1, amount: 4 },
  ];

  it('refuses rows that share a key, with their number', async () => {
    await on.table('strict', 'id INTEGER, amount INTEGER');
    const error = await on.refusal({ object: 'sales.strict', operation: 'upsert', keys: ['id'] }, repeated);
    expect(error.code).to.equal('RS_INPUT_INVALID');
    expect(error.details).to.include({ repeatedKeys: 1, repeatedRows: 3 });
    expect(await on.rows('SELECT COUNT(*) FROM sales.strict')).to.deep.equal([['0']]);
  });

  for (const [duplicateKeys, amount] of [
    ['keepFirst', '1'],
    ['keepLast', '4'],
  ] as const) {
    it(`with ${duplicateKeys} lets one of them win and counts the others`, async () => {
      await on.table(duplicateKeys, 'id INTEGER, amount INTEGER');
      const report = await on.write(
        { object: ['sales', duplicateKeys], operation: 'upsert', keys: ['id'], duplicateKeys },
        repeated,
      );
      expect(report.rows).to.include({ read: 4, loaded: 2, deduplicated: 2 });
      expect(await on.rows(`SELECT amount FROM sales.${duplicateKeys} WHERE id = 1`)).to.deep.equal([[amount]]);
    });
  }

  it('deduplicates an insert that asks for it', async () => {
    await on.table('unique_insert', 'id INTEGER, amount INTEGER');
    const spec = { object: 'sales.unique_insert', keys: ['id'], duplicateKeys: 'keepLast' } as const;
    expect((await on.write(spec, repeated)).rows).to.include({ inserted: 2, deduplicated: 2 });
  });

  it('changes nothing in rows that consist of keys only', async () => {
    await on.table('keys_only', 'a INTEGER, b INTEGER');
    await on.world.sql('INSERT INTO sales.keys_only VALUES (1, 1)');
    const spec = { object: 'sales.keys_only', operation: 'upsert', keys: ['a', 'b'] } as const;
    const report = await on.write(spec, [
      { a: 1, b: 1 },
      { a: 2, b: 2 },
    ]);
    expect(report.rows).to.include({ loaded: 2, inserted: 1, updated: 1 });
  });

  it('warns when the target repeats a key', async () => {
    await on.table('doubled', 'id INTEGER, amount INTEGER');
    await on.world.sql('INSERT INTO sales.doubled VALUES (1, 1), (1, 2)');
    const report = await on.write({ object: 'sales.doubled', operation: 'upsert', keys: ['id'] }, [
      { id: 1, amount: 9 },
    ]);
    expect(report.rows).to.include({ loaded: 1, updated: 1, inserted: 0 });
    expect(report.warnings.map(({ code }) => code)).to.deep.equal(['KEY_NOT_UNIQUE']);
  });

  it('accepts zero rows', async () => {
    await on.table('idle', 'id INTEGER PRIMARY KEY, amount INTEGER');
    expect((await on.write({ object: 'sales.idle', operation: 'upsert' }, [])).outcome).to.equal('committed');
  });

  it('gives back the session without its temporary table', async () => {
    const { rows } = await on.world.sql("SELECT COUNT(*) FROM pg_class WHERE relname LIKE 'roleshift_stage%'");
    expect(rows).to.deep.equal([['0']]);
  });
});
