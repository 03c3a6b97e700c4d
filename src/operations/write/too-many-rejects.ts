import { ConnectorError, type ConnectorErrorInit } from '../../core/errors.ts';

/** RS_LOAD_REJECTED for a row that is one more than `rejectLimit` allows; `last` tells of it, its facts are in `details`. */
export function tooManyRejects(
  rejectLimit: number,
  last: string,
  { details, cause }: Pick<ConnectorErrorInit, 'details' | 'cause'>,
): ConnectorError {
  return new ConnectorError(
    'RS_LOAD_REJECTED',
    `More than ${rowsOf(rejectLimit)} cannot be loaded; the last: ${last}`,
    { action: 'Mend the rows, or raise rejectLimit.', details: { ...details, rejectLimit }, cause },
  );
}

/** The number with its noun. */
export function rowsOf(count: number): string {
  return `${count} ${count === 1 ? 'row' : 'rows'}`;
}

/** What to do about rows that Redshift refused. */
export function mendRows(rejectLimit: number): string {
  return rejectLimit === 0
    ? 'Mend the rows, or set rejectLimit to go on without them.'
    : 'Mend the rows, or raise rejectLimit.';
}
