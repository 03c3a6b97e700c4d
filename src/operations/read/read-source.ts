import { defined } from '../../core/defined.ts';
import { invalidField } from '../../core/invalid-field.ts';
import { renderFilter } from '../../sql/select-filter.ts';
import type { Sql } from '../../sql/sql.ts';
import type { UserText } from '../../sql/user-text.ts';
import { openColumns } from './read-columns.ts';
import { type ReadParameters, userCondition, userSelect } from './read-condition.ts';
import { planJoins, type SourceObject } from './read-join.ts';
import { renderParameters } from './read-parameters.ts';
import type { ReadSpec } from './read-spec.ts';

/** A column as it is selected. */
export interface SelectedColumn {
  /** Where its values are. */
  readonly from: Sql;
  /** What the field is called. */
  readonly name: string;
}

/** A column to sort by. */
export interface SortTerm {
  readonly from: Sql;
  readonly descending: boolean;
}

/** Tables and views: one, or several that are joined. */
export interface ObjectSource {
  readonly kind: 'object';
  readonly objects: readonly [SourceObject, ...SourceObject[]];
  /** All columns when absent. */
  readonly columns?: readonly SelectedColumn[];
  /** All of them hold. */
  readonly conditions: readonly (Sql | UserText)[];
  readonly orderBy: readonly SortTerm[];
  readonly distinct: boolean;
  readonly limit?: number;
}

/** A query of the user's own. */
export interface QuerySource {
  readonly kind: 'query';
  readonly query: UserText;
  /** On the columns of its result: the part of a partitioned read. */
  readonly conditions: readonly Sql[];
  readonly limit?: number;
}

export type ReadSource = ObjectSource | QuerySource;

/** The parameters of a read, none of them used yet. Throws RS_CONFIG_INVALID. */
export function openParameters({ parameters }: Pick<ReadSpec, 'parameters'>): ReadParameters {
  return { rendered: renderParameters(parameters), used: new Set() };
}

/** The spec as a source. Pure. Throws RS_CONFIG_INVALID for a spec that contradicts itself. */
export function planReadSource(
  spec: ReadSpec,
  defaultSchema: string,
  parameters: ReadParameters = openParameters(spec),
): ReadSource {
  const { limit } = spec;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0)) {
    throw invalidField('limit', 'The limit is not a whole number of rows', 'Give 0 or more.');
  }
  const given = (['object', 'objects', 'query'] as const).filter((key) => !isAbsent(spec[key]));
  const [first, second] = given;
  if (first === undefined) throw invalidField('object', 'Nothing to read is named', 'Give an object or a query.');
  if (second !== undefined) {
    throw invalidField(first, `"${first}" does not go with "${second}"`, 'Give one of object, objects and query.');
  }
  if (spec.query !== undefined) return planQuery(spec, spec.query, parameters);
  return planObjects(spec, defaultSchema, parameters);
}

function planQuery(spec: ReadSpec, query: string, parameters: ReadParameters): QuerySource {
  for (const path of ['columns', 'filter', 'where', 'orderBy', 'distinct'] as const) {
    if (!isAbsent(spec[path]) && spec[path] !== false) {
      throw invalidField(path, `"${path}" does not go with a query`, 'Write it into the query.');
    }
  }
  return { kind: 'query', query: userSelect(query, parameters), conditions: [], ...defined({ limit: spec.limit }) };
}

function planObjects(spec: ReadSpec, defaultSchema: string, parameters: ReadParameters): ObjectSource {
  const { columns, where, filter, orderBy = [], distinct = false, limit } = spec;
  if (columns?.length === 0)
    throw invalidField('columns', 'The list of columns is empty', 'Name one, or leave it out.');
  const isRenamed = columns?.some((column) => typeof column !== 'string' && column.as !== undefined) ?? false;
  const objects = planJoins(spec, { defaultSchema, parameters, isAliased: isRenamed });
  const names = openColumns(objects);
  const selected = columns?.map((column, index) => names.select(column, `columns[${index}]`));
  if (selected !== undefined && objects.length > 1) requireUnique(selected);
  const sorted = orderBy.map((term, index): SortTerm => {
    const { column, descending = false } = typeof term === 'string' ? { column: term } : term;
    const path = `orderBy[${index}]`;
    return { from: sortedBy(names.column(column, path), selected, distinct, path, names), descending };
  });
  return {
    kind: 'object',
    objects,
    conditions: [
      ...(filter === undefined ? [] : [renderFilter(filter, names.column)]),
      ...(where === undefined ? [] : [userCondition(where, parameters)]),
    ],
    orderBy: sorted,
    distinct,
    ...defined({ columns: selected, limit }),
  };
}

/** Rows that are each given once are sorted by what is given of them. */
function sortedBy(
  from: Sql,
  selected: readonly SelectedColumn[] | undefined,
  distinct: boolean,
  path: string,
  { output }: ReturnType<typeof openColumns>,
): Sql {
  if (!distinct || selected === undefined) return from;
  const found = selected.find((column) => String(column.from) === String(from));
  if (found !== undefined) return output(found.name);
  throw invalidField(path, 'Distinct rows cannot be sorted by a column that is not read', 'Add it to the columns.');
}

function requireUnique(columns: readonly SelectedColumn[]): void {
  const seen = new Set<string>();
  for (const [index, { name }] of columns.entries()) {
    if (seen.has(name)) {
      const path = `columns[${index}]`;
      throw invalidField(
        path,
        `Two columns are called ${JSON.stringify(name)}`,
        'Give one of them another name by "as".',
      );
    }
    seen.add(name);
  }
}

function isAbsent(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}
