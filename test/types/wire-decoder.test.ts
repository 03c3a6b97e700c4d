import { expect } from 'chai';
import fc from 'fast-check';
import type { SupportedType } from '../../src/core/redshift-type.ts';
import { codecFor } from '../../src/types/codec.ts';
import type { InputScalar } from '../../src/types/codec-shape.ts';
import { typeFromName } from '../../src/types/parse-type.ts';
import { wireDecoder } from '../../src/types/wire-decoder.ts';
import { WireText } from '../../src/types/wire-text.ts';
import { TYPE_CASES } from './type-cases.ts';

/** What stands around the text changes nothing, whether it is ASCII or not. */
const AROUND = ['', '7', 'ü'];
/** A piece that is too large to be made text of in one go. */
const MUCH = 'x'.repeat(300 * 1024);

function expectSame(type: SupportedType, text: string, arounds: readonly string[] = AROUND): void {
  const expected = codecFor(type).fromText(text);
  for (const around of arounds) {
    const bytes = Buffer.from(`${around}${text}${around}`);
    const start = Buffer.byteLength(around);
    const value = wireDecoder(type)(new WireText(bytes), start, start + Buffer.byteLength(text));
    expect(Object.is(value, expected), `${text} is ${String(value)}, not ${String(expected)}`).to.equal(true);
  }
}

function typeOf(name: string): SupportedType {
  const type = typeFromName(name);
  if (type.kind === 'unsupported') throw new RangeError(name);
  return type;
}

describe('wireDecoder', () => {
  for (const type of new Set(TYPE_CASES.map((one) => one.type))) {
    it(`gives what the codec gives: ${type}`, () => {
      for (const { expected, input } of TYPE_CASES.filter((one) => one.type === type && one.expected !== null)) {
        const text = codecFor(typeOf(type)).toText((input ?? expected) as InputScalar);
        expectSame(typeOf(type), text as string, [...AROUND, MUCH]);
      }
    });
  }

  for (const [name, max] of [
    ['SMALLINT', 2n ** 15n],
    ['INTEGER', 2n ** 31n],
    ['BIGINT', 2n ** 63n],
  ] as const) {
    it(`reads any ${name}`, () => {
      const ends = [0n, 1n, -1n, 2047n, 2048n, -2048n, 2n ** 53n, -(2n ** 53n), max - 1n, -max, 10n ** 15n, 10n ** 14n];
      for (const end of ends) expectSame(typeOf(name), String(end));
      fc.assert(
        fc.property(fc.bigInt({ min: -max, max: max - 1n }), (value) => expectSame(typeOf(name), String(value))),
        { numRuns: 50 },
      );
    });
  }

  it('reads any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => expectSame(typeOf('VARCHAR(400)'), text)),
      { numRuns: 50 },
    );
  });

  it('keeps values apart from the piece that they came in', () => {
    const bytes = Buffer.from('2001-01-01 00:00:00');
    const value = wireDecoder(typeOf('TIMESTAMP'))(new WireText(bytes), 0, bytes.length);
    bytes.fill(0x78);
    expect(value).to.equal('2001-01-01 00:00:00');
  });
});
