import { expect } from 'chai';
import fc from 'fast-check';
import { quoteLongNumbers } from '../../src/columnar/long-numbers.ts';
import { ConnectorError } from '../../src/core/errors.ts';

async function rewritten(text: string, chunkBytes = text.length + 1): Promise<string> {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let start = 0; start < bytes.length; start += chunkBytes) yield bytes.subarray(start, start + chunkBytes);
  }
  const pieces: Buffer[] = [];
  for await (const piece of quoteLongNumbers(chunks())) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

describe('long numbers in JSON Lines', () => {
  for (const [given, expected] of [
    ['{"a":0.10000000000000000001}', '{"a":"0.10000000000000000001"}'],
    ['{"a":-12345678901234567890.5e-3, "b":1}', '{"a":"-12345678901234567890.5e-3", "b":1}'],
    ['{"a":123456789012345,"b":0.000000000000000000001}', '{"a":123456789012345,"b":0.000000000000000000001}'],
    ['{"a":"0.10000000000000000001 \\" 1234567890123456"}', '{"a":"0.10000000000000000001 \\" 1234567890123456"}'],
    ['{"a\\\\":1234567890123456}', '{"a\\\\":"1234567890123456"}'],
    ['{"a":[9007199254740993,18446744073709551615,0.30000000000000004]}', undefined],
    ['{"a":{"b":1},"c":1234567890123456}', '{"a":{"b":1},"c":"1234567890123456"}'],
    ['{"a":1234567890-123456789}', undefined],
    ['{"a":0.00000000000000000000002}', '{"a":"0.00000000000000000000002"}'],
    ['{"a":-0,"b":-0.0,"c":-0.5,"d":[-0]}', '{"a":"-0","b":"-0.0","c":-0.5,"d":[-0]}'],
    ['{"a":{\n{"a":1234567890123456}', '{"a":{\n{"a":"1234567890123456"}'],
  ] as const) {
    it(`rewrites ${JSON.stringify(given)}${expected === given || expected === undefined ? ' not at all' : ''}`, async () => {
      for (const chunkBytes of [1, 7, 1000]) expect(await rewritten(given, chunkBytes)).to.equal(expected ?? given);
    });
  }

  for (const number of ['0.10000000000000000001', '18446744073709551616', '1234567890.12345678901e5']) {
    it(`refuses ${number} where quotes would change a nested value, by its line`, async () => {
      const error: unknown = await rewritten(`{"a":1}\n{"a":{"b":[${number}]}}\n`).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(ConnectorError).with.property('code', 'RS_INPUT_INVALID');
      expect((error as ConnectorError).details).to.deep.equal({ line: 2 });
    });
  }

  it('does the same however the bytes are cut', async () => {
    const digits = fc.stringMatching(/^[1-9][0-9]{0,25}(\.[0-9]{1,25})?$/);
    const value = fc.oneof(
      digits.map(
        (text) =>
          [
            text,
            text.replace('.', '').length > 15 || (text.split('.')[1] ?? '').length > 22 ? `"${text}"` : text,
          ] as const,
      ),
      fc.string({ unit: 'grapheme' }).map((text) => [JSON.stringify(text), JSON.stringify(text)] as const),
    );
    const line = fc.dictionary(fc.string(), value);
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 4 }), fc.integer({ min: 1, max: 40 }), async (lines, chunkBytes) => {
        const text = (which: 0 | 1): string =>
          lines
            .map((pairs) => {
              const members = Object.entries(pairs).map(([name, own]) => `${JSON.stringify(name)}: ${own[which]}`);
              return `{${members.join(',')}}\n`;
            })
            .join('');
        expect(await rewritten(text(0), chunkBytes)).to.equal(text(1));
      }),
    );
  });

  it('passes a number on that is longer than any column', async () => {
    const text = `{"a":${'1'.repeat(200_000)}}`;
    expect((await rewritten(text, 1000)).replaceAll('"', '')).to.equal(text.replaceAll('"', ''));
  });
});
