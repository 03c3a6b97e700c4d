import fc from 'fast-check';
import type { Value } from '../../src/types/batch.ts';
import type { InputScalar } from '../../src/types/codec-shape.ts';

/** One value, in every form that it takes outside of the product. */
export interface Held {
  /** What a program hands in. */
  readonly input: InputScalar;
  /** What every read gives. */
  readonly value: Value;
  /** As Redshift writes it, and as it stands in a CSV file. */
  readonly text: string;
  /** What two values share that Redshift takes for equal. */
  readonly same: string;
  /** Its place among others, where the documentation tells one. */
  readonly rank?: bigint | number | string;
}

/** What a cell may hold; `bad` is a text that the column cannot take. */
export type Cell = Held | null | { readonly bad: string };

export interface ColumnType {
  readonly ddl: string;
  readonly values: fc.Arbitrary<Held>;
  /** Texts that no value of the type has. */
  readonly bad: readonly string[];
  /** `key`: can be told apart by `=`; `plain`: may be distributed and sorted by, and have a default. */
  readonly use: 'plain' | 'key' | 'held';
  /** UNLOAD has no Parquet for it. */
  readonly csvOnly?: true;
  readonly isFloat?: true;
  /** Its JSON is no string. */
  readonly json?: 'number' | 'document' | 'boolean';
}

function held(text: string, rest: Partial<Held> = {}): Held {
  return { input: text, value: text, text, same: text, ...rest };
}

/** A cell's text form is the same for a program: digits as text are taken everywhere. */
function inputs(one: Held, ...others: readonly InputScalar[]): fc.Arbitrary<Held> {
  return fc.constantFrom(one.input, ...others).map((input) => ({ ...one, input }));
}

function whole(ddl: string, bits: 16 | 32 | 64): ColumnType {
  const min = -(2n ** BigInt(bits - 1));
  const max = 2n ** BigInt(bits - 1) - 1n;
  const edges = [0n, 1n, -1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n].filter((n) => n >= min && n <= max);
  const numbers = fc.oneof(
    fc.constantFrom(min, max, ...edges),
    fc.bigInt({ min, max }),
    fc.bigInt({ min: 0n, max: 5n }),
  );
  return {
    ddl,
    values: numbers.chain((n) => {
      const text = String(n);
      const value = bits === 64 ? n : Number(n);
      const numbersOf = Number.isSafeInteger(Number(n)) ? [Number(n)] : [];
      return inputs({ input: value, value, text, same: text, rank: n }, n, text, ...numbersOf);
    }),
    bad: [String(max + 1n), String(min - 1n), 'x', '1x', '0x10'],
    use: 'plain',
    json: 'number',
  };
}

function decimal(precision: number, scale: number): ColumnType {
  // Up to 19 digits are kept in 64 bits.
  const limit = precision === 19 ? 2n ** 63n - 1n : 10n ** BigInt(precision) - 1n;
  const numbers = fc.oneof(
    fc.constantFrom(0n, 1n, -1n, limit, -limit),
    fc.bigInt({ min: -limit, max: limit }),
    fc.bigInt({ min: -3n, max: 3n }),
  );
  return {
    ddl: `DECIMAL(${precision},${scale})`,
    values: numbers.map((n) => {
      const digits = String(n < 0n ? -n : n).padStart(scale + 1, '0');
      const fraction = scale === 0 ? '' : `.${digits.slice(-scale)}`;
      const text = `${n < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}${fraction}`;
      return held(text, { rank: n });
    }),
    bad: [`1${'0'.repeat(precision - scale)}`, `-1${'0'.repeat(precision - scale)}`, 'x', '1.2.3'],
    use: 'plain',
    json: 'number',
  };
}

function float(ddl: string, round: (n: number) => number, edges: readonly number[]): ColumnType {
  const finite = fc.oneof(
    fc.constantFrom(0, 1, -1, 0.1, 1 / 3, ...edges),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }),
  );
  const numbers = fc.oneof(
    { weight: 6, arbitrary: finite },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity, -0) },
  );
  return {
    ddl,
    values: numbers.map((n) => {
      const value = round(n);
      const text = Object.is(value, -0) ? '-0' : String(value);
      const rank = Number.isFinite(value) ? { rank: value } : {};
      return { input: value, value, text, same: String(value), ...rank };
    }),
    bad: ['x', '1.5.5', '--1'],
    use: 'held',
    isFloat: true,
    json: 'number',
  };
}

