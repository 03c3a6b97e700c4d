import { expect } from 'chai';
import { nextSize } from '../../src/db/cursor.ts';

const rowsOfWidth = (rowCount: number, width: number) => ({ rowCount, bytes: rowCount * width });

describe('nextSize', () => {
  for (const [title, answer, expected] of [
    ['grows tenfold at most', rowsOfWidth(100, 10), 1_000],
    ['ends at the batch size', rowsOfWidth(5_000, 10), 10_000],
    ['shrinks with the width of the rows', rowsOfWidth(1_000, 4_000), 2_000],
    ['fetches at least one row', rowsOfWidth(1, 20_000_000), 1],
    ['takes rows of NULLs as narrow', { rowCount: 2, bytes: 0 }, 20],
  ] as const) {
    it(title, () => {
      expect(nextSize(answer, 10_000, 8_000_000)).to.equal(expected);
    });
  }
});
