import { expect } from 'chai';
import { check } from '../../src/operations/check/check.ts';
import { write } from '../../src/operations/write.ts';
import { sql } from '../../src/sql/sql.ts';
import { openReadWorld, type ReadWorld } from './read-world.ts';

interface SessionState {
  readonly pid: number;
  readonly settings: Readonly<Record<string, string | null | undefined>>;
}

describe('a session that an operation changed', () => {
  let world: ReadWorld;

  before(async function () {
    this.timeout(60_000);
    // With one session in the pool, whatever is given back is what the next one gets.
    world = await openReadWorld({ maxSessions: 1, statementTimeoutSeconds: 77, queryGroup: 'etl' });
    await world.table('target', 'id INTEGER NOT NULL PRIMARY KEY, note VARCHAR(9)');
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  async function nextSession(): Promise<SessionState> {
    await using session = await world.connection.database.session(world.run());
    const settings: Record<string, string | null | undefined> = {};
    const shows = {
      statement_timeout: sql`SHOW statement_timeout`,
      query_group: sql`SHOW query_group`,
      search_path: sql`SHOW search_path`,
      extra_float_digits: sql`SHOW extra_float_digits`,
      timezone: sql`SHOW timezone`,
    };
    for (const [name, statement] of Object.entries(shows)) {
      settings[name] = (await session.run(statement, world.run())).rows[0]?.[0];
    }
    return { pid: session.backendPid, settings };
  }

  /** Temporary tables in the database, whoever's: a session's own end with it. */
  async function temporaryTables(): Promise<unknown> {
    return (await world.world.sql("SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'")).rows;
  }

  const WORK: Readonly<Record<string, { readonly work: () => Promise<unknown>; readonly closes: boolean }>> = {
    'an upsert': {
      work: () =>
        write(world.connection, { object: 'target', operation: 'upsert' }, [{ id: 1, note: 'a' }], world.run()),
      closes: true,
    },
    'an upsert that fails': {
      work: () =>
        write(
          world.connection,
          { object: 'target', operation: 'upsert' },
          [
            { id: 1, note: 'a' },
            { id: 1, note: 'b' },
          ],
          world.run(),
        ).then(
          () => expect.fail('twice the same key was taken'),
          (error: unknown) => expect(error).to.include({ code: 'RS_INPUT_INVALID' }),
        ),
      closes: true,
    },
    'a plain insert': {
      work: () => write(world.connection, { object: 'target' }, [{ id: 2, note: 'b' }], world.run()),
      closes: true,
    },
    'a check with staging': {
      work: async () => {
        const report = await check(world.connection, {}, world.run());
        expect(report.ok, JSON.stringify(report.steps)).to.equal(true);
      },
      closes: true,
    },
    'a staged read': { work: () => world.rows({ object: 'target', mode: 'staged' }), closes: false },
    'a direct read': { work: () => world.rows({ object: 'target', mode: 'direct' }), closes: false },
  };

  for (const [title, { work, closes }] of Object.entries(WORK)) {
    it(`is ${closes ? 'closed, and not given' : 'left as it was, and given'} to the next one: ${title}`, async () => {
      const before = await nextSession();
      expect(before.settings).to.include({ query_group: 'etl', extra_float_digits: '2' });
      await work();
      const after = await nextSession();
      expect(after.settings).to.deep.equal(before.settings);
      expect(after.pid === before.pid, 'the same backend').to.equal(!closes);
      expect(await temporaryTables()).to.deep.equal([]);
    });
  }
});
