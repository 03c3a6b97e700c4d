import { ConnectorError } from '../core/errors.ts';
import { LONE_SURROGATE } from '../core/redshift-limits.ts';
import { Sql, sql } from './sql.ts';

/** A value that stands in a condition. Dates, times and long decimals are text: the column's type reads them. */
export type ConditionValue = string | number | bigint | boolean;

/**
 * A value as an expression. Text may hold anything but NUL: a backslash, which servers read in two ways, goes by its
 * code. Throws RS_CONFIG_INVALID for what no server could read.
 */
export function renderValue(value: ConditionValue): Sql {
  if (typeof value === 'string') return renderText(value);
  if (typeof value === 'boolean') return value ? sql`TRUE` : sql`FALSE`;
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return Sql.trusted(`CAST('${value}' AS DOUBLE PRECISION)`);
  }
  return numeral(String(value));
}

/** Whether a value, as it may come out of a form, is one that a condition can hold. */
export function isConditionValue(value: unknown): value is ConditionValue {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}

/** Text as an expression; see `renderValue`. */
export function renderText(value: string): Sql {
  if (value.includes('\0') || LONE_SURROGATE.test(value)) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'A value of a condition holds a NUL or broken Unicode', {
      action: 'Remove the character from the value.',
    });
  }
  const parts = value.split('\\').map((part) => `'${part.replaceAll("'", "''")}'`);
  const [only = "''"] = parts;
  return Sql.trusted(parts.length === 1 ? only : `(${parts.join(' || CHR(92) || ')})`);
}

// In parentheses: two minus signs in a row would begin a comment.
function numeral(digits: string): Sql {
  return Sql.trusted(digits.startsWith('-') ? `(${digits})` : digits);
}
