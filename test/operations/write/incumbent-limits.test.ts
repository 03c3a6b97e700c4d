import { expect } from 'chai';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

/** Limits of writes that connectors of this kind document, by their number in the list that we keep; those of reads are beside them. */
describe('limits of writes that other connectors document', () => {
  let on: WriteWorld;
  before(async () => {
    on = await sharedWriteWorld();
  });

  for (const keys of [['d'], ['d', 'id']]) {
    it(`row 9: an upsert doubles no row whose distribution key is NULL, by ${keys.join(' and ')}`, async () => {
      const name = `null_dist_${keys.length}`;
      await on.table(name, 'd INTEGER, id INTEGER, n INTEGER');
      const object = `sales.${name}`;
      const rows = (n: number): readonly object[] => [
        { d: null, id: 1, n },
        { d: 7, id: 2, n },
      ];
      const first = await on.write({ object, operation: 'upsert', keys }, rows(1));
      expect(first.rows).to.include({ inserted: 2, updated: 0 });
      const second = await on.write({ object, operation: 'upsert', keys }, rows(2));
      expect(second.rows).to.include({ inserted: 0, updated: 2 });
      expect(await on.rows(`SELECT d, id, n FROM ${object} ORDER BY id`)).to.deep.equal([
        [null, '1', '2'],
        ['7', '2', '2'],
      ]);
    });
  }

  it('row 13: schemas, tables and columns may have any name', async () => {
    await on.world.sql('CREATE SCHEMA IF NOT EXISTS "x/y"; GRANT ALL ON SCHEMA "x/y" TO etl');
    await on.world.sql(
      'CREATE TABLE "x/y"."größe.x-1" ("sélect" INTEGER, "日本/x" VARCHAR(9)); GRANT ALL ON "x/y"."größe.x-1" TO etl',
    );
    const spec = { object: ['x/y', 'größe.x-1'], operation: 'upsert', keys: ['sélect'] } as const;
    await on.write(spec, [{ sélect: 1, '日本/x': 'ü' }]);
    await on.write(spec, [{ sélect: 1, '日本/x': 'ö' }]);
    expect(await on.rows('SELECT * FROM "x/y"."größe.x-1"')).to.deep.equal([['1', 'ö']]);
  });

  it('row 20: a key may have more than 32 columns', async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);
    await on.table('many_keys', `${keys.map((key) => `${key} INTEGER`).join(', ')}, n INTEGER`);
    const row = (last: number | null, n: number): object =>
      Object.fromEntries([...keys.map((key, index) => [key, index === 39 ? last : index]), ['n', n]]);
    const spec = { object: 'sales.many_keys', operation: 'upsert', keys } as const;
    await on.write(spec, [row(1, 1), row(null, 1)]);
    const { rows } = await on.write(spec, [row(1, 2), row(null, 2), row(3, 2)]);
    expect(rows).to.include({ inserted: 1, updated: 2 });
    expect(await on.rows('SELECT k39, n FROM sales.many_keys ORDER BY k39 NULLS FIRST')).to.deep.equal([
      [null, '2'],
      ['1', '2'],
      ['3', '2'],
    ]);
    expect((await on.write({ ...spec, operation: 'delete' }, [row(null, 0)])).rows.deleted).to.equal(1);
  });
});
