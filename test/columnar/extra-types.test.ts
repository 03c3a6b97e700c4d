import { expect } from 'chai';
import { quoteJson } from '../../src/columnar/quote-json.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { type Fixture, fieldsOf, NULL_MARKER, openFixture, stageToLines } from './fixture.ts';

describe("Redshift's own types from files", () => {
  let fixture: Fixture;
  before(async () => {
    fixture = await openFixture();
  });
  after(() => fixture[Symbol.asyncDispose]());

  async function fromParquet(select: string, type: string): Promise<readonly string[]> {
    await using own = await openFixture();
    const file = `${own.inputs}/extra.parquet`;
    await own.outside(`COPY (${select}) TO '${file}' (FORMAT parquet)`);
    const { lines } = await stageToLines(own, { file }, fieldsOf(['v', type]), { rowNumbers: false });
    return lines;
  }

  for (const [select, type, lines] of [
    [
      `SELECT {'a': 1.23456789012345678901::DECIMAL(38,20), 'b': [1, NULL]} AS v`,
      'super',
      ['"{""a"":1.23456789012345678901,""b"":[1,null]}"'],
    ],
    ['SELECT 12345678901234567890::DECIMAL(38,0) AS v', 'super', ['12345678901234567890']],
    ['SELECT true AS v UNION ALL SELECT NULL ORDER BY 1', 'super', ['true', NULL_MARKER]],
    [`SELECT DATE '2024-01-01' AS v`, 'super', ['"""2024-01-01"""']],
    ['SELECT 0.5::DOUBLE AS v', 'super', ['0.5']],
    [`SELECT '\\x00\\xFF'::BLOB AS v`, 'varbyte(2)', ['00ff']],
    [`SELECT INTERVAL '14 months' AS v`, 'interval year to month', ['1 year 2 months']],
    [`SELECT '-1-2' AS v`, 'interval year to month', ['-1-2']],
    [`SELECT '1 day 02:03:04.5' AS v`, 'interval day to second(1)', ['1 day 02:03:04.5']],
    [`SELECT 'AQ==' AS v`, 'hllsketch', ['AQ==']],
  ] as const) {
    it(`takes ${select} for ${type}`, async () => {
      expect(await fromParquet(select, type)).to.deep.equal(lines);
    });
  }

  for (const [select, type, problem] of [
    [`SELECT {'a': 'x'::BLOB} AS v`, 'super', 'cannot take'],
    [`SELECT 'a word' AS v`, 'super', 'not JSON text'],
    [`SELECT '[${'1'.repeat(39)}]' AS v`, 'super', 'more than 38 digits'],
    [`SELECT 'nan'::DOUBLE AS v`, 'super', 'JSON does not have'],
    [`SELECT '\\x00\\xFF\\x00'::BLOB AS v`, 'varbyte(2)', 'more than the 2 bytes'],
    [`SELECT '' AS v`, 'varbyte(2)', 'COPY loads as NULL'],
    [`SELECT '0' AS v`, 'varbyte(2)', 'hexadecimal'],
    ['SELECT 1 AS v', 'varbyte(2)', 'cannot take'],
    [`SELECT 'POINT(1 2)' AS v`, 'geometry', 'hexadecimal'],
    [`SELECT '020100000000000000' AS v`, 'geography', 'EWKB'],
    [`SELECT '{' AS v`, 'hllsketch', 'sketch'],
    [`SELECT INTERVAL '1 day' AS v`, 'interval year to month', 'days or a time'],
    [`SELECT INTERVAL '1 month' AS v`, 'interval day to second', 'months'],
    [`SELECT '00:00:00.12' AS v`, 'interval day to second(1)', 'at most 1 digits'],
    ['SELECT 5 AS v', 'interval day to second', 'cannot take'],
    [`SELECT 'x'::BLOB AS v`, 'varchar(9)', 'cannot take'],
  ] as const) {
    it(`refuses ${select.slice(0, 60)} for ${type}`, async () => {
      const failure: unknown = await fromParquet(select, type).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(ConnectorError);
      expect((failure as ConnectorError).message).to.contain(problem);
    });
  }

  it('keeps the JSON of a SUPER as a line of JSON has it, cut into chunks anywhere', async () => {
    const text = [
      '{"a":{"n":0.12345678901234567890,"s":"} , {\\"a\\":1"},"b":{"x":1.50}}',
      '{ "b" : [1, 2] , "a" : "text" }',
      '{"\\u0061":null,"c":{"a":1}}',
      'no json',
      '',
    ].join('\n');
    const expected = [
      '{"a":"{\\"n\\":0.12345678901234567890,\\"s\\":\\"} , {\\\\\\"a\\\\\\":1\\"}","b":{"x":1.50}}',
      '{ "b" : [1, 2] , "a" :"\\"text\\""}',
      '{"\\u0061":null,"c":{"a":1}}',
      'no json',
      '',
    ].join('\n');
    for (const size of [1, 7, 1000]) {
      const chunks = async function* (): AsyncGenerator<Buffer> {
        const bytes = Buffer.from(text);
        for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
      };
      let out = '';
      for await (const chunk of quoteJson(chunks(), new Set(['a']))) out += chunk.toString();
      expect(out).to.equal(expected);
    }
  });
});
