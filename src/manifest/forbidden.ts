import type { ConfigIssue } from '../core/errors.ts';
import { matchesWildcard } from '../core/wildcard.ts';
import { issue } from './check-value.ts';

/** Whether one of a policy's patterns covers a text. */
export function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchesWildcard(pattern, text));
}

/** What a policy forbids of an option. */
export function forbidden(path: string, what: string): ConfigIssue {
  return issue(path, `The host does not allow ${what}`, `Choose another value for ${path}, or ask the host's owner.`);
}
