import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { userScript } from '../../sql/script.ts';
import { fillIn } from '../../sql/select-parameters.ts';
import type { UserText } from '../../sql/user-text.ts';
import type { ReadParameters } from './read-condition.ts';

/** The user's own statements, parameters filled in. Throws RS_CONFIG_INVALID. */
export function planScript(
  text: string | undefined,
  key: 'preSql' | 'postSql',
  { rendered, used }: ReadParameters,
): readonly UserText[] {
  if (text === undefined || text.trim() === '') return [];
  return userScript(text, key, key).map((statement) => fillIn(statement, rendered, key, used));
}

/**
 * Runs them one after the other, each in a transaction of its own. The session is closed at the end: they may have changed
 * its settings. Throws RS_SQL_USER_FAILED.
 */
export async function runScript(
  session: Session,
  statements: readonly UserText[],
  phase: 'preSql' | 'postSql',
  run: Run,
): Promise<void> {
  if (statements.length === 0) return;
  session.taint(`${phase} ran in it`);
  run.publish({ type: 'progress', phase });
  try {
    for (const { sql, text, label, replaced } of statements) {
      const userSql = { text, label, startsAt: 0, ...(replaced === undefined ? {} : { replaced }) };
      await session.run(sql, run, { userSql });
    }
  } finally {
    await session.rollback(run); // a script may have left a transaction open
  }
}
