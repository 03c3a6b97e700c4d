import type { Explanation } from './explanation.ts';

/** Stands for letters and digits that are made up when the work begins. */
export const RANDOM = 'x'.repeat(24);

/** Words of SQL that a secret follows as a literal, in a person's own statements. */
const SECRET =
  /\b(password|secret_access_key|access_key_id|session_token|master_symmetric_key|credentials|authorization)((?:\s+as|\s*=)?\s*)(?:'(?:[^'\\]|''|\\.)*'|\$\$.*?\$\$)/gis;

/** The plan with what is made up later as `<random>`, and without the secrets that SQL of a person's own may hold. */
export function withoutRandom(explanation: Explanation): Explanation {
  // Text by text: in JSON a line break is two characters, and no space.
  const shown = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? value.replaceAll(RANDOM, '<random>').replaceAll(SECRET, "$1$2'***'") : value;
  return JSON.parse(JSON.stringify(explanation, shown)) as Explanation;
}
