import { expect } from 'chai';
import { typeFromName } from '../../src/types/parse-type.ts';
import { DOCUMENTED_TYPES } from '../../tools/render-types-doc.ts';
import { TYPE_CASES } from './type-cases.ts';

describe('docs/types.md', () => {
  it('is about the types whose every edge value goes there and back in the tests, and about no other', () => {
    const tested = new Set(TYPE_CASES.map(({ type }) => typeFromName(type).kind));
    const documented = new Set(DOCUMENTED_TYPES.map(({ kind }) => kind));
    expect([...documented].sort()).to.deep.equal([...tested].sort());
  });
});
