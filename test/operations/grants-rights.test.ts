import { expect } from 'chai';
import { rightsToWrite } from '../../src/operations/grants-rights.ts';
import type { WriteOperation } from '../../src/operations/write-spec.ts';

const ON_TABLE: Readonly<Record<WriteOperation, string>> = {
  insert: 'INSERT',
  update: 'SELECT UPDATE',
  upsert: 'INSERT SELECT UPDATE',
  replaceRow: 'INSERT SELECT DELETE',
  delete: 'SELECT DELETE',
  dataDriven: 'INSERT SELECT UPDATE DELETE',
};

describe('the rights that a write asks for', () => {
  for (const [operation, privileges] of Object.entries(ON_TABLE)) {
    it(`are ${privileges} on the table for ${operation}`, () => {
      const rights = rightsToWrite(['sales', 'orders'], operation as WriteOperation, {
        database: 'dev',
        hasLedger: true,
      });
      const onTable = rights.filter(({ path }) => path[1] === 'orders').map(({ privilege }) => privilege);
      expect(onTable.join(' ')).to.equal(privileges);
      const needsTemp = rights.some(({ privilege }) => privilege === 'TEMP');
      expect(needsTemp).to.equal(operation !== 'insert');
    });
  }
});
