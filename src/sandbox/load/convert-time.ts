import type { Converted } from './convert-number.ts';

/** How DATEFORMAT and TIMEFORMAT were given; the defaults are strict. */
export interface TimeFormats {
  readonly dateFormat: string | undefined;
  readonly timeFormat: string | undefined;
}

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly isBeforeChrist: boolean;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const CLOCK = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:[.:](\d{1,9}))?)?(?:\s*([AaPp])\.?[Mm]\.?)?`;
const ZONE = String.raw`\s*(Z|z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?`;
const AUTO_TIMESTAMP = new RegExp(String.raw`^(.+?)(?:[ T]${CLOCK}${ZONE})?(\s+BC)?$`, 's');
const STRICT_TIMESTAMP = new RegExp(
  String.raw`^(\d{4}-\d{2}-\d{2})(?: (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?()${ZONE})?(\s+BC)?$`,
);
const TIME = new RegExp(`^${CLOCK}${ZONE}$`);
const EPOCH_LIMIT_MS = 8.64e15;

export function convertDate(text: string, { dateFormat }: TimeFormats): Converted {
  const trimmed = text.trim();
  const isAuto = dateFormat?.toLowerCase() === 'auto';
  if (!isAuto && (dateFormat === undefined || dateFormat.toUpperCase() === 'YYYY-MM-DD')) {
    return dateText(/^\d{4}-\d{2}-\d{2}$/.test(trimmed) ? isoDate(trimmed) : undefined) ?? badDate(dateFormat);
  }
  if (isAuto) {
    // A time after the date is read and dropped.
    const match = AUTO_TIMESTAMP.exec(trimmed);
    return dateText(autoDate(match?.[1] ?? '', match?.[8] !== undefined)) ?? badDate('auto');
  }
  return dateText(byPattern(trimmed, dateFormat ?? '')?.date) ?? badDate(dateFormat);
}

function badDate(format: string | undefined): Converted {
  return {
    code: 1205,
    reason: `Invalid Date Format - length must be 10 or more${format === undefined ? '' : ` [${format}]`}`,
  };
}

export function convertTimestamp(text: string, { timeFormat }: TimeFormats, keepsZone: boolean): Converted {
  const trimmed = text.trim();
  const format = timeFormat?.toLowerCase();
  if (format === 'epochsecs' || format === 'epochmillisecs') return fromEpoch(trimmed, format, keepsZone);
  const isDefault = format === undefined || /^yyyy-mm-dd hh(24)?:mi:ss(of)?$/.test(format);
  if (format !== 'auto' && !isDefault) {
    const found = byPattern(trimmed, timeFormat ?? '');
    const date = dateText(found?.date);
    return date === undefined || found === undefined ? badTimestamp(timeFormat) : `${date} ${found.clock}`;
  }
  const match = (format === 'auto' ? AUTO_TIMESTAMP : STRICT_TIMESTAMP).exec(trimmed);
  if (match === null) return badTimestamp(timeFormat);
  const [, day = '', hour, minute, second, fraction, meridiem, zone, before] = match;
  if (format !== 'auto' && zone !== undefined && !keepsZone) return badTimestamp(timeFormat);
  const date = dateText(
    format === 'auto' ? autoDate(day, before !== undefined) : withEra(isoDate(day), before !== undefined),
  );
  const clock = hour === undefined ? '00:00:00' : clockText(hour, minute, second, fraction, meridiem);
  const offset = zoneText(zone);
  if (date === undefined || clock === undefined || offset === undefined || clock.startsWith('24'))
    return badTimestamp(timeFormat);
  const era = date.endsWith(' BC');
  return `${era ? date.slice(0, -3) : date} ${clock}${keepsZone ? offset : ''}${era ? ' BC' : ''}`;
}

function badTimestamp(format: string | undefined): Converted {
  const shown = format === undefined ? 'YYYY-MM-DD HH24:MI:SS' : format;
  return { code: 1206, reason: `Invalid timestamp format or value [${shown}]` };
}

export function convertTime(text: string, keepsZone: boolean): Converted {
  const match = TIME.exec(text.trim());
  const [, hour = '', minute, second, fraction, meridiem, zone] = match ?? [];
  const clock = match === null ? undefined : clockText(hour, minute, second, fraction, meridiem);
  const offset = zoneText(zone);
  if (clock === undefined || offset === undefined)
    return { code: 1206, reason: 'Invalid time format or value [HH24:MI:SS]' };
  return keepsZone ? clock + offset : clock;
}

/** An offset of at most 14:59 hours as the database reads it. */
function zoneText(zone: string | undefined): string | undefined {
  if (zone === undefined) return '';
  const offset = /^[+-](\d{1,2})(?::?(\d{2}))?$/.exec(zone);
  if (offset === null) return '+00';
  return Number(offset[1]) > 14 || Number(offset[2] ?? 0) > 59 ? undefined : zone;
}

function clockText(
  hourText: string,
  minute = '00',
  second = '00',
  fraction = '',
  meridiem?: string,
): string | undefined {
  let hour = Number(hourText);
  if (meridiem !== undefined && meridiem !== '') {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (meridiem.toLowerCase() === 'p' ? 12 : 0);
  }
  const micros = Number(fraction.padEnd(6, '0').slice(0, 6));
  const isMidnight = hour === 24 && Number(minute) === 0 && Number(second) === 0 && micros === 0;
  if ((hour > 23 && !isMidnight) || Number(minute) > 59 || Number(second) > 59) return undefined;
  const whole = `${String(hour).padStart(2, '0')}:${minute}:${second}`;
  return micros === 0 ? whole : `${whole}.${String(micros).padStart(6, '0')}`;
}

function isoDate(text: string): Parts {
  const [year, month, day] = text.split('-').map(Number);
  return { year: year ?? 0, month: month ?? 0, day: day ?? 0, isBeforeChrist: false };
}

function withEra(parts: Parts, isBeforeChrist: boolean): Parts {
  return { ...parts, isBeforeChrist };
}

/** Of the forms 'auto' reads: ISO with 4 to 6 digits of the year, `YYYYMMDD`, `MM/DD/YYYY`, `DD Mon YYYY`, `Mon DD, YYYY`. */
function autoDate(text: string, isBeforeChrist: boolean): Parts | undefined {
  const iso = /^(\d{4,6})[-/.](\d{1,2})[-/.](\d{1,2})$/.exec(text) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (iso !== null) return { year: Number(iso[1]), month: Number(iso[2]), day: Number(iso[3]), isBeforeChrist };
  const american = /^(\d{1,2})[/-](\d{1,2})[/-](\d{4})$/.exec(text);
  if (american !== null) {
    return { year: Number(american[3]), month: Number(american[1]), day: Number(american[2]), isBeforeChrist };
  }
  const named = /^(\d{1,2})[- ]([A-Za-z]{3,9})[- ](\d{4})$/.exec(text);
  const reversed = /^([A-Za-z]{3,9})[- ](\d{1,2}),? (\d{4})$/.exec(text);
  const [day, name, year] = named === null ? [reversed?.[2], reversed?.[1], reversed?.[3]] : named.slice(1);
  if (name === undefined) return undefined;
  const month = MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
  return { year: Number(year), month, day: Number(day), isBeforeChrist };
}

/** Canonical text of a date that exists, years from 4713 BC to 294276. */
function dateText(parts: Parts | undefined): string | undefined {
  if (parts === undefined) return undefined;
  const { year, month, day, isBeforeChrist } = parts;
  const astronomical = isBeforeChrist ? 1 - year : year;
  if (year < 1 || year > (isBeforeChrist ? 4713 : 294_276) || month < 1 || month > 12) return undefined;
  const isLeap = (astronomical % 4 === 0 && astronomical % 100 !== 0) || astronomical % 400 === 0;
  const days = month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  if (day < 1 || day > days) return undefined;
  const pad = (value: number, width: number): string => String(value).padStart(width, '0');
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}${isBeforeChrist ? ' BC' : ''}`;
}

function fromEpoch(text: string, unit: 'epochsecs' | 'epochmillisecs', keepsZone: boolean): Converted {
  const ms = Number(text) * (unit === 'epochsecs' ? 1000 : 1);
  if (!/^-?\d+(\.\d+)?$/.test(text) || Math.abs(ms) > EPOCH_LIMIT_MS) return badTimestamp(unit);
  const date = new Date(Math.round(ms));
  if (date.getUTCFullYear() < 1) return badTimestamp(unit);
  const iso = date.toISOString().replace(/^\+0*/, '').replace('T', ' ').replace('Z', '').replace('.000', '');
  return keepsZone ? `${iso}+00` : iso;
}

const FIELDS: Readonly<Record<string, string>> = {
  yyyy: String.raw`(?<year>\d{4})`,
  yy: String.raw`(?<shortYear>\d{2})`,
  mm: String.raw`(?<month>\d{1,2})`,
  mon: '(?<monthName>[A-Za-z]{3})',
  month: '(?<monthName>[A-Za-z]{3,9})',
  dd: String.raw`(?<day>\d{1,2})`,
  hh24: String.raw`(?<hour>\d{1,2})`,
  hh12: String.raw`(?<hour>\d{1,2})`,
  hh: String.raw`(?<hour>\d{1,2})`,
  mi: String.raw`(?<minute>\d{1,2})`,
  ss: String.raw`(?<second>\d{1,2})(?:\.(?<fraction>\d{1,6}))?`,
  am: '(?<meridiem>[AaPp])[Mm]',
  pm: '(?<meridiem>[AaPp])[Mm]',
};

const patterns = new Map<string, RegExp>();

function byPattern(text: string, format: string): { readonly date: Parts; readonly clock: string } | undefined {
  let pattern = patterns.get(format);
  if (pattern === undefined) {
    const source = format
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/yyyy|yy|month|mon|mm|dd|hh24|hh12|hh|mi|ss|am|pm/gi, (field) => FIELDS[field.toLowerCase()] ?? field);
    pattern = new RegExp(`^${source}$`);
    patterns.set(format, pattern);
  }
  const groups = pattern.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { year, shortYear, month, monthName, day, hour, minute, second, fraction, meridiem } = groups;
  const monthNumber =
    month === undefined ? MONTHS.indexOf((monthName ?? '').slice(0, 3).toLowerCase()) + 1 : Number(month);
  const fullYear = year === undefined ? Number(shortYear) + (Number(shortYear) < 70 ? 2000 : 1900) : Number(year);
  const clock = clockText(hour ?? '00', minute?.padStart(2, '0'), second?.padStart(2, '0'), fraction, meridiem);
  if (clock === undefined) return undefined;
  return { date: { year: fullYear, month: monthNumber, day: Number(day), isBeforeChrist: false }, clock };
}
