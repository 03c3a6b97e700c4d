import type { ExportFormat } from '../../columnar/export-expression.ts';
import { invalidField } from '../../core/invalid-field.ts';
import type { SupportedField } from '../../types/field.ts';

/** JSON and Parquet have one value a name. Throws RS_CONFIG_INVALID. */
export function requireNames(fields: readonly Pick<SupportedField, 'name'>[], format: ExportFormat): void {
  if (format === 'csv') return;
  const names = fields.map(({ name }) => name);
  const twice = names.find((name, position) => names.indexOf(name) !== position);
  if (twice === undefined) return;
  throw invalidField(
    'columns',
    `Two columns are called ${JSON.stringify(twice)}, which a file of this format cannot hold`,
    'Rename one of them by "as", or write CSV.',
  );
}
