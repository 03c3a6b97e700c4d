import { ConnectorError } from '../../core/errors.ts';
import { nearNames } from '../../core/near-names.ts';
import type { CheckSpec } from './report.ts';

/** What selection reads of a task. */
export interface Selectable {
  readonly id: string;
  /** Steps without which this one cannot be tried. */
  readonly needs: readonly string[];
  /** Steps that are tried for this one and come before it, and whose outcome is no obstacle. */
  readonly wants?: readonly string[];
}

/** Why a task runs or does not. */
export type Selection =
  | { readonly kind: 'wanted' }
  /** Not asked for, but these are, and need it. */
  | { readonly kind: 'needed'; readonly by: readonly string[] }
  | { readonly kind: 'leftOut' };

/**
 * What `only` and `skip` leave of the tasks, by id; those that are no part of the report are absent. Pure. Throws
 * RS_CONFIG_INVALID for a pattern that no step has.
 */
export function selectTasks(
  tasks: readonly Selectable[],
  { only = [], skip = [] }: Pick<CheckSpec, 'only' | 'skip'>,
): ReadonlyMap<string, Selection> {
  const ids = tasks.map(({ id }) => id);
  for (const [name, patterns] of [['only', only] as const, ['skip', skip] as const]) {
    for (const pattern of patterns) if (!ids.some((id) => fits(id, pattern))) throw unknownStep(name, pattern, ids);
  }
  const selected = new Map<string, Selection>();
  for (const id of ids) {
    if (skip.some((pattern) => fits(id, pattern))) selected.set(id, { kind: 'leftOut' });
    else if (only.length === 0 || only.some((pattern) => fits(id, pattern))) selected.set(id, { kind: 'wanted' });
  }
  if (only.length > 0) addNeeded(tasks, selected);
  return selected;
}

function addNeeded(tasks: readonly Selectable[], selected: Map<string, Selection>): void {
  const needsOf = new Map(tasks.map(({ id, needs, wants = [] }) => [id, [...needs, ...wants]]));
  const neededBy = new Map<string, Set<string>>();
  const follow = (id: string, wanted: string): void => {
    for (const need of needsOf.get(id) ?? []) {
      const by = neededBy.get(need) ?? new Set<string>();
      neededBy.set(need, by);
      if (by.has(wanted)) continue;
      by.add(wanted);
      follow(need, wanted);
    }
  };
  for (const [id, { kind }] of selected) if (kind === 'wanted') follow(id, id);
  for (const [id, by] of neededBy) if (!selected.has(id)) selected.set(id, { kind: 'needed', by: [...by] });
}

/** `staging:*` is every step of staging; `role` alone stands for `role:...` too. */
function fits(id: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[^\w:-]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}(?:$|${pattern.includes('*') ? '$' : ':'})`).test(id);
}

function unknownStep(option: string, pattern: string, ids: readonly string[]): ConnectorError {
  const near = nearNames(pattern, [...new Set(ids.flatMap((id) => [id.split(':')[0] ?? id, id]))]);
  return new ConnectorError('RS_CONFIG_INVALID', `This check has no step ${JSON.stringify(pattern)} (${option})`, {
    action: near.length === 0 ? `Choose among ${ids.join(', ')}.` : `Did you mean ${near.join(' or ')}?`,
    details: { option, step: pattern },
  });
}
