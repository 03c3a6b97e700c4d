import { codecFor } from './codec.ts';
import type { Path } from './fidelity.ts';
import type { SupportedField } from './field.ts';

/** What UNLOAD writes for these columns: Parquet, or CSV where one has a type that Parquet does not know. */
export function stagedFormat(fields: readonly Pick<SupportedField, 'type'>[]): 'parquet' | 'csv' {
  return fields.some(({ type }) => codecFor(type).csvOnly === true) ? 'csv' : 'parquet';
}

/** The path of a staged read of these columns. */
export function stagedPath(fields: readonly Pick<SupportedField, 'type'>[]): Path {
  return stagedFormat(fields) === 'csv' ? 'staged CSV read' : 'staged Parquet read';
}
