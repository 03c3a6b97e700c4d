import { LIMITS } from '../core/redshift-limits.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import { duckText } from '../sql/duckdb.ts';
import { integer, type Sql, sql } from '../sql/sql.ts';
import { type Conversion, cast, plainText, spelled, textOf, tryCast } from './conversion.ts';
import type { SourceKind } from './source-kind.ts';

type ExtraType = Extract<
  SupportedType,
  {
    readonly kind:
      | 'super'
      | 'varbyte'
      | 'geometry'
      | 'geography'
      | 'hllsketch'
      | 'intervalYearToMonth'
      | 'intervalDayToSecond';
  }
>;

/** Converts to one of Redshift's own types, or answers `undefined` where no value would fit. */
export function extra(kind: SourceKind, sourceType: string, target: ExtraType, value: Sql): Conversion | undefined {
  switch (target.kind) {
    case 'super':
      return json(kind, sourceType, value);
    case 'varbyte':
      return hex(kind, value, target.bytes, 'lower');
    case 'geometry':
    case 'geography':
      return shape(kind, value);
    case 'hllsketch':
      return sketch(kind, value);
    case 'intervalYearToMonth':
    case 'intervalDayToSecond':
      return interval(kind, target, value);
  }
}

const JSON_STRING = duckText(String.raw`"([^"\\]|\\.)*"`);
/** Zeros at the front count as digits here: such a number is refused rather than changed. */
const LONG_NUMBER = duckText(String.raw`([0-9]\.?){39}|([0-9]\.?){16}[eE]`);

/** Text is JSON text; anything else becomes the JSON that says the same. */
function json(kind: SourceKind, sourceType: string, value: Sql): Conversion | undefined {
  const quoted = (text: Sql): Conversion => ({ text: sql`CAST(to_json(${text}) AS VARCHAR)`, checks: [] });
  switch (kind) {
    case 'text': {
      const { plain, isNull } = plainText(value);
      const checks = [
        { isBad: sql`NOT json_valid(${plain})`, problem: 'is not JSON text' },
        { isBad: sql`strlen(${plain}) > ${integer(LIMITS.superBytes)}`, problem: 'takes more than 16 MB as JSON text' },
        {
          isBad: sql`regexp_matches(${plain}, '[0-9.]{16}') AND regexp_matches(regexp_replace(${plain}, ${JSON_STRING}, '', 'g'), ${LONG_NUMBER})`,
          problem: 'holds a number of more than 38 digits, or one with an exponent and more than 15',
          isSilent: true,
        },
      ];
      return { text: plain, isNull, checks };
    }
    case 'integer':
    case 'decimal':
    case 'boolean':
      return { text: cast(value, 'VARCHAR'), checks: [] };
    case 'floating': {
      const isBad = sql`isnan(${value}) OR isinf(${value})`;
      return { text: spelled(value), checks: [{ isBad, problem: 'is a number that JSON does not have' }] };
    }
    case 'date':
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestampNs':
    case 'timestamptz':
    case 'uuid':
      return quoted(textOf(kind, value));
    case 'nested':
      // Bytes have no JSON: they would come out as letters of one of many encodings.
      return /\bB(?:LOB|IT)\b/.test(sourceType) ? undefined : quoted(value);
    case 'binary':
    case 'interval':
    case 'other':
      return undefined;
  }
}

function hex(kind: SourceKind, value: Sql, bytes: number, letters: 'lower' | 'upper'): Conversion | undefined {
  const problem = `takes more than the ${bytes} bytes that the column holds`;
  const none = { problem: 'has no bytes, which COPY loads as NULL', isSilent: true };
  const spell = (digits: Sql): Sql => (letters === 'lower' ? sql`lower(${digits})` : sql`upper(${digits})`);
  if (kind === 'binary') {
    return {
      text: spell(sql`hex(${value})`),
      checks: [
        { isBad: sql`octet_length(${value}) > ${integer(bytes)}`, problem },
        { isBad: sql`octet_length(${value}) = 0`, ...none },
      ],
    };
  }
  if (kind !== 'text') return undefined;
  return {
    text: spell(value),
    checks: [
      {
        isBad: sql`strlen(${value}) % 2 = 1 OR regexp_matches(${value}, '[^0-9A-Fa-f]')`,
        problem: 'is not hexadecimal digits, two a byte',
      },
      { isBad: sql`strlen(${value}) > ${integer(2 * bytes)}`, problem },
      { isBad: sql`${value} = ''`, ...none },
    ],
  };
}

