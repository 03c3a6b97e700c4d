import { inspect } from 'node:util';
import { expect } from 'chai';
import type { ErrorCode } from '../../src/core/errors.ts';
import { classifyDatabaseError } from '../../src/db/classify.ts';
import { Sql, sql } from '../../src/sql/sql.ts';
import { databaseError } from './database-error.ts';
import { SERVER_TEXTS } from './server-texts.ts';

const CANARY = 'canary-4711';

describe('classifyDatabaseError', () => {
  const ours = sql`INSERT INTO t SELECT 1`;

  for (const [code, expected, ofUser] of [
    ['28000', 'RS_AUTH_LOGIN_REJECTED', 'RS_AUTH_LOGIN_REJECTED'],
    ['08006', 'RS_CONN_LOST', 'RS_CONN_LOST'],
    ['57P01', 'RS_CONN_LOST', 'RS_CONN_LOST'],
    ['57P05', 'RS_CONN_LOST', 'RS_CONN_LOST'],
    ['57014', 'RS_TIMEOUT', 'RS_TIMEOUT'],
    ['40001', 'RS_CONFLICT', 'RS_CONFLICT'],
    ['40P01', 'RS_CONFLICT', 'RS_CONFLICT'],
    ['42501', 'RS_AUTH_PERMISSION', 'RS_AUTH_PERMISSION'],
    ['42P01', 'RS_CONFIG_OBJECT_MISSING', 'RS_SQL_USER_FAILED'],
    ['42703', 'RS_CONFIG_OBJECT_MISSING', 'RS_SQL_USER_FAILED'],
    ['42601', 'RS_SQL_FAILED', 'RS_SQL_USER_FAILED'],
    ['22001', 'RS_VALUE_UNREPRESENTABLE', 'RS_SQL_USER_FAILED'],
    ['23502', 'RS_VALUE_UNREPRESENTABLE', 'RS_SQL_USER_FAILED'],
    ['0A000', 'RS_FEATURE_UNSUPPORTED', 'RS_SQL_USER_FAILED'],
    ['XX000', 'RS_SQL_FAILED', 'RS_SQL_USER_FAILED'],
  ] as const satisfies readonly (readonly [string, ErrorCode, ErrorCode])[]) {
    it(`makes SQLSTATE ${code} ${expected}, in the user's own SQL ${ofUser}`, () => {
      const cause = databaseError('refused', { code });
      expect(classifyDatabaseError(cause, ours).code).to.equal(expected);
      expect(classifyDatabaseError(cause, Sql.user('select 1')).code).to.equal(ofUser);
    });
  }

  for (const { message, detail, code, hidden = [] } of SERVER_TEXTS) {
    it(`reads "${message.slice(0, 60)}" as ${code}`, () => {
      const failure = classifyDatabaseError(databaseError(message, { code: 'XX000', ...(detail && { detail }) }), ours);
      expect(failure.code).to.equal(code);
      expect(failure.action).to.be.a('string').that.is.not.empty;
      for (const text of hidden) expect(inspect(failure)).not.to.contain(text);
    });
  }

  it('tells nothing that a terminal would obey', () => {
    const cause = databaseError('no table "\u001b]0;pwned\u0007\u202ex"\r', { code: '42P01' });
    expect(classifyDatabaseError(cause, ours).message).to.match(/no table "\?\]0;pwned\?\?x"$/);
  });

  it('is quick and short whatever the length of the answer', () => {
    const endless = '('.repeat(500_000) + 'S3ServiceException: value 1 '.repeat(50_000);
    // In quadratic time it would not end within the time of a test.
    const failure = classifyDatabaseError(databaseError(endless, { code: 'XX000', detail: endless }), ours);
    expect(failure.message.length).to.be.lessThan(3_000);
  });

  it('tells no row value that the server put into any part of its answer', () => {
    for (const [code, message] of [
      ['22P02', `invalid input syntax for type integer: "${CANARY}"`],
      ['22P02', `invalid input syntax for type integer: "it's "${CANARY}""`],
      ['22003', `value ${CANARY} is out of range`],
      ['XX000', `Invalid timestamp format or value [${CANARY}]`],
      ['XX000', `Overflow for NUMERIC(18,0) (Value: ${CANARY})`],
      ['23505', 'duplicate key value violates unique constraint'],
    ] as const) {
      const cause = databaseError(message, {
        code,
        detail: `Key (id)=(${CANARY})`,
        where: `COPY t, line 1: "${CANARY}"`,
      });
      const failure = classifyDatabaseError(cause, ours);
      expect(`${inspect(failure, { depth: 9 })} ${JSON.stringify(failure)}`, message).not.to.contain(CANARY);
    }
  });

  it('takes whatever is not an answer of the server as the connection', () => {
    for (const cause of [
      new Error('Connection terminated unexpectedly'),
      Object.assign(new Error('x'), { code: 'EPIPE' }),
    ]) {
      expect(classifyDatabaseError(cause, ours).code).to.equal('RS_CONN_LOST');
    }
  });

  it('points into the text of the user, counted in characters', () => {
    const text = "select '😀',\n  frm x";
    const head = sql`DECLARE c CURSOR FOR `;
    const startsAt = String(head).length;
    const at = startsAt + Array.from(text).indexOf('f') + 1;
    const cause = databaseError('syntax error at or near "x"', { code: '42601', position: String(at) });
    const failure = classifyDatabaseError(cause, sql`${head}${Sql.user(text)}`, {
      userSql: { text, startsAt, label: 'the query' },
    });
    expect(failure.details).to.include({ line: 2, column: 3 });
    expect(failure.message).to.contain('(line 2, column 3 of the query)');
  });

  it('gives no place when the server points outside the text of the user', () => {
    const cause = databaseError('syntax error', { code: '42601', position: '2' });
    const userSql = { text: 'select', startsAt: 20, label: 'the query' };
    expect(classifyDatabaseError(cause, ours, { userSql }).details).not.to.have.property('line');
  });
});
