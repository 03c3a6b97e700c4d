import { dayOf } from './calendar.ts';
import type { Moment } from './moment.ts';

/** What a UTC clock shows at a JavaScript `Date`; `undefined` for an invalid one. */
export function momentOf(date: Date): Moment | undefined {
  const ms = date.getTime();
  if (Number.isNaN(ms)) return undefined;
  const days = Math.floor(ms / 86_400_000);
  const rest = ms - days * 86_400_000;
  const fraction = String(rest % 1000)
    .padStart(3, '0')
    .replace(/0+$/, '');
  return { ...dayOf(days), clock: { seconds: Math.floor(rest / 1000), fraction }, offsetMinutes: 0 };
}
