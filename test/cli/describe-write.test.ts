import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { describeWrite } from '../../src/cli/write.ts';
import type { WriteReport } from '../../src/operations/write-report.ts';
import { NO_ROWS } from '../../src/sql/ledger.ts';

const REPORT: WriteReport = {
  runId: 'r',
  target: { schema: 'sales', name: 'orders' },
  operation: 'dataDriven',
  alreadyApplied: false,
  outcome: 'committed',
  rows: NO_ROWS,
  bytes: 0,
  files: 1,
  phases: [],
  rejects: [],
  rejectedRows: [],
  warnings: [],
};

const account = (report: Partial<WriteReport>): string =>
  stripVTControlCharacters(describeWrite({ ...REPORT, ...report })[1] ?? '').trim();

describe('the account of a write on the screen', () => {
  it('tells what most writes have', () => {
    expect(account({ rows: { ...NO_ROWS, read: 3000, inserted: 3000 } })).to.equal(
      '3,000 read, 3,000 inserted, 0 updated, 0 rejected, 0 deduplicated',
    );
  });

  it('tells what few writes have where they have it', () => {
    const rows = { ...NO_ROWS, read: 9, loaded: 5, inserted: 1, updated: 1, deleted: 2, replaced: 1, skipped: 4 };
    expect(account({ rows, cleared: 7 })).to.equal(
      '9 read, 1 inserted, 1 updated, 2 deleted, 1 replaced, 0 rejected, 0 deduplicated, 4 without a match, 7 that were there deleted before',
    );
  });
});
