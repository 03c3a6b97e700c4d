import { expect } from 'chai';
import type { ConnectorError } from '../../src/core/errors.ts';
import { checkWords } from '../../src/manifest/attributes.ts';
import { requireInput } from '../../src/operations/write/require-input.ts';

function refusalOf(work: () => void): ConnectorError {
  try {
    work();
  } catch (error) {
    return error as ConnectorError;
  }
  throw new Error('It was accepted');
}

describe('A specification', () => {
  it('with an attribute that the operation does not have is refused: a misspelt one would be passed over', () => {
    for (const [operation, spec, action] of [
      ['write', { object: 'sales.orders', operaton: 'upsert' }, 'Did you mean operation?'],
      ['write', { object: 'sales.orders', key: ['id'] }, 'Did you mean keys?'],
      ['read', { object: 'sales.orders', colums: ['id'] }, 'Did you mean columns?'],
      ['read', { object: 'sales.orders', somethingElse: 1 }, 'Leave "somethingElse" out.'],
    ] as const) {
      const { code, message, action: mend } = refusalOf(() => checkWords(operation, spec));
      expect({ code, mend }).to.deep.equal({ code: 'RS_CONFIG_INVALID', mend: action });
      expect(message).to.include(`of ${operation}`);
    }
    checkWords('write', { object: 'sales.orders', key: undefined });
  });

  it('of a write needs rows, or where they are', () => {
    for (const input of [null, undefined, 'orders.csv', 7, {}, { path: 'orders.csv' }]) {
      expect(refusalOf(() => requireInput(input))).to.include({ code: 'RS_CONFIG_INVALID' });
    }
    for (const input of [
      [],
      new Set(),
      { file: 'a.csv' },
      { files: [] },
      { rejects: 'r.jsonl' },
      (async function* () {})(),
    ]) {
      requireInput(input);
    }
  });
});
