import { ConnectorError } from '../../core/errors.ts';
import type { RedshiftType } from '../../core/redshift-type.ts';
import { abandonOnAbort, type Run } from '../../core/run.ts';
import type { InputField } from '../target/input-field.ts';
import type { InputBatch, InputRow, RowSource } from '../write-spec.ts';

/** Rows of one pull from the source. */
type Group = readonly InputRow[] | InputBatch;

/** A row source that is open: its columns are known, its first rows were pulled. Dispose closes the source. */
export interface OpenRows extends AsyncDisposable {
  /** `undefined` where neither rows nor names were given. */
  readonly columns: readonly string[] | undefined;
  /** The columns with their types, where batches tell them. */
  readonly fields: readonly InputField[];
  /** All rows, in groups, as arrays in the order of `columns`. To be iterated once; an abort ends a wait for rows. */
  groups(signal: AbortSignal): AsyncGenerator<Iterable<readonly unknown[]>, void, undefined>;
}

/** A source that is itself waiting cannot be closed: it is given this long. */
const CLOSE_MS = 2_000;

/**
 * Pulls the first rows and learns the columns: those that are asked for, those of the batches, or the first row's keys.
 * Throws RS_INPUT_INVALID, there and while iterating, for rows that do not have these columns.
 */
export async function openRows(source: RowSource, wished: readonly string[] | undefined, run: Run): Promise<OpenRows> {
  const iterator = iterate(source);
  const close = (): Promise<void> => closeSource(iterator, run);
  try {
    const first = await nextGroup(iterator, run.signal);
    const columns = wished ?? columnsOf(first);
    const groups = async function* (signal: AbortSignal) {
      let read = 0;
      for (let group = first; group !== undefined; group = await nextGroup(iterator, signal)) {
        const rows = rowsIn(group);
        yield toArrays(rows, columns ?? [], wished !== undefined, read);
        read += rows.length;
      }
    };
    return { columns, fields: fieldsOf(first, columns ?? []), groups, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function closeSource(iterator: RowIterator, { publish }: Run): Promise<void> {
  try {
    await abandonOnAbort(Promise.resolve(iterator.return?.()), AbortSignal.timeout(CLOSE_MS));
  } catch (error) {
    const message = error instanceof Error ? error.name : 'unknown error';
    publish({ type: 'suppressed', reason: 'closing the source of the rows', message });
  }
}

type RowIterator = AsyncIterator<unknown> | Iterator<unknown>;

function iterate(source: RowSource): RowIterator {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

/** The next group that is not empty, or an empty one that names its columns; `undefined` at the end. */
async function nextGroup(iterator: RowIterator, signal: AbortSignal): Promise<Group | undefined> {
  for (;;) {
    const next = await abandonOnAbort(Promise.resolve(iterator.next()), signal);
    if (next.done === true) return undefined;
    const group = asGroup(next.value);
    if (!Array.isArray(group) || group.length > 0) return group;
  }
}

/** Tells a batch, an array of rows and a single row apart. */
function asGroup(value: unknown): Group {
  if (typeof value !== 'object' || value === null) throw notARow(0);
  if ('rows' in value && typeof value.rows === 'function') return value as InputBatch;
  if (!Array.isArray(value)) return [value as InputRow];
  const [head] = value as readonly unknown[];
  const isValue = typeof head !== 'object' || head === null || head instanceof Date || head instanceof Uint8Array;
  const holdsRows = value.length === 0 || !isValue;
  return holdsRows ? (value as readonly InputRow[]) : [value as InputRow];
}

function rowsIn(group: Group): readonly InputRow[] {
  return isBatch(group) ? [...group.rows()] : group;
}

function isBatch(group: Group): group is InputBatch {
  return 'fields' in group;
}

function columnsOf(group: Group | undefined): readonly string[] | undefined {
  if (group === undefined) return undefined;
  if (isBatch(group)) return group.fields.map(({ name }) => name);
  const [row] = group;
  if (row === undefined) return undefined;
  if (!Array.isArray(row)) return Object.keys(row);
  throw new ConnectorError('RS_CONFIG_INVALID', 'Rows given as arrays need the names of their columns', {
    action: 'Name the columns, in the order of the values, in columns.',
  });
}

/** Types of the batches' own fields, such as those of a read; rows of a program tell none. */
function fieldsOf(first: Group | undefined, columns: readonly string[]): readonly InputField[] {
  const declared: readonly { readonly name: string; readonly type?: RedshiftType }[] =
    first !== undefined && isBatch(first) ? first.fields : [];
  return columns.map((name) => {
    const type = declared.find((field) => field.name === name)?.type;
    return type === undefined || type.kind === 'unsupported' ? { name } : { name, type };
  });
}

/** Rows by name or position, as arrays in the order of the columns. `wished` columns may leave fields of a row out. */
function* toArrays(
  rows: readonly InputRow[],
  columns: readonly string[],
  wished: boolean,
  before: number,
): Generator<readonly unknown[], void, undefined> {
  let number = before;
  for (const given of rows) {
    number += 1;
    const row = asRow(given, number);
    if (isArrayRow(row)) {
      if (row.length !== columns.length) throw wrongLength(number, row.length, columns.length);
      yield row;
      continue;
    }
    let present = 0;
    const values = columns.map((name) => {
      if (!Object.hasOwn(row, name)) return undefined;
      present += 1;
      return row[name];
    });
    if (!wished && Object.keys(row).length > present) throw unknownColumn(number, row, columns);
    yield values;
  }
}

/** Values by name, or in order. A program may hand in anything. */
type ReadableRow = Readonly<Record<string, unknown>> | readonly unknown[];

function asRow(given: unknown, number: number): ReadableRow {
  if (typeof given !== 'object' || given === null || given instanceof Date) throw notARow(number);
  return given as ReadableRow;
}

function isArrayRow(row: ReadableRow): row is readonly unknown[] {
  return Array.isArray(row);
}

function notARow(number: number): ConnectorError {
  const which = number === 0 ? 'An item of the input' : `Row ${number} of the input`;
  return new ConnectorError('RS_INPUT_INVALID', `${which} is neither an object nor an array of values`, {
    action: 'Give each row as an object by column name, or as an array of values.',
  });
}

function wrongLength(number: number, found: number, expected: number): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', `Row ${number} has ${found} values for ${expected} columns`, {
    action: 'Give each row one value for each column, null where there is none.',
    details: { row: number, found, expected },
  });
}

function unknownColumn(
  number: number,
  row: Readonly<Record<string, unknown>>,
  columns: readonly string[],
): ConnectorError {
  const name = Object.keys(row).find((key) => !columns.includes(key)) ?? '';
  return new ConnectorError(
    'RS_INPUT_INVALID',
    `Row ${number} has a column "${name}" that the first row does not have`,
    {
      action: 'Name all columns in columns, or give every row the same ones.',
      details: { row: number, column: name },
    },
  );
}
