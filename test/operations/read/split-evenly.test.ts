import { expect } from 'chai';
import type { SupportedType } from '../../../src/core/redshift-type.ts';
import { splitEvenly } from '../../../src/operations/read/split-evenly.ts';

describe('splitEvenly', () => {
  for (const [kind, lowest, highest, parts, expected] of [
    ['integer', '1', '100', 4, ['26', '51', '76']],
    ['bigint', '-9223372036854775808', '9223372036854775807', 2, ['0']],
    ['smallint', '1', '2', 8, ['2']],
    ['integer', '5', '5', 8, []],
    ['decimal', '-1.50', '1.50', 2, ['0.00']],
    ['decimal', '-0.04', '0.02', 3, ['-0.02', '0.00']],
    ['double', '0', '1', 4, ['0.25', '0.5', '0.75']],
    ['double', '0', 'NaN', 4, []],
    ['real', '-Infinity', '1', 4, []],
    ['date', '2026-01-01', '2026-01-04', 2, ['2026-01-03']],
    ['date', '0001-12-31 BC', '0001-01-02', 3, ['0001-01-01', '0001-01-02']],
    ['timestamp', '2026-01-01 00:00:00', '2026-01-01 23:59:59.5', 2, ['2026-01-01 12:00:00']],
    ['timestamp', '1969-12-31 23:59:58', '1970-01-01 00:00:01', 2, ['1970-01-01 00:00:00']],
    ['timestamptz', '2026-01-01 02:00:00+02', '2026-01-01 00:59:59+00', 2, ['2026-01-01 00:30:00+00']],
    ['time', '00:00:00', '23:59:59', 2, ['12:00:00']],
    ['boolean', 'f', 't', 2, undefined],
  ] as const satisfies readonly (readonly [
    SupportedType['kind'],
    string,
    string,
    number,
    readonly string[] | undefined,
  ])[]) {
    it(`cuts ${kind} from ${lowest} to ${highest} into ${parts}`, () => {
      expect(splitEvenly({ kind } as SupportedType, [lowest, highest], parts)).to.deep.equal(expected);
    });
  }
});
