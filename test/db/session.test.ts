import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import type { ConnectorEvent } from '../../src/core/events.ts';
import type { Session } from '../../src/db/session.ts';
import { Sql, sql } from '../../src/sql/sql.ts';
import { openWorld, type TestWorld } from '../harness.ts';
import { openWorldDatabase, type WorldDatabase } from './world-database.ts';

describe('Session', () => {
  let world: TestWorld;
  let connection: WorldDatabase;
  const run = (signal?: AbortSignal): ReturnType<WorldDatabase['run']> => connection.run(signal);

  before(async function () {
    this.timeout(60_000);
    world = await openWorld();
    connection = openWorldDatabase(world, { maxSessions: 4 });
    await world.sql('CREATE TABLE public.t (a INTEGER); GRANT ALL ON public.t TO PUBLIC', { database: 'dev' });
  });

  afterEach(async () => {
    await world.clearFaults();
    const { totalCount, idleCount } = connection.database.pool;
    expect(totalCount, 'borrowed sessions').to.equal(idleCount);
  });

  after(async () => {
    await connection?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  const open = (): Promise<Session> => connection.database.session(run());
  const countRows = async (): Promise<string | null | undefined> =>
    (await world.sql('SELECT count(*) FROM public.t', { database: 'dev' })).rows[0]?.[0];

  const rejectionOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => new Error('nothing failed'),
      (error: unknown) => error,
    );

  async function failureOf(work: Promise<unknown>): Promise<ConnectorError> {
    const outcome = await rejectionOf(work);
    if (outcome instanceof ConnectorError) return outcome;
    throw outcome;
  }

  /** An abort signal that fires soon, while a statement waits. */
  function abortSoon(reason: Error): AbortSignal {
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 200);
    return controller.signal;
  }

  /** Waits for word of a closed connection, or the like, to arrive. */
  async function until(isSo: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + 10_000;
    while (!isSo() && performance.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(isSo()).to.equal(true);
  }

  it('answers in text, and tells the statement without its text', async () => {
    await using session = await open();
    const events: ConnectorEvent[] = [];
    const rows = await session.run(sql`SELECT 9223372036854775807::bigint AS a, NULL AS b, true AS c`, {
      ...run(),
      publish: (event) => events.push(event),
    });
    expect(rows.rows).to.deep.equal([['9223372036854775807', null, 't']]);
    expect(rows.fields.map(({ name, typeOid }) => [name, typeOid])).to.deep.include.members([
      ['a', 20],
      ['c', 16],
    ]);
    expect(events).to.have.length(1);
    expect(events[0]).to.include({ type: 'statement', verb: 'SELECT', rowCount: 1 });
    expect(JSON.stringify(events)).not.to.contain('922337');
  });

  it('knows what the server is', async () => {
    await using session = await open();
    expect(session.capabilities()).to.include({
      isServerless: false,
      isolation: 'snapshot',
      caseSensitiveNames: false,
      database: 'dev',
      user: 'etl',
    });
    expect(session.capabilities().redshiftVersion).to.match(/^1\.0\.\d+$/);
    expect(session.capabilities()).to.be.frozen;
    expect(session.backendPid).to.be.greaterThan(0);
  });

  it('reads the capabilities once, however many sessions open at once', async () => {
    const seen = async (): Promise<number> =>
      (await world.statements()).filter(({ text }) => text === 'SHOW DATABASES').length;
    const before = await seen();
    await using other = openWorldDatabase(world, { maxSessions: 4 });
    const sessions = await Promise.all([1, 2, 3, 4].map(() => other.database.session(other.run())));
    for (const session of sessions) await session[Symbol.asyncDispose]();
    expect((await seen()) - before).to.equal(1);
  });

  it('carries its application name, query group, limits and connect SQL', async () => {
    await using other = openWorldDatabase(world, {
      applicationName: 'nightly',
      queryGroup: "o'clock",
      statementTimeoutSeconds: 77,
      connectSql: "SET timezone TO 'Asia/Tokyo';",
      maxSessions: 1,
    });
    await using session = await other.database.session(other.run());
    const show = async (name: string): Promise<unknown> =>
      (await session.run(sql`SHOW ${Sql.trusted(name)}`, other.run())).rows[0]?.[0];
    expect(await show('application_name')).to.equal('nightly');
    expect(await show('query_group')).to.equal("o'clock");
    expect(await show('timezone')).to.equal('Asia/Tokyo');
    expect(await show('statement_timeout')).to.match(/^77(?:000|s)$/);
  });

  it('tells a mistake in connect SQL as the mistake of its author', async () => {
    await using other = openWorldDatabase(world, { connectSql: 'SET timezone TO\n nowhere at all' });
    const error = await failureOf(other.database.session(other.run()));
    expect(error.code).to.equal('RS_SQL_USER_FAILED');
    expect(other.database.pool.totalCount).to.equal(0);
  });

  it('commits a transaction, and rolls one back whose body throws', async () => {
    await using session = await open();
    const before = Number(await countRows());
    await session.transaction(run(), (tx) => tx.run(sql`INSERT INTO public.t SELECT 1`, run()));
    expect(Number(await countRows())).to.equal(before + 1);

    const mistake = new Error('of the body');
    const failing = session.transaction(run(), async (tx) => {
      await tx.run(sql`INSERT INTO public.t SELECT 1`, run());
      throw mistake;
    });
    expect(await rejectionOf(failing)).to.equal(mistake);
    expect(Number(await countRows())).to.equal(before + 1);
    expect((await session.run(sql`SELECT 1`, run())).rows).to.have.length(1);
  });

  it('does not take the end of a failed transaction for a commit', async () => {
    await using session = await open();
    const error = await failureOf(
      session.transaction(run(), (tx) => tx.run(sql`SELECT 1/0`, run()).catch(() => undefined)),
    );
    expect(error.code).to.equal('RS_SQL_FAILED');
    expect(session.isBroken).to.equal(false);
  });

  for (const [when, landed] of [
    ['before', 0],
    ['after', 1],
  ] as const) {
    it(`says that a COMMIT is unknown when the connection dies ${when} it was done`, async () => {
      await using session = await open();
      const before = Number(await countRows());
      await world.faults({ on: 'pg:commit', effect: { kind: 'drop', when } });
      const error = await failureOf(
        session.transaction(run(), (tx) => tx.run(sql`INSERT INTO public.t SELECT 2`, run())),
      );
      expect(error.code).to.equal('RS_COMMIT_UNKNOWN');
      expect(error.retryable).to.equal(false);
      expect(error.details['backendPid']).to.equal(session.backendPid);
      expect(session.isBroken).to.equal(true);
      expect(Number(await countRows())).to.equal(before + landed);
    });
  }

  it('knows that nothing was committed when the connection is gone before COMMIT is sent', async () => {
    await using session = await open();
    const work = session.transaction(run(), async (tx) => {
      await tx.run(sql`INSERT INTO public.t SELECT 5`, run());
      await world.sql(`SELECT pg_terminate_backend(${session.backendPid})`);
      await until(() => session.isBroken);
    });
    expect(await failureOf(work)).to.include({ code: 'RS_CONN_LOST', retryable: true });
  });

  it('waits for a COMMIT that was sent, whatever is aborted meanwhile', async () => {
    await using session = await open();
    const before = Number(await countRows());
    const controller = new AbortController();
    await world.faults({ on: 'pg:commit', effect: { kind: 'delay', ms: 500 } });
    const done = session.transaction(run(controller.signal), (tx) => tx.run(sql`INSERT INTO public.t SELECT 3`, run()));
    setTimeout(() => controller.abort(new Error('too late')), 250);
    await done;
    expect(Number(await countRows())).to.equal(before + 1);
  });

  it('cancels on the server what is aborted here, and stays usable', async () => {
    await using blocker = await open();
    await using session = await open();
    await blocker.transaction(run(), async (tx) => {
      await tx.run(sql`LOCK public.t`, run());
      const reason = new Error('stop');
      const signal = abortSoon(reason);
      const blocked = session.transaction(run(signal), (own) => own.run(sql`LOCK public.t`, run(signal)));
      expect(await rejectionOf(blocked)).to.equal(reason);
    });
    expect(session.isBroken).to.equal(false);
    expect((await session.run(sql`SELECT 1`, run())).rows).to.deep.equal([['1']]);
  });

  it('cuts the connection when the server cannot be asked to cancel', async () => {
    await using blocker = await open();
    const events: ConnectorEvent[] = [];
    await using session = await open();
    await blocker.transaction(run(), async (tx) => {
      await tx.run(sql`LOCK public.t`, run());
      await world.faults({ on: 'pg:connect', times: 5, effect: { kind: 'drop' } });
      const reason = new Error('stop');
      const signal = abortSoon(reason);
      const blocked = session.run(sql`INSERT INTO public.t SELECT 4`, {
        signal,
        publish: (event) => events.push(event),
      });
      expect(await rejectionOf(blocked)).to.equal(reason);
      await world.clearFaults();
    });
    expect(session.isBroken).to.equal(true);
    expect(events.map(({ type }) => type)).to.include('suppressed');
  });

  it('starts nothing when the signal is aborted already', async () => {
    await using session = await open();
    const seen = (await world.statements()).length;
    const reason = new Error('before');
    const work = session.run(sql`SELECT 'never sent'`, { signal: AbortSignal.abort(reason) });
    expect(await rejectionOf(work)).to.equal(reason);
    expect((await world.statements()).length).to.equal(seen);
  });

  it('refuses a second statement while one runs', async () => {
    await using session = await open();
    const first = session.run(sql`SELECT 1`, run());
    expect((await failureOf(session.run(sql`SELECT 2`, run()))).code).to.equal('RS_INTERNAL');
    await first;
  });

  it('gives the connection on to the next, but not one that was tainted, broken or left in a transaction', async () => {
    const pidAfter = async (spoil?: (session: Session) => Promise<unknown>): Promise<readonly [number, number]> => {
      await using other = openWorldDatabase(world, { maxSessions: 1 });
      const session = await other.database.session(other.run());
      await spoil?.(session);
      await session[Symbol.asyncDispose]();
      await using next = await other.database.session(other.run());
      return [session.backendPid, next.backendPid];
    };
    const [kept, again] = await pidAfter();
    expect(again).to.equal(kept);
    for (const spoil of [
      async (session: Session) => session.taint('temporary table'),
      (session: Session) => session.run(sql`BEGIN`, run()),
      async (session: Session) => {
        await world.sql(`SELECT pg_terminate_backend(${session.backendPid})`);
        await until(() => session.isBroken);
      },
    ]) {
      const [first, second] = await pidAfter(spoil);
      expect(second).not.to.equal(first);
    }
  });

  it('outlives an idle connection that the server ends', async () => {
    const session = await open();
    const { backendPid } = session;
    await session[Symbol.asyncDispose]();
    const { totalCount } = connection.database.pool;
    await world.sql(`SELECT pg_terminate_backend(${backendPid})`);
    await until(() => connection.database.pool.totalCount < totalCount);
    await using next = await open();
    expect(next.backendPid).not.to.equal(backendPid);
    expect(connection.events.some((event) => event.type === 'warning' && event.code === 'IDLE_SESSION_LOST')).to.be
      .true;
  });

  it('hands out another connection when one that was idle for long turns out to be dead', async () => {
    await using other = openWorldDatabase(world, { maxSessions: 1 });
    const first = await other.database.session(other.run());
    await first[Symbol.asyncDispose]();
    await world.faults({ on: 'pg:statement', matching: 'SELECT 1', effect: { kind: 'drop', when: 'before' } });
    await world.advance(20);
    const trusted = await other.database.session(other.run());
    expect(trusted.backendPid, 'no question after a short while').to.equal(first.backendPid);
    await trusted[Symbol.asyncDispose]();
    await world.advance(31);
    await using next = await other.database.session(other.run());
    expect(next.backendPid).to.not.equal(first.backendPid);
    expect((await next.run(sql`SELECT 7`, other.run())).rows).to.deep.equal([['7']]);
    expect(other.events.filter((event) => event.type === 'warning').map(({ code }) => code)).to.deep.equal([
      'IDLE_SESSION_LOST',
    ]);
    expect(other.database.pool.totalCount).to.equal(1);
  });

  it('outlives a borrowed connection that the server ends, and says so at the next statement', async () => {
    await using session = await open();
    await world.sql(`SELECT pg_terminate_backend(${session.backendPid})`);
    await until(() => session.isBroken);
    const error = await failureOf(session.run(sql`SELECT 1`, run()));
    expect(error).to.include({ code: 'RS_CONN_LOST', retryable: true });
  });

  it('never throws from a rollback', async () => {
    await using session = await open();
    await session.run(sql`BEGIN`, run());
    await world.faults({ on: 'pg:statement', matching: 'ROLLBACK', effect: { kind: 'drop', when: 'before' } });
    const events: ConnectorEvent[] = [];
    await session.rollback({ publish: (event) => events.push(event) });
    expect(session.isBroken).to.equal(true);
    expect(events.map(({ type }) => type)).to.include('suppressed');
  });

  it('stops waiting for a free session when aborted, and leaks none', async () => {
    await using other = openWorldDatabase(world, { maxSessions: 1 });
    const only = await other.database.session(other.run());
    const reason = new Error('enough');
    const waiting = other.database.session(other.run(abortSoon(reason)));
    expect(await rejectionOf(waiting)).to.equal(reason);
    await only[Symbol.asyncDispose]();
    await using next = await other.database.session(other.run());
    expect(next.backendPid).to.equal(only.backendPid);
  });

  it('gives the connection back when a session fails to open', async () => {
    await using other = openWorldDatabase(world, { maxSessions: 1 });
    await world.faults({
      on: 'pg:statement',
      matching: 'pg_backend_pid',
      effect: { kind: 'error', code: 'XX000', message: 'Assert' },
    });
    expect((await failureOf(other.database.session(other.run()))).code).to.equal('RS_SQL_FAILED');
    await using session = await other.database.session(other.run());
    expect(session.isBroken).to.equal(false);
  });

  it('tells those who wait for a session when the database is disposed of', async () => {
    const other = openWorldDatabase(world, { maxSessions: 1 });
    await using _only = await other.database.session(other.run());
    const waiting = failureOf(other.database.session(other.run()));
    await until(() => other.database.pool.waitingCount === 1);
    const closed = other[Symbol.asyncDispose]();
    expect(await waiting).to.include({ code: 'RS_CONN_LOST', message: 'The connector was closed' });
    await closed;
    expect((await failureOf(other.database.session(other.run()))).code).to.equal('RS_CONN_LOST');
  }).timeout(15_000);

  it('closes every connection when the database is disposed of, borrowed ones too', async () => {
    const other = openWorldDatabase(world, { maxSessions: 2, applicationName: 'to-be-closed' });
    await using borrowed = await other.database.session(other.run());
    await (await other.database.session(other.run()))[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    const error = await failureOf(borrowed.run(sql`SELECT 1`, other.run()));
    expect(error.code).to.equal('RS_CONN_LOST');
  }).timeout(15_000);
});
