import { type ConfigIssue, ConnectorError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import { holds } from './conditions.ts';
import { MANIFEST } from './manifest.gen.ts';
import type { ConnectionInput, ConnectionOptions } from './options.gen.ts';

/** Checks a connection and fills in its defaults. Throws one `RS_CONFIG_INVALID` that lists every problem. */
export function resolveOptions(raw: ConnectionInput): ConnectionOptions {
  const input = raw as Readonly<Record<string, unknown>>;
  const { properties } = MANIFEST.connection;
  const lookup = (key: string): unknown => input[key] ?? properties[key]?.default;
  const issues: ConfigIssue[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(properties)) {
    const isVisible = option.visibleWhen === undefined || holds(option.visibleWhen, lookup);
    const value = isVisible ? lookup(key) : option.default;
    const isRequired = option.required === true || (option.requiredWhen && holds(option.requiredWhen, lookup));
    if (value === undefined && isRequired) {
      issues.push({ path: key, message: `${option.title} is missing`, action: `Set ${key}.` });
    }
    if (value !== undefined) values[key] = option.secret && typeof value === 'string' ? new Secret(value) : value;
  }
  if (issues.length > 0) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'The connection has options that are not valid', { issues });
  }
  return Object.freeze(values) as unknown as ConnectionOptions;
}
