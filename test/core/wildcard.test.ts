import { expect } from 'chai';
import fc from 'fast-check';
import { matchesWildcard } from '../../src/core/wildcard.ts';

/** What is meant, said otherwise. */
function meant(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 's');
}

describe('matchesWildcard', () => {
  for (const [pattern, text, fits] of [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['a', 'a', true],
    ['a', 'A', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['ab*ba', 'aba', false],
    ['*.example.com', 'sts.example.com', true],
    ['*.example.com', '.example.com', true],
    ['*.example.com', 'example.com', false],
    ['a.c', 'abc', false],
    ['arn:aws:iam::*:role/Etl*', 'arn:aws:iam::111122223333:role/EtlNight', true],
    ['a*', 'a\nb', true],
  ] as const) {
    it(`${JSON.stringify(pattern)} ${fits ? 'means' : 'does not mean'} ${JSON.stringify(text)}`, () => {
      expect(matchesWildcard(pattern, text)).to.equal(fits);
    });
  }

  it('means what a regular expression of it means', () => {
    const word = (letters: string) => fc.string({ unit: fc.constantFrom(...letters.split('')), maxLength: 8 });
    fc.assert(
      fc.property(word('ab.*'), word('ab.'), (pattern, text) => {
        expect(matchesWildcard(pattern, text)).to.equal(meant(pattern).test(text));
      }),
      { numRuns: 2000 },
    );
  });
});
