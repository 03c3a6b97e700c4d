import { expect } from 'chai';
import { nextFile } from '../../src/columnar/file-sizes.ts';

const MB = 1024 * 1024;

/** Sizes of files of an input whose bytes are those of its files. */
function sizesOf(total: number, slices: number, files = 0): readonly number[] {
  const sizes: number[] = [];
  for (let left = total; left > 0; left -= sizes.at(-1) ?? 0) {
    const next = nextFile({ left, perFile: 32 * MB, perSmallFile: MB, files: files + sizes.length, slices });
    sizes.push(Math.min(left, next));
  }
  return sizes;
}

describe('sizes of staged files', () => {
  it('make a multiple of the slices', () => {
    for (const slices of [1, 2, 3, 4, 16]) {
      for (const total of [20, 33, 100, 999, 5_000]) {
        const sizes = sizesOf(total * MB, slices);
        expect(sizes.length % slices, `${total} MB, ${slices} slices`).to.equal(0);
        expect(Math.max(...sizes) - Math.min(...sizes), 'like sizes').to.be.lessThan(slices + sizes.length);
        expect(Math.max(...sizes)).to.be.at.most(32 * MB);
      }
    }
  });

  it('are not below what AWS recommends, whatever the slices', () => {
    expect(sizesOf(5 * MB, 16)).to.have.length(5);
    expect(sizesOf(MB / 2, 16)).to.have.length(1);
  });

  it('count the files that there are already', () => {
    expect(sizesOf(100 * MB, 4, 1)).to.have.length(7);
  });
});
