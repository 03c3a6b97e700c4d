import type { GivenRow, Load } from './loads.ts';
import type { Table, TableColumn } from './tables.ts';
import type { Cell, Held } from './values.ts';

/** A row of the table in memory; `numbered`: Redshift gave the number. */
export type Row = ReadonlyMap<string, Held | null | 'numbered'>;

export interface Counts {
  readonly read: number;
  readonly loaded: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly replaced: number;
  readonly rejected: number;
  readonly deduplicated: number;
  readonly skipped: number;
}

/** What a write comes to: rows of the table and counts, or the reasons why nothing may change. */
export type Outcome =
  | { readonly rows: readonly Row[]; readonly counts: Counts; readonly cleared: number | undefined }
  | { readonly refusals: readonly string[] };

/** Does to rows in memory what docs/writing.md says of a write. */
export function applied(table: Table, before: readonly Row[], load: Load): Outcome {
  const keys = load.keys.length > 0 ? load.keys : table.primaryKey;
  const used = usedColumns(load, keys);
  const fine = load.rows.filter((row) => isFine(row, used, load, keys));
  const driven = load.operation === 'dataDriven';
  const rejecting = driven ? fine.filter(({ letter }) => letter === 'R').length : 0;
  const usable = driven ? fine.filter(({ letter }) => letter !== 'R') : fine;
  const refused = load.rows.length - fine.length;
  const refusals = refused > load.rejectLimit ? ['rejected'] : [];

  const looks = load.operation !== 'insert' || load.duplicateKeys !== undefined;
  const groups = looks ? grouped(usable, keys) : usable.map((row) => [row]);
  const duplicates = load.duplicateKeys ?? (driven ? 'keepLast' : 'fail');
  if (duplicates === 'fail' && groups.some((group) => group.length > 1)) refusals.push('duplicates');

  const start = load.before === 'none' ? before : [];
  const tally = { inserted: 0, updated: 0, deleted: 0, replaced: 0, skipped: 0 };
  let rows = start;
  for (const group of groups) {
    const chosen = winner(group, duplicates);
    const effect = load.operation === 'dataDriven' ? drivenBy(group) : load.operation;
    const meets = (row: Row): boolean => keyOf(row, keys) === keyOf(chosen.cells, keys);
    const found = load.operation === 'insert' ? false : start.some(meets);
    const added = (): Row => newRow(table, chosen, load.columns);
    const changed = (row: Row): Row => (meets(row) ? new Map([...row, ...changes(load, keys, chosen)]) : row);
    switch (effect) {
      case 'insert':
        rows = [...rows, added()];
        tally.inserted += 1;
        break;
      case 'update':
        if (found) rows = rows.map(changed);
        tally[found ? 'updated' : 'skipped'] += 1;
        break;
      case 'upsert':
        rows = found ? rows.map(changed) : [...rows, added()];
        tally[found ? 'updated' : 'inserted'] += 1;
        break;
      case 'replaceRow':
        rows = [...rows.filter((row) => !meets(row)), added()];
        tally[found ? (driven ? 'updated' : 'replaced') : 'inserted'] += 1;
        break;
      case 'delete':
        rows = rows.filter((row) => !meets(row));
        tally[found ? 'deleted' : 'skipped'] += 1;
        break;
    }
  }
  if (load.unmatched === 'fail' && tally.skipped > 0) refusals.push('unmatched');
  if (refusals.length > 0) return { refusals };
  const { skipped, ...done } = tally;
  return {
    rows,
    cleared: load.before === 'deleteAll' || load.before === 'overwrite' ? before.length : undefined,
    counts: {
      read: load.rows.length,
      loaded: Object.values(done).reduce((sum, each) => sum + each, 0),
      ...tally,
      rejected: refused + rejecting,
      deduplicated: usable.length - groups.length,
      skipped,
    },
  };
}