function shape(kind: SourceKind, value: Sql): Conversion | undefined {
  const digits = hex(kind, value, LIMITS.geometryBytes, 'upper');
  if (digits === undefined) return undefined;
  const isBad = sql`NOT regexp_matches(${digits.text}, '^0[01].{16}')`;
  return { ...digits, checks: [...digits.checks, { isBad, problem: 'is not EWKB in hexadecimal digits' }] };
}

function sketch(kind: SourceKind, value: Sql): Conversion | undefined {
  if (kind !== 'text') return undefined;
  const { plain, isNull } = plainText(value);
  const isBad = sql`NOT (regexp_full_match(${plain}, '[A-Za-z0-9+/]+={0,2}') OR (starts_with(${plain}, '{') AND json_valid(${plain})))`;
  return { text: plain, isNull, checks: [{ isBad, problem: 'is neither JSON nor base64 of a sketch' }] };
}

const MONTHS = String.raw`[+-]?\d+-\d{1,2}|(?:-?\d+ years?)?(?: ?-?\d+ mon(?:th)?s?)?`;

function interval(
  kind: SourceKind,
  target: Extract<ExtraType, { readonly kind: `interval${string}` }>,
  value: Sql,
): Conversion | undefined {
  const isMonths = target.kind === 'intervalYearToMonth';
  const name = isMonths ? 'INTERVAL YEAR TO MONTH' : 'INTERVAL DAY TO SECOND';
  if (kind === 'interval') {
    const [months, rest] = [sql`datediff('month', DATE '2000-01-01', DATE '2000-01-01' + ${value})`, restOf(value)];
    return {
      text: cast(value, 'VARCHAR'),
      checks: [
        {
          isBad: isMonths ? sql`${rest} <> 0` : sql`${months} <> 0`,
          problem: isMonths ? `has days or a time, which ${name} cannot hold` : `has months, which ${name} cannot hold`,
        },
      ],
    };
  }
  if (kind !== 'text') return undefined;
  const { plain, isNull } = plainText(value);
  const digits = isMonths ? 6 : target.precision;
  const fraction = digits === 0 ? '' : String.raw`(?:\.\d{1,${digits}}0*)?`;
  const form = isMonths ? MONTHS : String.raw`(?:-?\d+ days?)?(?: ?[+-]?\d+:\d{2}(?::\d{2}${fraction})?)?`;
  // The engine does not know the form 1-2.
  const [short, long] = [String.raw`^([+-]?)(\d+)-(\d+)$`, String.raw`\1\2 years \1\3 months`];
  const readable = isMonths ? sql`regexp_replace(${plain}, ${duckText(short)}, ${duckText(long)})` : plain;
  const isBad = sql`NOT regexp_full_match(${plain}, ${duckText(form)}) OR ${tryCast(readable, 'INTERVAL')} IS NULL`;
  const problem = isMonths
    ? `is not an ${name}, such as 1 year 2 mons`
    : `is not an ${name} with at most ${digits} digits of fraction, such as 1 day 02:03:04.5`;
  return { text: plain, isNull, checks: [{ isBad, problem }] };
}

/** Days and what is shorter, of an interval that may have months too: in microseconds. */
function restOf(value: Sql): Sql {
  return sql`(datepart('day', ${value}) * 86400000000 + datepart('hour', ${value}) * 3600000000 + datepart('minute', ${value}) * 60000000 + datepart('microseconds', ${value}))`;
}
