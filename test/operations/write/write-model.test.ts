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

/** One row of a data driven input. */
const step = fc.record({
  op: fc.constantFrom('I', 'U', 'D', 'R'),
  a: fc.constantFrom(null, 1, 2),
  b: fc.constantFrom(null, 'x'),
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

  it('a data driven write does what its rows would do one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 14 }), { minLength: 1, maxLength: 2 }), async (loads) => {
        tables += 1;
        const object = `sales.model_${tables}`;
        await on.table(`model_${tables}`, "a INTEGER, b VARCHAR(5), v INTEGER, extra VARCHAR(5) DEFAULT 'new'");
        const model = new Map<string, Row>();
        for (const steps of loads) {
          // An insert of a row that is there would double it: an update then.
          const rows = steps.map(({ op, ...own }) => {
            const key = keyOf(own);
            const change = op === 'I' && model.has(key) ? 'U' : op;
            if (change === 'I' || (change === 'U' && model.has(key))) model.set(key, own);
            if (change === 'D') model.delete(key);
            return { ...own, op: change };
          });
          const report = await on.write(
            { object, operation: 'dataDriven', keys: ['a', 'b'], changeColumn: 'op' },
            rows,
          );
          const { read, loaded, rejected, deduplicated, skipped } = report.rows;
          expect([read, loaded + rejected + deduplicated + skipped]).to.deep.equal([rows.length, rows.length]);
          expect([rejected, report.warnings]).to.deep.equal([rows.filter(({ op }) => op === 'R').length, []]);
        }
        const found = await on.rows(`SELECT a, b, v FROM ${object}`);
        const expected = [...model.values()].map(({ a, b, v }) => [a === null ? null : String(a), b, String(v)]);
        expect(found).to.have.deep.members(expected);
      }),
      { numRuns: RUNS },
    );
  });
});
