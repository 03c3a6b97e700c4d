import { defined } from '../../core/defined.ts';
import type { ColumnDescriptor, ObjectDescriptor } from '../../db/object-descriptor.ts';
import type { ColumnDefinition, TableDefinition } from '../../sql/ddl.ts';
import type { TargetPlan, TargetStep } from './open-target.ts';

/** The table as it will be once a plan was carried out. Pure. */
export function expectedTarget({ found, steps }: TargetPlan): ObjectDescriptor | undefined {
  return steps.reduce(after, found);
}

function after(target: ObjectDescriptor | undefined, step: TargetStep): ObjectDescriptor | undefined {
  switch (step.kind) {
    case 'create':
      return tableOf(step.table);
    case 'recreate':
      return tableOf(step.shape.table);
    case 'add':
      return target && { ...target, columns: [...target.columns, columnOf(step.column, target.columns.length)] };
    case 'finish':
      return target && { ...target, columns: target.columns.filter(({ name }) => name !== step.column.name) };
    case 'widen':
      return target && withType(target, step.column, { kind: 'varchar', bytes: step.bytes });
    case 'change':
      return target && withType(target, step.column, step.type);
  }
}

function withType(
  target: ObjectDescriptor,
  { name }: ColumnDescriptor,
  type: ColumnDescriptor['type'],
): ObjectDescriptor {
  return { ...target, columns: target.columns.map((column) => (column.name === name ? { ...column, type } : column)) };
}

function tableOf({ path, columns, primaryKey, distribution, sorting }: TableDefinition): ObjectDescriptor {
  const [schema, name = schema] = path;
  return {
    schema,
    name,
    kind: 'table',
    columns: columns.map(columnOf),
    primaryKey,
    sortKey: sorting.style === 'auto' ? [] : sorting.columns,
    ...(distribution.style === 'key' ? { distributionKey: distribution.column } : {}),
  };
}

function columnOf(
  { name, type, nullable, identity, isCaseInsensitive, defaultExpression, comment }: ColumnDefinition,
  index: number,
): ColumnDescriptor {
  return {
    name,
    type,
    nullable,
    position: index + 1,
    isIdentity: identity !== undefined,
    ...defined({
      isIdentityByDefault: identity?.byDefault,
      isCaseInsensitive,
      defaultExpression: defaultExpression === undefined ? undefined : String(defaultExpression),
      remarks: comment,
    }),
  };
}
