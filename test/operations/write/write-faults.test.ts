import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { ConnectorError } from '../../../src/core/errors.ts';
import { openRun } from '../../../src/core/run.ts';
import type { WriteReport } from '../../../src/operations/write-report.ts';
import { renderLock } from '../../../src/sql/apply.ts';
import { ledgerPath } from '../../../src/sql/ledger.ts';
import { sql } from '../../../src/sql/sql.ts';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

const ROWS = Array.from({ length: 50 }, (_, index) => ({ id: index, note: `row ${index}` }));

describe('write: bad days', () => {
  let on: WriteWorld;
  let tables = 0;
  before(async () => {
    on = await sharedWriteWorld();
  });
  afterEach(async () => {
    await on.world.clearFaults();
    expect(await on.files(), 'local files').to.deep.equal([]);
    expect(await on.busySessions(), 'busy sessions').to.equal(0);
  });

  async function freshTable(): Promise<string> {
    tables += 1;
    await on.table(`t${tables}`, 'id INTEGER PRIMARY KEY, note VARCHAR(20)');
    return `sales.t${tables}`;
  }

  async function count(table: string): Promise<number> {
    return Number((await on.rows(`SELECT COUNT(*) FROM ${table}`))[0]?.[0]);
  }

  /** The digest of the files that were loaded, as the ledger has it. */
  async function ledgerOf(object: string): Promise<string> {
    const [schema, name = ''] = ledgerPath(['sales', object.slice('sales.'.length)]);
    const rows = await on.rows(`SELECT manifest_sha256 FROM ${schema}.${name}`);
    expect(rows).to.have.length(1);
    return String(rows[0]?.[0]);
  }

  for (const path of ['staged', 'insert'] as const) {
    it(`cuts a COMMIT that is not answered once the run is given up, and settles it: ${path}`, async () => {
      const object = await freshTable();
      await on.world.faults({ on: 'pg:commit', effect: { kind: 'silence', when: 'after' } });
      const controller = new AbortController();
      const work = on.write({ object, path }, ROWS, { signal: controller.signal });
      while ((await on.world.points()).every(({ struck }) => struck === undefined)) await wait(20);
      controller.abort(new Error('enough'));
      const report = await work;
      expect([report.outcome, report.warnings.map(({ code }) => code)]).to.deep.equal([
        'committed',
        ['COMMIT_SETTLED'],
      ]);
      expect(await count(object)).to.equal(50);
    });
  }

  for (const operation of ['insert', 'upsert'] as const) {
    for (const when of ['before', 'after'] as const) {
      it(`settles a COMMIT of an ${operation} that was lost ${when} it was done, exactly once`, async () => {
        const object = await freshTable();
        await on.world.faults({ on: 'pg:commit', effect: { kind: 'drop', when } });
        const report = await on.write({ object, operation }, ROWS);
        expect([report.outcome, report.rows.loaded]).to.deep.equal(['committed', 50]);
        expect(report.warnings.map(({ code }) => code)).to.deep.equal([
          when === 'after' ? 'COMMIT_SETTLED' : 'LOAD_REPEATED',
        ]);
        expect([report.alreadyApplied, await count(object)]).to.deep.equal([false, 50]);
        expect(await ledgerOf(object)).to.match(/^[0-9a-f]{64}$/);
        expect(await on.staged()).to.deep.equal([]);
      });
    }
  }

  it('keeps the staged files and says so when a lost COMMIT cannot be settled, and settles it by the run id later', async () => {
    const object = await freshTable();
    const spec = { object, settleTimeoutSeconds: 1 };
    await on.world.faults(
      { on: 'pg:commit', effect: { kind: 'drop', when: 'after' } },
      { on: 'pg:statement', matching: 'LOCK', after: 1, times: 1000, effect: { kind: 'drop' } },
    );
    const error = await on.refusal(spec, ROWS, { runId: 'unknown' });
    expect([error.code, error.retryable]).to.deep.equal(['RS_COMMIT_UNKNOWN', false]);
    const report = error.report as WriteReport;
    expect(report.outcome).to.equal('unknown');
    const kept = await on.staged();
    expect(
      kept.map((key) => `s3://acme-staging/${key}`).every((url) => url.startsWith(report.stagedFilesKept ?? '-')),
    ).to.equal(true);
    expect(kept.length).to.be.greaterThan(1);
    await on.emptyBucket();
    await on.world.clearFaults();
    const again = await on.write(spec, ROWS, { runId: 'unknown' });
    expect([again.alreadyApplied, await count(object)]).to.deep.equal([true, 50]);
  });

  it('gives up in bounded time when every COMMIT is lost, with nothing written', async () => {
    const object = await freshTable();
    await on.world.faults({ on: 'pg:commit', times: 100, effect: { kind: 'drop', when: 'before' } });
    const error = await on.refusal({ object }, ROWS);
    expect(error.code).to.equal('RS_CONN_LOST');
    expect(await count(object)).to.equal(0);
  });

  it('retries a conflict from BEGIN, on the same session with its temporary table', async () => {
    const object = await freshTable();
    await on.world.faults({
      on: 'pg:statement',
      matching: 'roleshift_ledger_t',
      after: 3,
      times: 1,
      effect: { kind: 'error', code: 'XX000', message: '1023' },
    });
    await on.statementsOf('');
    const report = await on.write({ object, operation: 'upsert' }, ROWS);
    expect([report.outcome, await count(object)]).to.deep.equal(['committed', 50]);
    expect(report.warnings.map(({ code }) => code)).to.deep.equal(['CONFLICT_RETRIED']);
    const statements = await on.statementsOf('');
    expect(statements.filter((text) => text.startsWith('COPY'))).to.have.length(1);
    expect(statements.filter((text) => text === 'BEGIN')).to.have.length(2);
  });

  it('gives up on conflicts in bounded time', async () => {
    const object = await freshTable();
    await on.world.faults({
      on: 'pg:statement',
      matching: 'COPY',
      times: 100,
      effect: { kind: 'error', code: 'XX000', message: '1023' },
    });
    const error = await on.refusal({ object, conflictAttempts: 3 }, ROWS);
    expect(error.code).to.equal('RS_CONFLICT');
    expect((error.report as WriteReport).warnings).to.have.length(2);
    expect(await on.staged()).to.deep.equal([]);
  });

  for (const matching of ['CREATE TEMP', 'COPY', 'LOCK', 'UPDATE "sales"', 'INSERT INTO "sales"."roleshift_ledger']) {
    it(`loads the staged files again in a new session when the first one dies at ${matching}`, async () => {
      const object = await freshTable();
      await on.world.faults({ on: 'pg:statement', matching, effect: { kind: 'drop' } });
      const report = await on.write({ object, operation: 'upsert' }, ROWS);
      expect(report.warnings.map(({ code }) => code)).to.deep.equal(['LOAD_REPEATED']);
      expect([report.rows.inserted, await count(object)]).to.deep.equal([50, 50]);
      expect(await on.staged()).to.deep.equal([]);
    });
  }

  for (const matching of ['SHOW COLUMNS', 'CREATE TABLE IF NOT EXISTS', 'UPDATE "sales"']) {
    it(`waits for a cluster that restarts at ${matching}`, async () => {
      const object = await freshTable();
      await on.world.faults({ on: 'pg:statement', matching, effect: { kind: 'restart', ms: 300 } });
      const report = await on.write({ object, operation: 'upsert' }, ROWS);
      expect([report.outcome, await count(object)]).to.deep.equal(['committed', 50]);
    });
  }

  it('repeats a COPY that S3 fails, and gives up in bounded time where it always does', async () => {
    const object = await freshTable();
    await on.world.faults({ on: 'copy:GetObject', effect: { kind: 'throttle' } });
    const report = await on.write({ object, path: 'staged' }, ROWS);
    expect(report.warnings).to.deep.equal([
      { code: 'LOAD_REPEATED', message: 'S3 failed the cluster; the staged files are loaded again' },
    ]);
    expect(await count(object)).to.equal(50);
    await on.world.faults({ on: 'copy:GetObject', times: 'always', effect: { kind: 'error', status: 500 } });
    const error = await on.refusal({ object, path: 'staged' }, ROWS);
    expect([error.code, await count(object), await on.staged()]).to.deep.equal(['RS_AWS_FAILED', 50, []]);
  });

  it('settles a COMMIT that is unknown for some seconds more after an abort, not for minutes', async () => {
    const object = await freshTable();
    const controller = new AbortController();
    await on.world.faults(
      { on: 'pg:commit', effect: { kind: 'drop', when: 'after' } },
      // The first LOCK is the transaction's own, the second that of settling.
      { on: 'pg:statement', matching: 'LOCK', after: 1, times: 1, effect: { kind: 'delay', ms: 500 } },
    );
    const before = on.events.length;
    const work = on.write({ object }, ROWS, { signal: controller.signal });
    const timer = setInterval(() => {
      if (isCommitting(before)) controller.abort(new Error('ctrl-c'));
    }, 20);
    const report = await work.finally(() => clearInterval(timer));
    expect(controller.signal.aborted).to.equal(true);
    expect([report.outcome, await count(object)]).to.deep.equal(['committed', 50]);
  });

  it('tells a lost COMMIT of its own from one of another attempt of the same run', async () => {
    const object = await freshTable();
    await on.write({ object }, []); // makes the ledger
    await on.world.faults(
      { on: 'pg:commit', effect: { kind: 'drop', when: 'before' } },
      { on: 'pg:statement', matching: 'LOCK', after: 1, times: 1, effect: { kind: 'delay', ms: 1500 } },
    );
    const before = on.events.length;
    const first = on.write({ object }, ROWS, { runId: 'shared by two' });
    await sleepUntil(async () => isCommitting(before));
    const second = await on.write({ object }, ROWS, { runId: 'shared by two' });
    const report = await first;
    expect([second.alreadyApplied, report.alreadyApplied]).to.deep.equal([false, true]);
    expect(report.warnings[0]).to.deep.equal({
      code: 'COMMIT_SETTLED',
      message: 'The answer to COMMIT was lost; the ledger shows that another attempt of this run happened',
    });
    expect(await count(object)).to.equal(50);
  });

  it('tells each rejected row once when the load is repeated', async () => {
    const object = await freshTable();
    const file = join(on.folder, 'rejects.csv');
    await writeFile(file, 'id,note\n1,ok\nx,not a number\n');
    await on.world.faults({ on: 'pg:statement', matching: 'INSERT INTO "sales"."t', effect: { kind: 'drop' } });
    const report = await on.write({ object, rejectLimit: 1 }, { file });
    await rm(file);
    expect(report.warnings.map(({ code }) => code)).to.deep.equal(['LOAD_REPEATED']);
    expect(report.rows).to.include({ read: 2, loaded: 1, rejected: 1 });
    expect(report.rejects.map(({ line, column }) => [line, column])).to.deep.equal([[2, 'id']]);
  });

  it('leaves nothing behind when the user may not write to the table', async () => {
    const object = await freshTable();
    await on.world.sql(`REVOKE UPDATE ON ${object} FROM etl`);
    const error = await on.refusal({ object, operation: 'upsert' }, ROWS);
    expect([error.code, (error.report as WriteReport).outcome]).to.deep.equal([
      'RS_AUTH_PERMISSION',
      'nothing written',
    ]);
    expect([await on.staged(), await count(object)]).to.deep.equal([[], 0]);
    expect((await on.write({ object }, ROWS)).rows.loaded).to.equal(50);
  });

  it('waits for another load into the same table no longer than it is told', async () => {
    const object = await freshTable();
    await on.write({ object }, []);
    await using holder = await on.session();
    const run = openRun();
    await holder.run(sql`BEGIN`, run);
    await holder.run(renderLock(ledgerPath(['sales', object.slice('sales.'.length)])), run);
    const error = await on.refusal({ object, lockTimeoutSeconds: 1 }, ROWS);
    expect([error.code, error.message]).to.deep.equal([
      'RS_TIMEOUT',
      `Another load into ${object} did not end within 1 s`,
    ]);
    expect(await on.staged()).to.deep.equal([]);
    await holder.rollback();
  });

  for (const [title, verb] of [
    ['COPY', 'COPY'],
    ['UPDATE', 'UPDATE'],
  ] as const) {
    it(`leaves no row and no object when it is aborted in the middle of ${title}`, async () => {
      const object = await freshTable();
      const controller = new AbortController();
      await on.world.faults({ on: 'pg:statement', matching: verb, effect: { kind: 'delay', ms: 700 } });
      const work = on.write({ object, operation: 'upsert' }, ROWS, { signal: controller.signal });
      setTimeout(() => controller.abort(new Error('ctrl-c')), 500);
      const outcome: unknown = await work.catch((error: unknown) => error);
      expect(outcome).to.have.property('message', 'ctrl-c');
      expect(await on.staged()).to.deep.equal([]);
      await settle();
      expect(await count(object)).to.equal(0);
    });
  }

  it('leaves no row and no object when it is aborted while rows are staged', async () => {
    const object = await freshTable();
    const controller = new AbortController();
    let closed = false;
    async function* endless() {
      try {
        for (let id = 0; ; id += 1) {
          if (id === 200_000) controller.abort(new Error('ctrl-c'));
          yield { id, note: 'x'.repeat(20) };
        }
      } finally {
        closed = true;
      }
    }
    const outcome: unknown = await on
      .write({ object }, endless(), { signal: controller.signal })
      .catch((error) => error);
    expect(outcome).to.have.property('message', 'ctrl-c');
    expect([closed, await on.staged(), await count(object)]).to.deep.equal([true, [], 0]);
  });

  it('passes on the failure of the source as it is', async () => {
    const object = await freshTable();
    async function* broken() {
      yield ROWS;
      throw new Error('the source broke');
    }
    const outcome: unknown = await on.write({ object }, broken()).catch((error: unknown) => error);
    expect(outcome).to.have.property('message', 'the source broke');
    expect([await on.staged(), await count(object)]).to.deep.equal([[], 0]);
  });

  it('tells a refused staging area with action and resource', async () => {
    const object = await freshTable();
    await on.world.faults({
      on: 's3:PutObject',
      times: 100,
      effect: { kind: 'error', status: 403, code: 'AccessDenied' },
    });
    const error = await on.refusal({ object }, ROWS);
    expect(error.code).to.equal('RS_STAGING_DENIED');
    expect(error.details['action']).to.equal('s3:PutObject');
    expect(error).to.be.instanceOf(ConnectorError);
  });

  it('outlives every credential it began with', async () => {
    const object = await freshTable();
    const before = (await on.world.calls('sts:AssumeRole')).length;
    async function* slow() {
      yield ROWS.slice(0, 25);
      await on.world.advance(4000);
      // A client sets its clock by a header of whole seconds, and would sign as of before the advance.
      await new Promise((resolve) => setTimeout(resolve, 1300));
      yield ROWS.slice(25);
    }
    const report = await on.write({ object, operation: 'upsert' }, slow());
    expect([report.outcome, await count(object)]).to.deep.equal(['committed', 50]);
    expect((await on.world.calls('sts:AssumeRole')).length).to.equal(before + 1);
    expect(await on.staged()).to.deep.equal([]);
  });

  function isCommitting(since: number): boolean {
    return on.events.slice(since).some((event) => event.type === 'progress' && event.phase === 'commit');
  }

  /** A cancelled statement may still be on its way to its end. */
  async function settle(): Promise<void> {
    await sleepUntil(async () => (await on.busySessions()) === 0);
  }

  async function sleepUntil(isDone: () => Promise<boolean>): Promise<void> {
    for (let attempt = 0; attempt < 100 && !(await isDone()); attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});
