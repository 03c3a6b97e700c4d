import type { InputFile } from '../../columnar/input-file.ts';
import { ConnectorError } from '../../core/errors.ts';

/** Columns that are asked for by name must be in each file. Throws RS_INPUT_INVALID. */
export function requireWished(wished: readonly string[], { columns }: InputFile, source: string): void {
  requireNames(
    wished,
    columns.map(({ name }) => name),
    source,
  );
}

/** The same by names. */
export function requireNames(wished: readonly string[], columns: readonly string[], source: string): void {
  const missing = wished.filter((name) => !columns.includes(name));
  if (missing.length === 0) return;
  const names = missing.map((name) => JSON.stringify(name)).join(', ');
  throw new ConnectorError('RS_INPUT_INVALID', `The file has no column ${names}`, {
    action: 'Name columns of the file in columns, or leave columns out to take them all.',
    details: { columns: names, source },
  });
}

/**
 * Files of one input have the same columns, in any order. Of JSON Lines, where a name that is not there stands for NULL, a
 * file may have fewer. Throws RS_INPUT_INVALID naming the file and the column that differs.
 */
export function requireSameColumns(first: InputFile, other: InputFile, source: string): void {
  const names = ({ columns }: InputFile): readonly string[] => columns.map(({ name }) => name);
  requireSameNames(names(first), names(other), source, other.format === 'jsonl');
}

/** The same by names. */
export function requireSameNames(
  first: readonly string[],
  other: readonly string[],
  source: string,
  mayLack = false,
): void {
  const missing = mayLack ? undefined : first.find((name) => !other.includes(name));
  const column = missing ?? other.find((name) => !first.includes(name));
  if (column === undefined) return;
  const difference =
    missing === undefined ? 'has a column that the first file has not' : 'lacks a column of the first file';
  throw new ConnectorError('RS_INPUT_INVALID', `The file ${source} ${difference}: ${JSON.stringify(column)}`, {
    action: 'Give files with the same columns, or name the columns to load in columns.',
    details: { source, column },
  });
}
