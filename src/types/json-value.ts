import { ConnectorError } from '../core/errors.ts';
import { renderType } from '../core/redshift-type.ts';
import type { Value } from './batch.ts';
import type { SupportedField } from './field.ts';

/**
 * Writes the values of one column as JSON: a BIGINT with all its digits, NaN and infinities, which JSON has no number for, as
 * strings, and a SUPER as the JSON that it is. Its `null` as a whole value would become SQL's NULL: it is refused with
 * RS_VALUE_UNREPRESENTABLE unless `mayLose`.
 */
export function jsonOf({ name, type }: SupportedField, mayLose: boolean): (value: Value, row: number) => string {
  if (type.kind !== 'super') return plainJson;
  return (value, row) => {
    if (value === null) return 'null';
    // Outside of strings, which hold none, a newline is a blank.
    const json = String(value).replace(/[\r\n]/g, ' ');
    if (json !== 'null' || mayLose) return json;
    const problem = "is JSON's own null, which JSON Lines cannot tell from SQL's NULL";
    throw new ConnectorError(
      'RS_VALUE_UNREPRESENTABLE',
      `Row ${row}, column ${JSON.stringify(name)} (${renderType(type)}): the value ${problem}`,
      {
        action: 'Write Parquet or CSV, or accept the loss by naming the column in acceptLoss.',
        details: { row, column: name, type: renderType(type), problem },
      },
    );
  };
}

function plainJson(value: Value): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`;
  return JSON.stringify(value);
}
