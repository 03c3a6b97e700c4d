import { format, inspect } from 'node:util';
import { expect } from 'chai';
import { Secret } from '../../src/core/secret.ts';

describe('Secret', () => {
  const VALUE = 'canary-4f1d';
  const secret = new Secret(VALUE);

  const FORMS: readonly (readonly [form: string, print: () => string])[] = [
    // Printed on purpose: what a careless message would do.
    // oxlint-disable-next-line typescript/restrict-template-expressions
    ['a template string', () => `${secret}`],
    ['String', () => String(secret)],
    ['concatenation', () => `key=${secret as unknown as string}`],
    ['JSON', () => JSON.stringify({ secret })],
    ['util.inspect', () => inspect({ secret }, { depth: 9, showHidden: true })],
    ['util.format', () => format('%s %o %j', secret, secret, secret)],
    ['an error', () => inspect(new Error('wrong', { cause: { secret } }), { showHidden: true })],
    ['own keys', () => JSON.stringify(Reflect.ownKeys(secret))],
  ];

  for (const [form, print] of FORMS) {
    it(`does not show through ${form}`, () => {
      expect(print()).not.to.include(VALUE);
    });
  }

  it('gives its value to who asks by name', () => {
    expect(secret.reveal()).to.equal(VALUE);
  });
});
