import { ConnectorError } from '../core/errors.ts';
import { LIMITS, LONE_SURROGATE } from '../core/redshift-limits.ts';

/** Who wrote a statement decides how its failure is told: ours is a defect, theirs is a mistake they can mend. */
export type SqlAuthor = 'roleshift' | 'user';

/** SQL text that is safe to send. A plain string is never one; `Sql.trusted` and `Sql.user` are the greppable exceptions. */
export class Sql {
  readonly #text: string;
  /** `user` as soon as any part of the text came from the user's own SQL. */
  readonly author: SqlAuthor;

  private constructor(text: string, author: SqlAuthor) {
    this.#text = text;
    this.author = author;
  }

  /** Text that this package vouches for. Only `sql/` has a reason to call it. */
  static trusted(text: string, author: SqlAuthor = 'roleshift'): Sql {
    return new Sql(text, author);
  }

  /** The user's own SQL (query, pre, post and connect SQL), sent as it stands. Throws RS_CONFIG_INVALID for a NUL. */
  static user(text: string): Sql {
    if (text.trim() === '' || text.includes('\0')) {
      throw new ConnectorError('RS_CONFIG_INVALID', 'The SQL text is empty or holds a NUL character', {
        action: 'Give one SQL statement.',
      });
    }
    return new Sql(text, 'user');
  }

  /** The first keyword, in capitals: what logs and events may show. */
  get verb(): string {
    return /^\s*(?:--[^\n]*\n\s*|\/\*.*?\*\/\s*)*([A-Za-z]+)/s.exec(this.#text)?.[1]?.toUpperCase() ?? 'SQL';
  }

  toString(): string {
    return this.#text;
  }
}

/** A template whose holes take `Sql` only. */
export function sql(strings: TemplateStringsArray, ...parts: readonly Sql[]): Sql {
  const author = parts.some((part) => part.author === 'user') ? 'user' : 'roleshift';
  return Sql.trusted(String.raw({ raw: strings }, ...parts), author);
}

/** The parts with a separator between; nothing for no parts. */
export function join(parts: readonly Sql[], separator: Sql = sql`, `): Sql {
  const author = parts.some((part) => part.author === 'user') ? 'user' : 'roleshift';
  return Sql.trusted(parts.join(String(separator)), author);
}

/** Why a name cannot be used in Redshift, or `undefined` when it can. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.includes('\0')) return 'it holds a NUL character';
  if (LONE_SURROGATE.test(name)) return 'it is not valid Unicode';
  if (Buffer.byteLength(name) > LIMITS.nameBytes) return `it is longer than ${LIMITS.nameBytes} bytes in UTF-8`;
  return undefined;
}

/** Quotes each path segment. Redshift silently truncates names past 127 bytes, so they are refused: RS_CONFIG_INVALID. */
export function identifier(...path: readonly [string, ...string[]]): Sql {
  for (const name of path) {
    const problem = nameProblem(name);
    if (problem !== undefined) {
      throw new ConnectorError('RS_CONFIG_INVALID', `Not a usable Redshift name: ${JSON.stringify(name)}: ${problem}`, {
        action: `Choose a name of 1 to ${LIMITS.nameBytes} bytes.`,
      });
    }
  }
  return Sql.trusted(path.map((name) => `"${name.replaceAll('"', '""')}"`).join('.'));
}

/**
 * Quotes a string literal, for statements that take no bind parameters. Refuses backslashes: servers differ on whether
 * one escapes, and no URL, ARN, region or run id needs one. Throws RS_CONFIG_INVALID.
 */
export function literal(value: string): Sql {
  if (/[\\\0]/.test(value) || LONE_SURROGATE.test(value)) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'A SQL literal may not hold a backslash, a NUL or broken Unicode', {
      action: 'Remove the character from the option or name.',
    });
  }
  return Sql.trusted(`'${value.replaceAll("'", "''")}'`);
}

/** A whole number that fits BIGINT. Throws RS_INTERNAL for anything else. */
export function integer(value: number | bigint): Sql {
  const whole = typeof value === 'bigint' ? value === BigInt.asIntN(64, value) : Number.isSafeInteger(value);
  if (!whole) throw new ConnectorError('RS_INTERNAL', 'A number in SQL is not a whole number that fits BIGINT');
  return Sql.trusted(String(value));
}
