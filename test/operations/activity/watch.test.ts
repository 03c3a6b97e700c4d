import { expect } from 'chai';
import { planAccess } from '../../../src/access/plan-access.ts';
import { openAccess } from '../../../src/auth/open-access.ts';
import { connector } from '../../../src/connector.ts';
import { ConnectorError } from '../../../src/core/errors.ts';
import type { ConnectorEvent, ProgressEvent } from '../../../src/core/events.ts';
import { openRun } from '../../../src/core/run.ts';
import { openDatabase } from '../../../src/db/open-database.ts';
import type { ConnectionInput } from '../../../src/manifest/options.gen.ts';
import { resolveOptions } from '../../../src/manifest/resolve.ts';
import { watchOf } from '../../../src/operations/activity/watch.ts';
import { settleCommit } from '../../../src/operations/write/settle.ts';
import { sql } from '../../../src/sql/sql.ts';
import { rejectionOf } from '../../failure.ts';
import { openWriteWorld, type WriteWorld } from '../write/write-world.ts';

describe('what is told of a statement that runs or waits', () => {
  let on: WriteWorld;
  before(async () => {
    on = await openWriteWorld();
  });
  after(() => on[Symbol.asyncDispose]());
  afterEach(async () => {
    await on.world.clearFaults();
    expect(await on.staged()).to.deep.equal([]);
  });

  const progress = (): readonly ProgressEvent[] => on.events.filter((event) => event.type === 'progress');

  /** Makes a ledger by a first write, and holds it in another session of the same user. */
  async function hold(table: string): Promise<AsyncDisposable> {
    await on.table(table, 'id INTEGER');
    await on.write({ object: `sales.${table}` }, [{ id: 1 }], { runId: 'first' });
    const [[ledger] = []] = await on.rows(
      `SELECT tablename FROM pg_tables WHERE schemaname = 'sales' AND tablename LIKE 'roleshift_ledger%${table}%'`,
    );
    const session = await on.session();
    const { signal } = new AbortController();
    const { sql, identifier } = await import('../../../src/sql/sql.ts');
    await session.run(sql`BEGIN`, { signal });
    await session.run(sql`LOCK TABLE ${identifier('sales', ledger ?? '')}`, { signal });
    return {
      [Symbol.asyncDispose]: async () => {
        await session.rollback();
        await session[Symbol.asyncDispose]();
      },
    };
  }

  it('is who blocks a write: while it waits, and in the error at the end of its time', async () => {
    await using _held = await hold('blocked');
    on.events.length = 0;
    const failure = await on.refusal({ object: 'sales.blocked', lockTimeoutSeconds: 4 }, [{ id: 2 }]);
    expect(failure.code).to.equal('RS_TIMEOUT');
    expect(failure.message).to.match(
      /^Another load into sales\.blocked did not end within 4 s; session \d+ of etl, in a transaction since 20\S+Z: LOCK TABLE /,
    );
    expect(failure.details['blockers']).to.match(/^session \d+ of etl/);
    const told = progress().flatMap(({ waitingFor }) => (waitingFor === undefined ? [] : [waitingFor]));
    expect(told[0]).to.have.length(1);
    expect(told[0]?.[0])
      .to.include({ user: 'etl' })
      .and.have.property('query')
      .that.matches(/^LOCK TABLE /);
    expect(told.at(-1)).to.deep.equal([]);
  });

  it('is who keeps the outcome of a lost COMMIT from being found out', async () => {
    await using _held = await hold('unsettled');
    const [[ledger] = []] = await on.rows(
      `SELECT tablename FROM pg_tables WHERE schemaname = 'sales' AND tablename LIKE 'roleshift_ledger%unsettled%'`,
    );
    const options = resolveOptions(on.world.connection('keys-etl-agent').values as ConnectionInput);
    await using access = openAccess(planAccess(options), { clock: on.world.clock });
    await using database = openDatabase(access, options);
    const lost = new ConnectorError('RS_COMMIT_UNKNOWN', 'lost');
    const plan = { runId: 'r', targetName: 'sales.unsettled', ledger: ['sales', ledger ?? ''] } as const;
    const limits = { settleTimeoutMs: 4_000, settleAbortedMs: 4_000 };
    const failure = await rejectionOf(
      settleCommit(database, { ...plan, ...limits }, lost, openRun(), watchOf({ database, options })),
    );
    expect(failure.message).to.match(
      /^Whether the rows are in sales\.unsettled could not be found out within \d+ s; session \d+ of etl, in a transaction since 20\S+Z: LOCK TABLE /,
    );
    expect(failure.details['blockers']).to.match(/^session \d+ of etl/);
  });

  it('is how far a COPY is', async () => {
    await on.table('watched', 'id INTEGER');
    await on.world.faults({ on: 'copy:GetObject', matching: 'part-', effect: { kind: 'delay', ms: 3_500 } });
    on.events.length = 0;
    await on.write({ object: 'sales.watched' }, [{ id: 1 }]);
    const told = progress().filter(({ phase, totalFiles }) => phase === 'apply' && totalFiles !== undefined);
    expect(told[0]).to.deep.include({ phase: 'apply', rows: 0, files: 0, totalFiles: 1 });
    expect(await on.busySessions()).to.equal(0);
  });

  it('is how long an UPDATE has run', async () => {
    await on.table('changing', 'id INTEGER, n INTEGER');
    await on.write({ object: 'sales.changing' }, [{ id: 1, n: 1 }]);
    await on.world.sql(
      `CREATE FUNCTION sales.slow() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(3); RETURN NEW; END'`,
    );
    await on.world.sql(
      'CREATE TRIGGER slow BEFORE UPDATE ON sales.changing FOR EACH ROW EXECUTE FUNCTION sales.slow()',
    );
    on.events.length = 0;
    await on.write({ object: 'sales.changing', operation: 'update', keys: ['id'] }, [{ id: 1, n: 2 }]);
    const told = progress().filter(({ runningMs }) => runningMs !== undefined);
    expect(told[0]).to.include({ phase: 'apply', queuedMs: 0 });
    expect(told[0]?.runningMs).to.be.greaterThan(0);
  });

  it('is who is in the way of a table that gets another column', async () => {
    await on.table('shaped', 'id INTEGER');
    await on.world.sql('ALTER TABLE sales.shaped OWNER TO etl');
    await using holder = await on.session();
    await holder.run(sql`BEGIN`, openRun());
    await holder.run(sql`LOCK TABLE sales.shaped`, openRun());
    on.events.length = 0;
    const writing = on.write({ object: 'sales.shaped', targetChanges: 'add', columnDefinitions: 'more VARCHAR(5)' }, [
      { id: 1, more: 'x' },
    ]);
    for (
      let attempt = 0;
      attempt < 100 && !progress().some(({ waitingFor = [] }) => waitingFor.length > 0);
      attempt += 1
    ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await holder.rollback();
    const { rows } = await writing;
    const told = progress().flatMap(({ phase, waitingFor }) =>
      waitingFor === undefined ? [] : [{ phase, waitingFor }],
    );
    expect(told[0]?.phase).to.equal('plan');
    expect(told[0]?.waitingFor[0]).to.include({ user: 'etl' });
    expect(rows.loaded).to.equal(1);
  });

  it('is how far an UNLOAD is', async () => {
    await on.table('unloaded', 'id INTEGER');
    await on.world.sql('INSERT INTO sales.unloaded VALUES (1), (2)');
    await on.world.faults({ on: 'unload:PutObject', effect: { kind: 'delay', ms: 3_500 } });
    const told: ProgressEvent[] = [];
    const onEvent = (event: ConnectorEvent): void => {
      if (event.type === 'progress' && event.phase === 'unload' && event.rows !== undefined) told.push(event);
    };
    await using redshift = connector.open(on.world.connection('keys-etl-agent').values as ConnectionInput, { onEvent });
    let rows = 0;
    for await (const batch of redshift.read({ object: 'sales.unloaded', mode: 'staged' }))
      rows += [...batch.rows()].length;
    expect(rows).to.equal(2);
    expect(told[0]).to.include({ rows: 2 });
  });

  it('never fails what is watched', async () => {
    await on.table('unwatched', 'id INTEGER');
    await on.world.faults(
      { on: 'copy:GetObject', matching: 'part-', effect: { kind: 'delay', ms: 3_500 } },
      { on: 'pg:statement', matching: 'sys_load_history', effect: { kind: 'error', code: '42501', message: 'no' } },
    );
    on.events.length = 0;
    const report = await on.write({ object: 'sales.unwatched' }, [{ id: 1 }]);
    expect(report.rows.inserted).to.equal(1);
    expect(on.events.filter((event) => event.type === 'suppressed').map(({ reason }) => reason)).to.include(
      'watching a statement from a second session',
    );
  });

  it('is nothing where the side session is off', async () => {
    await using quiet = await openWriteWorld(undefined, { sideSession: false });
    await quiet.table('off', 'id INTEGER');
    await quiet.world.faults({ on: 'copy:GetObject', matching: 'part-', effect: { kind: 'delay', ms: 3_500 } });
    await quiet.write({ object: 'sales.off' }, [{ id: 1 }]);
    const asked = await quiet.world.statements();
    expect(asked.filter(({ text = '' }) => text.includes('sys_load_history'))).to.deep.equal([]);
  });
});
