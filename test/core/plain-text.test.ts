import { expect } from 'chai';
import { plainLine, plainText } from '../../src/core/plain-text.ts';

describe('text of others', () => {
  for (const [title, text, shown] of [
    ['an escape sequence', 'a\u001b[2Jb', 'a?[2Jb'],
    ['a sequence that begins with one C1 character', 'a\u009b31mb', 'a?31mb'],
    ['a return to the begin of the line', 'refused\rallowed', 'refused?allowed'],
    ['a turn of direction', 'abc\u202etxt.exe\u2066', 'abc?txt.exe?'],
    ['letters of any language', 'Größe 大小 🙂', 'Größe 大小 🙂'],
  ] as const) {
    it(`shows ${title} as it may be shown`, () => expect(plainText(text)).to.equal(shown));
  }

  it('keeps line breaks only where they are asked for', () => {
    expect(plainText('a\nb')).to.equal('a?b');
    expect(plainText('a\nb\tc', { lines: true })).to.equal('a\nb?c');
  });

  it('is cut to its first line and to a length', () => {
    expect(plainLine('  one\r\ntwo', 100)).to.equal('one');
    expect(plainLine('x'.repeat(1_000_000), 10)).to.equal('xxxxxxxxxx');
  });
});
