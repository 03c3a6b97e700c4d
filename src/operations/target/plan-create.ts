import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import { LIMITS } from '../../core/redshift-limits.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import type { ColumnDefinition, Distribution, Sorting, TableDefinition } from '../../sql/ddl.ts';
import type { InputField } from './input-field.ts';
import { parseDefinitions } from './parse-definitions.ts';
import type { TargetSpec } from './target-spec.ts';

/**
 * The table that is made for an input: its columns in their order, as defined or else of the type that the input tells,
 * then columns that are defined only. Throws RS_INPUT_INVALID where nobody tells a type, RS_CONFIG_INVALID.
 */
export function planTable(spec: TargetSpec, path: ObjectPath, input: readonly InputField[]): TableDefinition {
  const { columns: defined_, primaryKey } = parseDefinitions(spec.columnDefinitions ?? '');
  const find = (name: string): ColumnDefinition | undefined => defined_.find((own) => isSame(own.name, name));
  const ofInput = input.map((field) => find(field.name) ?? requireType(field));
  const others = defined_.filter(({ name }) => !input.some((field) => isSame(field.name, name)));
  const keys = [...primaryKey];
  const columns = [...ofInput, ...others].map((column) =>
    keys.some((key) => isSame(key, column.name)) ? { ...column, nullable: false } : column,
  );
  requireDistinct(columns);
  const own = (name: string, option: string): string => requireOwn(columns, name, option);
  return {
    path,
    columns,
    primaryKey: primaryKey.map((name) => own(name, 'columnDefinitions')),
    distribution: distributionOf(spec, own),
    sorting: sortingOf(spec, own),
    ...defined({ comment: spec.tableComment }),
  };
}

/** Throws RS_INPUT_INVALID naming each column whose type nobody tells. */
export function requireType({ name, type, nullable = true }: InputField): ColumnDefinition {
  if (type !== undefined) return { name, type, nullable };
  throw new ConnectorError('RS_INPUT_INVALID', `Nothing tells the type of the new column "${name}"`, {
    action: 'Define the column in columnDefinitions, or give rows as batches whose fields have types.',
    details: { column: name },
  });
}

/** Without regard to capitals: Redshift keeps none, unless it was told to. */
export function isSame(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

function requireDistinct(columns: readonly ColumnDefinition[]): void {
  const names = columns.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new ConnectorError('RS_INPUT_INVALID', `Two columns of the new table would be called "${twice}"`, {
      action: 'Rename one of them in the input.',
      details: { column: twice },
    });
  }
  if (columns.length === 0) {
    throw new ConnectorError('RS_INPUT_INVALID', 'A table cannot be made of an input without columns', {
      action: 'Define its columns in columnDefinitions.',
    });
  }
  if (columns.length > LIMITS.columns) {
    throw new ConnectorError(
      'RS_INPUT_INVALID',
      `A table has at most ${LIMITS.columns} columns, not ${columns.length}`,
      {
        action: 'Name fewer columns in columns.',
      },
    );
  }
}

function requireOwn(columns: readonly ColumnDefinition[], name: string, option: string): string {
  const column = columns.find((own) => isSame(own.name, name));
  if (column !== undefined) return column.name;
  throw invalidField(option, `The new table has no column "${name}", named in ${option}`, 'Name columns of the table.');
}

type Own = (name: string, option: string) => string;

function distributionOf({ distribution, distributionKey }: TargetSpec, own: Own): Distribution {
  const style = distribution ?? (distributionKey === undefined ? 'auto' : 'key');
  if (style !== 'key') {
    if (distributionKey === undefined) return { style };
    throw invalidField(
      'distributionKey',
      `A distribution key does not go with the distribution ${style}`,
      'Set distribution to key, or leave out distributionKey.',
    );
  }
  if (distributionKey !== undefined) return { style, column: own(distributionKey, 'distributionKey') };
  throw invalidField('distributionKey', 'Distribution by a key needs its column', 'Name it in distributionKey.');
}

const MOST_SORT_KEYS = { compound: 400, interleaved: 8 } as const;

function sortingOf({ sortKeys = [], sortStyle = 'compound' }: TargetSpec, own: Own): Sorting {
  if (sortKeys.length === 0) return { style: 'auto' };
  const most = MOST_SORT_KEYS[sortStyle];
  if (sortKeys.length > most) {
    throw invalidField('sortKeys', `A ${sortStyle} sort key has at most ${most} columns`, 'Name fewer columns.');
  }
  return { style: sortStyle, columns: sortKeys.map((name) => own(name, 'sortKeys')) };
}
