import { expect } from 'chai';
import { positionInUserSql } from '../../src/db/user-sql.ts';

describe('positionInUserSql', () => {
  it('counts lines and columns from 1', () => {
    const userSql = { text: 'a\nbc', startsAt: 10, label: 'x' };
    expect(positionInUserSql(11, userSql)).to.deep.equal({ line: 1, column: 1 });
    expect(positionInUserSql(14, userSql)).to.deep.equal({ line: 2, column: 2 });
    expect(positionInUserSql(10, userSql)).to.equal(undefined);
    expect(positionInUserSql(Number.NaN, userSql)).to.equal(undefined);
  });
});
