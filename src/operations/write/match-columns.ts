import { ConnectorError } from '../../core/errors.ts';
import type { ColumnDescriptor, ObjectDescriptor } from '../../db/object-descriptor.ts';
import { requireSupported, type SupportedField } from '../../types/field.ts';

/** A column of the target that the input fills. */
export interface FilledColumn extends SupportedField {
  readonly nullable: boolean;
  /** Its values are compared without regard to case. */
  readonly isCaseInsensitive: boolean;
  /** Name in the input. */
  readonly inputName: string;
  /** Position in the input, from 0. */
  readonly inputPosition: number;
}

export interface MatchedColumns {
  /** In the order of the input. */
  readonly filled: readonly FilledColumn[];
  /** Names of input columns that are left out because Redshift numbers them itself. */
  readonly identities: readonly string[];
}

/** A column of the input: its name and its place there. */
export interface InputColumn {
  readonly name: string;
  /** From 0. */
  readonly position: number;
}

export interface MatchRules {
  /** Whether rows are added, so that every column which must be filled has to be there. */
  readonly addsRows: boolean;
  /** Whether the values of an identity column are taken from the input. */
  readonly takesIdentity: (column: ColumnDescriptor) => boolean;
}

/**
 * Finds the target's column for each column of the input, by name: exactly, or else without regard to capitals. Throws
 * RS_INPUT_INVALID for a column that the target does not have, one named twice and one that must be filled but is not;
 * RS_TYPE_UNSUPPORTED for a type that cannot be written.
 */
export function matchColumns(
  target: ObjectDescriptor,
  inputColumns: readonly InputColumn[],
  { addsRows, takesIdentity }: MatchRules,
): MatchedColumns {
  const table = displayName(target);
  const matched = inputColumns.map((own) => ({ ...own, column: findColumn(target, own.name) }));
  const unknown = matched.filter(({ column }) => column === undefined).map(({ name }) => JSON.stringify(name));
  if (unknown.length > 0) {
    const names = someOf(unknown);
    throw new ConnectorError('RS_INPUT_INVALID', `Table ${table} has no column ${names}`, {
      action: `Rename or remove the column in the input, or add it to the table.`,
      details: { columns: names },
    });
  }
  const found = matched.flatMap(({ column, ...rest }) => (column === undefined ? [] : [{ ...rest, column }]));
  requireOnce(table, found);
  if (addsRows) requireFilled(target, new Set(found.map(({ column }) => column.name)));

  const isLeftOut = ({ column }: { readonly column: ColumnDescriptor }): boolean =>
    column.isIdentity && !takesIdentity(column);
  const own = found.filter((each) => !isLeftOut(each));
  if (own.length === 0 && inputColumns.length > 0) {
    throw new ConnectorError('RS_INPUT_INVALID', `The input fills no column of table ${table}`, {
      action: 'Give at least one column that Redshift does not number itself.',
    });
  }
  const fields = requireSupported(own.map(({ column }) => column));
  const filled = fields.flatMap((field, index) => {
    const source = own[index];
    if (source === undefined) return [];
    const { name, type } = field;
    const { nullable, isCaseInsensitive = false } = source.column;
    return [{ name, type, nullable, isCaseInsensitive, inputName: source.name, inputPosition: source.position }];
  });
  return { filled, identities: found.filter(isLeftOut).map(({ name }) => name) };
}

/** The column of the input that a person names: exactly, or else without regard to capitals where only one fits. */
export function findInputColumn(columns: readonly InputColumn[], name: string): InputColumn | undefined {
  const exact = columns.find((column) => column.name === name);
  if (exact !== undefined) return exact;
  const alike = columns.filter((column) => column.name.toLowerCase() === name.toLowerCase());
  return alike.length === 1 ? alike[0] : undefined;
}

/** A column by the name that a person gives: exactly, or else without regard to capitals where only one fits. */
export function findColumn(target: ObjectDescriptor, name: string): ColumnDescriptor | undefined {
  const exact = target.columns.find((column) => column.name === name);
  if (exact !== undefined) return exact;
  const alike = target.columns.filter((column) => column.name.toLowerCase() === name.toLowerCase());
  return alike.length === 1 ? alike[0] : undefined;
}

/** `schema.name` for a message. */
export function displayName({ schema, name }: Pick<ObjectDescriptor, 'schema' | 'name'>): string {
  const part = (text: string): string => (/^[a-z_][a-z0-9_]*$/.test(text) ? text : JSON.stringify(text));
  return `${part(schema)}.${part(name)}`;
}

function requireOnce(table: string, found: readonly { name: string; column: ColumnDescriptor }[]): void {
  const seen = new Set<string>();
  for (const { name, column } of found) {
    if (seen.has(column.name)) {
      throw new ConnectorError('RS_INPUT_INVALID', `The input fills a column of table ${table} twice: "${name}"`, {
        action: 'Remove one of the two columns from the input.',
        details: { column: column.name },
      });
    }
    seen.add(column.name);
  }
}

function requireFilled(target: ObjectDescriptor, filled: ReadonlySet<string>): void {
  const missing = target.columns.filter(
    ({ name, nullable, isIdentity, defaultExpression }) =>
      !nullable && !isIdentity && defaultExpression === undefined && !filled.has(name),
  );
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => JSON.stringify(name)).join(', ');
  throw new ConnectorError(
    'RS_INPUT_INVALID',
    `Table ${displayName(target)} demands a value in column ${names}, which the input does not have`,
    { action: 'Add the column to the input, or give it a default in the table.', details: { columns: names } },
  );
}

const MOST_NAMES = 20;

/** Names for a message: a file of thousands of columns does not fill the screen. */
function someOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return more > 0 ? `${names.slice(0, MOST_NAMES).join(', ')} and ${more} more` : names.join(', ');
}
