import { expect } from 'chai';
import { ledgerPath } from '../../../src/sql/ledger.ts';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

describe('write: the ledger', () => {
  let on: WriteWorld;
  before(async () => {
    on = await sharedWriteWorld();
    await on.world.sql('CREATE SCHEMA closed; GRANT USAGE ON SCHEMA closed TO etl');
  });
  afterEach(async () => {
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
  });

  /** A table in a schema where the user may create nothing. */
  async function closedTable(name: string, grants = 'ALL'): Promise<string> {
    await on.world.sql(
      `CREATE TABLE closed.${name} (id INTEGER, note VARCHAR(5)); GRANT ${grants} ON closed.${name} TO etl`,
    );
    return `closed.${name}`;
  }

  const ledgerNameOf = (name: string): string => ledgerPath(['closed', name]).join('.');

  it('names the statement to run, the rights to grant and the way without, before anything is staged', async () => {
    const object = await closedTable('asks');
    const before = (await on.world.calls('s3:PutObject')).length;
    const error = await on.refusal({ object }, [{ id: 1 }]);
    expect([error.code, error.details['ledger']]).to.deep.equal(['RS_AUTH_PERMISSION', ledgerNameOf('asks')]);
    expect(error.details['statement']).to.match(/^CREATE TABLE IF NOT EXISTS/);
    expect(error.action).to.match(/grant SELECT, INSERT, UPDATE and DELETE .*--no-ledger.* is applied again/);
    expect((await on.world.calls('s3:PutObject')).length).to.equal(before);
  });

  it('is left out on request, which says what is given up', async () => {
    const object = await closedTable('without');
    const spec = { object, operation: 'upsert', keys: ['id'], ledger: 'off' } as const;
    for (const updated of [0, 1]) {
      const report = await on.write(spec, [{ id: 1, note: 'a' }], { runId: 'no memory' });
      expect([report.alreadyApplied, report.rows.updated]).to.deep.equal([false, updated]);
      expect(report.warnings.map(({ code }) => code)).to.deep.equal(['LEDGER_OFF']);
    }
    expect(
      await on.rows("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'closed' AND tablename LIKE '%ledger%without%'"),
    ).to.deep.equal([['0']]);
  });

  for (const [title, rights] of [
    ['read', 'INSERT, UPDATE, DELETE'],
    ['written', 'SELECT, UPDATE, DELETE'],
    ['pruned', 'SELECT, INSERT, UPDATE'],
  ] as const) {
    it(`tells that it may not be ${title}`, async () => {
      const object = await closedTable(`not_${title}`);
      const { details } = await on.refusal({ object }, [{ id: 1 }]);
      await on.world.sql(`${String(details['statement'])}; GRANT ${rights} ON ${ledgerNameOf(`not_${title}`)} TO etl`);
      const error = await on.refusal({ object }, [{ id: 1 }]);
      expect([error.code, error.message]).to.deep.equal([
        'RS_AUTH_PERMISSION',
        `The database user may not use the ledger table ${ledgerNameOf(`not_${title}`)}`,
      ]);
      expect(error.action).to.include('--no-ledger');
      expect(await on.rows(`SELECT COUNT(*) FROM ${object}`)).to.deep.equal([['0']]);
    });
  }

  for (const [title, matching, spec, says] of [
    ['it', 'LOCK "sales"."roleshift_ledger_lockless', {}, /may not use the ledger table .*--no-ledger/],
    ['the table', 'LOCK "sales"."lockless"', { lockTarget: true }, /may not lock table .*leave out lockTarget/],
  ] as const) {
    it(`tells that the user may not lock ${title}`, async () => {
      await on.world.sql('DROP TABLE IF EXISTS sales.lockless');
      await on.table('lockless', 'id INTEGER');
      const effect = { kind: 'error', code: '42501', message: 'permission denied' } as const;
      await on.world.faults({ on: 'pg:statement', matching, effect });
      const error = await on.refusal({ object: 'sales.lockless', ...spec }, [{ id: 1 }]);
      await on.world.clearFaults();
      expect([error.code, `${error.message} ${error.action}`]).to.satisfy(
        ([code, text]: [string, string]) => code === 'RS_AUTH_PERMISSION' && says.test(text),
      );
    });
  }

  it('is made where the first look for it was cancelled, whoever did that', async () => {
    await on.table('looked', 'id INTEGER');
    await on.world.faults({
      on: 'pg:statement',
      matching: 'FROM "sales"."roleshift_ledger_looked',
      effect: { kind: 'error', as: 'monitoringRule' },
    });
    const { outcome, rows } = await on.write({ object: 'sales.looked' }, [{ id: 1 }]);
    const struck = (await on.world.points()).filter((point) => point.struck !== undefined);
    await on.world.clearFaults();
    expect([outcome, rows.loaded, struck.length]).to.deep.equal(['committed', 1, 1]);
  });

  it('forgets runs past their age and no other, and can be told to keep all', async () => {
    await on.table('aging', 'id INTEGER');
    const ledger = ledgerPath(['sales', 'aging']).join('.');
    const run = (runId: string, days?: number) =>
      on.write({ object: 'sales.aging', ...(days === undefined ? {} : { ledgerRetentionDays: days }) }, [{ id: 1 }], {
        runId,
      });
    const age = (runId: string, days: number) =>
      on.world.sql(
        `UPDATE ${ledger} SET committed_at = committed_at - INTERVAL '${days} days' WHERE run_id = '${runId}'`,
      );
    const known = async () => (await on.rows(`SELECT run_id FROM ${ledger} ORDER BY run_id`)).flat();
    await run('a');
    await run('b');
    await age('a', 100);
    await age('b', 80);
    await run('c', 0);
    expect(await known()).to.deep.equal(['a', 'b', 'c']);
    await run('d');
    expect(await known()).to.deep.equal(['b', 'c', 'd']);
    await run('e', 30);
    expect(await known()).to.deep.equal(['c', 'd', 'e']);
    expect((await run('e')).alreadyApplied).to.equal(true);
  });

  it('that an earlier version made serves every operation', async () => {
    await on.table('older', 'id INTEGER, note VARCHAR(5)');
    const ledger = ledgerPath(['sales', 'older']).join('.');
    await on.world.sql(
      `CREATE TABLE ${ledger} ("run_id" VARCHAR(255) NOT NULL, "operation" VARCHAR(32) NOT NULL, "rows_read" BIGINT NOT NULL, "rows_staged" BIGINT NOT NULL, "rows_loaded" BIGINT NOT NULL, "rows_inserted" BIGINT NOT NULL, "rows_updated" BIGINT NOT NULL, "rows_rejected" BIGINT NOT NULL, "rows_deduplicated" BIGINT NOT NULL, "manifest_sha256" VARCHAR(64), "committed_at" TIMESTAMP NOT NULL) DISTSTYLE ALL SORTKEY ("run_id"); GRANT ALL ON ${ledger} TO etl; INSERT INTO ${ledger} VALUES ('old', 'upsert', 7, 7, 5, 3, 2, 0, 2, NULL, GETDATE()); INSERT INTO sales.older VALUES (1, 'a')`,
    );
    const old = await on.write({ object: 'sales.older', operation: 'upsert', keys: ['id'] }, [], { runId: 'old' });
    expect(old.rows).to.deep.equal({
      read: 7,
      staged: 7,
      loaded: 5,
      inserted: 3,
      updated: 2,
      deleted: 0,
      replaced: 0,
      rejected: 0,
      deduplicated: 2,
      skipped: 0,
    });
    const spec = { object: 'sales.older', operation: 'delete', keys: ['id'] } as const;
    for (const alreadyApplied of [false, true]) {
      const report = await on.write(spec, [{ id: 1 }, { id: 2 }], { runId: 'new' });
      expect(report.alreadyApplied).to.equal(alreadyApplied);
      expect(report.rows).to.include({ read: 2, loaded: 1, deleted: 1, skipped: 1 });
    }
  });
});
