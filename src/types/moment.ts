import { type Day, dayNumber, dayOf, eraSuffix, isDay, renderDay, twoDigits, YEARS } from './calendar.ts';

/** A point in time or on the clock, as its text says it. */
export interface Moment extends Day {
  /** Absent where the text holds a day only. */
  readonly clock?: ClockTime;
  /** Minutes east of Greenwich; absent where the text names no zone. */
  readonly offsetMinutes?: number;
}

export interface ClockTime {
  /** Seconds since midnight, 86400 for 24:00:00. */
  readonly seconds: number;
  /** Digits of the fraction with no trailing zero. */
  readonly fraction: string;
}

const ZONE = String.raw`(?:\s*(Z|[+-]\d{2}(?::?\d{2})?))?`;
const CLOCK = String.raw`(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?`;
const MOMENT = new RegExp(String.raw`^(\d{4,6})-(\d{2})-(\d{2})(?:[ T]${CLOCK}${ZONE})?( BC)?$`, 'i');
const CLOCK_ONLY = new RegExp(`^${CLOCK}${ZONE}$`, 'i');

/** Reads ISO text of a day or a timestamp; `undefined` for anything else and for days and times that do not exist. */
export function parseMoment(text: string): Moment | undefined {
  const [, yearText, month, day, hours, minutes, seconds, fraction, zone, era] = MOMENT.exec(text) ?? [];
  if (yearText === undefined) return undefined;
  const year = era === undefined ? Number(yearText) : 1 - Number(yearText);
  const date = { year, month: Number(month), day: Number(day) };
  if (yearText === '0000' || !isDay(date) || year < YEARS.min || year > YEARS.max) return undefined;
  if (hours === undefined) return date;
  const clock = clockOf(hours, minutes, seconds, fraction);
  const offsetMinutes = zone === undefined ? undefined : offsetOf(zone);
  if (clock === undefined || clock.seconds === 86_400 || Number.isNaN(offsetMinutes)) return undefined;
  return { ...date, clock, ...(offsetMinutes === undefined ? {} : { offsetMinutes }) };
}

/** Reads a time of day, with or without a zone; `undefined` for anything else. */
export function parseClock(text: string): { readonly clock: ClockTime; readonly offsetMinutes?: number } | undefined {
  const [, hours, minutes, seconds, fraction, zone] = CLOCK_ONLY.exec(text) ?? [];
  const clock = hours === undefined ? undefined : clockOf(hours, minutes, seconds, fraction);
  const offsetMinutes = zone === undefined ? undefined : offsetOf(zone);
  if (clock === undefined || Number.isNaN(offsetMinutes)) return undefined;
  return offsetMinutes === undefined ? { clock } : { clock, offsetMinutes };
}

/** `HH:MM:SS[.ffffff]`. */
export function renderClock({ seconds, fraction }: ClockTime): string {
  const text = `${twoDigits(Math.floor(seconds / 3600))}:${twoDigits(Math.floor(seconds / 60) % 60)}:${twoDigits(seconds % 60)}`;
  return fraction === '' ? text : `${text}.${fraction}`;
}

/** `+00`, `-03:30`. */
export function renderOffset(minutes: number): string {
  const size = Math.abs(minutes);
  const rest = size % 60;
  return `${minutes < 0 ? '-' : '+'}${twoDigits(Math.floor(size / 60))}${rest === 0 ? '' : `:${twoDigits(rest)}`}`;
}

/** `YYYY-MM-DD HH:MM:SS[.ffffff][zone][ BC]`. */
export function renderMoment(moment: Moment, zone = ''): string {
  const clock = renderClock(moment.clock ?? { seconds: 0, fraction: '' });
  return `${renderDay(moment)} ${clock}${zone}${eraSuffix(moment)}`;
}

/** The same point in time as a clock in Greenwich shows it. A moment that names no zone is taken as UTC. */
export function toUtc(moment: Moment): Moment {
  const { clock = { seconds: 0, fraction: '' }, offsetMinutes = 0 } = moment;
  const total = dayNumber(moment) * 86_400 + clock.seconds - offsetMinutes * 60;
  const days = Math.floor(total / 86_400);
  return { ...dayOf(days), clock: { seconds: total - days * 86_400, fraction: clock.fraction }, offsetMinutes: 0 };
}

function clockOf(hours: string, minutes = '', seconds = '00', fraction = ''): ClockTime | undefined {
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const digits = fraction.replace(/0+$/, '');
  if (Number(minutes) > 59 || Number(seconds) > 59 || digits.length > 6) return undefined;
  return total < 86_400 || (total === 86_400 && digits === '') ? { seconds: total, fraction: digits } : undefined;
}

/** Minutes, or NaN for an offset that Redshift does not know. */
function offsetOf(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', ''));
  if (hours > 14 || minutes > 59) return Number.NaN;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
