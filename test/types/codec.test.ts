import { expect } from 'chai';
import type { SupportedType } from '../../src/core/redshift-type.ts';
import { codecFor } from '../../src/types/codec.ts';
import { type InputScalar, Unfit } from '../../src/types/codec-shape.ts';
import { typeFromName } from '../../src/types/parse-type.ts';
import { TYPE_CASES } from './type-cases.ts';

function typeOf(name: string): SupportedType {
  const type = typeFromName(name);
  if (type.kind === 'unsupported') throw new RangeError(name);
  return type;
}

describe('codecs', () => {
  for (const { title, type, expected, input } of TYPE_CASES.filter((one) => one.expected !== null)) {
    it(`write a value that reads as it was: ${title}`, () => {
      const codec = codecFor(typeOf(type));
      const written = codec.toText((input ?? expected) as InputScalar);
      expect(written).to.be.a('string');
      const read = codec.fromText(written as string);
      // The server fills a DECIMAL up to its scale.
      const same = type.startsWith('DECIMAL') ? Number(read) === Number(expected) : Object.is(read, expected);
      expect(same, `${written as string} is read as ${String(read)}`).to.equal(true);
    });
  }

  for (const { type, value, problem } of [
    { type: 'SMALLINT', value: 32768, problem: 'range of SMALLINT' },
    { type: 'INTEGER', value: -2147483649n, problem: 'range of INTEGER' },
    { type: 'INTEGER', value: 1.5, problem: 'whole number' },
    { type: 'INTEGER', value: '12abc', problem: 'whole number' },
    { type: 'INTEGER', value: '', problem: 'whole number' },
    { type: 'INTEGER', value: true, problem: 'whole number' },
    { type: 'BIGINT', value: 2 ** 53, problem: 'past 2^53' },
    { type: 'BIGINT', value: '9223372036854775808', problem: 'range of BIGINT' },
    { type: 'DECIMAL(5,2)', value: '1000', problem: '3 digits before the point' },
    { type: 'DECIMAL(5,2)', value: 0.1 + 0.2, problem: '2 digits after the point' },
    { type: 'DECIMAL(5,2)', value: 'NaN', problem: 'not a number' },
    { type: 'DECIMAL(5,2)', value: '.', problem: 'not a number' },
    { type: 'DECIMAL(5,2)', value: new Date(0), problem: 'not a number' },
    { type: 'DECIMAL(19,0)', value: '9223372036854775808', problem: '19 digits' },
    { type: 'DECIMAL(38,0)', value: 1e39, problem: '38 digits before the point' },
    { type: 'REAL', value: 1e39, problem: 'too large for REAL' },
    { type: 'REAL', value: 1e-50, problem: 'too small for REAL' },
    { type: 'DOUBLE PRECISION', value: '1e400', problem: 'too large' },
    { type: 'DOUBLE PRECISION', value: 'x', problem: 'not a number' },
    { type: 'DOUBLE PRECISION', value: false, problem: 'not a number' },
    { type: 'BOOLEAN', value: 'maybe', problem: 'not a boolean' },
    { type: 'BOOLEAN', value: 2, problem: 'not a boolean' },
    { type: 'CHAR(3)', value: 'é', problem: 'several bytes' },
    { type: 'CHAR(3)', value: 'abcd', problem: 'takes 4 bytes and the column holds 3' },
    { type: 'VARCHAR(3)', value: '日本', problem: 'takes 6 bytes and the column holds 3' },
    { type: 'VARCHAR(9)', value: 'a\0b', problem: 'NUL' },
    { type: 'VARCHAR(9)', value: 'a\uD83D', problem: 'surrogate' },
    { type: 'VARCHAR(9)', value: new Date(Number.NaN), problem: 'not a valid date' },
    { type: 'DATE', value: '2023-02-29', problem: 'DATE in ISO form' },
    { type: 'DATE', value: '0000-01-01', problem: 'DATE in ISO form' },
    { type: 'DATE', value: '2023-02-01 10:00:00', problem: 'time of day' },
    { type: 'DATE', value: new Date('2024-01-01T01:00:00Z'), problem: 'time of day' },
    { type: 'DATE', value: new Date(Number.NaN), problem: 'DATE in ISO form' },
    { type: 'DATE', value: '5000-01-01 BC', problem: 'DATE in ISO form' },
    { type: 'DATE', value: 20240101, problem: 'DATE in ISO form' },
    { type: 'TIME', value: '24:00:01', problem: 'time of day' },
    { type: 'TIME', value: '12:60:00', problem: 'time of day' },
    { type: 'TIME', value: '12:00:00+00', problem: 'time zone' },
    { type: 'TIME', value: 12, problem: 'time of day' },
    { type: 'TIMETZ', value: '12:00:00+15', problem: 'time of day' },
    { type: 'TIMETZ', value: 12, problem: 'time of day' },
    { type: 'TIMESTAMP', value: '2024-01-01 00:00:00+02', problem: 'time zone' },
    { type: 'TIMESTAMP', value: '2024-01-01 24:00:00', problem: 'ISO form' },
    { type: 'TIMESTAMP', value: '2024-01-01 00:00:00.1234567', problem: 'ISO form' },
    { type: 'TIMESTAMPTZ', value: '2024-01-01 00:00:00+99', problem: 'ISO form' },
    { type: 'TIMESTAMPTZ', value: '294276-12-31 23:00:00-02', problem: 'range of TIMESTAMPTZ' },
    { type: 'INTEGER', value: Uint8Array.of(5), problem: 'whole number' },
    { type: 'DECIMAL(5,2)', value: Uint8Array.of(5), problem: 'not a number' },
    { type: 'REAL', value: Uint8Array.of(5), problem: 'not a number' },
    { type: 'BOOLEAN', value: Uint8Array.of(1), problem: 'not a boolean' },
    { type: 'VARCHAR(9)', value: Uint8Array.of(65), problem: 'bytes' },
    { type: 'DATE', value: Uint8Array.of(5), problem: 'DATE in ISO form' },
    { type: 'SUPER', value: 'a word', problem: 'not JSON text' },
    { type: 'SUPER', value: '', problem: 'not JSON text' },
    { type: 'SUPER', value: '[1,]', problem: 'not JSON text' },
    { type: 'SUPER', value: Number.NaN, problem: 'JSON does not have' },
    { type: 'SUPER', value: new Date(0), problem: 'JSON does not have' },
    { type: 'SUPER', value: '"a\uD83D"', problem: 'surrogate' },
    { type: 'SUPER', value: `{"a":[-0.${'1'.repeat(39)}]}`, problem: 'more than 38 digits' },
    { type: 'SUPER', value: JSON.stringify('x'.repeat(2 ** 24)), problem: '16 MB' },
    { type: 'VARBYTE(2)', value: '000102', problem: 'takes 3 bytes and the column holds 2' },
    { type: 'VARBYTE(2)', value: Uint8Array.of(1, 2, 3), problem: 'takes 3 bytes and the column holds 2' },
    { type: 'VARBYTE(2)', value: '0', problem: 'hexadecimal' },
    { type: 'VARBYTE(2)', value: '0x00', problem: 'hexadecimal' },
    { type: 'VARBYTE(2)', value: 12, problem: 'hexadecimal' },
    { type: 'GEOMETRY', value: 'POINT(1 2)', problem: 'hexadecimal' },
    { type: 'GEOMETRY', value: '0201000000', problem: 'EWKB' },
    { type: 'GEOGRAPHY', value: new Uint8Array(1_048_448), problem: 'takes 1048448 bytes' },
    { type: 'HLLSKETCH', value: '{"a":1}', problem: 'sketch' },
    { type: 'HLLSKETCH', value: '{', problem: 'sketch' },
    { type: 'INTERVAL YEAR TO MONTH', value: '1 day', problem: 'days or a time' },
    { type: 'INTERVAL YEAR TO MONTH', value: '1.5 years', problem: 'not an INTERVAL' },
    { type: 'INTERVAL YEAR TO MONTH', value: '200000000 years', problem: 'out of the range' },
    { type: 'INTERVAL YEAR TO MONTH', value: 12, problem: 'not an INTERVAL' },
    { type: 'INTERVAL DAY TO SECOND', value: '1 mon', problem: 'years or months' },
    { type: 'INTERVAL DAY TO SECOND', value: '106751992 days', problem: 'out of the range' },
    { type: 'INTERVAL DAY TO SECOND', value: '00:00:00.0000001', problem: '6 digits' },
    { type: 'INTERVAL DAY TO SECOND(3)', value: '00:00:00.0001', problem: '3 digits' },
    { type: 'INTERVAL DAY TO SECOND', value: '1 fortnight', problem: 'not an INTERVAL' },
    { type: 'INTERVAL DAY TO SECOND', value: ' ', problem: 'not an INTERVAL' },
  ] satisfies { type: string; value: InputScalar; problem: string }[]) {
    it(`refuse for ${type}: ${JSON.stringify(String(value))}, and never show it`, () => {
      const refused = codecFor(typeOf(type)).toText(value);
      expect(refused).to.be.instanceOf(Unfit);
      expect((refused as Unfit).problem).to.include(problem);
    });
  }

  for (const { type, value, written } of [
    { type: 'DECIMAL(10,3)', value: '-00.500', written: '-0.5' },
    { type: 'DECIMAL(10,3)', value: '-0', written: '0' },
    { type: 'DECIMAL(10,8)', value: 1e-7, written: '0.0000001' },
    { type: 'DECIMAL(38,0)', value: 1e21, written: '1000000000000000000000' },
    { type: 'DECIMAL(38,0)', value: '+1.20e2', written: '120' },
    { type: 'BIGINT', value: '+5', written: '5' },
    { type: 'DOUBLE PRECISION', value: -0, written: '-0' },
    { type: 'DOUBLE PRECISION', value: 10n ** 20n, written: '100000000000000000000' },
    { type: 'DOUBLE PRECISION', value: '-inf', written: '-Infinity' },
    { type: 'BOOLEAN', value: 1, written: 't' },
    { type: 'BOOLEAN', value: 'No', written: 'f' },
    { type: 'CHAR(3)', value: 'ab   ', written: 'ab ' },
    { type: 'VARCHAR(99)', value: 12n, written: '12' },
    { type: 'VARCHAR(99)', value: new Date(1), written: '1970-01-01 00:00:00.001' },
    { type: 'DATE', value: '2024-01-01T00:00:00Z', written: '2024-01-01' },
    { type: 'TIMESTAMP', value: '2024-01-01', written: '2024-01-01 00:00:00' },
    { type: 'TIMESTAMP', value: '2024-01-01T10:20', written: '2024-01-01 10:20:00' },
    { type: 'TIMESTAMP', value: new Date(-62198755200000), written: '0002-01-01 00:00:00 BC' },
    { type: 'TIMESTAMPTZ', value: '2024-01-01 00:30:00+0100', written: '2023-12-31 23:30:00+00' },
    { type: 'TIMETZ', value: '10:00', written: '10:00:00+00' },
    { type: 'TIMETZ', value: '10:00:00Z', written: '10:00:00+00' },
    { type: 'SUPER', value: 1e21, written: '1e+21' },
    { type: 'SUPER', value: `["${'1'.repeat(50)}"]`, written: `["${'1'.repeat(50)}"]` },
    { type: 'VARBYTE(4)', value: Buffer.from('xabcdx').subarray(1, 5), written: '61626364' },
    { type: 'HLLSKETCH', value: ' {"logm":15} ', written: '{"logm":15}' },
    { type: 'HLLSKETCH', value: 'AQ==', written: 'AQ==' },
    { type: 'INTERVAL YEAR TO MONTH', value: '@ 1 year 2 mons ago', written: '-1 years -2 mons' },
    { type: 'INTERVAL YEAR TO MONTH', value: '-1-2', written: '-1 years -2 mons' },
    { type: 'INTERVAL DAY TO SECOND', value: '@ 1 day 2 hours 3 mins 4.5 secs', written: '1 day 02:03:04.5' },
    { type: 'INTERVAL DAY TO SECOND', value: '-1 2:03:04', written: '-1 days -02:03:04' },
    { type: 'INTERVAL DAY TO SECOND', value: '2 weeks', written: '14 days' },
    { type: 'INTERVAL DAY TO SECOND', value: '1 day -02:00:00', written: '22:00:00' },
    { type: 'INTERVAL DAY TO SECOND', value: '25:00', written: '1 day 01:00:00' },
  ] satisfies { type: string; value: InputScalar; written: string }[]) {
    it(`write ${JSON.stringify(String(value))} for ${type} as ${written}`, () => {
      expect(codecFor(typeOf(type)).toText(value)).to.equal(written);
    });
  }

  it('show a TIMESTAMPTZ in UTC whatever zone the session shows it in', () => {
    const { fromText } = codecFor({ kind: 'timestamptz' });
    expect(fromText('2024-01-01 01:00:00+05:30')).to.equal('2023-12-31 19:30:00+00');
    expect(fromText('0001-01-01 01:00:00+02')).to.equal('0001-12-31 23:00:00+00 BC');
    expect(fromText('infinity')).to.equal('infinity');
  });

  it('take DECIMAL without a precision as it comes', () => {
    const codec = codecFor({ kind: 'decimal' });
    expect(codec.fromText('1.2300')).to.equal('1.2300');
    expect(codec.toText('123.456789')).to.equal('123.456789');
    expect(codec.unloadAs).to.deep.equal({ cast: 'VARCHAR(128)' });
  });
});
