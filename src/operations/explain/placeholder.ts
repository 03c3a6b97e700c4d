import type { Explanation } from './explanation.ts';

/** Stands for letters and digits that are made up when the work begins. */
export const RANDOM = 'x'.repeat(24);

/** The plan with what is made up later as `<random>`. */
export function withoutRandom(explanation: Explanation): Explanation {
  return JSON.parse(JSON.stringify(explanation).replaceAll(RANDOM, '<random>')) as Explanation;
}
