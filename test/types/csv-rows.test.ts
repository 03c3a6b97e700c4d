import { expect } from 'chai';
import fc from 'fast-check';
import { openCsvEncoder } from '../../src/types/csv.ts';
import { readCsvRows } from '../../src/types/csv-rows.ts';
import { csvLine } from '../csv-line.ts';

const DIALECT = { nullMarker: 'null-t' };

async function read(chunks: readonly string[]): Promise<readonly (readonly (string | null)[])[]> {
  const rows: (readonly (string | null)[])[] = [];
  async function* given() {
    yield* chunks;
  }
  for await (const row of readCsvRows(given(), DIALECT)) rows.push(row);
  return rows;
}

describe('rows of a spooled file', () => {
  it('are those that were encoded, wherever the chunks are cut', async () => {
    const value = fc.option(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', '\\', 'é') }), {
      nil: null,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value)), fc.nat({ max: 40 }), async (rows, cut) => {
        const field = (name: string) => ({ name, type: { kind: 'varchar', bytes: 1000 } }) as const;
        const encoder = openCsvEncoder([field('a'), field('b')], DIALECT, { rowNumbers: true });
        const text = rows.map((row, index) => csvLine(encoder, row, index + 1)).join('');
        const chunks = [text.slice(0, cut), text.slice(cut)].filter((chunk) => chunk !== '');
        expect(await read(chunks)).to.deep.equal(rows.map((row, index) => [...row, String(index + 1)]));
      }),
      { numRuns: 200 },
    );
  });

  it('tell a file that ends inside a row', async () => {
    const error: unknown = await read(['a,b\nc,"d']).catch((failure: unknown) => failure);
    expect(error).to.have.property('code', 'RS_INTERNAL');
  });
});