/** Whether a letter that inserts would double a row that is there: a program would not send that. */
export function sensible(table: Table, before: readonly Row[], load: Load): Load {
  if (load.operation !== 'dataDriven') return load;
  const keys = load.keys.length > 0 ? load.keys : table.primaryKey;
  const used = usedColumns(load, keys);
  const there = new Set(load.before === 'none' ? before.map((row) => keyOf(row, keys)) : []);
  const rows = load.rows.map((row) => {
    const key = keyOf(row.cells, keys);
    const letter = row.letter === 'I' && there.has(key) ? 'U' : row.letter;
    const next = { ...row, letter };
    if (isFine(next, used, load, keys)) {
      if (letter === 'I') there.add(key);
      if (letter === 'D') there.delete(key);
    }
    return next;
  });
  return { ...load, rows };
}

/** Columns whose values are looked at. */
function usedColumns(load: Load, keys: readonly string[]): readonly TableColumn[] {
  if (load.operation !== 'update' && load.operation !== 'delete') return load.columns;
  const by = typeof load.duplicateKeys === 'object' ? [load.duplicateKeys.by] : [];
  const changed = load.operation === 'delete' ? [] : (load.updateColumns ?? load.columns.map(({ name }) => name));
  const names = [...keys, ...changed, ...by];
  return load.columns.filter(({ name }) => names.includes(name));
}

/** Whether every column takes its value; one that deletes needs its key alone. */
function isFine(
  { cells, letter }: GivenRow,
  used: readonly TableColumn[],
  load: Load,
  keys: readonly string[],
): boolean {
  return used.every(({ name, nullable }) => {
    const cell = cells.get(name) ?? null;
    if (cell !== null) return !('bad' in cell);
    const needsKeyOnly = load.operation === 'dataDriven' && (letter === 'D' || letter === 'R') && !keys.includes(name);
    return nullable || needsKeyOnly;
  });
}

function keyOf(row: ReadonlyMap<string, Cell | 'numbered'>, keys: readonly string[]): string {
  const parts = keys.map((key) => {
    const cell = row.get(key) ?? null;
    return cell === null || cell === 'numbered' || 'bad' in cell ? null : cell.same;
  });
  return JSON.stringify(parts);
}

/** Rows that share their key, each in the order of the input. */
function grouped(rows: readonly GivenRow[], keys: readonly string[]): readonly (readonly GivenRow[])[] {
  const groups = new Map<string, GivenRow[]>();
  for (const row of rows) {
    const key = keyOf(row.cells, keys);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
}

function winner(group: readonly GivenRow[], duplicates: NonNullable<Load['duplicateKeys']>): GivenRow {
  const [first, ...others] = group;
  if (first === undefined) throw new Error('a group has a row');
  if (duplicates === 'keepFirst' || duplicates === 'fail') return first;
  if (duplicates === 'keepLast') return others.at(-1) ?? first;
  const rankOf = ({ cells }: GivenRow) => {
    const cell = cells.get(duplicates.by) ?? null;
    return cell === null || 'bad' in cell ? undefined : cell.rank;
  };
  return others.reduce((best, row) => {
    const [rank, most] = [rankOf(row), rankOf(best)];
    if (most === undefined) return row;
    return rank !== undefined && rank >= most ? row : best;
  }, first);
}

/** What the letters of one key come to, one after the other. */
function drivenBy(group: readonly GivenRow[]): Exclude<Load['operation'], 'dataDriven'> {
  const letters = group.map(({ letter }) => letter);
  const deleted = letters.lastIndexOf('D');
  const inserted = letters.lastIndexOf('I');
  if (deleted >= 0) return inserted > deleted ? 'replaceRow' : 'delete';
  return inserted >= 0 ? 'insert' : 'update';
}

function plain(cell: Cell | undefined): Held | null {
  return cell === undefined || cell === null || 'bad' in cell ? null : cell;
}

function newRow({ columns }: Table, { cells }: GivenRow, given: readonly TableColumn[]): Row {
  const cellOf = ({ name, isIdentity, default: standard }: TableColumn): Held | null | 'numbered' => {
    if (isIdentity) return 'numbered';
    return given.some((column) => column.name === name) ? plain(cells.get(name)) : (standard ?? null);
  };
  return new Map(columns.map((column) => [column.name, cellOf(column)]));
}

function changes(load: Load, keys: readonly string[], { cells }: GivenRow): readonly [string, Held | null][] {
  const names = load.updateColumns ?? load.columns.map(({ name }) => name).filter((name) => !keys.includes(name));
  return names.map((name) => [name, plain(cells.get(name))]);
}
