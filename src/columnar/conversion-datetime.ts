import { defined } from '../core/defined.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import { duckText } from '../sql/duckdb.ts';
import { type Sql, sql } from '../sql/sql.ts';
import { type Check, type Conversion, cast, plainText, tryCast, withEra } from './conversion.ts';
import type { SourceKind } from './source-kind.ts';

type DateOrTime = Extract<SupportedType['kind'], 'date' | 'time' | 'timetz' | 'timestamp' | 'timestamptz'>;

const ENGINE_TYPE: Readonly<Record<DateOrTime, string>> = {
  date: 'TIMESTAMP',
  time: 'TIME',
  timetz: 'TIMETZ',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMPTZ',
};

const DAY = String.raw`\d{4,6}-\d{2}-\d{2}`;
const CLOCK = String.raw`\d{2}:\d{2}(:\d{2}(\.\d{1,6}0*)?)?`;
const ZONE = String.raw`\s*(Z|[+-]\d{2}(:?\d{2})?)`;
const FORM: Readonly<Record<DateOrTime, string>> = {
  date: String.raw`${DAY}([ T]00:00(:00(\.0+)?)?Z?)?( BC)?`,
  time: CLOCK,
  timetz: `${CLOCK}(${ZONE})?`,
  timestamp: `${DAY}([ T]${CLOCK})?Z?( BC)?`,
  timestamptz: `${DAY}([ T]${CLOCK}(${ZONE})?)?( BC)?`,
};

/** A day with a time of day. */
const DAY_AND_CLOCK = `${DAY}[ T]${CLOCK}Z?( BC)?`;
/** Texts that COPY may read, whatever follows: it rounds a fraction, and passes over a zone, without a word. */
const BEGINNING: Readonly<Record<DateOrTime, string>> = {
  date: `^${DAY}`,
  time: String.raw`^\d{2}:\d{2}`,
  timetz: String.raw`^\d{2}:\d{2}`,
  timestamp: `^${DAY}`,
  timestamptz: `^${DAY}`,
};

/** Redshift puts the era at the end, the engine behind the day. */
export const BEFORE_CHRIST = '^([0-9-]+)([ T].*)? BC$';

/** Kinds whose values a column of the type can take, and what must hold for each value. */
const ACCEPTED: Readonly<Record<DateOrTime, readonly SourceKind[]>> = {
  date: ['date', 'timestamp', 'timestampNs', 'timestamptz'],
  time: ['time'],
  timetz: ['timetz', 'time'],
  timestamp: ['date', 'timestamp', 'timestampNs', 'timestamptz'],
  timestamptz: ['date', 'timestamp', 'timestampNs', 'timestamptz'],
};

/** Converts to one of the types of dates and times, or answers `undefined` where no value would fit. */
export function dateOrTime(kind: SourceKind, value: Sql, target: DateOrTime): Conversion | undefined {
  const engineType = ENGINE_TYPE[target];
  const render = (moment: Sql): Sql => {
    if (target === 'date') return withEra(cast(cast(moment, 'DATE'), 'VARCHAR'));
    return target === 'time' || target === 'timetz' ? cast(moment, 'VARCHAR') : withEra(cast(moment, 'VARCHAR'));
  };
  if (kind === 'text') {
    const { plain, isNull } = plainText(value);
    const forEngine = sql`regexp_replace(${plain}, ${duckText(BEFORE_CHRIST)}, ${duckText(String.raw`\1 (BC)\2`)}, 'i')`;
    const moment = tryCast(sql`CASE WHEN suffix(${plain}, ' BC') THEN ${forEngine} ELSE ${plain} END`, engineType);
    return {
      text: render(moment),
      isNull,
      checks: textChecks(target, plain, moment),
      ...defined({ isPlain: isPlainMoment(target, value) }),
    };
  }
  if (!ACCEPTED[target].includes(kind)) return undefined;
  if (target === 'time' || target === 'timetz') return { text: render(cast(value, engineType)), checks: [] };

  const moment = cast(value, engineType);
  const checks: Check[] = [
    {
      isBad: sql`NOT isfinite(${value}) OR year(${value}) NOT BETWEEN -4712 AND 294276`,
      problem: `is out of the range of ${target.toUpperCase()}`,
    },
  ];
  if (kind === 'timestampNs') {
    checks.push({
      isBad: sql`epoch_ns(${value}) % 1000 <> 0`,
      problem: 'has nanoseconds, and Redshift keeps microseconds',
      isSilent: true,
    });
  }
  if (target === 'date' && kind !== 'date') {
    checks.push({
      isBad: sql`${moment} <> date_trunc('day', ${moment})`,
      problem: 'has a time of day, which DATE cannot hold',
      isSilent: true,
    });
  }
  return { text: render(moment), checks };
}

/** What COPY would take and change comes first: the rest may be left to it. */
function textChecks(target: DateOrTime, plain: Sql, moment: Sql): readonly Check[] {
  const matches = (form: string): Sql => sql`regexp_full_match(${plain}, ${duckText(form)})`;
  const isGood = matches(FORM[target]);
  const begins = sql`regexp_matches(${plain}, ${duckText(BEGINNING[target])})`;
  const problem = `is not a ${target.toUpperCase()} in ISO form, or is out of its range`;
  if (target !== 'date') {
    return [
      { isBad: sql`${begins} AND NOT ${isGood}`, problem, isSilent: true, isAcceptable: false },
      { isBad: sql`NOT ${isGood} OR ${moment} IS NULL`, problem },
    ];
  }
  const hasClock = matches(DAY_AND_CLOCK);
  return [
    {
      isBad: sql`${hasClock} AND NOT ${isGood} AND ${moment} IS NOT NULL`,
      problem: 'has a time of day, which DATE cannot hold',
      isSilent: true,
    },
    { isBad: sql`${begins} AND NOT ${isGood} AND NOT ${hasClock}`, problem, isSilent: true, isAcceptable: false },
    { isBad: sql`NOT (${isGood} OR ${hasClock}) OR ${moment} IS NULL`, problem },
  ];
}

/**
 * Whether a text is spelled as the engine itself would spell it, which is how COPY reads it. The length keeps out years of
 * more than four digits in a DATE, and the infinities.
 */
function isPlainMoment(target: DateOrTime, value: Sql): Sql | undefined {
  if (target !== 'date' && target !== 'timestamp') return undefined;
  const length =
    target === 'date' ? sql`strlen(${value}) = 10` : sql`strlen(${value}) >= 19 AND NOT contains(${value}, '(BC)')`;
  const again = cast(tryCast(value, target === 'date' ? 'DATE' : 'TIMESTAMP'), 'VARCHAR');
  return sql`${length} AND ${again} = ${value}`;
}
