import { invalidField } from '../../core/invalid-field.ts';
import { userScript } from '../../sql/script.ts';
import type { UserText } from '../../sql/user-text.ts';
import type { WriteSpec } from '../write-spec.ts';

/** Statements that take effect together or not at all: one, or those from BEGIN to COMMIT. */
export type UserUnit = readonly UserText[];

/** The person's own SQL around a write. */
export interface UserSqlPlan {
  /** Sent outside of our transaction, each unit once for a run id. */
  readonly before: readonly UserUnit[];
  readonly after: readonly UserUnit[];
  /** Sent inside of it, ahead of the rows and behind them. */
  readonly first: readonly UserText[];
  readonly last: readonly UserText[];
}

/** They end a transaction, begin one, or may not stand in one; what a procedure does cannot be seen. */
const NOT_INSIDE = new Set(['BEGIN', 'START', 'COMMIT', 'END', 'ROLLBACK', 'ABORT', 'TRUNCATE', 'CALL', 'VACUUM']);
const BEGINS = new Set(['BEGIN', 'START']);
const ENDS = new Set(['COMMIT', 'END', 'ROLLBACK', 'ABORT']);

/** Decides what of the person's SQL runs where. Throws RS_CONFIG_INVALID for what cannot run there. */
export function planUserSql({ preSql, postSql, sqlInTransaction = false }: WriteSpec): UserSqlPlan {
  const pre = scriptOf(preSql, 'preSql');
  const post = scriptOf(postSql, 'postSql');
  if (!sqlInTransaction)
    return { before: unitsOf(pre, 'preSql'), after: unitsOf(post, 'postSql'), first: [], last: [] };
  requireInside(pre, 'preSql');
  requireInside(post, 'postSql');
  return { before: [], after: [], first: pre, last: post };
}

function scriptOf(text: string | undefined, key: 'preSql' | 'postSql'): readonly UserText[] {
  return text === undefined || text.trim() === '' ? [] : userScript(text, key, key);
}

function requireInside(script: readonly UserText[], key: 'preSql' | 'postSql'): void {
  const refused = script.find(({ sql }) => NOT_INSIDE.has(sql.verb));
  if (refused === undefined) return;
  throw invalidField(
    key,
    `${refused.sql.verb} may not stand in the transaction that writes the rows`,
    `Remove it from ${key}, or leave out sqlInTransaction.`,
  );
}

/** Throws RS_CONFIG_INVALID for a transaction that is begun and not ended. */
function unitsOf(script: readonly UserText[], key: 'preSql' | 'postSql'): readonly UserUnit[] {
  const units: UserText[][] = [];
  let open = false;
  for (const statement of script) {
    if (open) units.at(-1)?.push(statement);
    else units.push([statement]);
    const { verb } = statement.sql;
    if (BEGINS.has(verb)) open = true;
    else if (ENDS.has(verb)) open = false;
  }
  if (open) throw invalidField(key, `${key} begins a transaction that it does not end`, 'Add COMMIT at its end.');
  return units;
}
