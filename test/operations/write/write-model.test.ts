import { expect } from 'chai';
import fc from 'fast-check';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

interface Row {
  readonly a: number | null;
  readonly b: string | null;
  readonly v: number;
}

const TOO_LONG = 'too long';
const RUNS = 8;

const row: fc.Arbitrary<Row> = fc.record({
  a: fc.constantFrom(null, 1, 2),
  b: fc.constantFrom(null, '', 'x', '😀', TOO_LONG),
  v: fc.integer({ min: 0, max: 1000 }),
});

describe('write: nothing lost, nothing doubled', () => {
  let on: WriteWorld;
  let tables = 0;
  before(async () => {
    on = await sharedWriteWorld();
  });

  const keyOf = ({ a, b }: Row): string => JSON.stringify([a, b]);

  it('upserts do what a map would do, whatever the rows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 12 }), { minLength: 1, maxLength: 3 }), async (loads) => {
        tables += 1;
        const object = `sales.model_${tables}`;
        await on.table(`model_${tables}`, 'a INTEGER, b VARCHAR(5), v INTEGER');
        const model = new Map<string, Row>();
        for (const rows of loads) {
          const valid = rows.filter(({ b }) => b !== TOO_LONG);
          const keys = new Set(valid.map(keyOf));
          const updated = [...keys].filter((key) => model.has(key)).length;
          for (const each of valid) model.set(keyOf(each), each);
          const report = await on.write(
            { object, operation: 'upsert', keys: ['a', 'b'], duplicateKeys: 'keepLast', rejectLimit: 100 },
            rows,
          );
          expect(report.rows).to.deep.equal({
            read: rows.length,
            staged: valid.length,
            loaded: keys.size,
            inserted: keys.size - updated,
            updated,
            deleted: 0,
            replaced: 0,
            rejected: rows.length - valid.length,
            deduplicated: valid.length - keys.size,
            skipped: 0,
          });
        }
        const found = await on.rows(`SELECT a, b, v FROM ${object}`);
        const expected = [...model.values()].map(({ a, b, v }) => [a === null ? null : String(a), b, String(v)]);
        expect(found).to.have.deep.members(expected);
      }),
      { numRuns: RUNS },
    );
  });
});
