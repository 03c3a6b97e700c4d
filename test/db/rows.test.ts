import { expect } from 'chai';
import { rowsOf } from '../../src/db/rows.ts';

describe('rowsOf', () => {
  it('takes the last result of several statements', () => {
    const first = { command: 'SET', rowCount: null, oid: 0, fields: [], rows: [] };
    const last = {
      ...first,
      command: 'SELECT',
      rowCount: 1,
      rows: [['1']],
      fields: [{ name: 'a', dataTypeID: 23, dataTypeModifier: -1 } as never],
    };
    expect(rowsOf([first, last])).to.deep.equal({
      command: 'SELECT',
      rowCount: 1,
      rows: [['1']],
      fields: [{ name: 'a', typeOid: 23, typeModifier: -1 }],
    });
  });
});
