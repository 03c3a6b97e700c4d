import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { ColumnDescriptor, ObjectDescriptor } from '../../db/object-descriptor.ts';
import {
  type ColumnDefinition,
  catalogExpression,
  type Distribution,
  type Sorting,
  type TableDefinition,
} from '../../sql/ddl.ts';
import { requireSupported } from '../../types/field.ts';
import { displayName } from '../write/match-columns.ts';
import type { WriteSpec } from '../write-spec.ts';
import { columnFor, type Difference, describeDifference } from './differences.ts';
import type { InputField } from './input-field.ts';
import { isSame, planTable } from './plan-create.ts';

/** How a table keeps its rows, as SHOW TABLE tells it. */
export interface Storage {
  readonly distribution: Distribution;
  readonly sorting: Sorting;
}

/** A table that takes the place of another. */
export interface Shape {
  readonly table: TableDefinition;
  /** Columns whose values are taken over, by their names in the old table; none where its rows go anyway. */
  readonly copied: readonly string[];
}

/**
 * The shape that the input asks for. Rows that stay keep all their columns, widened where that is needed; where they go
 * (`before`), the table gets the input's columns and no others. Throws RS_FEATURE_UNSUPPORTED where values would be lost.
 */
export function planShape(
  spec: WriteSpec,
  target: ObjectDescriptor,
  storage: Storage,
  input: readonly InputField[],
  differences: readonly Difference[],
): Shape {
  const keepsRows = (spec.before ?? 'none') === 'none';
  const identity = target.columns.find(({ isIdentity }) => isIdentity);
  if (identity !== undefined) throw refusal(target, `Redshift numbers its column "${identity.name}"`);
  const stuck = differences.find((each) => each.kind === 'narrow' && each.wider === undefined);
  if (keepsRows && stuck !== undefined) throw refusal(target, `${describeDifference(stuck)}, and no wider type does`);
  const asked = planTable(spec, [target.schema, target.name], input);
  const kept = target.columns.filter(
    ({ name }) => keepsRows || asked.columns.some((column) => isSame(column.name, name)),
  );
  const columns = kept.map((column) => widenedColumn(column, target, asked, differences, keepsRows));
  const added = asked.columns
    .filter(({ name }) => columnFor(target, name) === undefined)
    .map((column) => (keepsRows ? { ...column, nullable: true } : column));
  const all = [...columns, ...added];
  const isThere = (name: string): boolean => all.some((column) => column.name === name);
  const own = withoutLost(storage, isThere);
  const asksDistribution = spec.distribution !== undefined || spec.distributionKey !== undefined;
  return {
    table: {
      path: [target.schema, target.name],
      columns: all,
      primaryKey: target.primaryKey.every(isThere) ? target.primaryKey : [],
      distribution: asksDistribution ? asked.distribution : own.distribution,
      sorting: (spec.sortKeys ?? []).length > 0 ? asked.sorting : own.sorting,
      ...defined({ comment: spec.tableComment ?? target.remarks }),
    },
    copied: keepsRows ? kept.map(({ name }) => name) : [],
  };
}

/** The statement cannot be carried out without losing something: RS_FEATURE_UNSUPPORTED. */
export function refusal(target: Pick<ObjectDescriptor, 'schema' | 'name'>, why: string): ConnectorError {
  return new ConnectorError('RS_FEATURE_UNSUPPORTED', `Table ${displayName(target)} cannot be recreated: ${why}`, {
    action: 'Change the table by hand, or set targetChanges to add or alter.',
    details: { reason: why },
  });
}

function widenedColumn(
  column: ColumnDescriptor,
  target: ObjectDescriptor,
  asked: TableDefinition,
  differences: readonly Difference[],
  keepsRows: boolean,
): ColumnDefinition {
  const [field] = requireSupported([column]);
  const difference = differences.find((each) => each.kind === 'narrow' && each.column.name === column.name);
  const wider = difference?.kind === 'narrow' ? difference.wider : undefined;
  const named = asked.columns.find(({ name }) => columnFor(target, name)?.name === column.name);
  const replaced = difference !== undefined && !keepsRows ? named?.type : undefined;
  return {
    name: column.name,
    type: wider ?? replaced ?? (field?.type as ColumnDefinition['type']),
    nullable: column.nullable,
    ...defined({
      isCaseInsensitive: column.isCaseInsensitive,
      comment: column.remarks,
      defaultExpression:
        column.defaultExpression === undefined ? undefined : catalogExpression(column.defaultExpression),
      encoding: named?.encoding,
    }),
  };
}

/** Keys of columns that go are gone with them. */
function withoutLost({ distribution, sorting }: Storage, isThere: (name: string) => boolean): Storage {
  return {
    distribution: distribution.style === 'key' && !isThere(distribution.column) ? { style: 'auto' } : distribution,
    sorting: sorting.style !== 'auto' && !sorting.columns.every(isThere) ? { style: 'auto' } : sorting,
  };
}
