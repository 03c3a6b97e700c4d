import { type ConfigIssue, ConnectorError } from '../core/errors.ts';
import { nearNames } from '../core/near-names.ts';
import { checkValue, issue } from './check-value.ts';
import { MANIFEST } from './manifest.gen.ts';

/**
 * A whole number that an operation takes: what was given, or else the default that connector.json declares. Throws
 * RS_CONFIG_INVALID for one outside the bounds declared there.
 */
export function integerAttribute(operation: string, key: string, given: number | undefined): number {
  const descriptor = MANIFEST.operations[operation]?.attributes[key];
  const value = given ?? descriptor?.default;
  if (descriptor === undefined || value === undefined) {
    throw new ConnectorError('RS_INTERNAL', `connector.json declares no default for ${key} of ${operation}`);
  }
  const issues = checkValue(key, descriptor, value);
  const [first] = issues;
  if (first !== undefined)
    throw new ConnectorError('RS_CONFIG_INVALID', first.message, { action: first.action, issues });
  return Number(value);
}

/**
 * Refuses a specification, as it may come out of a form, whose words are not those of connector.json or whose names are
 * no text, and one with attributes that the operation does not have: a misspelt one would be passed over. Throws RS_CONFIG_INVALID.
 */
export function checkWords(operation: string, spec: object): void {
  const declared = MANIFEST.operations[operation]?.attributes ?? {};
  const attributes = Object.entries(declared);
  const given = new Map<string, unknown>(Object.entries(spec));
  const unknown = [...given].filter(([key, value]) => value !== undefined && !Object.hasOwn(declared, key));
  const issues = attributes.flatMap(([key, descriptor]) => {
    const value = given.get(key);
    if (value === undefined) return [];
    if (key === 'object' || key === 'procedure')
      return isReference(value, READS.has(operation) ? 3 : 2) ? [] : [notNames(key)];
    if (key === 'duplicateKeys' && isByColumn(value)) return [];
    if (descriptor.enum !== undefined || descriptor.type === 'boolean') return checkValue(key, descriptor, value);
    if (descriptor.type === 'string') return typeof value === 'string' ? [] : checkValue(key, descriptor, value);
    if (key === 'partitionBoundaries') return areValues(value) ? [] : checkValue(key, descriptor, value);
    if (descriptor.type === 'json' || descriptor.items?.type === 'object') return checkValue(key, descriptor, value);
    return descriptor.type !== 'array' || areNames(value, MAY_SAY_MORE.has(key)) ? [] : [notNames(key)];
  });
  const all = [...unknown.map(([key]) => notAttribute(key, operation, Object.keys(declared))), ...issues];
  const [first] = all;
  if (first === undefined) return;
  throw new ConnectorError('RS_CONFIG_INVALID', first.message, { action: first.action, issues: all });
}

function notAttribute(key: string, operation: string, names: readonly string[]): ConfigIssue {
  const [near] = nearNames(key.slice(0, 64), names);
  const shown = JSON.stringify(key.slice(0, 64));
  const action = near === undefined ? `Leave ${shown} out.` : `Did you mean ${near}?`;
  return issue(key, `There is no attribute ${shown} of ${operation}`, action);
}

/** Lists whose elements may be objects that name a column. */
const MAY_SAY_MORE: ReadonlySet<string> = new Set(['orderBy', 'columns']);

function isByColumn(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'by' in value && typeof value.by === 'string';
}

/** Operations that take objects of other databases too. */
const READS: ReadonlySet<string> = new Set(['preview', 'read']);

function isReference(value: unknown, mostParts: number): boolean {
  return (
    typeof value === 'string' ||
    (Array.isArray(value) && value.length >= 2 && value.length <= mostParts && areNames(value))
  );
}

function areNames(value: unknown, orMore = false): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' || (orMore && namesColumn(name)));
}

/** Values of a column, which a program may give as numbers too. */
function areValues(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => ['string', 'number', 'bigint'].includes(typeof each));
}

function namesColumn(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'column' in value && typeof value.column === 'string';
}

function notNames(key: string): ConfigIssue {
  return issue(key, `"${key}" holds something that is no name`, `Give names as text in ${key}.`);
}
