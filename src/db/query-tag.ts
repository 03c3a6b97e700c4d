import type { Run } from '../core/run.ts';
import { MANIFEST } from '../manifest/manifest.gen.ts';
import type { UserSql } from './user-sql.ts';

/** They do no work that anybody looks for: no tag. */
const PLAIN: ReadonlySet<string> = new Set(['BEGIN', 'START', 'COMMIT', 'ROLLBACK', 'SET', 'RESET', 'SHOW', 'FETCH']);

/** As many characters of a run id as a ledger takes bytes. */
const MOST_CHARACTERS = 255;

/**
 * A comment ahead of a statement, so that SYS_QUERY_HISTORY shows whose it was: `/* roleshift 0.1.0 run=nightly step=apply *\/ `.
 * Empty outside of a run's steps. A run id may hold anything: what could end the comment, or hide in it, is percent-encoded, and
 * what is longer than any ledger takes is cut.
 */
export function queryTag(verb: string, { runId, step }: Partial<Pick<Run, 'runId' | 'step'>>): string {
  const name = step?.();
  if (name === undefined || runId === undefined || PLAIN.has(verb)) return '';
  return `/* roleshift ${MANIFEST.version} run=${encoded(runId.slice(0, MOST_CHARACTERS))} step=${encoded(name)} */ `;
}

/** The same parts of the person's own, behind a tag of so many characters. */
export function behindTag(tag: string, userSql: UserSql | readonly UserSql[]): readonly UserSql[] {
  return [userSql].flat().map((part) => ({ ...part, startsAt: part.startsAt + tag.length }));
}

function encoded(text: string): string {
  return text.replaceAll(/[^\w.:@+=-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
