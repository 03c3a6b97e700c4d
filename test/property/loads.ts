import fc from 'fast-check';
import { anyName, foldedName, tableName } from './names.ts';
import { anyTable, type Table, type TableColumn } from './tables.ts';
import type { Cell, Held } from './values.ts';

export type Operation = 'insert' | 'update' | 'upsert' | 'replaceRow' | 'delete' | 'dataDriven';
export type Source = 'objects' | 'arrays' | 'batches' | 'csv' | 'jsonl' | 'parquet';

/** One row of an input: its cells by the names of the table's columns. */
export interface GivenRow {
  readonly cells: ReadonlyMap<string, Cell>;
  /** What a data driven write does with it. */
  readonly letter: string;
}

/** One write, as a person asks for it. */
export interface Load {
  readonly operation: Operation;
  readonly before: 'none' | 'deleteAll' | 'truncate' | 'overwrite';
  /** Columns of the table that the input has, in its order. */
  readonly columns: readonly TableColumn[];
  /** Names; empty: the table's own are taken. */
  readonly keys: readonly string[];
  readonly duplicateKeys: 'fail' | 'keepFirst' | 'keepLast' | { readonly by: string } | undefined;
  readonly updateColumns: readonly string[] | undefined;
  readonly unmatched: 'ignore' | 'fail';
  readonly rejectLimit: number;
  readonly verify: boolean;
  readonly source: Source;
  readonly rows: readonly GivenRow[];
  /** Writes the same once more under its run id. */
  readonly repeated: boolean;
}

export interface Case {
  readonly object: string;
  readonly table: Table;
  /** Columns that identify a row in all loads of the case; empty: it has inserts only. */
  readonly keys: readonly string[];
  readonly changeColumn: string;
  readonly loads: readonly Load[];
}

export interface Sizes {
  readonly columns: number;
  readonly rows: number;
  readonly loads: number;
}

/** A table, and writes into it one after the other. */
export function anyCase(sizes: Sizes): fc.Arbitrary<Case> {
  return fc
    .record({
      object: tableName,
      table: anyTable(sizes.columns),
      picked: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      named: fc.boolean(),
    })
    .chain(({ object, table, picked, named }) => {
      const able = table.columns.filter(({ type, isIdentity }) => type.use !== 'held' && !isIdentity);
      const own = able.length === 0 ? [] : picked.map((position) => able[position % able.length]?.name ?? '');
      const keys = table.primaryKey.length > 0 && !named ? table.primaryKey : [...new Set(own)];
      const mapped = table.columns.map(({ name }) => name);
      return fc.record({
        object: fc.constant(object),
        table: fc.constant(table),
        keys: fc.constant(keys),
        changeColumn: anyName.filter((name) => !mapped.includes(foldedName(name))),
        loads: poolsOf(table, keys).chain((pools) =>
          fc.array(anyLoad(table, keys, pools, sizes), { minLength: 1, maxLength: sizes.loads }),
        ),
      });
    });
}

/** A few values for each key column, so that keys meet. */
function poolsOf(table: Table, keys: readonly string[]): fc.Arbitrary<ReadonlyMap<string, readonly Held[]>> {
  const columns = table.columns.filter(({ name }) => keys.includes(name));
  return fc
    .tuple(...columns.map(({ type }) => fc.array(type.values, { minLength: 1, maxLength: 3 })))
    .map((pools) => new Map(columns.map(({ name }, position) => [name, pools[position] ?? []])));
}

const FINDS: readonly Operation[] = ['update', 'upsert', 'replaceRow', 'delete', 'dataDriven'];

function anyLoad(
  table: Table,
  keys: readonly string[],
  pools: ReadonlyMap<string, readonly Held[]>,
  sizes: Sizes,
): fc.Arbitrary<Load> {
  const own = table.columns.filter(({ isIdentity }) => !isIdentity);
  const mayMiss = own.filter(
    (column) => (column.nullable || column.default !== undefined) && !keys.includes(column.name),
  );
  const operations: readonly Operation[] = keys.length === 0 ? ['insert'] : ['insert', ...FINDS];
  return fc
    .record({
      operation: fc.constantFrom(...operations),
      missing: fc.oneof(fc.constant<TableColumn[]>([]), fc.subarray([...mayMiss])),
      order: fc.shuffledSubarray([...own], { minLength: own.length }),
      before: fc.oneof(
        { weight: 4, arbitrary: fc.constant('none' as const) },
        { weight: 1, arbitrary: fc.constantFrom('deleteAll', 'truncate', 'overwrite') },
      ),
      duplicates: fc.constantFrom('none', 'fail', 'keepFirst', 'keepLast', 'keepLast', 'by'),
      updated: fc.option(
        fc.subarray(
          [...own].filter(({ name }) => !keys.includes(name)),
          { minLength: 0 },
        ),
        { nil: undefined },
      ),
      unmatched: fc.constantFrom('ignore', 'ignore', 'ignore', 'fail'),
      rejectLimit: fc.constantFrom(0, 0, 1, 100),
      verify: fc.boolean(),
      source: fc.constantFrom<Source>('objects', 'arrays', 'batches', 'csv', 'jsonl', 'parquet'),
      repeated: fc.boolean(),
      hasBad: fc.constantFrom(false, false, true),
    })
    .chain((wish) => {
      const there = wish.order.filter((column) => !wish.missing.includes(column));
      // An input fills at least one column.
      const columns = there.length > 0 ? there : wish.order.slice(0, 1);
      const by = columns.find(({ type }) => type.use === 'plain');
      const load = decided(wish, columns, by, keys, table);
      return fc
        .array(anyRow(columns, pools, keys, load.operation, wish.hasBad && wish.source !== 'batches'), {
          maxLength: sizes.rows,
        })
        .map((rows): Load => {
          return { ...load, source: possible(load.source, load.columns, rows), rows };
        });
    });
}

