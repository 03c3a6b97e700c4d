import { createHash } from 'node:crypto';
import { foldCase } from './tokens.ts';

const REDSHIFT_LIMIT_BYTES = 127;
const POSTGRES_LIMIT_BYTES = 63;

/** Cuts a text to at most `limit` bytes, never inside a character. */
export function truncateBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

/**
 * The names of a cluster that are too long for PostgreSQL (Redshift has 127 bytes, PostgreSQL 63), by the short names that
 * stand for them: a piece of the name, `~` and a hash.
 */
export class NameMap {
  readonly #fullByShort = new Map<string, string>();
  #fresh: (readonly [short: string, full: string])[] = [];

  /** The name PostgreSQL knows, of a name already folded. Past 127 bytes it is cut, as Redshift does. */
  toPostgres(name: string): string {
    const full = truncateBytes(name, REDSHIFT_LIMIT_BYTES);
    if (Buffer.byteLength(full) <= POSTGRES_LIMIT_BYTES) return full;
    const short = `${truncateBytes(full, 46)}~${createHash('sha256').update(full).digest('hex').slice(0, 14)}`;
    if (!this.#fullByShort.has(short)) {
      this.#fullByShort.set(short, full);
      this.#fresh.push([short, full]);
    }
    return short;
  }

  fromPostgres(name: string): string {
    return this.#fullByShort.get(name) ?? name;
  }

  /** A message with the long names put back. */
  restore(text: string): string {
    if (this.#fullByShort.size === 0 || !text.includes('~')) return text;
    let restored = text;
    for (const [short, full] of this.#fullByShort) restored = restored.replaceAll(short, full);
    return restored;
  }

  /** The names that came up since the last call: the catalog views learn them. */
  takeFresh(): readonly (readonly [short: string, full: string])[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }
}

/** How names are read in a session. */
export interface NameRules {
  /** `enable_case_sensitive_identifier`: quoted names keep their case. */
  readonly caseSensitive: boolean;
  readonly names: NameMap;
}

// Database users of IAM identities keep the case of the identity: GRANT .. TO "IAMR:Admin".
const IAM_USER = /^IAMR?:/;

/** The PostgreSQL name that a token stands for. */
export function resolveName(token: { readonly kind: string; readonly value: string }, rules: NameRules): string {
  const folded =
    token.kind === 'quoted' && (rules.caseSensitive || IAM_USER.test(token.value))
      ? token.value
      : foldCase(token.value);
  return rules.names.toPostgres(folded);
}

/** Quoted for PostgreSQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A literal that reads the same whatever `standard_conforming_strings` says. */
export function quoteLiteral(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
