import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import type { ColumnDescriptor, ObjectDescriptor } from '../../db/object-descriptor.ts';
import type { WriteOperation, WriteSpec } from '../write-spec.ts';
import { displayName, type FilledColumn, findColumn } from './match-columns.ts';

/**
 * Keys of a write that finds rows by them, and of an insert that is asked to look at duplicates: named, or the declared
 * primary key; none for any other insert. Throws RS_CONFIG_INVALID for keys that cannot be.
 */
export function resolveKeys(spec: WriteSpec, operation: WriteOperation, target: ObjectDescriptor): readonly string[] {
  const looksForDuplicates = spec.duplicateKeys !== undefined || spec.duplicateKeysBy !== undefined;
  if (operation === 'insert' && !looksForDuplicates) return [];
  const wished = spec.keys ?? [];
  const keys = wished.length > 0 ? wished.map((name) => requireColumn(target, name, 'keys').name) : target.primaryKey;
  if (keys.length > 0) return [...new Set(keys)];
  throw invalidField(
    'keys',
    `Table ${displayName(target)} declares no primary key, and no key columns are given`,
    'Name the columns that identify a row in keys.',
  );
}

/** Refuses keys that the input does not fill: RS_INPUT_INVALID, or RS_CONFIG_INVALID for one that Redshift numbers. */
export function requireKeys(
  target: ObjectDescriptor,
  keys: readonly string[],
  filled: readonly FilledColumn[],
  takesIdentity: (column: ColumnDescriptor) => boolean,
): void {
  for (const key of keys) {
    if (filled.some(({ name }) => name === key)) continue;
    const column = target.columns.find(({ name }) => name === key);
    if (column?.isIdentity === true && !takesIdentity(column)) {
      throw invalidField(
        'keys',
        `Column "${key}" cannot be a key: Redshift numbers it itself`,
        'Name other columns that identify a row.',
      );
    }
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

/** A column of the target that an option names. Throws RS_CONFIG_INVALID. */
export function requireColumn(target: ObjectDescriptor, name: string, option: string): ColumnDescriptor {
  const column = findColumn(target, name);
  if (column !== undefined) return column;
  throw invalidField(
    option,
    `Table ${displayName(target)} has no column "${name}", which is named in ${option}`,
    'Name columns of the table.',
  );
}
