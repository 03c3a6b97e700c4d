import { expect } from 'chai';
import { ConnectorError } from '../../../src/core/errors.ts';
import { openRun } from '../../../src/core/run.ts';
import type { Rows } from '../../../src/db/rows.ts';
import type { Session } from '../../../src/db/session.ts';
import { applyOnce } from '../../../src/operations/write/apply.ts';
import type { Change } from '../../../src/operations/write/change.ts';
import { type LoadedTable, loadStagingTable } from '../../../src/operations/write/load-staging.ts';
import type { StagedLoad } from '../../../src/operations/write/staged-load.ts';
import { planWrite } from '../../../src/operations/write-plan.ts';
import type { WriteOperation } from '../../../src/operations/write-spec.ts';
import type { Sql } from '../../../src/sql/sql.ts';

/** A session that answers by the start of the statement; a server that miscounts is not found in the sandbox. */
function fakeSession(answers: Readonly<Record<string, Partial<Rows>>>) {
  const sent: string[] = [];
  const run = async (statement: Sql): Promise<Rows> => {
    const text = String(statement);
    sent.push(text.split(' ', 2).join(' '));
    const found = Object.entries(answers).find(([start]) => text.startsWith(start))?.[1];
    return { fields: [], rows: [], rowCount: 0, command: '', ...found };
  };
  const session = {
    isBroken: false,
    taint: () => undefined,
    run,
    transaction: async <T>(_run: unknown, body: () => Promise<T>) => {
      const result = await body();
      sent.push('COMMIT');
      return result;
    },
  };
  return { session: session as unknown as Session, sent };
}

function planOf(operation: WriteOperation, rejectLimit = 0) {
  const common = { position: 1, isIdentity: false, nullable: true };
  return planWrite(
    { object: 't', operation, rejectLimit, keys: ['id'] },
    {
      schema: 'public',
      name: 't',
      kind: 'table',
      columns: [
        { ...common, name: 'id', type: { kind: 'integer' } },
        { ...common, name: 'n', type: { kind: 'integer' } },
      ],
      primaryKey: [],
      sortKey: [],
    },
    {
      runId: 'r',
      inputColumns: ['id', 'n'],
      compression: 'gzip',
      copyRole: 'default',
      stagingRegion: 'x',
      clusterRegion: 'x',
      token: 't',
    },
  );
}

const STAGED: StagedLoad = {
  files: [],
  rowsRead: 10,
  rowsStaged: 10,
  rowsRefused: 0,
  bytes: 1,
  manifestUrl: 's3://bucket/manifest',
  folderName: 'run',
};
const PATTERN = { keys: ['id'], nullKeys: [] };
const LOADED: LoadedTable = {
  rows: 10,
  rejected: 0,
  rejectedRows: [],
  rejects: [],
  deduplicated: 0,
  groups: [],
};

describe('the transaction of a write', () => {
  for (const { title, operation, rejectLimit, loaded, answers } of [
    {
      title: 'COPY loads a row too few',
      operation: 'insert',
      rejectLimit: 0,
      loaded: undefined,
      answers: { 'SELECT pg_last_copy_count': { rows: [['9']] } },
    },
    {
      title: 'COPY loads a file twice',
      operation: 'insert',
      rejectLimit: 0,
      loaded: undefined,
      answers: { 'SELECT pg_last_copy_count': { rows: [['20']] } },
    },
    {
      title: 'INSERT takes over a row too few',
      operation: 'insert',
      rejectLimit: 1,
      loaded: LOADED,
      answers: { 'INSERT INTO "public"."t"': { rowCount: 9 } },
    },
    {
      title: 'UPDATE and INSERT miss a row',
      operation: 'upsert',
      rejectLimit: 0,
      loaded: LOADED,
      answers: { UPDATE: { rowCount: 5 }, 'INSERT INTO "public"."t"': { rowCount: 4 } },
    },
    {
      title: 'INSERT adds more than there are',
      operation: 'upsert',
      rejectLimit: 0,
      loaded: LOADED,
      answers: { UPDATE: { rowCount: 5 }, 'INSERT INTO "public"."t"': { rowCount: 11 } },
    },
    {
      title: 'UPDATE changes fewer rows than were found',
      operation: 'update',
      rejectLimit: 0,
      loaded: LOADED,
      answers: { 'SELECT COUNT(*)': { rows: [['8']] }, UPDATE: { rowCount: 7 } },
    },
    {
      title: 'more rows find a match than there are',
      operation: 'update',
      rejectLimit: 0,
      loaded: LOADED,
      answers: { 'SELECT COUNT(*)': { rows: [['11']] }, UPDATE: { rowCount: 11 } },
    },
    {
      title: 'DELETE removes fewer rows than were found',
      operation: 'delete',
      rejectLimit: 0,
      loaded: LOADED,
      answers: { 'SELECT COUNT(*)': { rows: [['8']] }, 'DELETE FROM "public"."t"': { rowCount: 7 } },
    },
    {
      title: 'INSERT does not put back what DELETE made room for',
      operation: 'replaceRow',
      rejectLimit: 0,
      loaded: LOADED,
      answers: {
        'SELECT COUNT(*)': { rows: [['8']] },
        'DELETE FROM "public"."t"': { rowCount: 8 },
        'INSERT INTO "public"."t"': { rowCount: 9 },
      },
    },
  ] as const) {
    it(`does not commit when ${title}`, async () => {
      const { session, sent } = fakeSession(answers);
      const change: Change = operation === 'replaceRow' ? 'replace' : operation;
      const groups = [{ change, rows: 10, ...(change === 'insert' ? {} : { pattern: PATTERN }) }];
      const work = { staged: STAGED, ...(loaded === undefined ? {} : { loaded: { ...loaded, groups } }) };
      const plan = planOf(operation, rejectLimit);
      const error: unknown = await applyOnce(session, plan, work, { statementTimeoutMs: 0 }, openRun()).catch(
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(ConnectorError).with.property('code', 'RS_COUNT_MISMATCH');
      expect(sent).not.to.include('COMMIT');
    });
  }

  it('locks the ledger before it reads anything, and asks for no timer during COMMIT', async () => {
    const { session, sent } = fakeSession({ 'SELECT pg_last_copy_count': { rows: [['10']] } });
    await applyOnce(session, planOf('insert'), { staged: STAGED }, { statementTimeoutMs: 7 }, openRun());
    expect(sent.map((text) => text.split(' ')[0])).to.deep.equal([
      'SET',
      'LOCK',
      'SELECT',
      'SET',
      'COPY',
      'SELECT',
      'INSERT',
      'DELETE',
      'SET',
      'COMMIT',
    ]);
  });

  for (const [loaded, title] of [
    [9, 'fewer rows than were staged'],
    [11, 'more rows than were staged'],
  ] as const) {
    it(`refuses a temporary table with ${title}`, async () => {
      const plan = planOf('upsert');
      if (plan.load.kind !== 'staged') throw new Error('expected a temporary table');
      const { session } = fakeSession({ 'SELECT COUNT(*)': { rows: [[String(loaded)]] } });
      const error: unknown = await loadStagingTable(session, plan, plan.load, STAGED, openRun()).catch(
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(ConnectorError).with.property('code', 'RS_COUNT_MISMATCH');
    });
  }
});
