import { ConnectorError } from '../../core/errors.ts';
import type { SupportedType } from '../../core/redshift-type.ts';
import type { ColumnDescriptor, ObjectDescriptor } from '../../db/object-descriptor.ts';
import type { ColumnDefinition } from '../../sql/ddl.ts';
import { displayName } from '../write/match-columns.ts';
import { type Difference, describeDifference, differencesOf } from './differences.ts';
import type { InputField } from './input-field.ts';
import { parseDefinitions } from './parse-definitions.ts';
import { isSame, requireType } from './plan-create.ts';
import type { TargetSpec } from './target-spec.ts';

/** One change to a column of a table that is there. */
export type ColumnChange =
  | { readonly kind: 'add'; readonly column: ColumnDefinition }
  /** A longer VARCHAR, where Redshift changes it in place. */
  | { readonly kind: 'widen'; readonly column: ColumnDescriptor; readonly bytes: number }
  /** Another type, by a new column that takes the old one's place. */
  | { readonly kind: 'change'; readonly column: ColumnDescriptor; readonly type: SupportedType };

/** Facts of a table that decide how a column can be changed. */
export interface TableFacts {
  /** Encoding by column; none where it is not known. */
  readonly encodings: ReadonlyMap<string, string>;
  /** Columns of declared keys: primary, unique, foreign. */
  readonly keyColumns: readonly string[];
  /** Views bound to the table, as `schema.name`. */
  readonly views: readonly string[];
  /** Columns that rights were granted on by themselves. */
  readonly grantedColumns: readonly string[];
}

/** https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html */
const FIXED_ENCODINGS = ['bytedict', 'runlength', 'text255', 'text32k'];

/** Columns to add for `add` and `alter`. Throws RS_INPUT_INVALID where nobody tells a type. */
export function planAdditions(spec: TargetSpec, differences: readonly Difference[]): readonly ColumnChange[] {
  const { columns } = parseDefinitions(spec.columnDefinitions ?? '');
  return differences.flatMap((difference) => {
    if (difference.kind !== 'missing') return [];
    const column = columns.find(({ name }) => isSame(name, difference.field.name)) ?? requireType(difference.field);
    requireAddable(column);
    // The rows that are there have no value.
    return [{ kind: 'add', column: { ...column, nullable: true } } as const];
  });
}

/** Columns to widen or change for `alter`. A type without a wider form is left to the load. Throws RS_FEATURE_UNSUPPORTED. */
export function planTypes(
  target: ObjectDescriptor,
  differences: readonly Difference[],
  facts: TableFacts,
): readonly ColumnChange[] {
  return differences.flatMap((difference): readonly ColumnChange[] => {
    if (difference.kind !== 'narrow' || difference.wider === undefined) return [];
    const { column, wider } = difference;
    const isKey = target.primaryKey.includes(column.name);
    if (wider.kind === 'varchar' && !isKey && canWiden(column, facts))
      return [{ kind: 'widen', column, bytes: wider.bytes }];
    requireReplaceable(target, column, facts);
    return [{ kind: 'change', column, type: wider }];
  });
}

/** Refuses an input that differs from the table at all: RS_INPUT_INVALID. */
export function requireEqual(input: readonly InputField[], target: ObjectDescriptor): void {
  const differences = differencesOf(input, target);
  if (differences.length === 0) return;
  throw new ConnectorError('RS_INPUT_INVALID', `The input differs from table ${displayName(target)}`, {
    action: 'Mend the input or the table, or allow the change in targetChanges.',
    details: { differences: differences.map(describeDifference).join('; ') },
  });
}

function requireAddable({ name, identity }: ColumnDefinition): void {
  if (identity === undefined) return;
  throw new ConnectorError(
    'RS_FEATURE_UNSUPPORTED',
    `Column "${name}" cannot be added: Redshift numbers rows of new tables only`,
    {
      action: 'Leave IDENTITY out of its definition, or set targetChanges to recreate.',
      details: { column: name },
    },
  );
}

function canWiden(column: ColumnDescriptor, { encodings, keyColumns, views }: TableFacts): boolean {
  return (
    column.type.kind === 'varchar' &&
    column.defaultExpression === undefined &&
    !keyColumns.includes(column.name) &&
    !FIXED_ENCODINGS.includes(encodings.get(column.name) ?? '') &&
    views.length === 0
  );
}

/** A new column takes the place of the old one only where nothing else holds on to the old one. */
function requireReplaceable(target: ObjectDescriptor, column: ColumnDescriptor, facts: TableFacts): void {
  const { name } = column;
  const reasons = [
    ...(column.isIdentity ? ['Redshift numbers it'] : []),
    ...(column.nullable ? [] : ['it takes no NULLs']),
    ...(column.defaultExpression === undefined ? [] : ['it has a default']),
    ...(column.isCaseInsensitive === true ? ['it has a collation of its own'] : []),
    ...(target.distributionKey === name ? ['it is the distribution key'] : []),
    ...(target.sortKey.includes(name) ? ['it is part of the sort key'] : []),
    ...(facts.keyColumns.includes(name) || target.primaryKey.includes(name) ? ['it is part of a declared key'] : []),
    ...(facts.grantedColumns.includes(name) ? ['rights were granted on it'] : []),
    ...(facts.views.length === 0 ? [] : [`views depend on the table: ${facts.views.join(', ')}`]),
  ];
  if (reasons.length === 0) return;
  throw new ConnectorError(
    'RS_FEATURE_UNSUPPORTED',
    `The type of column "${name}" of ${displayName(target)} cannot be changed in place: ${reasons.join('; ')}`,
    {
      action: 'Set targetChanges to recreate, or change the column by hand.',
      details: { column: name, reasons: reasons.join('; ') },
    },
  );
}
