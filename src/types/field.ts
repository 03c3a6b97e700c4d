import { ConnectorError } from '../core/errors.ts';
import type { RedshiftType, SupportedType } from '../core/redshift-type.ts';
import { renderType } from '../core/redshift-type.ts';

/** A column of an object or of a query's result, seen from a mapping. */
export interface Field {
  readonly name: string;
  readonly type: RedshiftType;
  /** Absent where it is not known: the columns of a query. */
  readonly nullable?: boolean;
}

/** A field whose type this version carries. */
export interface SupportedField extends Field {
  readonly type: SupportedType;
}

/** The same fields, when every type can be carried. Throws RS_TYPE_UNSUPPORTED naming each column that cannot. */
export function requireSupported(fields: readonly Field[]): readonly SupportedField[] {
  const refused = fields.filter(({ type }) => type.kind === 'unsupported');
  if (refused.length > 0) {
    const columns = refused.map(({ name, type }) => `${JSON.stringify(name)} (${renderType(type)})`).join(', ');
    throw new ConnectorError('RS_TYPE_UNSUPPORTED', `No support for the type of column ${columns}`, {
      action: 'Leave the column out, or cast it to VARCHAR in a query of your own.',
      details: { columns: refused.map(({ name }) => name).join(', ') },
    });
  }
  return fields as readonly SupportedField[];
}
