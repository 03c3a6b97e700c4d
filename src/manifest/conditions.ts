import type { Condition, Conditions, ConditionValue } from './descriptor.ts';

/** Reads an option's value, its default applied; undefined when it has neither. */
export type Lookup = (key: string) => unknown;

/** Whether the condition holds; several alternatives hold when one does. Evaluate it after defaults, never before. */
export function holds(conditions: Conditions, lookup: Lookup): boolean {
  return alternatives(conditions).some((condition) =>
    Object.entries(condition).every(([key, accepted]) => accepted.includes(asConditionValue(lookup(key)))),
  );
}

/** The condition as a list of alternatives. */
export function alternatives(conditions: Conditions): readonly Condition[] {
  return isList(conditions) ? conditions : [conditions];
}

function isList(conditions: Conditions): conditions is readonly Condition[] {
  return Array.isArray(conditions);
}

// A text, number or list that is there but never listed in a condition only matters as "not null".
function asConditionValue(value: unknown): ConditionValue {
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : '';
}
