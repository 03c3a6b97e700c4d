import { expect } from 'chai';
import { openRun } from '../../../src/core/run.ts';
import { WriteRecorder } from '../../../src/operations/write/recorder.ts';
import { openRowLines } from '../../../src/operations/write/row-lines.ts';
import { planWrite } from '../../../src/operations/write-plan.ts';
import { failureOf } from '../../failure.ts';

function setUp(rejectLimit: number) {
  const common = { position: 1, isIdentity: false };
  const plan = planWrite(
    { object: 't', rejectLimit },
    {
      schema: 'public',
      name: 't',
      kind: 'table',
      columns: [
        { ...common, name: 'id', type: { kind: 'integer' }, nullable: false },
        { ...common, name: 'note', type: { kind: 'varchar', bytes: 3 }, nullable: true },
      ],
      primaryKey: [],
      sortKey: [],
    },
    {
      runId: 'r',
      inputColumns: ['note', 'id'],
      compression: 'gzip',
      copyRole: 'default',
      stagingRegion: 'x',
      clusterRegion: 'x',
      token: 't',
    },
  );
  const recorder = new WriteRecorder(openRun(), plan.target, 'insert');
  const lines = openRowLines(plan, recorder);
  const textOf = (...rows: readonly (readonly unknown[])[]): string => {
    for (const row of rows) lines.encode(row);
    return lines.take().toString();
  };
  return { lines, textOf, recorder };
}

describe('lines of staged files', () => {
  it('carry the row number for a temporary table', () => {
    const { textOf } = setUp(5);
    expect(textOf(['a', 1], [null, 2])).to.equal('a,1,1\nnull-t,2,2\n');
  });

  it('carry none for the target itself', () => {
    const { textOf } = setUp(0);
    for (let row = 1; row < 10; row += 1) textOf(['x', 1]);
    expect(textOf(['a,b', 1])).to.equal('"a,b",1\n');
  });

  it('refuse a value too long with row and column, and never show it', () => {
    const { lines } = setUp(0);
    lines.encode(['abc', 1]);
    const error = failureOf(() => lines.encode(['äö', 2]));
    expect(error.code).to.equal('RS_VALUE_UNREPRESENTABLE');
    expect(error.details).to.include({ row: 2, column: 'note' });
    expect(JSON.stringify(error)).not.to.include('äö');
  });

  it('refuse a NULL where the column takes none', () => {
    expect(failureOf(() => setUp(0).lines.encode(['a', null])).details).to.include({ row: 1, column: 'id' });
  });

  for (const value of [{ a: 1 }, ['a'], Buffer.from('a'), Symbol('a'), () => 'a']) {
    it(`refuse ${Object.prototype.toString.call(value)} instead of writing its name`, () => {
      const error = failureOf(() => setUp(0).lines.encode([value, 1]));
      expect([error.code, error.details['column']]).to.deep.equal(['RS_VALUE_UNREPRESENTABLE', 'note']);
    });
  }

  it('count refused rows up to the limit, then fail', () => {
    const { lines, textOf, recorder } = setUp(1);
    expect(textOf(['ok', 1], ['long', 2], ['ok', 3])).to.equal('ok,1,1\nok,3,3\n');
    expect([lines.rowsRead(), lines.rowsStaged(), lines.rowsRefused()]).to.deep.equal([3, 2, 1]);
    expect(recorder.report().rejectedRows).to.deep.equal([2]);
    expect(recorder.report().rejects[0]).to.include({ row: 2, column: 'note', code: 'RS_VALUE_UNREPRESENTABLE' });
    expect(failureOf(() => lines.encode(['long', 4])).code).to.equal('RS_LOAD_REJECTED');
  });
});
