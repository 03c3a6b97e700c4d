import type { Value } from '../../src/types/batch.ts';
import type { InputScalar } from '../../src/types/codec-shape.ts';

/** One value of one type: as SQL writes it, as a program writes it, as every read gives it. */
export interface TypeCase {
  /** Type in DDL. */
  readonly type: string;
  /** SQL that gives the value, without its cast: a quoted literal, a call, or NULL. */
  readonly literal: string;
  /** What a program hands to a write; default: `expected`. */
  readonly input?: InputScalar | null;
  /** What both read modes give. */
  readonly expected: Value;
  readonly title: string;
}

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

function cases(
  type: string,
  rows: readonly (readonly [title: string, literal: string, expected: Value, input?: InputScalar])[],
): TypeCase[] {
  const own = rows.map(([title, literal, expected, input]) => ({
    type,
    title: `${type} ${title}`,
    literal,
    expected,
    ...(input === undefined ? {} : { input }),
  }));
  return [...own, { type, title: `${type} NULL`, literal: 'NULL', expected: null }];
}

function same(...values: readonly string[]): [string, string, string][] {
  return values.map((value) => [value, text(value), value]);
}

const TEXTS: readonly [string, string][] = [
  ['empty', ''],
  ['blank', ' '],
  ['blanks around', '  both ends  '],
  ['comma and quotes', 'a,"b",\'c\''],
  ['newlines', 'one\ntwo\r\nthree\rfour\n'],
  ['tab', 'a\tb'],
  ['backslashes', 'C:\\temp\\new \\\\ \\" \\'],
  ['the usual NULL marker', '\\N'],
  ['the word NULL', 'NULL'],
  ['end of data', '\\.'],
  ['CJK', '日本語のテキスト、한국어'],
  ['emoji', '👩‍👩‍👧‍👦 🇨🇭 é'],
  ['right to left', 'שלום עולם'],
  ['control characters', '\u0001\u0008\u001f\u007f'],
  ['byte order mark', '\uFEFFx'],
];

const POINT = '0101000000000000000000F03F0000000000000040';
const SKETCH = '{"logm":15,"sparse":{"idx":[1,20],"val":[2,1]}}';
const POINT_4326 = '0101000020E6100000000000000000F03F0000000000000040';

function json(...texts: readonly string[]): [string, string, string][] {
  return texts.map((value) => [value, `JSON_PARSE(${text(value)})`, value]);
}

