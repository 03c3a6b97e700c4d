import { expect } from 'chai';
import fc from 'fast-check';
import { CsvText } from '../../src/types/csv-text.ts';

describe('text of staged CSV', () => {
  it('is what is written value by value, in quotes where it needs them', () => {
    const unit = fc.constantFrom('a', '"', ',', '\n', '\r', '\t', ' ', '\u00a0', '\\', '~', '\x7f', 'é', '東', '🙂');
    const value = fc.oneof(fc.string({ unit, maxLength: 8 }), fc.string({ unit: fc.constant('a'), maxLength: 200 }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), (values) => {
        const text = new CsvText();
        for (const given of values) {
          text.value(given);
          text.newline();
        }
        const quoted = values.map((given) =>
          given === '' || given.trim() !== given || /[",\r\n]/.test(given) ? `"${given.replaceAll('"', '""')}"` : given,
        );
        expect(text.take().toString()).to.equal(quoted.map((line) => `${line}\n`).join(''));
      }),
      { numRuns: 300 },
    );
  });

  it('holds a row of any length', () => {
    const text = new CsvText();
    text.value('é'.repeat(3_000_000));
    text.comma();
    text.value('b');
    const taken = text.take();
    expect([taken.length, taken.subarray(-4).toString()]).to.deep.equal([6_000_002, 'é,b']);
  });

  it('takes back what a refused row has written, and never writes to what was handed out', () => {
    const text = new CsvText();
    text.value('kept');
    const before = text.length;
    text.value('gone');
    text.cutTo(before);
    const taken = text.take();
    text.value('next');
    expect([taken.toString(), text.take().toString()]).to.deep.equal(['kept', 'next']);
  });
});
