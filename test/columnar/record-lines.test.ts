import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { openInputFile } from '../../src/columnar/input-file.ts';
import { findLines } from '../../src/columnar/record-lines.ts';
import { openRun } from '../../src/core/run.ts';
import { zstdOf } from '../operations/write/zstd.ts';
import { QUICK } from '../property/runs.ts';
import { fieldsOf, openFixture, stageToLines } from './fixture.ts';

const NUMBERS = fieldsOf(['line', 'bigint']);

/** A file as it is written, and the line that each of its rows begins in. */
interface Text {
  readonly text: string;
  readonly lines: readonly number[];
}

describe('lines that rows begin in', () => {
  /** Each row holds the number of its line: what the engine reads there is what is to be found. */
  async function holds(
    name: string,
    content: string | Buffer,
    lines: readonly number[],
    delimiter = ',',
  ): Promise<void> {
    await using fixture = await openFixture();
    const file = await fixture.write(name, content);
    const read = await stageToLines(fixture, { file, delimiter }, NUMBERS, { rowNumbers: false });
    expect(read.lines.map(Number), 'as the engine reads it').to.deep.equal(lines);
    expect(await found(name, content, lines.length, delimiter)).to.deep.equal(lines);
  }

  async function found(
    name: string,
    content: string | Buffer,
    total: number,
    delimiter = ',',
  ): Promise<readonly number[]> {
    await using fixture = await openFixture();
    const file = await fixture.write(name, content);
    const run = openRun({});
    const input = await openInputFile(fixture.engine, { file, delimiter }, run);
    const numbers = Array.from({ length: total }, (_, index) => index + 1);
    return [...(await findLines(input, { numbers, total }, run.signal)).values()];
  }

  const value = fc
    .array(fc.constantFrom('a', '\n', '\r\n', '"', ',', ';', ' ', 'ü', '\r', '\t'), { maxLength: 6 })
    .map((parts) => parts.join(''));
  const csv = fc
    .record({
      end: fc.constantFrom('\n', '\r\n'),
      delimiter: fc.constantFrom(',', ';', '\t'),
      mark: fc.constantFrom('', '\uFEFF'),
      rows: fc.array(fc.record({ values: fc.tuple(value, value), blanks: fc.nat({ max: 2 }), spaced: fc.boolean() }), {
        minLength: 1,
        maxLength: 12,
      }),
      isEnded: fc.boolean(),
    })
    .map(({ end, delimiter, mark, rows, isEnded }): Text & { readonly delimiter: string } => {
      let text = `${mark}${['a', 'line', 'b'].join(delimiter)}${end}`;
      const lines: number[] = [];
      for (const { values, blanks, spaced } of rows) {
        text += end.repeat(blanks);
        const line = text.split('\n').length;
        const [first, second] = values.map((each) => {
          const isPlain = /^[aü]+(?:[ "aü]*[aü])?$/.test(each) && !each.includes('"');
          return isPlain ? each : `${spaced ? ' ' : ''}"${each.replaceAll('"', '""')}"${spaced ? ' ' : ''}`;
        });
        text += `${[first, line, second].join(delimiter)}${end}`;
        lines.push(line);
      }
      return { text: isEnded ? text : text.slice(0, -end.length), lines, delimiter };
    });

  it('are those of a model, for CSV with newlines, quotes and delimiters in its values', () =>
    QUICK.hold(
      fc.asyncProperty(csv, ({ text, lines, delimiter }) => holds('a.csv', text, lines, delimiter)),
      40,
    ));

  const plain = 'line,note\n2,"a\nb"\n\n5,c\n';
  const objects = '\n{"line":2}\r\n \t\n{"line":4}';
  for (const [title, name, content, lines] of [
    ['gzip', 'a.csv.gz', gzipSync(plain), [2, 5]],
    ['zstd', 'a.csv.zst', zstdOf(plain), [2, 5]],
    ['a quote inside a plain value', 'a.csv', 'line,note\n2,x"y\n3,z"\n', [2, 3]],
    ['JSON Lines with empty lines', 'a.jsonl', objects, [2, 4]],
    ['JSON Lines in gzip', 'a.jsonl.gz', gzipSync(objects), [2, 4]],
  ] as const) {
    it(`are found in ${title}`, () => holds(name, content, lines));
  }

  it('are those of empty lines, too, where there is one column', async () => {
    expect(await found('a.csv', 'note\n\n"x\ny"\n\n', 3)).to.deep.equal([2, 3, 5]);
  });

  for (const [title, content, total] of [
    ['a row too many', 'a,b\n1,2\n', 2],
    ['a CR by itself', 'a,b\n1,2\r3,4\n', 2],
    ['text behind a quote', 'a,b\n1,"x"y\n', 1],
    ['another number of fields', 'a,b\n1,2,3\n', 1],
    ['a quote without an end', 'a,b\n1,"x\n', 1],
    ['a CR at the end', 'a,b\n1,2\n\r', 1],
  ] as const) {
    it(`are left out where there is ${title}`, async () => {
      expect(await found('a.csv', content, total)).to.deep.equal([]);
    });
  }

  it('are left out with a delimiter of several bytes', async () => {
    expect(await found('a.csv', 'a§b\n1§2\n', 1, '§')).to.deep.equal([]);
  });
});