/** Every supported type at its bounds and at what commonly goes wrong. */
export const TYPE_CASES: readonly TypeCase[] = [
  ...cases('SMALLINT', [
    ['max', "'32767'", 32767],
    ['min', "'-32768'", -32768],
    ['zero', "'0'", 0],
  ]),
  ...cases('INTEGER', [
    ['max', "'2147483647'", 2147483647],
    ['min', "'-2147483648'", -2147483648],
  ]),
  ...cases('BIGINT', [
    ['max', "'9223372036854775807'", 9223372036854775807n],
    ['min', "'-9223372036854775808'", -9223372036854775808n],
    ['past 2^53', "'9007199254740993'", 9007199254740993n],
    ['small', "'7'", 7n],
  ]),
  ...cases('DECIMAL(38,0)', [
    ['max', `'${'9'.repeat(38)}'`, '9'.repeat(38)],
    ['min', `'-${'9'.repeat(38)}'`, `-${'9'.repeat(38)}`],
  ]),
  ...cases('DECIMAL(38,37)', [
    ['all digits', `'1.${'1234567890'.repeat(3)}1234567'`, `1.${'1234567890'.repeat(3)}1234567`],
    ['smallest', `'-0.${'0'.repeat(36)}1'`, `-0.${'0'.repeat(36)}1`],
  ]),
  ...cases('DECIMAL(19,4)', [['largest of 64 bits', "'922337203685477.5807'", '922337203685477.5807']]),
  ...cases('DECIMAL(10,2)', [
    ['zeros kept', "'1.5'", '1.50'],
    ['zero', "'0'", '0.00'],
    ['from a number', "'19.99'", '19.99', 19.99],
    ['from a bigint', "'42'", '42.00', 42n],
  ]),
  ...cases('REAL', [
    ['a tenth', "'0.1'", Math.fround(0.1)],
    ['nine digits', "'16777217.5'", Math.fround(16777217.5)],
    ['large', "'3.4028235e38'", Math.fround(3.4028235e38)],
    ['not a number', "'NaN'", Number.NaN],
    ['infinity', "'Infinity'", Infinity],
    ['minus infinity', "'-Infinity'", -Infinity],
  ]),
  ...cases('DOUBLE PRECISION', [
    ['a tenth', "'0.1'", 0.1],
    ['a third', "'0.3333333333333333'", 1 / 3],
    ['17 digits', "'0.30000000000000004'", 0.1 + 0.2],
    ['large', "'1.7976931348623157e308'", Number.MAX_VALUE],
    ['small', "'2.2250738585072014e-308'", 2.2250738585072014e-308],
    ['not a number', "'NaN'", Number.NaN],
    ['infinity', "'Infinity'", Infinity],
    ['minus infinity', "'-Infinity'", -Infinity],
  ]),
  ...cases('BOOLEAN', [
    ['true', "'t'", true],
    ['false', "'f'", false],
  ]),
  ...cases('CHAR(10)', [
    ['padded', "'abc'", 'abc       '],
    ['full', "'abcdefghij'", 'abcdefghij'],
    ['empty', "''", ' '.repeat(10)],
    ['quotes', `'a"b,c'`, 'a"b,c     '],
  ]),
  ...cases(
    'VARCHAR(200)',
    TEXTS.map(([title, value]) => [title, text(value), value]),
  ),
  ...cases('VARCHAR(4)', [
    ['four bytes in one character', text('😀'), '😀'],
    ['four characters', text('abcd'), 'abcd'],
  ]),
  ...cases('VARCHAR(65535)', [['longest', `REPEAT('x', 65535)`, 'x'.repeat(65535)]]),
  ...cases('DATE', [
    ...same('2024-02-29', '1970-01-01', '0001-01-01', '9999-12-31', '12345-06-07', '1582-10-10'),
    ['before Christ', "'0044-03-15 BC'", '0044-03-15 BC'],
    ['from a Date', "'2024-05-06'", '2024-05-06', new Date('2024-05-06T00:00:00Z')],
  ]),
  ...cases('TIME', same('00:00:00', '23:59:59.999999', '24:00:00', '12:34:56.5')),
  ...cases('TIMETZ', same('12:34:56+00', '23:59:59.999999-03:30', '00:00:00+14:59', '01:02:03-14:59')),
  ...cases('TIMESTAMP', [
    ...same(
      '2024-02-29 23:59:59.999999',
      '1970-01-01 00:00:00',
      '2024-03-31 02:30:00', // a gap in Europe
      '2024-03-10 02:30:00', // a gap in America
      '1900-01-01 00:00:00.1',
      '0001-01-01 00:00:00',
      '12345-06-07 01:02:03',
    ),
    ['before Christ', "'0044-03-15 12:00:00 BC'", '0044-03-15 12:00:00 BC'],
    ['from a Date', "'2024-05-06 07:08:09.12'", '2024-05-06 07:08:09.12', new Date('2024-05-06T07:08:09.120Z')],
    ['from ISO text', "'2024-05-06 07:08:09.12'", '2024-05-06 07:08:09.12', '2024-05-06T07:08:09.120Z'],
  ]),
  ...cases('TIMESTAMPTZ', [
    ...same('2024-02-29 23:59:59.999999+00', '1970-01-01 00:00:00+00', '12345-06-07 01:02:03+00'),
    ['another zone', "'2024-01-01 01:00:00+05:30'", '2023-12-31 19:30:00+00', '2024-01-01 01:00:00+05:30'],
    ['before Christ', "'0044-03-15 12:00:00+00 BC'", '0044-03-15 12:00:00+00 BC'],
    ['from a Date', "'2024-05-06 07:08:09+00'", '2024-05-06 07:08:09+00', new Date('2024-05-06T07:08:09Z')],
  ]),
  ...cases('SUPER', [
    ...json('{"a":[1,"x, y",null,true],"b":{"c":"é \\" \\\\ \\n"}}', '[]', '{}', '""', '"text"', 'null', 'true', '-7'),
    ...json('12345678901234567890123456789012345678', '[0.1234567890123456789]', '"\\u0001 tab\\t"'),
    ['from a number', `JSON_PARSE('1.5')`, '1.5', 1.5],
    ['from a bigint', `JSON_PARSE('9007199254740993')`, '9007199254740993', 9007199254740993n],
    ['from a boolean', `JSON_PARSE('false')`, 'false', false],
  ]),
  ...cases('VARBYTE(8)', [
    ['bytes', `FROM_HEX('00ffab')`, '00ffab'],
    ['full', `FROM_HEX('0102030405060708')`, '0102030405060708'],
    ['from bytes', `FROM_HEX('c3a900')`, 'c3a900', Uint8Array.of(0xc3, 0xa9, 0)],
    ['from capitals', `FROM_HEX('abcdef')`, 'abcdef', 'ABCDEF'],
  ]),
  ...cases('VARBYTE(40000)', [['longer than its hexadecimal text may be a VARCHAR', `FROM_HEX('0a0b')`, '0a0b']]),
  ...cases('GEOMETRY', [
    ['a point', `ST_GeomFromEWKB('${POINT}')`, POINT],
    ['a point with its system', `ST_GeomFromEWKB('${POINT_4326}')`, POINT_4326],
    ['from bytes', `ST_GeomFromEWKB('${POINT}')`, POINT, Uint8Array.from(Buffer.from(POINT, 'hex'))],
  ]),
  ...cases('GEOGRAPHY', [['a point', text(POINT_4326), POINT_4326]]),
  ...cases('HLLSKETCH', [
    ['sparse', text(SKETCH), SKETCH],
    ['dense', "'AQIDBA=='", 'AQIDBA=='],
  ]),
  ...cases('INTERVAL YEAR TO MONTH', [
    ['both', `INTERVAL '1-2' YEAR TO MONTH`, '1 year 2 mons'],
    ['years', `INTERVAL '3' YEAR`, '3 years'],
    ['less than none', `INTERVAL '-14' MONTH`, '-1 years -2 mons'],
    ['none', `INTERVAL '0' MONTH`, '0 mons'],
    ['as SQL writes it', `INTERVAL '2-11' YEAR TO MONTH`, '2 years 11 mons', '2-11'],
  ]),
  ...cases('INTERVAL DAY TO SECOND', [
    ['all parts', `INTERVAL '1 2:3:4.5678' DAY TO SECOND`, '1 day 02:03:04.5678'],
    ['days', `INTERVAL '100' DAY`, '100 days'],
    ['microseconds', `INTERVAL '0.000001' SECOND`, '00:00:00.000001'],
    ['less than none', `INTERVAL '-1 days -02:03:04.5' DAY TO SECOND`, '-1 days -02:03:04.5'],
    ['none', `INTERVAL '0' SECOND`, '00:00:00'],
  ]),
];

/** Types without values that this version carries: they are refused by name. */
export const UNSUPPORTED_TYPES: readonly string[] = ['interval', 'refcursor'];
