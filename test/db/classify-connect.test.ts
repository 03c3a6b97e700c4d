import { inspect } from 'node:util';
import { expect } from 'chai';
import { ConnectorError, type ErrorCode } from '../../src/core/errors.ts';
import { classifyConnectError } from '../../src/db/classify-connect.ts';
import { databaseError } from './database-error.ts';

const ATTEMPT = {
  destination: { host: 'db.example.com', port: 5439 },
  user: 'IAM:etl',
  database: 'dev',
  limitMs: 10_000,
};

describe('classifyConnectError', () => {
  for (const [title, cause, code] of [
    ['a name without address', errno('ENOTFOUND'), 'RS_CONN_UNREACHABLE'],
    ['a refused port', errno('ECONNREFUSED'), 'RS_CONN_UNREACHABLE'],
    ['a socket cut during the start', new Error('Connection terminated unexpectedly'), 'RS_CONN_UNREACHABLE'],
    ['an unknown authority', errno('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'RS_CONN_TLS'],
    ['a self-signed certificate', errno('DEPTH_ZERO_SELF_SIGNED_CERT'), 'RS_CONN_TLS'],
    ['an expired certificate', errno('CERT_HAS_EXPIRED'), 'RS_CONN_TLS'],
    ['another name', errno('ERR_TLS_CERT_ALTNAME_INVALID'), 'RS_CONN_TLS'],
    ['a server without TLS', new Error('The server does not support SSL connections'), 'RS_CONN_TLS'],
    ['a password kept as SHA-256', new Error('Unknown authenticationOk message type 13'), 'RS_AUTH_LOGIN_REJECTED'],
    ['silence', new Error('timeout expired'), 'RS_TIMEOUT'],
    ['a wrong password', databaseError('password authentication failed', { code: '28P01' }), 'RS_AUTH_LOGIN_REJECTED'],
    [
      'a missing database',
      databaseError('database "dev" does not exist', { code: '3D000' }),
      'RS_CONFIG_OBJECT_MISSING',
    ],
    ['a database without CONNECT', databaseError('permission denied', { code: '42501' }), 'RS_AUTH_PERMISSION'],
    ['too many connections', databaseError('connection limit exceeded', { code: '53300' }), 'RS_CONN_UNREACHABLE'],
  ] as const satisfies readonly (readonly [string, Error, ErrorCode])[]) {
    it(`makes ${title} ${code}, with a mend`, () => {
      const failure = classifyConnectError(cause, ATTEMPT);
      expect(failure).to.include({ code });
      expect(failure.action).to.be.a('string').that.is.not.empty;
    });
  }

  it('lets an error that is ours already pass', () => {
    const error = new ConnectorError('RS_CONFIG_FORBIDDEN', 'no');
    expect(classifyConnectError(error, ATTEMPT)).to.equal(error);
  });

  it('keeps what the server puts beside its message out of the cause', () => {
    const cause = databaseError('password authentication failed', { code: '28P01', detail: 'canary-4711' });
    expect(inspect(classifyConnectError(cause, ATTEMPT), { depth: 9 })).not.to.contain('canary');
  });
});

function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}
