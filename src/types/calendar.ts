/** A day, in the proleptic Gregorian calendar. Year 0 is 1 BC. */
export interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Redshift's own bounds of DATE and TIMESTAMP: 4713 BC to 294276 AD. */
export const YEARS = { min: -4712, max: 294_276 } as const;

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether the calendar has such a day. */
export function isDay({ year, month, day }: Day): boolean {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && leap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
  return day >= 1 && day <= days;
}

/** Days since 1970-01-01, over all years that Redshift knows; `Date` stops before. */
export function dayNumber({ year, month, day }: Day): number {
  // Counting from March makes the leap day the last one of its year.
  // http://howardhinnant.github.io/date_algorithms.html
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The day that is so many days after 1970-01-01. */
export function dayOf(number: number): Day {
  const shifted = number + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9);
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

/** `YYYY-MM-DD` with a year of at least four digits, years before Christ by their positive number. */
export function renderDay({ year, month, day }: Day): string {
  return `${String(year > 0 ? year : 1 - year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}`;
}

/** What follows the text of a day before Christ. */
export function eraSuffix({ year }: Pick<Day, 'year'>): '' | ' BC' {
  return year > 0 ? '' : ' BC';
}

export function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
