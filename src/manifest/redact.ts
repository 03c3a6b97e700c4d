import { Secret } from '../core/secret.ts';
import { readJdbcUrl } from './jdbc-url.ts';
import { MANIFEST } from './manifest.gen.ts';
import { plainCopy } from './plain-copy.ts';
import { readReference } from './references.ts';

const MASK = '***';

/**
 * A connection as it may be shown or logged: secrets and unknown keys (a misspelt one may hold a secret) are masked,
 * references stay, and a JDBC URL loses its parameters.
 */
export function redact(values: unknown): Readonly<Record<string, unknown>> {
  const data = plainCopy(values)?.value;
  if (typeof data !== 'object' || data === null || data instanceof Secret) return {};
  const { properties } = MANIFEST.connection;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => {
      const option = Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (key === 'jdbcUrl') return [key, addressOf(value)];
      return [key, option && !option.secret ? value : masked(key, value)];
    }),
  );
}

function masked(key: string, value: unknown): unknown {
  if (value === undefined || value === null || value === '') return value;
  return typeof value === 'string' && readReference(value, key) !== undefined ? value : MASK;
}

function addressOf(value: unknown): unknown {
  const url = typeof value === 'string' ? readJdbcUrl(value) : { problem: '' };
  return 'problem' in url ? MASK : url.address;
}
