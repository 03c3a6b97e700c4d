import { distance } from 'fastest-levenshtein';

const SHOWN = 3;

/** The names that were probably meant, nearest first, whatever the capitals; at most three. Pure. */
export function nearNames(wanted: string, names: readonly string[]): readonly string[] {
  const bare = wanted.toLowerCase();
  return names
    .map((name) => ({ name, steps: distance(bare, name.toLowerCase()) }))
    .filter(({ name, steps }) => steps <= Math.max(2, Math.floor(Math.max(bare.length, name.length) / 3)))
    .sort((a, b) => a.steps - b.steps)
    .slice(0, SHOWN)
    .map(({ name }) => name);
}
