import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { workedExample } from './worked-example.ts';

const FOLDER = new URL('../../samples/policies/', import.meta.url);

describe('samples/policies', () => {
  const expected = workedExample();

  it('holds the nine documents for both places, and no file besides', () => {
    const found = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name));
    expect(found.sort()).to.deep.equal([...expected.keys()].sort());
    expect(expected.size).to.equal(2 * 9 + 1);
  });

  for (const [name, content] of expected) {
    it(`${name} is what the generator says (npx tsx test/policies/worked-example.ts writes it)`, () => {
      expect(readFileSync(new URL(name, FOLDER), 'utf8')).to.equal(content);
    });
  }
});
