import type { SupportedType } from '../../core/redshift-type.ts';
import { renderType } from '../../core/redshift-type.ts';
import type { ColumnDescriptor, ObjectDescriptor } from '../../db/object-descriptor.ts';
import type { InputField } from './input-field.ts';
import { holds, widened } from './type-order.ts';

/** One way in which an input and a table differ. */
export type Difference =
  /** The input has a column that the table lacks. */
  | { readonly kind: 'missing'; readonly field: InputField }
  /** The column does not hold all that the input has; `wider` would, where there is such a type. */
  | {
      readonly kind: 'narrow';
      readonly column: ColumnDescriptor;
      readonly holds: SupportedType;
      readonly wider?: SupportedType;
    }
  /** The table has a column that the input does not fill and that has no default. */
  | { readonly kind: 'unfilled'; readonly column: ColumnDescriptor };

/** What differs between an input and a table, column by column. Types are compared where the input tells them. */
export function differencesOf(input: readonly InputField[], target: ObjectDescriptor): readonly Difference[] {
  const found = input.map((field) => ({ field, column: columnFor(target, field.name) }));
  const filled = new Set(found.map(({ column }) => column?.name));
  return [
    ...found.flatMap(({ field, column }): readonly Difference[] =>
      column === undefined ? [{ kind: 'missing', field }] : narrow(field, column),
    ),
    ...target.columns
      .filter(
        ({ name, isIdentity, defaultExpression }) =>
          !filled.has(name) && !isIdentity && defaultExpression === undefined,
      )
      .map((column) => ({ kind: 'unfilled', column }) as const),
  ];
}

/** The column of a table that an input's column goes to: of this name, or else the one that differs in capitals only. */
export function columnFor(target: ObjectDescriptor, name: string): ColumnDescriptor | undefined {
  const exact = target.columns.find((column) => column.name === name);
  if (exact !== undefined) return exact;
  const alike = target.columns.filter((column) => column.name.toLowerCase() === name.toLowerCase());
  return alike.length === 1 ? alike[0] : undefined;
}

/** `column "total" (INTEGER) does not hold DECIMAL(18,2)`, for a message. */
export function describeDifference(difference: Difference): string {
  switch (difference.kind) {
    case 'missing': {
      const { name, type } = difference.field;
      return `the table has no column "${name}"${type === undefined ? '' : ` (${renderType(type)})`}`;
    }
    case 'narrow': {
      const { column, holds: held } = difference;
      return `column "${column.name}" (${renderType(column.type)}) does not hold ${renderType(held)}`;
    }
    case 'unfilled':
      return `the input has no column "${difference.column.name}"`;
  }
}

function narrow({ type, least = type }: InputField, column: ColumnDescriptor): readonly Difference[] {
  if (type === undefined || least === undefined || holds(column.type, least)) return [];
  // What a new column would get leaves room for the next file; what is there now is the least.
  const wider =
    column.type.kind === 'unsupported' ? undefined : (widened(column.type, type) ?? widened(column.type, least));
  return [{ kind: 'narrow', column, holds: least, ...(wider === undefined ? {} : { wider }) }];
}
