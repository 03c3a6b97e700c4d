import { expect } from 'chai';
import { holds } from '../../src/manifest/conditions.ts';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';
import { readInput } from '../../src/manifest/read-input.ts';

describe('a retired option', () => {
  it('names what to use instead, and no nearest name', () => {
    const retired = { userName: { since: '0.3.0', message: 'Use username.' } };
    const { issues } = readInput({ userName: 'etl' }, MANIFEST.connection.properties, retired);
    expect(issues).to.deep.equal([
      { path: 'userName', message: 'userName is no longer an option since version 0.3.0', action: 'Use username.' },
    ]);
  });
});

describe('a condition', () => {
  const values: Readonly<Record<string, unknown>> = { kind: 'a', on: false, size: 3, list: ['x'], empty: '' };
  const lookup = (key: string): unknown => values[key];

  it('holds when every key has one of its values', () => {
    expect(holds({ kind: ['a', 'b'], on: [false], size: [3] }, lookup)).to.equal(true);
    expect(holds({ kind: ['a'], on: [true] }, lookup)).to.equal(false);
  });

  it('with alternatives holds when one of them does', () => {
    expect(holds([{ kind: ['b'] }, { on: [false] }], lookup)).to.equal(true);
    expect(holds([], lookup)).to.equal(false);
  });

  it('takes null for "not given", an empty text included', () => {
    expect(holds({ absent: [null], empty: [null] }, lookup)).to.equal(true);
    expect(holds({ kind: [null] }, lookup)).to.equal(false);
    expect(holds({ list: [null] }, lookup)).to.equal(false);
  });
});