const boolean: ColumnType = {
  ddl: 'BOOLEAN',
  values: fc.boolean().map((value) => ({
    input: value,
    value,
    text: value ? 't' : 'f',
    same: String(value),
    rank: value ? 1 : 0,
  })),
  bad: ['maybe', '2'],
  use: 'key',
  json: 'boolean',
};

/** Texts that look like something else to one who cuts lines, columns, NULLs and escapes out of them. */
const ODD_TEXTS = [
  [
    '',
    ' ',
    '  ',
    'a',
    'a ',
    'a  ',
    ' a',
    'A',
    '\\N',
    '\\n',
    'NULL',
    'null',
    'N',
    '\\',
    '\\\\',
    '\\"',
    '"',
    '""',
    "'",
    "''",
  ],
  [
    'a,b',
    '","',
    ',',
    '|',
    '\t',
    '\n',
    '\r',
    '\r\n',
    'a\nb',
    '\n\n',
    '"\n"',
    '\\.',
    '@NULL@',
    'null-',
    '{}',
    '[1]',
    '0',
  ],
  [
    'é',
    'ß',
    '漢字',
    '😀',
    'e\u0301',
    '\uFEFF',
    '\u0001',
    '\u007f',
    '\u0085',
    '\u2028',
    '%',
    '_',
    '!',
    '%s',
    '$1',
    ':a',
    ';',
  ],
  ["'; DROP TABLE x; --", '1e5', 'NaN', 'Infinity', '-0', 't', 'true', '2024-02-29', '\u00A0'],
].flat();

/** Rank of a text: its bytes, upwards, without the blanks at its end. */
function textHeld(text: string, value = text): Held {
  const same = text.replace(/ +$/, '');
  return { input: text, value, text: value, same, rank: Buffer.from(same).toString('hex') };
}

const textOf = (unit: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(...ODD_TEXTS),
    fc.string({ unit, maxLength }),
    fc.string({ unit: fc.constantFrom(...ODD_TEXTS), maxLength: 3 }),
  );

const CHARACTERS = fc
  .oneof(
    fc.constantFrom(...Array.from('ab"\\,\n\r\t \'|é漢😀')),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  )
  .filter((text) => !text.includes('\0'));

function fitted(text: string, bytes: number): string {
  let all = '';
  for (const character of text) {
    if (Buffer.byteLength(all + character) > bytes) break;
    all += character;
  }
  return all;
}

function varchar(bytes: number): ColumnType {
  const full = fc.constantFrom('x'.repeat(bytes), fitted('漢'.repeat(bytes), bytes), fitted('😀'.repeat(bytes), bytes));
  const texts = fc.oneof(
    { weight: 8, arbitrary: textOf(CHARACTERS, 20) },
    { weight: bytes > 1000 ? 1 : 2, arbitrary: full },
  );
  return {
    ddl: `VARCHAR(${bytes})`,
    values: texts.map((text) => textHeld(fitted(text, bytes))),
    bad: ['x'.repeat(bytes + 1), `${'y'.repeat(bytes - 1)}é`],
    use: bytes > 1000 ? 'held' : 'plain',
  };
}

function char(bytes: number): ColumnType {
  const texts = fc.oneof(
    fc.constantFrom('', ' ', 'a', 'a ', ' a', '"', ',', '\\', '\\N', 'x'.repeat(bytes)),
    fc.string({ unit: 'binary-ascii', maxLength: 10 }).map((text) => text.replaceAll('\0', '')),
  );
  return {
    ddl: `CHAR(${bytes})`,
    values: texts.map((text) => {
      const short = text.slice(0, bytes);
      return textHeld(short, short.padEnd(bytes, ' '));
    }),
    bad: ['x'.repeat(bytes + 1), 'é'],
    use: 'plain',
  };
}

const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(-4711, 0, 1) / DAY_MS;
const LAST_DAY = Math.floor(Date.UTC(200_000, 11, 31) / DAY_MS);

/** `2024-02-29`, `0044-03-15 BC` in two parts. */
function dayText(day: number): readonly [text: string, era: string] {
  const date = new Date(day * DAY_MS);
  const year = date.getUTCFullYear();
  const [shown, era] = year > 0 ? [year, ''] : [1 - year, ' BC'];
  const two = (n: number): string => String(n).padStart(2, '0');
  return [`${String(shown).padStart(4, '0')}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`, era];
}

