import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import type { ObjectDescriptor } from '../../db/object-descriptor.ts';
import type { WriteOperation, WriteSpec } from '../write-spec.ts';
import { displayName, type FilledColumn, findColumn } from './match-columns.ts';

/**
 * Keys of an upsert, and of an insert that is asked to look at duplicates: named, or the declared primary key; none for
 * any other insert. Throws RS_CONFIG_INVALID for keys that cannot be, RS_INPUT_INVALID for one that the input lacks.
 */
export function resolveKeys(
  spec: WriteSpec,
  operation: WriteOperation,
  target: ObjectDescriptor,
  filled: readonly FilledColumn[],
): readonly string[] {
  if (operation === 'insert' && spec.duplicateKeys === undefined) return [];
  const wished = spec.keys ?? [];
  const keys = wished.length > 0 ? wished.map((name) => requireKey(target, name)) : target.primaryKey;
  if (keys.length === 0) {
    throw invalidField(
      'keys',
      `Table ${displayName(target)} declares no primary key, and no key columns are given`,
      'Name the columns that identify a row in keys.',
    );
  }
  for (const key of keys) {
    const column = target.columns.find(({ name }) => name === key);
    if (column?.isIdentity === true) {
      throw invalidField(
        'keys',
        `Column "${key}" cannot be a key: Redshift numbers it itself`,
        'Name other columns that identify a row.',
      );
    }
    if (!filled.some(({ name }) => name === key)) {
      throw new ConnectorError(
        'RS_INPUT_INVALID',
        `The input has no column "${key}", which is a key of ${displayName(target)}`,
        {
          action: 'Add the column to the input, or name other key columns.',
          details: { column: key },
        },
      );
    }
  }
  return [...new Set(keys)];
}

function requireKey(target: ObjectDescriptor, name: string): string {
  const column = findColumn(target, name);
  if (column === undefined) {
    throw invalidField(
      'keys',
      `Table ${displayName(target)} has no column "${name}" to be a key`,
      'Name columns of the table.',
    );
  }
  return column.name;
}
