import { expect } from 'chai';
import fc from 'fast-check';
import type { SupportedType } from '../../src/core/redshift-type.ts';
import { codecFor } from '../../src/types/codec.ts';
import { Unfit } from '../../src/types/codec-shape.ts';

const digits = (length: number) =>
  fc.string({
    unit: fc.constantFrom('0', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '9'),
    minLength: length,
    maxLength: length,
  });
const day = fc.tuple(fc.constantFrom('0000', '0001', '1900', '2000', '2023', '2024', '9999'), digits(2), digits(2));
const clock = fc.tuple(digits(2), digits(2), digits(2), fc.option(digits(6)), fc.nat({ max: 6 }));
const moment = fc.tuple(day, clock).map(([date, [h, m, s, fraction, length]]) => {
  const rest = fraction === null ? '' : `.${fraction.slice(0, length)}`;
  return `${date.join('-')} ${h}:${m}:${s}${rest}`;
});
const number = fc
  .tuple(fc.constantFrom('', '-'), fc.nat({ max: 6 }).chain(digits), fc.option(fc.nat({ max: 4 }).chain(digits)))
  .map(([sign, head, tail]) => `${sign}${head}${tail === null ? '' : `.${tail}`}`);

/** A text in its plain form is sent as it is; blanks around it lead to the same answer by the long way. */
const CASES: readonly { readonly type: SupportedType; readonly texts: fc.Arbitrary<string> }[] = [
  {
    type: { kind: 'date' },
    texts: fc.oneof(
      day.map((parts) => parts.join('-')),
      moment,
    ),
  },
  {
    type: { kind: 'timestamp' },
    texts: fc.oneof(
      moment,
      day.map((parts) => parts.join('-')),
    ),
  },
  {
    type: { kind: 'timestamptz' },
    texts: fc.tuple(moment, fc.constantFrom('', '+00', '+01', 'Z')).map((p) => p.join('')),
  },
  { type: { kind: 'decimal', precision: 5, scale: 2 }, texts: number },
  { type: { kind: 'decimal', precision: 4, scale: 4 }, texts: number },
  { type: { kind: 'decimal', precision: 3, scale: 0 }, texts: number },
];

describe('texts in their plain form', () => {
  for (const { type, texts } of CASES) {
    it(`are sent as the long way would write them: ${JSON.stringify(type)}`, () => {
      const { toText } = codecFor(type);
      const shape = (result: string | Unfit) => (result instanceof Unfit ? [result.problem, result.lossyText] : result);
      fc.assert(
        fc.property(texts, (text) => {
          expect(shape(toText(text)), text).to.deep.equal(shape(toText(` ${text}`)));
        }),
        { numRuns: 1000 },
      );
    });
  }

  for (const kind of ['smallint', 'integer', 'bigint'] as const) {
    it(`of whole numbers are those of their bigints: ${kind}`, () => {
      const { toText } = codecFor({ kind });
      for (const edge of [0n, 2n ** 15n, 2n ** 31n, 2n ** 53n, 2n ** 63n]) {
        for (const value of [-2n, -1n, 0n, 1n, 2n].flatMap((step) => [edge + step, -edge + step])) {
          const long = toText(String(value));
          expect(toText(value), String(value)).to.deep.equal(long);
          if (Number.isSafeInteger(Number(value))) expect(toText(Number(value))).to.deep.equal(long);
        }
      }
    });
  }
});
