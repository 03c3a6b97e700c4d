import { ConnectorError } from '../core/errors.ts';
import { checkValue } from './check-value.ts';
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
