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
      '9 read, 1 inserted, 1 updated, 2 deleted, 1 replaced, 0 rejected, 0 deduplicated, 4 skipped, 7 that were there deleted before',
    );
  });

  it('tells the row of a refusal and its file where they are known, and no staged file', () => {
    const reason = 'the value is not a whole number';
    const rejects = [
      { row: 2000, column: 'id', code: 'RS_VALUE_UNREPRESENTABLE', reason },
      { row: 7, source: 'orders.csv', file: 'part-00001.csv.zst', line: 3, column: 'id', code: '1207', reason },
      { file: 'part-00001.csv.zst', line: 3, column: 'id', code: '1207', reason },
    ];
    const lines = describeWrite({ ...REPORT, path: 'insert', rejects }).map(stripVTControlCharacters);
    expect(lines.filter((line) => line.includes('rejected: '))).to.deep.equal([
      `  rejected: row 2,000, column id: RS_VALUE_UNREPRESENTABLE ${reason}`,
      `  rejected: row 7 of orders.csv, column id: 1207 ${reason}`,
      `  rejected: column id: 1207 ${reason}`,
    ]);
  });

  it('tells the way that was taken, and a screenful of refusals at most', () => {
    const reject = { row: 1, column: 'id', code: '1207', reason: 'x' };
    const rows = { ...NO_ROWS, read: 90, rejected: 90 };
    const lines = describeWrite({ ...REPORT, path: 'insert', rows, rejects: Array.from({ length: 90 }, () => reject) });
    expect(lines.join('\n')).to.include('by INSERT; ').and.to.include('90 rejected in all; --reject-file keeps them');
    expect(lines.length).to.be.lessThan(30);
    expect(describeWrite({ ...REPORT, path: 'staged' })[2]).to.include('1 file, 0 B staged; ');
  });

  it('lets no control character of a run id through', () => {
    expect(describeWrite({ ...REPORT, runId: 'a\u001b[2Jb\nc' })[3]).to.match(/^ {2}run [^\p{Cc}]+$/u);
  });
});
