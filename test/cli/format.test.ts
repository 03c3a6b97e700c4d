import { expect } from 'chai';
import { describeFailure } from '../../src/cli/failure.ts';
import { formatBytes, formatDuration, formatTable, jsonValue } from '../../src/cli/format.ts';
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
  ] as const) {
    it(`writes ${ms} ms as ${text}`, () => expect(formatDuration(ms)).to.equal(text));
  }
  it('keeps every digit of a bigint in JSON', () => {
    expect(JSON.stringify({ n: 9223372036854775807n }, jsonValue)).to.equal('{"n":"9223372036854775807"}');
  });
});

describe('describeFailure', () => {
  it('shows every issue with its path and its mend', () => {
    const error = new ConnectorError('RS_CONFIG_INVALID', 'Not valid', {
      issues: [{ path: 'roleArn', message: 'is missing', action: 'Set roleArn.' }],
    });
    const text = describeFailure(error).join('\n');
    expect(text).to.match(/RS_CONFIG_INVALID.*Not valid[\s\S]*roleArn.*is missing[\s\S]*Set roleArn\./);
  });
});
