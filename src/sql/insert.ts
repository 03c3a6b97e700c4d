import { LIMITS } from '../core/redshift-limits.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import type { TablePath } from './copy.ts';
import { identifier, join, Sql, sql } from './sql.ts';
import { typeSql } from './staging-table.ts';
import { renderForm, type ValueForm } from './value-form.ts';

/** A column that an INSERT fills, and the form in which its type takes a text. */
export interface InsertColumn {
  readonly name: string;
  readonly type: SupportedType;
  /** Absent where a cast is it. */
  readonly form?: ValueForm;
}

/** An INSERT of several rows, each value of it a parameter: `$1` is the first row's first column. */
export interface InsertCommand {
  readonly target: TablePath;
  readonly columns: readonly InsertColumn[];
  readonly rows: number;
}

/** INSERT ... VALUES. The text of every value is sent beside the statement, never in it. */
export function renderInsert({ target, columns, rows }: InsertCommand): Sql {
  const names = join(columns.map(({ name }) => identifier(name)));
  const row = (first: number): Sql => sql`(${join(columns.map((column, at) => parameterFor(column, first + at)))})`;
  const values = Array.from({ length: rows }, (_, number) => row(number * columns.length + 1));
  return sql`INSERT INTO ${identifier(...target)} (${names}) VALUES ${join(values)}`;
}

function parameterFor({ type, form }: InsertColumn, number: number): Sql {
  const parameter = Sql.trusted(`$${number}`);
  // What a bare parameter is taken for differs between servers.
  return form === undefined || 'cast' in form
    ? sql`CAST(${parameter} AS ${typeSql(type)})`
    : renderForm(sql`CAST(${parameter} AS ${TEXT})`, form);
}

const TEXT = Sql.trusted(`VARCHAR(${LIMITS.varcharBytes})`);
