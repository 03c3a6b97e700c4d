/** A verdict that may hang on something nobody knows here: undefined. */
export type Ternary = boolean | undefined;

/** True when all are, false when any is not. */
export function every(verdicts: readonly Ternary[]): Ternary {
  if (verdicts.includes(false)) return false;
  return verdicts.includes(undefined) ? undefined : true;
}

/** True when any is, false when none is. */
export function some(verdicts: readonly Ternary[]): Ternary {
  if (verdicts.includes(true)) return true;
  return verdicts.includes(undefined) ? undefined : false;
}

export function not(verdict: Ternary): Ternary {
  return verdict === undefined ? undefined : !verdict;
}
