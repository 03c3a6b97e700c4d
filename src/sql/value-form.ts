import { Sql, sql } from './sql.ts';

/** How a column is selected so that its text carries the value: cast to a type, or given to a function. */
export type ValueForm =
  | { readonly cast: string }
  /** `keepNull`: for a function that turns NULL into a text. */
  | { readonly call: string; readonly keepNull?: boolean };

/** The expression for a column in its form; the column itself without one. */
export function renderForm(column: Sql, form: ValueForm | undefined): Sql {
  if (form === undefined) return column;
  if ('cast' in form) return sql`CAST(${column} AS ${Sql.trusted(form.cast)})`;
  const called = sql`${Sql.trusted(form.call)}(${column})`;
  return form.keepNull === true ? sql`CASE WHEN ${column} IS NULL THEN NULL ELSE ${called} END` : called;
}
