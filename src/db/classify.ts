import { DatabaseError } from 'pg';
import { ConnectorError, type ErrorCode } from '../core/errors.ts';
import { plainLine } from '../core/plain-text.ts';
import type { Sql } from '../sql/sql.ts';
import { matchServerText } from './server-texts.ts';
import { positionInUserSql, type TextPosition, type UserSql } from './user-sql.ts';

/** What is known about a statement besides its text. */
export interface StatementOrigin {
  /** The user's own part of it, or parts: errors then point into their text. */
  readonly userSql?: UserSql | readonly UserSql[];
}

/** SQLSTATE, or its first two characters, to our code; the exact state wins over the class. */
const BY_SQLSTATE: Readonly<Record<string, ErrorCode>> = {
  '08': 'RS_CONN_LOST',
  '0A': 'RS_FEATURE_UNSUPPORTED',
  '22': 'RS_VALUE_UNREPRESENTABLE',
  '23': 'RS_VALUE_UNREPRESENTABLE',
  '28': 'RS_AUTH_LOGIN_REJECTED',
  '3D': 'RS_CONFIG_OBJECT_MISSING',
  '3F': 'RS_CONFIG_OBJECT_MISSING',
  '40': 'RS_CONFLICT',
  '42501': 'RS_AUTH_PERMISSION',
  '42703': 'RS_CONFIG_OBJECT_MISSING',
  '42P01': 'RS_CONFIG_OBJECT_MISSING',
  '53300': 'RS_CONN_UNREACHABLE',
  '55P03': 'RS_CONFLICT',
  '57014': 'RS_TIMEOUT',
  '57P': 'RS_CONN_LOST',
};

/** Failures that are told alike whoever wrote the statement: they are not about its text. */
const NOT_ABOUT_THE_TEXT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RS_CONN_LOST',
  'RS_CONN_UNREACHABLE',
  'RS_CONFLICT',
  'RS_TIMEOUT',
  'RS_AUTH_LOGIN_REJECTED',
  'RS_AUTH_PERMISSION',
  'RS_LOAD_REJECTED',
]);

const MESSAGES: Partial<Readonly<Record<ErrorCode, readonly [message: string, action: string]>>> = {
  RS_CONN_LOST: [
    'The connection to Redshift was lost',
    'Run it again; if it repeats, look for a firewall that drops idle connections.',
  ],
  RS_CONN_UNREACHABLE: ['Redshift takes no more connections', 'Wait, or close sessions that are not needed.'],
  RS_CONFLICT: ['Another transaction changed the same table at the same time', 'Run it again.'],
  RS_TIMEOUT: [
    'Redshift cancelled the statement',
    'Raise the statement timeout, or look for a queue rule or an administrator who cancelled it.',
  ],
  RS_AUTH_LOGIN_REJECTED: ['Redshift refused the user name or password', 'Check the database user.'],
  RS_AUTH_PERMISSION: [
    'The database user may not do this',
    'Ask the owner of the object for the GRANT that is missing.',
  ],
  RS_LOAD_REJECTED: ['Redshift refused rows of the load', 'Mend the rows, or allow a number of rejected rows.'],
  RS_CONFIG_OBJECT_MISSING: [
    'A database, schema, table or column does not exist',
    'Check the name, and that the user may see it.',
  ],
  RS_VALUE_UNREPRESENTABLE: [
    'A value does not fit where it was to go',
    'Widen the column, or change the value before it is written.',
  ],
  RS_FEATURE_UNSUPPORTED: ['Redshift does not support this', 'Choose another way of doing it.'],
  RS_SQL_USER_FAILED: ['Redshift refused your SQL', 'Correct the SQL.'],
  RS_SQL_FAILED: ['Redshift refused a statement that roleshift wrote', 'Report it with the SQLSTATE.'],
};

/** Classes of SQLSTATE whose messages speak of names and syntax, never of row values. */
const SPEAKS_OF_NAMES = /^(?:0A|25|26|28|34|3D|3F|40|42|53|55|57)/;

/**
 * The one place where a failure of a statement becomes ours: by SQLSTATE first, by text where Redshift gives a generic
 * state. Anything that is not an answer of the server is the connection. What comes out holds no row value: `detail`,
 * `where` and quoted parts of a message about data stay behind, in the cause too.
 */
export function classifyDatabaseError(cause: unknown, statement: Sql, origin: StatementOrigin = {}): ConnectorError {
  if (cause instanceof ConnectorError) return cause;
  // Only the server answers with a SQLSTATE. Anything else (ECONNRESET, EPIPE, a closed socket) is the connection.
  if (!(cause instanceof DatabaseError)) return errorOf('RS_CONN_LOST', '', { verb: statement.verb }, cause);

  const sqlState = cause.code ?? '';
  const known = matchServerText(cause);
  const byState = BY_SQLSTATE[sqlState] ?? BY_SQLSTATE[sqlState.slice(0, 3)] ?? BY_SQLSTATE[sqlState.slice(0, 2)];
  const code = byState ?? known?.code ?? 'RS_SQL_FAILED';
  const isUsers = statement.author === 'user' || origin.userSql !== undefined;
  const told = isUsers && known === undefined && !NOT_ABOUT_THE_TEXT.has(code) ? 'RS_SQL_USER_FAILED' : code;
  const found = placeOf(Number(cause.position), origin);
  const place = found ? ` (line ${found.position.line}, column ${found.position.column} of ${found.label})` : '';
  return errorOf(
    told,
    `${known?.message ?? safeText(cause)}${place}`,
    { verb: statement.verb, sqlState, ...(known?.reason && { reason: known.reason }), ...found?.position },
    safeCause(cause),
    known?.action,
  );
}

/** The user's part that the server points into: of several the last one that begins before it. */
function placeOf(
  position: number,
  { userSql }: StatementOrigin,
): { readonly label: string; readonly position: TextPosition } | undefined {
  const parts: readonly UserSql[] = userSql === undefined ? [] : [userSql].flat();
  return parts
    .toReversed()
    .flatMap((part) => {
      const inText = positionInUserSql(position, part);
      return inText === undefined ? [] : [{ label: part.label, position: inText }];
    })
    .at(0);
}

function errorOf(
  code: ErrorCode,
  said: string,
  details: Readonly<Record<string, string | number>>,
  cause: unknown,
  action?: string,
): ConnectorError {
  const [message, usualAction] = MESSAGES[code] ?? [
    'Redshift refused the statement',
    'Read the message of the server.',
  ];
  const full = said === '' ? message : `${message}: ${said}`;
  return new ConnectorError(code, full, { action: action ?? usualAction, details, cause });
}

/** How much of a server's message is looked at: a hostile one would keep the patterns below busy for hours. */
const MAX_MESSAGE = 2_000;

/** The server's message without anything that could be a value of a row, or that a terminal would obey. */
export function safeText({ message, code = '' }: DatabaseError): string {
  const firstLine = plainLine(message, MAX_MESSAGE);
  if (SPEAKS_OF_NAMES.test(code)) return firstLine;
  return firstLine
    .replace(/'.*'/s, "'…'")
    .replace(/".*"/s, '"…"')
    .replace(/\bvalue(?::\s*\S+|\s+\S*\d\S*)/gi, 'value …')
    .replace(/[([].*[)\]]/s, '(…)');
}

/** The server's answer as a cause: `DatabaseError` itself carries row values in `detail` and `where`. */
export function safeCause(cause: DatabaseError): Error {
  const { code, severity, position, routine } = cause;
  const copy = new Error(safeText(cause));
  copy.name = 'DatabaseError';
  return Object.assign(copy, { code, severity, position, routine });
}
