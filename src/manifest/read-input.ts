import type { ConfigIssue } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import { issue, shown } from './check-value.ts';
import type { OptionDescriptor, RetiredOption } from './descriptor.ts';
import { nearestOption } from './nearest.ts';
import { plainCopy } from './plain-copy.ts';

/** Values as given, by key of a known option; empty ones count as not given. */
export interface Input {
  readonly values: Readonly<Record<string, unknown>>;
  readonly issues: readonly ConfigIssue[];
  /** It was no object of plain values at all. */
  readonly isUnusable: boolean;
}

/** Copies the known options out of whatever was handed in, and names every key that is none. Never throws. */
export function readInput(
  raw: unknown,
  properties: Readonly<Record<string, OptionDescriptor>>,
  retired: Readonly<Record<string, RetiredOption>>,
): Input {
  const entries = entriesOf(raw);
  if (entries === undefined) {
    return {
      values: {},
      isUnusable: true,
      issues: [issue('', 'A connection must be an object of plain values', 'Give an object with options.')],
    };
  }
  const values: Record<string, unknown> = {};
  const issues: ConfigIssue[] = [];
  for (const [key, value] of entries) {
    if (key === '$schema') continue;
    const gone = Object.hasOwn(retired, key) ? retired[key] : undefined;
    if (Object.hasOwn(properties, key)) {
      if (value !== undefined && value !== null && value !== '') values[key] = value;
    } else if (gone) {
      issues.push(issue(key, `${key} is no longer an option since version ${gone.since}`, gone.message));
    } else {
      issues.push(unknownKey(key, nearestOption(key, properties)));
    }
  }
  return { values, issues, isUnusable: false };
}

function unknownKey(key: string, nearest: string | undefined): ConfigIssue {
  const name = shown(key);
  if (nearest === undefined) return issue(name, 'There is no such option', `Remove ${name}.`);
  return issue(
    name,
    `There is no such option; did you mean ${nearest}?`,
    `Rename ${name} to ${nearest}, or remove it.`,
  );
}

function entriesOf(raw: unknown): readonly (readonly [string, unknown])[] | undefined {
  const data = plainCopy(raw)?.value;
  if (typeof data !== 'object' || data === null || Array.isArray(data) || data instanceof Secret) return undefined;
  return Object.entries(data);
}