function clockText(micros: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const seconds = Math.floor(micros / 1e6);
  const fraction = String(micros % 1e6)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':');
  return fraction === '' ? clock : `${clock}.${fraction}`;
}

const days = fc.oneof(
  fc.constantFrom(0, -1, 19_782, FIRST_DAY, LAST_DAY, Date.UTC(-43, 2, 15) / DAY_MS, Date.UTC(1582, 9, 10) / DAY_MS),
  fc.integer({ min: -30_000, max: 30_000 }),
  fc.integer({ min: FIRST_DAY, max: LAST_DAY }),
);
const DAY_MICROS = 86_400_000_000;
const clocks = fc.oneof(
  fc.constantFrom(0, 1, DAY_MICROS - 1, 43_200_000_000, 500_000),
  fc.integer({ min: 0, max: DAY_MICROS - 1 }),
);

const date: ColumnType = {
  ddl: 'DATE',
  values: days.chain((day) => {
    const one = held(dayText(day).join(''), { rank: day });
    return inputs(one, new Date(day * DAY_MS));
  }),
  bad: ['2024-02-30', '2024-13-01', 'x'],
  use: 'plain',
};

const time: ColumnType = {
  ddl: 'TIME',
  values: fc
    .oneof({ weight: 8, arbitrary: clocks }, { weight: 1, arbitrary: fc.constant(DAY_MICROS) })
    .map((micros) => held(clockText(micros), { rank: micros })),
  bad: ['25:00:00', '12:60:00', 'x'],
  use: 'key',
};

const timetz: ColumnType = {
  ddl: 'TIMETZ',
  values: fc
    .tuple(clocks, fc.constantFrom('+00', '+05:30', '-03:30', '+14:59', '-14:59', '+01'))
    .map(([micros, zone]) => held(`${clockText(micros)}${zone}`)),
  bad: ['25:00:00+00', 'x'],
  use: 'held',
};

function timestamp(ddl: string, zone: string): ColumnType {
  return {
    ddl,
    values: fc.tuple(days, clocks).chain(([day, micros]) => {
      const [text, era] = dayText(day);
      const one = held(`${text} ${clockText(micros)}${zone}${era}`, {
        rank: BigInt(day) * BigInt(DAY_MICROS) + BigInt(micros),
      });
      return micros % 1000 === 0 ? inputs(one, new Date(day * DAY_MS + micros / 1000)) : fc.constant(one);
    }),
    bad: ['2024-02-30 00:00:00', '2024-01-01 25:00:00', 'x'],
    use: 'plain',
  };
}

const months: ColumnType = {
  ddl: 'INTERVAL YEAR TO MONTH',
  values: fc
    .oneof(fc.constantFrom(0, 1, -1, 12, -12, 14, -14), fc.integer({ min: -100_000, max: 100_000 }))
    .map((n) => {
      const [years, rest] = [Math.trunc(n / 12), n % 12];
      const part = (count: number, unit: string): readonly string[] =>
        count === 0 ? [] : [`${count} ${unit}${count === 1 ? '' : 's'}`];
      const text = [...part(years, 'year'), ...part(rest, 'mon')].join(' ');
      return held(text === '' ? '0 mons' : text);
    }),
  bad: ['x', '1 2 3'],
  use: 'held',
};

const MILLION = 1_000_000;

function seconds(precision: number): ColumnType {
  const step = 10 ** (6 - precision);
  return {
    ddl: precision === 6 ? 'INTERVAL DAY TO SECOND' : `INTERVAL DAY TO SECOND(${precision})`,
    values: fc
      .tuple(
        fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 99_999 })),
        fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: 0, max: (86_400 * MILLION) / step - 1 })),
        fc.boolean(),
      )
      .map(([daysOf, ticks, below]) => {
        const micros = ticks * step;
        const sign = below ? '-' : '';
        const dayPart = daysOf === 0 ? '' : `${sign}${daysOf} day${daysOf === 1 && !below ? '' : 's'}`;
        const clock = micros === 0 && daysOf !== 0 ? '' : `${micros === 0 ? '' : sign}${clockText(micros)}`;
        return held([dayPart, clock].filter((part) => part !== '').join(' '));
      }),
    bad: ['x', '1 day 2 3'],
    use: 'held',
  };
}

