import { ConnectorError } from '../../core/errors.ts';
import type { KeyPattern } from '../../sql/keys.ts';
import type { WriteOperation } from '../write-spec.ts';

/** What becomes of one row. */
export type Change = 'insert' | 'update' | 'upsert' | 'replace' | 'delete';

/** Rows of the staging table that go the same way. */
export interface ChangeGroup {
  readonly change: Change;
  /** Whether the rows say so themselves, so that statements must pick them by their letter. */
  readonly byRow?: boolean;
  /** The NULLs among their keys; absent where no key is looked at. */
  readonly pattern?: KeyPattern;
  readonly rows: number;
}

/** Letters of a data driven write, after `renderNetChange`. */
const LETTERS: Readonly<Record<string, Change>> = { I: 'insert', U: 'update', D: 'delete', X: 'replace' };

/** The change of all rows, or `undefined` where each row says its own. */
export function changeOfOperation(operation: WriteOperation): Change | undefined {
  switch (operation) {
    case 'insert':
    case 'update':
    case 'upsert':
    case 'delete':
      return operation;
    case 'replaceRow':
      return 'replace';
    case 'dataDriven':
      return undefined;
  }
}

/** The change that a letter stands for. */
export function changeOfLetter(letter: string | undefined): Change {
  const change = LETTERS[letter ?? ''];
  if (change === undefined) throw new ConnectorError('RS_INTERNAL', 'A staged row has no change that is known');
  return change;
}

/** The letter that stands for a change. */
export function letterOf(change: Change): string {
  const found = Object.entries(LETTERS).find(([, own]) => own === change);
  if (found === undefined) throw new ConnectorError('RS_INTERNAL', `No letter stands for ${change}`);
  return found[0];
}
