import { DatabaseError } from 'pg';
import { ConnectorError } from '../core/errors.ts';
import type { Destination } from './checked-socket.ts';
import { safeCause, safeText } from './classify.ts';

/** What was tried when a connection failed. */
export interface ConnectAttempt {
  readonly destination: Destination;
  readonly user: string;
  readonly database: string;
  readonly limitMs: number;
}

const TLS_CODE = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;
const TLS_TEXT = /SSL connection|does not support SSL/i;
const UNREACHABLE_CODE = /^(?:ECONN|EHOST|ENET|ETIMEDOUT|ENOTFOUND|EAI_|EADDR|EPIPE|EACCES)/;

/** Why no session came about, as one of ours. The cause holds no row value and no secret. */
export function classifyConnectError(cause: unknown, attempt: ConnectAttempt): ConnectorError {
  if (cause instanceof ConnectorError) return cause;
  const { host, port } = attempt.destination;
  const details = { host, port };
  if (cause instanceof DatabaseError) return classifyRefusal(cause, attempt);

  const { code = '', message = '' } = cause instanceof Error ? (cause as NodeJS.ErrnoException) : {};
  if (TLS_CODE.test(code) || TLS_TEXT.test(message)) return tlsError(code, message, attempt, cause);
  if (/authenticationOk message type 13/.test(message)) {
    return new ConnectorError('RS_AUTH_LOGIN_REJECTED', `The password of "${attempt.user}" is stored as SHA-256`, {
      action: 'Log in by role, or let an administrator set the password anew with an md5 hash.',
      details,
      cause,
    });
  }
  if (message === 'timeout expired') {
    const limitSeconds = attempt.limitMs / 1000;
    return new ConnectorError('RS_TIMEOUT', `No session with ${host}:${port} within ${limitSeconds} s`, {
      action: 'Check security group, routing and firewall, or raise connectTimeoutSeconds.',
      details: { ...details, wait: 'connect', limitSeconds },
      cause,
    });
  }
  const said = UNREACHABLE_CODE.test(code) ? ` (${code})` : '';
  return new ConnectorError('RS_CONN_UNREACHABLE', `${host}:${port} cannot be reached${said}`, {
    action:
      code === 'ENOTFOUND' || code.startsWith('EAI_')
        ? 'Check the host name and the DNS of this machine.'
        : 'Check host and port, and that the security group of the cluster lets this machine in.',
    details: code === '' ? details : { ...details, errno: code },
    cause,
  });
}

function tlsError(code: string, message: string, { destination }: ConnectAttempt, cause: unknown): ConnectorError {
  const { host, port } = destination;
  const details = { host, port, ...(code === '' ? {} : { tlsCode: code }) };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new ConnectorError('RS_CONN_TLS', `The certificate of ${host}:${port} is for another name`, {
      action: 'Connect by the name of the cluster endpoint, or set tlsServerName to it behind a tunnel.',
      details,
      cause,
    });
  }
  if (TLS_TEXT.test(message)) {
    return new ConnectorError('RS_CONN_TLS', `${host}:${port} does not offer TLS`, {
      action: 'Check that host and port are those of the cluster; a session without TLS is never opened.',
      details,
      cause,
    });
  }
  return new ConnectorError('RS_CONN_TLS', `The certificate of ${host}:${port} is not trusted (${code})`, {
    action: 'Set caFile to the PEM file of the authority that signed it.',
    details,
    cause,
  });
}

/** By how the login came about; the prefix of an issued user name tells. */
const REFUSED_LOGIN = {
  existing:
    'Create the database user, or turn on Auto create DBUser (autoCreateDbUser), and let it connect to the database.',
  created: 'Check that the database user may connect to the database.',
  stored: 'Check the password, and that the database user exists and may connect to the database.',
} as const;

function classifyRefusal(cause: DatabaseError, { destination, user, database }: ConnectAttempt): ConnectorError {
  const sqlState = cause.code ?? '';
  const init = { details: { ...destination, user, sqlState }, cause: safeCause(cause) };
  const said = safeText(cause);
  if (sqlState.startsWith('28')) {
    return new ConnectorError('RS_AUTH_LOGIN_REJECTED', `Redshift refused the login of "${user}": ${said}`, {
      ...init,
      action: REFUSED_LOGIN[user.startsWith('IAM:') ? 'existing' : user.startsWith('IAMA:') ? 'created' : 'stored'],
    });
  }
  if (sqlState === '3D000') {
    return new ConnectorError('RS_CONFIG_OBJECT_MISSING', `The database "${database}" does not exist`, {
      ...init,
      action: 'Check the name of the database.',
    });
  }
  if (sqlState === '42501') {
    return new ConnectorError('RS_AUTH_PERMISSION', `"${user}" may not connect to the database "${database}"`, {
      ...init,
      action: `GRANT CONNECT on the database to the user.`,
    });
  }
  if (sqlState === '42704') {
    return new ConnectorError('RS_CONFIG_OBJECT_MISSING', `Redshift does not know what the login asks for: ${said}`, {
      ...init,
      action: 'Create the group in the database, or take it out of dbGroups.',
    });
  }
  return new ConnectorError('RS_CONN_UNREACHABLE', `Redshift opened no session: ${said}`, {
    ...init,
    action: 'Wait and run it again: the cluster may be busy, resizing or out of connections.',
  });
}
