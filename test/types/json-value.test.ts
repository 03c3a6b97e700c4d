import { expect } from 'chai';
import type { Value } from '../../src/types/batch.ts';
import { requireSupported } from '../../src/types/field.ts';
import { jsonOf } from '../../src/types/json-value.ts';
import { typeFromName } from '../../src/types/parse-type.ts';

function json(type: string, value: Value, mayLose = false): string {
  const [field] = requireSupported([{ name: 'v', type: typeFromName(type) }]);
  return jsonOf(field!, mayLose)(value, 7);
}

describe('JSON of a value', () => {
  for (const [type, value, text] of [
    ['int8', 9007199254740993n, '9007199254740993'],
    ['float8', Number.NaN, '"NaN"'],
    ['float8', -Infinity, '"-Infinity"'],
    ['numeric(38,2)', '12345678901234567890.10', '"12345678901234567890.10"'],
    ['varchar(9)', 'a"b', '"a\\"b"'],
    ['varchar(9)', 'null', '"null"'],
    ['varchar(9)', null, 'null'],
    ['bool', true, 'true'],
    ['super', '{"n":0.12345678901234567890}', '{"n":0.12345678901234567890}'],
    ['super', '[1,\n2]', '[1, 2]'],
    ['super', null, 'null'],
  ] as const) {
    it(`of ${type} is ${text}`, () => expect(json(type, value)).to.equal(text));
  }

  it('refuses the null of JSON as a whole SUPER, by row and column, unless its loss was accepted', () => {
    expect(() => json('super', 'null'))
      .to.throw('Row 7, column "v" (SUPER)')
      .with.property('code', 'RS_VALUE_UNREPRESENTABLE');
    expect(json('super', 'null', true)).to.equal('null');
  });
});
