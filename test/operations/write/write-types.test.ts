import { expect } from 'chai';
import type { InputValue } from '../../../src/operations/write-spec.ts';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

/** Column type, value as a program gives it, text that the table then holds. */
const CASES: readonly (readonly [type: string, value: InputValue, stored: string | null])[] = [
  ['SMALLINT', -32768, '-32768'],
  ['INTEGER', 2147483647, '2147483647'],
  ['BIGINT', 9223372036854775807n, '9223372036854775807'],
  ['BIGINT', '-9223372036854775808', '-9223372036854775808'],
  ['DECIMAL(38,10)', '-1234567890123456789012345678.0123456789', '-1234567890123456789012345678.0123456789'],
  ['DECIMAL(12,2)', 1.5, '1.50'],
  ['REAL', 1.5, '1.5'],
  ['DOUBLE PRECISION', 0.1, '0.1'],
  ['DOUBLE PRECISION', 1.7976931348623157e308, '1.7976931348623157e+308'],
  ['BOOLEAN', true, 't'],
  ['BOOLEAN', false, 'f'],
  ['CHAR(4)', 'ab', 'ab  '],
  ['VARCHAR(40)', '', ''],
  ['VARCHAR(40)', null, null],
  ['VARCHAR(40)', '漢字 😀 "quoted", comma', '漢字 😀 "quoted", comma'],
  ['VARCHAR(40)', 'line\nbreak\r\nand \\N', 'line\nbreak\r\nand \\N'],
  ['VARCHAR(40)', ' blanks ', ' blanks '],
  ['VARCHAR(40)', 'NULL', 'NULL'],
  ['DATE', '2024-02-29', '2024-02-29'],
  ['DATE', new Date('2024-02-29T00:00:00Z'), '2024-02-29'],
  ['TIME', '23:59:59.999999', '23:59:59.999999'],
  ['TIMETZ', '12:00:00+02', '12:00:00+02'],
  ['TIMESTAMP', '2024-12-31 23:59:59.123456', '2024-12-31 23:59:59.123456'],
  ['TIMESTAMP', new Date('2024-12-31T23:59:59.120Z'), '2024-12-31 23:59:59.12'],
  ['TIMESTAMPTZ', '2024-06-01 12:00:00+02', '2024-06-01 10:00:00+00'],
  ['TIMESTAMPTZ', new Date('2024-06-01T10:00:00Z'), '2024-06-01 10:00:00+00'],
];

describe('write: values arrive as they left', () => {
  let on: WriteWorld;
  before(async () => {
    on = await sharedWriteWorld();
  });

  for (const operation of ['insert', 'upsert'] as const) {
    it(`every type by ${operation}`, async () => {
      const columns = CASES.map(([type], index) => `c${index} ${type}`).join(', ');
      await on.table(`types_${operation}`, `id INTEGER PRIMARY KEY, ${columns}`);
      const row = Object.fromEntries(CASES.map(([, value], index) => [`c${index}`, value]));
      await on.write({ object: `sales.types_${operation}`, operation }, [{ id: 1, ...row }]);
      const names = CASES.map((_, index) => `c${index}`).join(', ');
      const [stored = []] = await on.rows(`SELECT ${names} FROM sales.types_${operation}`);
      const found = CASES.map(([type, value], index) => [type, String(value), stored[index]]);
      expect(found).to.deep.equal(CASES.map(([type, value, text]) => [type, String(value), text]));
    });
  }
});
