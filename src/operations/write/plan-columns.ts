import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import type { ColumnDescriptor, ObjectDescriptor } from '../../db/object-descriptor.ts';
import { freeColumnName } from '../../sql/staging-table.ts';
import type { WriteOperation, WriteSpec } from '../write-spec.ts';
import { displayName, type FilledColumn, findInputColumn, type InputColumn, matchColumns } from './match-columns.ts';
import { requireColumn, requireKeys, resolveKeys } from './resolve-keys.ts';

/** Which columns take which part in a write. */
export interface ColumnPlan {
  /** What is staged, in the order of the staged files. */
  readonly columns: readonly FilledColumn[];
  /** Columns that a new row gets. */
  readonly insertColumns: readonly string[];
  /** Columns that a row which is there takes over; never a key. */
  readonly updateColumns: readonly string[];
  /** Empty for a plain insert. */
  readonly keys: readonly string[];
  /** The staged column that says what becomes of each row, in a data driven write. */
  readonly changeColumn?: string;
  /** Columns that must not be NULL in a row that a data driven write adds or changes. */
  readonly requiredColumns: readonly string[];
  /** The column whose greatest value wins among rows that share their key. */
  readonly duplicatesBy?: string;
  /** Identity columns whose values are taken from the input into new rows. */
  readonly keptIdentities: readonly ColumnDescriptor[];
  /** Names of input columns that are left out because Redshift numbers them itself. */
  readonly identities: readonly string[];
}

/** Room for `I`, `U`, `D`, `R` and the blanks around them. */
const CHANGE_BYTES = 16;
const ADDS_ROWS: readonly WriteOperation[] = ['insert', 'upsert', 'replaceRow', 'dataDriven'];
const CHANGES_ROWS: readonly WriteOperation[] = ['update', 'upsert', 'dataDriven'];

/** Decides the columns. Throws RS_CONFIG_INVALID, RS_INPUT_INVALID and RS_TYPE_UNSUPPORTED. */
export function planColumns(
  spec: WriteSpec,
  operation: WriteOperation,
  target: ObjectDescriptor,
  inputColumns: readonly string[],
): ColumnPlan {
  const input = inputColumns.map((name, position) => ({ name, position }));
  const change = operation === 'dataDriven' ? requireChange(spec.changeColumn, input) : undefined;
  const keys = resolveKeys(spec, operation, target);
  const addsRows = ADDS_ROWS.includes(operation);
  // A row that is only looked for may be looked for by its number.
  const takesIdentity = ({ name }: ColumnDescriptor): boolean =>
    addsRows ? spec.keepIdentity === true : keys.includes(name);
  const own = input.filter((column) => column !== change);
  const { filled, identities } = matchColumns(target, own, { addsRows, takesIdentity });
  requireKeys(target, keys, filled, takesIdentity);

  const byName = duplicatesBy(spec);
  const by = byName === undefined ? undefined : requireInput(target, byName, 'duplicateKeysBy', filled);
  const isIdentity = (name: string): boolean =>
    target.columns.some((column) => column.name === name && column.isIdentity);
  const updateColumns = CHANGES_ROWS.includes(operation)
    ? planUpdate(spec, operation, target, keys, filled, isIdentity)
    : [];
  const staged = addsRows ? filled : filled.filter(({ name }) => [...keys, ...updateColumns, by].includes(name));
  const isChecked = (name: string): boolean => change !== undefined && !keys.includes(name);
  return {
    // A row that deletes has nothing but its key, so the other columns of the staging table take NULLs.
    columns: [
      ...staged.map((column) => (isChecked(column.name) ? { ...column, nullable: true } : column)),
      ...(change === undefined ? [] : [changeColumnOf(target, change)]),
    ],
    insertColumns: filled.map(({ name }) => name),
    updateColumns,
    keys,
    ...(change === undefined ? {} : { changeColumn: changeColumnOf(target, change).name }),
    requiredColumns: filled.filter(({ name, nullable }) => !nullable && isChecked(name)).map(({ name }) => name),
    ...(by === undefined ? {} : { duplicatesBy: by }),
    keptIdentities: addsRows
      ? target.columns.filter(({ name, isIdentity: own }) => own && filled.some((column) => column.name === name))
      : [],
    identities,
  };
}

function requireChange(name: string | undefined, input: readonly InputColumn[]): InputColumn {
  if (name === undefined) {
    throw invalidField(
      'changeColumn',
      'A data driven write needs the column that says what becomes of each row',
      'Name a column of the input in changeColumn; it holds I, U, D or R.',
    );
  }
  const column = findInputColumn(input, name);
  if (column !== undefined) return column;
  throw new ConnectorError('RS_INPUT_INVALID', `The input has no column "${name}", which is named in changeColumn`, {
    action: 'Add the column to the input, or name another in changeColumn.',
    details: { column: name },
  });
}

function changeColumnOf(target: ObjectDescriptor, { name, position }: InputColumn): FilledColumn {
  return {
    name: freeColumnName(
      target.columns.map((column) => column.name),
      '_change',
    ),
    type: { kind: 'varchar', bytes: CHANGE_BYTES },
    nullable: true,
    isCaseInsensitive: false,
    inputName: name,
    inputPosition: position,
  };
}

function duplicatesBy({ duplicateKeys, duplicateKeysBy }: WriteSpec): string | undefined {
  return typeof duplicateKeys === 'object' ? duplicateKeys.by : duplicateKeysBy;
}

/** The column of the table that an option names, which the input must fill. */
function requireInput(target: ObjectDescriptor, name: string, option: string, filled: readonly FilledColumn[]): string {
  const column = requireColumn(target, name, option);
  if (filled.some((own) => own.name === column.name)) return column.name;
  throw new ConnectorError(
    'RS_INPUT_INVALID',
    `The input does not fill column "${column.name}" of ${displayName(target)}, which is named in ${option}`,
    { action: `Add the column to the input, or name another in ${option}.`, details: { column: column.name } },
  );
}

function planUpdate(
  spec: WriteSpec,
  operation: WriteOperation,
  target: ObjectDescriptor,
  keys: readonly string[],
  filled: readonly FilledColumn[],
  isIdentity: (name: string) => boolean,
): readonly string[] {
  const wished = spec.updateColumns ?? [];
  if (wished.length === 0) {
    const names = filled.map(({ name }) => name).filter((name) => !keys.includes(name) && !isIdentity(name));
    if (names.length > 0 || operation !== 'update') return names;
    throw new ConnectorError('RS_INPUT_INVALID', `The input has nothing but the keys of ${displayName(target)}`, {
      action: 'Add columns to the input that are to be updated.',
    });
  }
  const names = wished.map((name) => requireInput(target, name, 'updateColumns', filled));
  for (const name of names) {
    if (!keys.includes(name) && !isIdentity(name)) continue;
    const why = keys.includes(name) ? 'it is a key' : 'Redshift numbers it itself';
    throw invalidField('updateColumns', `Column "${name}" cannot be updated: ${why}`, 'Remove it from updateColumns.');
  }
  return [...new Set(names)];
}