const jsonText: fc.Arbitrary<string> = fc
  .letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      tie('leaf'),
      fc.array(tie('any'), { maxLength: 3 }).map((all) => `[${all.join(',')}]`),
      fc
        .uniqueArray(fc.tuple(tie('string'), tie('any')), {
          maxLength: 3,
          selector: ([key]) => String(key).toLowerCase(),
        })
        .map((all) => `{${all.map(([key, value]) => `${String(key)}:${String(value)}`).join(',')}}`),
    ),
    string: textOf(CHARACTERS, 8).map((text) => JSON.stringify(text)),
    leaf: fc.oneof(
      fc.constantFrom(
        'true',
        'false',
        '0',
        '-7',
        '1.5',
        '12345678901234567890123456789012345678',
        '0.1234567890123456789',
      ),
      fc.integer().map(String),
      tie('string').map(String),
      fc.constant('[null]'),
    ),
  }))
  .any.map(String);

const superType: ColumnType = {
  ddl: 'SUPER',
  values: jsonText.map((text) => held(text)),
  bad: [],
  use: 'held',
  json: 'document',
};

function varbyte(bytes: number): ColumnType {
  return {
    ddl: `VARBYTE(${bytes})`,
    values: fc.uint8Array({ minLength: 1, maxLength: Math.min(bytes, 40) }).chain((raw) => {
      const text = Buffer.from(raw).toString('hex');
      return inputs(held(text), text.toUpperCase(), raw);
    }),
    bad: ['0g', 'abc', '00'.repeat(bytes + 1)],
    use: 'held',
    csvOnly: true,
  };
}

const POINTS = fc.tuple(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -89, max: 89 }),
  fc.integer({ min: -179, max: 179 }),
);

function shape(ddl: string, systems: readonly number[]): ColumnType {
  return {
    ddl,
    values: fc.tuple(POINTS, fc.constantFrom(...systems)).chain(([[y, x], system]) => {
      const bytes = Buffer.alloc(system === 0 ? 21 : 25);
      bytes.writeUInt8(1, 0);
      bytes.writeUInt32LE(system === 0 ? 1 : 0x2000_0001, 1);
      if (system !== 0) bytes.writeUInt32LE(system, 5);
      bytes.writeDoubleLE(x, bytes.length - 16);
      bytes.writeDoubleLE(y, bytes.length - 8);
      return inputs(held(bytes.toString('hex').toUpperCase()), Uint8Array.from(bytes));
    }),
    bad: ['zz'],
    use: 'held',
    csvOnly: true,
  };
}

const sketch: ColumnType = {
  ddl: 'HLLSKETCH',
  values: fc
    .constantFrom(
      '{"logm":15,"sparse":{"idx":[1,20],"val":[2,1]}}',
      '{"logm":15,"sparse":{"idx":[],"val":[]}}',
      'AQIDBA==',
    )
    .map((text) => held(text)),
  bad: [],
  use: 'held',
  csvOnly: true,
};

/** A type of Redshift, and what its columns may hold. */
export const anyType: fc.Arbitrary<ColumnType> = fc.oneof(
  fc.constantFrom(whole('SMALLINT', 16), whole('INTEGER', 32), whole('BIGINT', 64)),
  fc
    .oneof(
      fc.constantFrom([38, 37], [38, 0], [19, 0], [18, 18], [1, 0], [10, 2]),
      fc
        .integer({ min: 1, max: 38 })
        .chain((p) => fc.tuple(fc.constant(p), fc.integer({ min: 0, max: Math.min(p, 37) }))),
    )
    .map(([precision = 18, scale = 0]) => decimal(precision, scale)),
  fc.constantFrom(
    float('REAL', Math.fround, [Math.fround(3.4028235e38), Math.fround(1.1754944e-38), 16_777_217.5]),
    float('DOUBLE PRECISION', (n) => n, [Number.MAX_VALUE, 2.2250738585072014e-308, 0.1 + 0.2]),
  ),
  fc.constant(boolean),
  fc.constantFrom(1, 3, 10, 200).map(char),
  fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(4, 8, 20, 256).map(varchar) },
    { weight: 1, arbitrary: fc.constant(varchar(65_535)) },
  ),
  fc.constantFrom(date, time, timetz, timestamp('TIMESTAMP', ''), timestamp('TIMESTAMPTZ', '+00')),
  fc.constantFrom(months, seconds(6), seconds(3), seconds(0)),
  fc.constant(superType),
  fc.constantFrom(varbyte(8), varbyte(64_000), shape('GEOMETRY', [0, 4326]), shape('GEOGRAPHY', [4326]), sketch),
);

/** Any text that a column can hold. */
export const anyText: fc.Arbitrary<string> = textOf(CHARACTERS, 20);
