import { expect } from 'chai';
import { readBlockers, readLoadProgress, readUnloadProgress } from '../../../src/operations/activity/activity-sql.ts';
import { describeBlocker, sanitizeQuery } from '../../../src/operations/activity/blocker.ts';

describe('a query that blocks', () => {
  for (const [title, text, told] of [
    [
      'without its values',
      "UPDATE t SET a = 'it''s me', b = 12.5 WHERE id=42",
      "UPDATE t SET a = '?', b = ? WHERE id=?",
    ],
    ['without a value that is cut off', "INSERT INTO t VALUES ('secr", "INSERT INTO t VALUES ('?'"],
    ['without comments', 'SELECT 1 -- mine\n/* theirs */ FROM t', 'SELECT ? FROM t'],
    ['without dollar quotes', 'CALL p($x$secret$x$, $$more$$)', "CALL p('?', '?')"],
    ['with its names', 'DELETE FROM "2024".t1 WHERE c2 > 1e5', 'DELETE FROM "2024".t1 WHERE c2 > ?'],
    ['in one line', '  SELECT\n\ta  ', 'SELECT a'],
  ] as const) {
    it(`is told ${title}`, () => {
      expect(sanitizeQuery(text)).to.equal(told);
    });
  }

  it('is cut off', () => {
    expect(sanitizeQuery(`SELECT ${'a, '.repeat(200)}`))
      .to.have.length(203)
      .and.match(/\.\.\.$/);
  });

  it('is told with its session', () => {
    const [blocker] = readBlockers([['77', 'etl       ', '2026-11-24 10:00:00.123']]);
    expect(describeBlocker({ ...blocker!, query: 'SELECT ?' })).to.equal(
      'session 77 of etl, in a transaction since 2026-11-24T10:00:00Z: SELECT ?',
    );
  });
});

describe('progress out of the views', () => {
  it('has the figures that are known', () => {
    expect(readLoadProgress([['10', '20', '1', '3', null]])).to.deep.equal({
      rows: 10,
      bytes: 20,
      files: 1,
      totalFiles: 3,
      totalBytes: 0,
    });
    expect(readUnloadProgress([['10', '-1', '2']])).to.deep.equal({ rows: 10, files: 2 });
    expect(readLoadProgress([])).to.equal(undefined);
    expect(readUnloadProgress([])).to.equal(undefined);
  });
});
