import { rm, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { openRun } from '../../../src/core/run.ts';
import { SIDE_SESSION_TIMES } from '../../../src/operations/activity/side-session.ts';
import type { WriteReport } from '../../../src/operations/write-report.ts';
import type { WriteOperation, WriteSpec } from '../../../src/operations/write-spec.ts';
import { renderLock } from '../../../src/sql/apply.ts';
import { ledgerPath } from '../../../src/sql/ledger.ts';
import { Sql, sql } from '../../../src/sql/sql.ts';
import { openWriteWorld, sharedWriteWorld, type WriteWorld } from './write-world.ts';

const OPERATIONS = ['insert', 'update', 'upsert', 'replaceRow', 'delete', 'dataDriven'] as const;

/** What each operation does with `CHANGES` to a table that holds `1 a, 2 a, 3 a`. */
const LEAVES: Readonly<Record<WriteOperation, readonly string[]>> = {
  insert: ['1 a', '1 b', '2 a', '2 b', '3 a', '9 b'],
  update: ['1 b', '2 b', '3 a'],
  upsert: ['1 b', '2 b', '3 a', '9 b'],
  replaceRow: ['1 b', '2 b', '3 a', '9 b'],
  delete: ['3 a'],
  dataDriven: ['1 b', '3 a', '9 b'],
};
const CHANGES = [
  { op: 'U', id: 1, note: 'b' },
  { op: 'D', id: 2, note: 'b' },
  { op: 'I', id: 9, note: 'b' },
];

function specFor(object: string, operation: WriteOperation): WriteSpec {
  return { object, operation, keys: ['id'], ...(operation === 'dataDriven' ? { changeColumn: 'op' } : {}) };
}

const rowsFor = (operation: WriteOperation): readonly object[] =>
  operation === 'dataDriven' ? CHANGES : CHANGES.map(({ id, note }) => ({ id, note }));

/** The world that specs share, or one of the caller's own under SERIALIZABLE: it disposes of that. */
function worldUnder(isolation: 'snapshot' | 'serializable'): Promise<WriteWorld> {
  if (isolation === 'snapshot') return sharedWriteWorld();
  return openWriteWorld((_world, _account, cluster) => {
    cluster.isolation = isolation;
  });
}

for (const isolation of ['snapshot', 'serializable'] as const) {
  describe(`the rules of a write under ${isolation.toUpperCase()}`, () => {
    let on: WriteWorld;
    let tables = 0;
    before(async () => {
      on = await worldUnder(isolation);
    });
    after(async () => {
      if (isolation === 'serializable') await on[Symbol.asyncDispose]();
    });
    afterEach(async () => {
      await on.world.clearFaults();
      expect(await on.files(), 'local files').to.deep.equal([]);
      expect(await on.busySessions(), 'busy sessions').to.equal(0);
    });

    /** A table of three rows, `1 a, 2 a, 3 a`. */
    async function freshTable(): Promise<string> {
      tables += 1;
      await on.table(`rule${tables}`, 'id INTEGER PRIMARY KEY, note VARCHAR(10)');
      await on.world.sql(`ALTER TABLE sales.rule${tables} DROP CONSTRAINT rule${tables}_pkey`).catch(() => undefined);
      await on.world.sql(`INSERT INTO sales.rule${tables} VALUES (1, 'a'), (2, 'a'), (3, 'a')`);
      return `sales.rule${tables}`;
    }

    async function contents(object: string): Promise<readonly string[]> {
      const rows = await on.rows(`SELECT id, note FROM ${object} ORDER BY id, note`);
      return rows.map((row) => row.join(' '));
    }

    const quoted = (object: string): string => `"sales"."${object.slice('sales.'.length)}"`;
    const ledgerOf = (object: string) => ledgerPath(['sales', object.slice('sales.'.length)]);
    const codesOf = ({ warnings }: WriteReport): readonly string[] => warnings.map(({ code }) => code);

    /** Text of our own transaction's statements, shortened. */
    async function transactionOf(work: () => Promise<unknown>): Promise<readonly string[]> {
      await on.statementsOf('');
      await work();
      const all = await on.statementsOf('');
      return all.slice(all.indexOf('BEGIN')).map((text) => text.split(' ').slice(0, 3).join(' '));
    }

    for (const operation of OPERATIONS) {
      it(`rule 1: LOCK comes first; rule 2: a run id is applied once: ${operation}`, async () => {
        const object = await freshTable();
        const attempt = () => on.write(specFor(object, operation), rowsFor(operation), { runId: `once ${object}` });
        const own: WriteReport[] = [];
        const statements = await transactionOf(async () => own.push(await attempt()));
        expect(statements.slice(0, 3)).to.deep.equal([
          'BEGIN',
          `LOCK "sales"."${ledgerOf(object)[1]}"`,
          'SELECT "operation", "rows_read",',
        ]);
        expect(statements.at(-1)).to.equal('COMMIT');
        expect(statements.filter((text) => /^(?:LOCK|BEGIN|COMMIT)/.test(text))).to.have.length(3);
        const reports = [...own, await attempt()];
        expect(reports.map(({ alreadyApplied }) => alreadyApplied)).to.deep.equal([false, true]);
        expect(reports[1]?.rows).to.deep.equal(reports[0]?.rows);
        expect(await contents(object)).to.deep.equal(LEAVES[operation]);
      });

      it(`rule 4: a transaction of somebody else's that comes in between is waited for: ${operation}`, async () => {
        const object = await freshTable();
        await on.write({ ...specFor(object, operation) }, []); // makes the ledger
        await using other = await on.session();
        const run = openRun();
        await other.run(sql`BEGIN`, run);
        await other.run(Sql.trusted(`UPDATE ${object} SET note = 'a' WHERE id = 1`), run);
        const work = on.write(specFor(object, operation), rowsFor(operation));
        await untilBlocked();
        await other.run(sql`COMMIT`, run);
        const report = await work;
        // Only rows that are added without a look at the others go together with another's under SNAPSHOT.
        expect(codesOf(report)).to.deep.equal(
          isolation === 'snapshot' && operation === 'insert' ? [] : ['CONFLICT_RETRIED'],
        );
        expect([report.outcome, await contents(object)]).to.deep.equal(['committed', LEAVES[operation]]);
      });
    }

    it('rule 2: attempts of a run that start together are applied once, each answered with the same counts', async () => {
      const object = await freshTable();
      const attempt = () => on.write(specFor(object, 'dataDriven'), CHANGES, { runId: 'all at once' });
      const reports = await Promise.all([attempt(), attempt(), attempt()]);
      expect(reports.filter(({ alreadyApplied }) => alreadyApplied)).to.have.length(2);
      for (const { rows } of reports) expect(rows).to.deep.equal(reports[0]?.rows);
      expect(await contents(object)).to.deep.equal(LEAVES.dataDriven);
    });

    it('rule 1: a load into another table waits for nobody', async () => {
      const [busy, free] = [await freshTable(), await freshTable()];
      await on.write({ object: busy }, []);
      await using holder = await on.session();
      const run = openRun();
      await holder.run(sql`BEGIN`, run);
      await holder.run(renderLock(ledgerOf(busy)), run);
      await on.write({ object: free, lockTimeoutSeconds: 1 }, [{ id: 4 }]);
      const error = await on.refusal({ object: busy, lockTimeoutSeconds: 1 }, [{ id: 4 }]);
      expect([error.code, error.details['limitSeconds']]).to.deep.equal(['RS_TIMEOUT', 1]);
      await holder.rollback();
    });

    it('rule 1: the table itself is locked on request only, after the ledger, and no longer waited for than that', async () => {
      const object = await freshTable();
      await using reader = await on.session();
      const run = openRun();
      await reader.run(sql`BEGIN`, run);
      await reader.run(Sql.trusted(`SELECT COUNT(*) FROM ${object}`), run);
      const spec = specFor(object, 'upsert');
      expect((await on.write(spec, [{ id: 1, note: 'b' }])).outcome).to.equal('committed');
      const error = await on.refusal({ ...spec, lockTarget: true, lockTimeoutSeconds: 1 }, [{ id: 1, note: 'c' }]);
      expect([error.code, error.message]).to.deep.equal([
        'RS_TIMEOUT',
        `Table ${object} could not be locked within 1 s: others read or write it`,
      ]);
      await reader.rollback();
      const statements = await transactionOf(() => on.write({ ...spec, lockTarget: true }, [{ id: 1, note: 'c' }]));
      expect(statements.slice(1, 3)).to.deep.equal([`LOCK "sales"."${ledgerOf(object)[1]}"`, `LOCK ${quoted(object)}`]);
    });

    it('rule 2: the same run id is another run in another table, and another run id is applied again', async () => {
      const [one, two] = [await freshTable(), await freshTable()];
      for (const object of [one, two]) {
        const { alreadyApplied } = await on.write({ object }, [{ id: 4 }], { runId: 'shared by tables' });
        expect(alreadyApplied).to.equal(false);
      }
      await on.write({ object: one }, [{ id: 4 }], { runId: 'another' });
      expect(await contents(one)).to.have.length(5);
    });

    for (const when of ['before', 'after'] as const) {
      it(`rule 3: a COMMIT whose answer is lost ${when} it is done is settled by the ledger, once`, async () => {
        const object = await freshTable();
        await on.world.faults({ on: 'pg:commit', effect: { kind: 'drop', when } });
        const report = await on.write(specFor(object, 'upsert'), rowsFor('upsert'));
        expect([report.outcome, report.alreadyApplied]).to.deep.equal(['committed', false]);
        expect(await contents(object)).to.deep.equal(LEAVES.upsert);
      });
    }

    it('rule 4: without a ledger two upserts of one key insert it once where the table is locked', async () => {
      const object = await freshTable();
      const spec = { ...specFor(object, 'upsert'), ledger: 'off', lockTarget: true } as const;
      const reports = await Promise.all([1, 2, 3].map(() => on.write(spec, [{ id: 7, note: 'b' }])));
      expect(reports.map(({ rows }) => rows.inserted)).to.have.members([0, 0, 1]);
      expect(await contents(object)).to.deep.equal(['1 a', '2 a', '3 a', '7 b']);
    });

    it('rule 8: rows that are deleted first are there until the new ones are, for who reads meanwhile', async () => {
      const object = await freshTable();
      await on.world.faults({
        on: 'pg:statement',
        matching: `COPY ${quoted(object)}`,
        effect: { kind: 'delay', ms: 600 },
      });
      const counts = new Set<string>();
      const work = on.write({ object, before: 'overwrite' }, [{ id: 4 }, { id: 5 }]);
      let done = false;
      const finished = work.finally(() => {
        done = true;
      });
      while (!done) counts.add(String((await on.rows(`SELECT COUNT(*) FROM ${object}`))[0]?.[0]));
      counts.add(String((await on.rows(`SELECT COUNT(*) FROM ${object}`))[0]?.[0]));
      expect((await finished).cleared).to.equal(3);
      expect([...counts]).to.deep.equal(['3', '2']);
    });

    it('rule 10: SQL of your own runs outside our transaction, once for a run id, never for a retry', async () => {
      const object = await freshTable();
      const marks = `marks${tables}`;
      await on.table(marks, 'what VARCHAR(10)');
      const mark = (what: string): string => `INSERT INTO sales.${marks} VALUES ('${what}')`;
      const spec = { object, preSql: mark('before'), postSql: mark('after') };
      await on.world.faults({
        on: 'pg:statement',
        matching: "'once', 'insert'",
        times: 2,
        effect: { kind: 'error', code: 'XX000', message: '1023' },
      });
      await on.statementsOf('');
      const report = await on.write(spec, [{ id: 4, note: 'b' }], { runId: 'once' });
      expect(codesOf(report)).to.include('CONFLICT_RETRIED');
      let isInside = false;
      const seen = (await on.statementsOf('')).flatMap((text) => {
        if (text === 'BEGIN') isInside = true;
        if (text === 'COMMIT' || text === 'ROLLBACK') isInside = false;
        return text.startsWith(`INSERT INTO sales.${marks}`) ? [isInside ? 'inside' : 'outside'] : [];
      });
      expect(seen).to.deep.equal(['outside', 'outside']);
      await on.world.clearFaults();
      await on.write(spec, [{ id: 4, note: 'b' }], { runId: 'once' });
      expect(await on.rows(`SELECT what FROM sales.${marks} ORDER BY what`)).to.deep.equal([['after'], ['before']]);
    });

    it('rule 10: inside only when free of what ends or leaves a transaction, and then undone with it', async () => {
      const object = await freshTable();
      for (const verb of ['COMMIT', 'END', 'ROLLBACK', `TRUNCATE ${object}`, 'CALL p()', 'VACUUM']) {
        for (const key of ['preSql', 'postSql'] as const) {
          const error = await on.refusal({ object, sqlInTransaction: true, [key]: `SELECT 1; ${verb}` }, []);
          expect([verb, error.code]).to.deep.equal([verb, 'RS_CONFIG_INVALID']);
        }
      }
      const preSql = `DELETE FROM ${object} WHERE id = 1`;
      const undone = { object, sqlInTransaction: true, preSql, postSql: 'SELECT 1 / 0' };
      await on.refusal(undone, [{ id: 4, note: 'b' }]);
      expect(await contents(object)).to.deep.equal(['1 a', '2 a', '3 a']);
      await on.write({ object, sqlInTransaction: true, preSql }, [{ id: 4, note: 'b' }]);
      expect(await contents(object)).to.deep.equal(['2 a', '3 a', '4 b']);
    });

    it('rule 11: one side session watches all statements of a connection, at most every 5 s, while they run', async () => {
      expect(SIDE_SESSION_TIMES.everyMs).to.be.at.least(5_000);
      const objects = [await freshTable(), await freshTable()];
      const polls = async (): Promise<number> =>
        (await on.world.statements()).filter(({ text = '' }) => text.includes('sys_load_history')).length;
      await on.write({ object: objects[0] ?? '' }, [{ id: 4, note: 'b' }]);
      const before = await polls();
      expect(before, 'a short statement is not watched').to.equal(0);
      await on.world.faults({
        on: 'copy:GetObject',
        matching: 'part-',
        times: 2,
        effect: { kind: 'delay', ms: 2_700 },
      });
      const writing = Promise.all(objects.map((object) => on.write({ object }, [{ id: 5, note: 'b' }])));
      for (let attempt = 0; attempt < 60 && (await polls()) < 2; attempt += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const watchers = await on.rows(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'etl' AND query LIKE '%sys_load_history%'",
      );
      expect(watchers).to.deep.equal([['1']]);
      await writing;
      expect(await polls(), 'one look for each of the two').to.equal(2);
    });

    /** Until somebody waits for a lock, or some time has passed. */
    async function untilBlocked(): Promise<void> {
      for (let attempt = 0; attempt < 60; attempt += 1) {
        const [[waiting] = []] = await on.rows('SELECT COUNT(*) FROM pg_locks WHERE NOT granted');
        if (Number(waiting) > 0) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  });
}

for (const isolation of ['snapshot', 'serializable'] as const) {
  describe(`what the rules leave of a table under ${isolation.toUpperCase()}`, () => {
    let on: WriteWorld;
    let tables = 0;
    before(async () => {
      on = await worldUnder(isolation);
    });
    after(async () => {
      if (isolation === 'serializable') await on[Symbol.asyncDispose]();
    });
    afterEach(async () => {
      await on.world.clearFaults();
      expect(await on.staged(), 'staged objects').to.deep.equal([]);
      expect(await on.files(), 'local files').to.deep.equal([]);
      expect(await on.busySessions(), 'busy sessions').to.equal(0);
    });

    async function freshTable(columns = 'id INTEGER, note VARCHAR(10)'): Promise<string> {
      tables += 1;
      await on.table(`alone${tables}`, columns);
      await on.world.sql(`INSERT INTO sales.alone${tables} (id, note) VALUES (1, 'a'), (2, 'a'), (3, 'a')`);
      return `sales.alone${tables}`;
    }

    const contents = async (object: string): Promise<readonly string[]> =>
      (await on.rows(`SELECT id, note FROM ${object} ORDER BY id, note`)).map((row) => row.join(' '));
    const codesOf = ({ warnings }: WriteReport): readonly string[] => warnings.map(({ code }) => code);
    const ledgerFault = { on: 'pg:statement', matching: 'INSERT INTO "sales"."roleshift_ledger_alone' } as const;
    const conflict = { kind: 'error', code: 'XX000', message: '1023' } as const;

    for (const operation of ['update', 'replaceRow', 'delete', 'dataDriven'] as const) {
      it(`rule 3: a COMMIT whose answer is lost is settled by the ledger: ${operation}`, async () => {
        const object = await freshTable();
        await on.world.faults({ on: 'pg:commit', effect: { kind: 'drop', when: 'after' } });
        const report = await on.write(specFor(object, operation), rowsFor(operation));
        expect([report.outcome, report.alreadyApplied, codesOf(report)]).to.deep.equal([
          'committed',
          false,
          ['COMMIT_SETTLED'],
        ]);
        expect(await contents(object)).to.deep.equal(LEAVES[operation]);
      });
    }

    for (const when of ['before', 'after'] as const) {
      it(`rule 3: without a ledger a COMMIT that is lost ${when} it is done is unknown at once, and not tried again`, async () => {
        const object = await freshTable();
        await on.world.faults({ on: 'pg:commit', effect: { kind: 'drop', when } });
        await on.statementsOf('');
        const error = await on.refusal({ object, ledger: 'off' }, [{ id: 4, note: 'b' }]);
        const { outcome, stagedFilesKept, warnings } = error.report as WriteReport;
        expect([error.code, outcome, warnings.map(({ code }) => code)]).to.deep.equal([
          'RS_COMMIT_UNKNOWN',
          'unknown',
          ['LEDGER_OFF'],
        ]);
        expect(stagedFilesKept).to.match(/^s3:/);
        expect((await on.statementsOf('BEGIN')).length).to.equal(1);
        expect(await contents(object)).to.have.length(when === 'after' ? 4 : 3);
        await on.emptyBucket();
      });
    }

    it('rule 3: without a ledger a session that is lost before COMMIT is replaced all the same', async () => {
      const object = await freshTable();
      await on.world.faults({ on: 'pg:statement', matching: 'UPDATE "sales"', effect: { kind: 'drop' } });
      const report = await on.write({ ...specFor(object, 'upsert'), ledger: 'off' }, rowsFor('upsert'));
      expect(codesOf(report)).to.deep.equal(['LEDGER_OFF', 'LOAD_REPEATED']);
      expect(await contents(object)).to.deep.equal(LEAVES.upsert);
      expect(
        await on.rows(
          `SELECT COUNT(*) FROM pg_tables WHERE tablename = '${ledgerPath(['sales', object.slice(6)])[1]}'`,
        ),
      ).to.deep.equal([['0']]);
    });

    for (const [title, effect, warning] of [
      ['a conflict', conflict, 'CONFLICT_RETRIED'],
      ['a lost session', { kind: 'drop' }, 'LOAD_REPEATED'],
    ] as const) {
      it(`rule 4: after ${title} a data driven write does once what its rows ask for`, async () => {
        const object = await freshTable();
        await on.world.faults({ ...ledgerFault, effect });
        await on.statementsOf('');
        const report = await on.write(specFor(object, 'dataDriven'), CHANGES);
        expect([codesOf(report), await contents(object)]).to.deep.equal([[warning], LEAVES.dataDriven]);
        // The temporary table outlives a conflict; a new session loads it again from the staged files.
        expect(await on.statementsOf('COPY')).to.have.length(warning === 'CONFLICT_RETRIED' ? 1 : 2);
      });
    }

    it('rule 5: rows are numbered, and a limit of N is MAXERROR N+1', async () => {
      const object = await freshTable('id INTEGER NOT NULL, note VARCHAR(10)');
      const file = `${on.folder}/numbered.csv`;
      await writeFile(file, 'id,note\n4,"new\nline"\nx,b\n6,b\n,b\n');
      await on.statementsOf('');
      const report = await on.write({ object, rejectLimit: 2 }, { file });
      await rm(file);
      const [copy = ''] = await on.statementsOf('COPY');
      expect(copy).to.match(/\("id", "note", "_row"\) .* MAXERROR 3 /);
      // The error views count lines, of which the first row has two.
      expect([report.rejectedRows, report.rows.rejected, report.rows.inserted]).to.deep.equal([[2, 4], 2, 2]);
    });

    it('rule 6: what is the same key is for Redshift to say, not for the text that was sent', async () => {
      await on.table('equal_keys', 'k CHAR(10), t TIMESTAMPTZ, n INTEGER');
      const rows = [
        { k: 'a', t: '2024-01-01 12:00:00+00', n: 1 },
        { k: 'a  ', t: '2024-01-01 14:00:00+02', n: 2 },
        { k: ' a', t: '2024-01-01 12:00:00+00', n: 3 },
        { k: 'A', t: '2024-01-01 12:00:00+00', n: 4 },
      ];
      const spec = { object: 'sales.equal_keys', operation: 'upsert', keys: ['k', 't'] } as const;
      const error = await on.refusal(spec, rows);
      expect(error.details).to.include({ repeatedKeys: 1, repeatedRows: 2 });
      const report = await on.write({ ...spec, duplicateKeys: 'keepLast' }, rows);
      expect(report.rows).to.include({ deduplicated: 1, inserted: 3 });
      expect(await on.rows('SELECT n FROM sales.equal_keys ORDER BY n')).to.deep.equal([['2'], ['3'], ['4']]);
    });

    it('rule 7: an upsert leaves unmapped columns and identities alone, and asks once for each pattern of NULLs', async () => {
      await on.world.sql(
        "CREATE TABLE sales.patterns (line BIGINT IDENTITY(1, 1), a INTEGER, b INTEGER, n INTEGER, extra VARCHAR(5) DEFAULT 'new'); GRANT ALL ON sales.patterns TO etl; INSERT INTO sales.patterns (a, b, n, extra) VALUES (1, NULL, 0, 'old'), (NULL, NULL, 0, 'old')",
      );
      const lines = await on.rows('SELECT line FROM sales.patterns ORDER BY a');
      await on.statementsOf('');
      const rows = [
        { a: 1, b: null, n: 1 },
        { a: null, b: null, n: 2 },
        { a: 2, b: 2, n: 3 },
      ];
      await on.write({ object: 'sales.patterns', operation: 'upsert', keys: ['a', 'b'] }, rows);
      const statements = await on.statementsOf('');
      expect(statements.filter((text) => text.startsWith('UPDATE "sales"'))).to.have.length(3);
      expect(statements.filter((text) => / OR |DISTINCT FROM|MERGE/.test(text))).to.deep.equal([]);
      expect(await on.rows('SELECT a, b, n, extra FROM sales.patterns ORDER BY n')).to.deep.equal([
        ['1', null, '1', 'old'],
        [null, null, '2', 'old'],
        ['2', '2', '3', 'new'],
      ]);
      expect(await on.rows("SELECT line FROM sales.patterns WHERE extra = 'old' ORDER BY a")).to.deep.equal(lines);
    });

    it('rule 8: rows that were deleted first are back when the load fails', async () => {
      const object = await freshTable();
      await on.world.faults({ ...ledgerFault, effect: { kind: 'error', code: '42501', message: 'permission denied' } });
      const error = await on.refusal({ object, before: 'deleteAll' }, [{ id: 4, note: 'b' }]);
      expect([error.code, (error.report as WriteReport).outcome]).to.deep.equal([
        'RS_AUTH_PERMISSION',
        'nothing written',
      ]);
      expect(await contents(object)).to.deep.equal(['1 a', '2 a', '3 a']);
    });

    it('rule 8: TRUNCATE comes when the rows are in the cluster and were counted, once, whatever is tried again', async () => {
      const object = await freshTable();
      await on.world.faults({ ...ledgerFault, times: 2, effect: conflict });
      await on.statementsOf('');
      const report = await on.write({ object, before: 'truncate' }, [{ id: 4, note: 'b' }]);
      expect(codesOf(report)).to.deep.equal(['NOT_ATOMIC', 'CONFLICT_RETRIED', 'CONFLICT_RETRIED']);
      const verbs = (await on.statementsOf('')).flatMap(
        (text) => /^(?:COPY|SELECT COUNT|LOCK|TRUNCATE|INSERT INTO "sales"."alone|COMMIT)/.exec(text) ?? [],
      );
      expect(verbs.map((text) => text.split(' ')[0]).join(' ')).to.equal(
        'COPY SELECT LOCK TRUNCATE LOCK INSERT LOCK INSERT LOCK INSERT COMMIT',
      );
      expect(await contents(object)).to.deep.equal(['4 b']);
    });

    it('rule 8: TRUNCATE is not sent for rows that are refused, nor for a run that was applied', async () => {
      const object = await freshTable();
      const spec = { object, before: 'truncate' } as const;
      const file = `${on.folder}/refused.csv`;
      await writeFile(file, 'id,note\n4,b\n5,far too long for it\n');
      const error = await on.refusal({ ...spec, keys: ['id'], duplicateKeys: 'fail' }, { file });
      await rm(file);
      expect([error.code, (error.report as WriteReport).outcome]).to.deep.equal([
        'RS_VALUE_UNREPRESENTABLE',
        'nothing written',
      ]);
      expect(await contents(object)).to.have.length(3);
      await on.write(spec, [{ id: 4, note: 'b' }], { runId: 'truncated once' });
      await on.world.sql(`INSERT INTO ${object} VALUES (5, 'later')`);
      await on.write(spec, [{ id: 4, note: 'b' }], { runId: 'truncated once' });
      expect(await contents(object)).to.deep.equal(['4 b', '5 later']);
    });

    it('rule 8: a load that fails after TRUNCATE says that the table is empty', async () => {
      const object = await freshTable();
      await on.world.faults({ ...ledgerFault, times: 100, effect: conflict });
      const error = await on.refusal({ object, before: 'truncate', conflictAttempts: 2 }, [{ id: 4, note: 'b' }]);
      expect([error.code, (error.report as WriteReport).outcome]).to.deep.equal(['RS_CONFLICT', 'table emptied']);
      expect(await contents(object)).to.deep.equal([]);
    });

    it('rule 8: who may not TRUNCATE is told so, and nothing has changed', async () => {
      const object = await freshTable();
      await on.world.sql(`REVOKE TRUNCATE ON ${object} FROM etl`);
      const error = await on.refusal({ object, before: 'truncate' }, [{ id: 4, note: 'b' }]);
      expect([error.code, (error.report as WriteReport).outcome]).to.deep.equal([
        'RS_AUTH_PERMISSION',
        'nothing written',
      ]);
      expect(await contents(object)).to.have.length(3);
    });

    it('rule 9: a plain insert is written once, by COPY inside the transaction; overwrite too', async () => {
      const object = await freshTable();
      for (const before of ['none', 'overwrite'] as const) {
        await on.statementsOf('');
        await on.write({ object, before }, [{ id: 4, note: 'b' }]);
        const statements = await on.statementsOf('');
        const inside = statements.slice(statements.indexOf('BEGIN'));
        expect(inside.filter((text) => text.startsWith(`COPY "sales"."${object.slice(6)}"`))).to.have.length(1);
        expect(
          statements.filter((text) => /^(?:CREATE|ALTER)|APPEND/.test(text) && !text.includes('roleshift_ledger')),
        ).to.deep.equal([]);
      }
      expect(await contents(object)).to.deep.equal(['4 b']);
    });
  });
}
