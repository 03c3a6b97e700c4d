import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { describeFailure } from '../../src/cli/failure.ts';
import { formatBytes, formatDuration, formatTable, jsonValue, shorten, wrap } from '../../src/cli/format.ts';
import { describeProgress, drawProgress } from '../../src/cli/progress-line.ts';
import { ConnectorError } from '../../src/core/errors.ts';

describe('formatTable', () => {
  it('aligns by display width, CJK and emoji included', () => {
    expect(
      formatTable(
        ['名', 'n'],
        [
          ['東京', '1'],
          ['🙂', '22'],
        ],
      ).split('\n'),
    ).to.deep.equal(['名    n', '----  --', '東京  1', '🙂    22']);
  });

  it('shows control characters instead of sending them to the terminal', () => {
    expect(formatTable(['v'], [['a\u001b[31m\nb']])).to.include('a\\u001b[31m\\nb');
  });

  it('cuts a long cell', () => {
    const [, , row] = formatTable(['v'], [['x'.repeat(100)]]).split('\n');
    expect(row).to.equal(`${'x'.repeat(47)}…`);
  });
});

describe('figures', () => {
  for (const [bytes, text] of [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [43_201_331, '41.2 MiB'],
  ] as const) {
    it(`writes ${bytes} bytes as ${text}`, () => expect(formatBytes(bytes)).to.equal(text));
  }
  for (const [ms, text] of [
    [850, '850 ms'],
    [12_340, '12.3 s'],
    [245_000, '4 min 05 s'],
    [3_599_600, '1 h 00 min'],
    [21_597_000, '5 h 59 min'],
  ] as const) {
    it(`writes ${ms} ms as ${text}`, () => expect(formatDuration(ms)).to.equal(text));
  }
  it('keeps every digit of a bigint in JSON', () => {
    expect(JSON.stringify({ n: 9223372036854775807n }, jsonValue)).to.equal('{"n":"9223372036854775807"}');
  });
});

describe('wrap', () => {
  it('breaks between words and indents what follows', () => {
    expect(wrap(`code  ${'word '.repeat(12).trim()}`, 4, 40).split('\n')).to.deep.equal([
      'code  word word word word word word word',
      '    word word word word word',
    ]);
  });

  it('leaves a text alone where nothing tells the width', () => {
    expect(wrap('word '.repeat(100), 4, 0)).to.equal('word '.repeat(100));
  });

  it('keeps a word that is wider than the line whole', () => {
    expect(wrap(`say ${'x'.repeat(60)} now`, 2, 40)).to.equal(`say\n  ${'x'.repeat(60)}\n  now`);
  });

  it('leaves no label alone ahead of such a word', () => {
    expect(wrap(`url ${'x'.repeat(60)} now`, 4, 40)).to.equal(`url ${'x'.repeat(60)}\n    now`);
  });
});

describe('describeProgress', () => {
  it('counts one file and many rows', () => {
    const event = { type: 'progress', phase: 'stage', rows: 1200, files: 1, bytes: 2048 } as const;
    expect(describeProgress(event, { elapsedMs: 1000, countedMs: 1000 })).to.match(
      /stage {4}1,200 rows {2}2\.0 KiB {2}1 file {2}1,200 rows\/s {2}1\.0 s$/,
    );
  });

  it('tells of how many', () => {
    const event = { type: 'progress', phase: 'fetch', rows: 5, totalRows: 10 } as const;
    expect(describeProgress(event, { elapsedMs: 0, countedMs: 0 })).to.match(/fetch {4}5 of 10 rows$/);
  });

  it('tells what is being worked on where nothing can be counted', () => {
    const event = { type: 'progress', phase: 'apply', totalRows: 3_000_000 } as const;
    expect(describeProgress(event, { elapsedMs: 2000, countedMs: 0 })).to.match(/apply {4}3,000,000 rows {2}2\.0 s$/);
  });
});

describe('drawProgress', () => {
  const event = { type: 'progress', phase: 'stage', rows: 1000, totalRows: 4000, bytes: 2048, files: 1 } as const;
  const times = { elapsedMs: 3000, countedMs: 2000 };
  const drawn = (changes: object, columns: number): string =>
    stripVTControlCharacters(drawProgress({ ...event, ...changes }, times, columns));
  const bar = '█████░░░░░░░░░░░░░░░  25%';

  it('has a bar by rows, and the time left by the pace up to the last count', () => {
    expect(drawn({}, 120)).to.equal(
      `stage    ${bar}  1,000 of 4,000 rows  2.0 KiB  1 file  500 rows/s  3.0 s  5 s left`,
    );
  });

  it('has one by bytes where rows have no total', () => {
    expect(drawn({ totalRows: undefined, totalBytes: 8192 }, 120)).to.include(`stage    ${bar}  1,000 rows`);
  });

  for (const changes of [{ totalRows: undefined }, { rows: undefined }, { totalRows: 0 }]) {
    it(`has none with ${JSON.stringify(Object.entries(changes))}`, () => {
      expect(drawn(changes, 120)).not.to.match(/[█░%]|left|NaN/);
    });
  }

  it('keeps to its line: facts leave first, the bar stays', () => {
    for (let columns = 120; columns >= 34; columns -= 1) {
      expect(drawn({}, columns).length).to.be.at.most(columns);
      expect(drawn({}, columns)).to.include(bar);
    }
    expect(drawn({}, 74)).to.equal(`stage    ${bar}  1,000 of 4,000 rows  3.0 s  5 s left`);
  });

  it('never goes beyond the whole', () => {
    expect(drawn({ rows: 5000 }, 120)).to.include(`${'█'.repeat(20)} 100%`);
  });
});

describe('describeFailure', () => {
  it('lists issues once, though the message holds them, too', () => {
    const issues = [{ path: 'roleArn', message: 'is missing', action: 'Set roleArn.' }];
    const error = new ConnectorError('RS_CONFIG_INVALID', 'Not valid:\n- roleArn: is missing', { issues });
    expect(
      describeFailure(error)
        .join('\n')
        .match(/is missing/g),
    ).to.have.length(1);
  });

  it('cuts a fact that would fill the screen', () => {
    const error = new ConnectorError('RS_INPUT_INVALID', 'Too many', {
      details: { columns: shorten('c'.repeat(5000), 4000) },
    });
    expect(describeFailure(error).join('\n').length).to.be.lessThan(300);
  });

  it('shows every issue with its path and its mend', () => {
    const error = new ConnectorError('RS_CONFIG_INVALID', 'Not valid', {
      issues: [{ path: 'roleArn', message: 'is missing', action: 'Set roleArn.' }],
    });
    const text = describeFailure(error).join('\n');
    expect(text).to.match(/RS_CONFIG_INVALID.*Not valid[\s\S]*roleArn.*is missing[\s\S]*Set roleArn\./);
  });
});