interface Wish {
  readonly operation: Operation;
  readonly before: Load['before'];
  readonly duplicates: string;
  readonly updated: readonly TableColumn[] | undefined;
  readonly unmatched: string;
  readonly rejectLimit: number;
  readonly verify: boolean;
  readonly source: Source;
  readonly repeated: boolean;
}

/** What goes together, by docs/writing.md. */
function decided(
  { operation: wished, before, duplicates, updated, unmatched, ...rest }: Wish,
  columns: readonly TableColumn[],
  by: TableColumn | undefined,
  keys: readonly string[],
  table: Table,
): Omit<Load, 'rows'> {
  const others = columns.filter(({ name }) => !keys.includes(name));
  // An update that changes nothing is refused.
  const operation =
    others.length === 0 && (wished === 'update' || wished === 'upsert' || wished === 'dataDriven')
      ? 'replaceRow'
      : wished;
  const changes = operation === 'update' || operation === 'upsert' || operation === 'dataDriven';
  const chosen = updated?.filter((column) => others.includes(column)).map(({ name }) => name) ?? [];
  const finds = operation === 'update' || operation === 'delete';
  const isDriven = operation === 'dataDriven';
  const clears = before === 'none' || finds || (before === 'overwrite' && operation !== 'insert');
  const isOwn = keys.length === table.primaryKey.length && keys.every((key) => table.primaryKey.includes(key));
  const noDuplicates =
    duplicates === 'none' ||
    (operation === 'insert' && keys.length === 0) ||
    isDriven ||
    (duplicates === 'by' && by === undefined);
  return {
    ...rest,
    operation,
    before: clears ? 'none' : before,
    columns,
    keys: isOwn ? [] : keys,
    duplicateKeys: noDuplicates ? undefined : duplicates === 'by' ? { by: by?.name ?? '' } : (duplicates as 'fail'),
    updateColumns: changes && chosen.length > 0 ? chosen : undefined,
    unmatched: unmatched === 'fail' && (finds || isDriven) ? 'fail' : 'ignore',
  };
}

function anyRow(
  columns: readonly TableColumn[],
  pools: ReadonlyMap<string, readonly Held[]>,
  keys: readonly string[],
  operation: Operation,
  hasBad: boolean,
): fc.Arbitrary<GivenRow> {
  const cellOf = ({ name, type, nullable }: TableColumn): fc.Arbitrary<Cell> => {
    const pool = pools.get(name);
    const values = pool === undefined ? type.values : fc.constantFrom(...pool);
    return nullable ? fc.option(values, { freq: 5 }) : values;
  };
  return fc
    .record({
      cells: fc.tuple(...columns.map(cellOf)),
      letter: fc.constantFrom(...Array.from('IIUUDR')),
      spoiled: hasBad ? fc.option(fc.tuple(fc.nat(), fc.nat()), { nil: undefined, freq: 2 }) : fc.constant(undefined),
    })
    .map(({ cells, letter, spoiled }) => {
      const row = new Map<string, Cell>(columns.map(({ name }, position) => [name, cells[position] ?? null]));
      // Rows that reject themselves, and what a delete does not use, are fine in themselves.
      const able = columns.filter(
        ({ name }) => operation !== 'dataDriven' || (letter !== 'R' && (letter !== 'D' || keys.includes(name))),
      );
      const column = spoiled === undefined ? undefined : able[spoiled[0] % Math.max(1, able.length)];
      if (column !== undefined && spoiled !== undefined) {
        const texts: readonly (string | null)[] = [...column.type.bad, ...(column.nullable ? [] : [null])];
        const bad = texts[spoiled[1] % Math.max(1, texts.length)];
        if (bad !== undefined) row.set(column.name, bad === null ? null : { bad });
      }
      return { cells: row, letter };
    });
}

/** An empty file of JSON Lines has no columns, and a line of a CSV file has no name of blanks alone or with a newline in it: both are refused. */
function possible(source: Source, columns: readonly TableColumn[], rows: readonly GivenRow[]): Source {
  const isBlank = columns.some(({ given }) => given.trim() === '' || given.includes('\n'));
  return (source === 'jsonl' && rows.length === 0) || (source === 'csv' && isBlank) ? 'parquet' : source;
}
