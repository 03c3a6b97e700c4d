import { ConnectorError } from '../core/errors.ts';
import { Sql, sql } from './sql.ts';

/** A name for the embedded engine: any text but the empty one and NUL. */
export function duckName(name: string): Sql {
  if (name === '' || name.includes('\0')) {
    throw new ConnectorError('RS_INPUT_INVALID', 'A column of the file has no usable name', {
      action: 'Give every column a name.',
    });
  }
  return Sql.trusted(`"${name.replaceAll('"', '""')}"`);
}

/** A string for the embedded engine, where a backslash stands for itself. */
export function duckText(text: string): Sql {
  if (text.includes('\0')) throw new ConnectorError('RS_INTERNAL', 'A text for the columnar engine holds NUL');
  return Sql.trusted(`'${text.replaceAll("'", "''")}'`);
}

/** A text that is to be taken out of the engine: its binding takes a byte order mark off the front, so one more goes ahead of it. */
export function keptMark(text: Sql): Sql {
  return sql`CASE WHEN starts_with(${text}, chr(65279)) THEN chr(65279) || ${text} ELSE ${text} END`;
}

/** The name of a type of the embedded engine, as its own catalog gave it. */
export function duckType(name: string): Sql {
  if (!/^[A-Z][A-Z0-9_ ]*(\(\d+(,\s*\d+)?\))?$/.test(name)) {
    throw new ConnectorError('RS_INTERNAL', 'Not a plain type of the columnar engine');
  }
  return Sql.trusted(name);
}
