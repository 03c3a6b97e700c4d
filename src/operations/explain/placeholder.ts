import type { Explanation } from './explanation.ts';

/** Stands for letters and digits that are made up when the work begins. */
export const RANDOM = 'x'.repeat(24);

/** Words of SQL that a secret follows as a literal, in a person's own statements. */
const SECRET =
  /\b(password|secret_access_key|access_key_id|session_token|credentials|authorization)(\s+as)?(\s*)'(?:[^']|'')*'/gi;

/** The plan with what is made up later as `<random>`, and without the secrets that SQL of a person's own may hold. */
export function withoutRandom(explanation: Explanation): Explanation {
  const text = JSON.stringify(explanation).replaceAll(RANDOM, '<random>').replaceAll(SECRET, "$1$2$3'***'");
  return JSON.parse(text) as Explanation;
}
