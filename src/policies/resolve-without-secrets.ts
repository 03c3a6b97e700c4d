import { Secret } from '../core/secret.ts';
import { MANIFEST } from '../manifest/manifest.gen.ts';
import type { ConnectionInput, ConnectionOptions } from '../manifest/options.gen.ts';
import { resolveOptions } from '../manifest/resolve.ts';

const STAND_IN = new Secret('ROLESHIFT0NOT0A0SECRET');

/** The keys that a policy is written before. */
const SOON_THERE = ['accessKeyId', 'secretAccessKey', 'password'] as const;

/**
 * Resolves a connection with a stand-in for each secret: policies depend on none, and are written before keys exist.
 * Throws RS_CONFIG_INVALID for everything else.
 */
export function resolveWithoutSecrets(connection: ConnectionInput): ConnectionOptions {
  const values: Record<string, unknown> = { ...connection };
  for (const [key, { secret }] of Object.entries(MANIFEST.connection.properties)) {
    if (secret !== true) continue;
    const isGiven = values[key] !== undefined && values[key] !== null && values[key] !== '';
    if (isGiven || SOON_THERE.some((name) => name === key)) values[key] = STAND_IN;
  }
  return resolveOptions(values);
}
