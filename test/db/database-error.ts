import pg from 'pg';

/** An answer of the server as `pg` raises it. */
export function databaseError(message: string, fields: Partial<pg.DatabaseError> = {}): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(message, message.length, 'error'), { severity: 'ERROR' }, fields);
}
