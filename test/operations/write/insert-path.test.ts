import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { openRun } from '../../../src/core/run.ts';
import type { WriteSpec } from '../../../src/operations/write-spec.ts';
import { Sql, sql } from '../../../src/sql/sql.ts';
import { openWriteWorld, sharedWriteWorld, type WriteWorld } from './write-world.ts';

const ROWS = Array.from({ length: 50 }, (_, index) => ({ id: index, note: `note ${index}` }));
const HOSTILE = [
  "'); DROP TABLE sales.plain; --",
  '\\',
  "\\'",
  '$1',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is to stay as it is
  '${x}',
  'a\nb\r\nc',
  '"',
  '',
  ' ',
  '\uFEFFmark',
  '漢字 😀',
];

describe('rows by INSERT, without staging', () => {
  let on: WriteWorld;
  before(async function () {
    this.timeout(60_000);
    on = await openWriteWorld(undefined, { useStaging: false });
  });
  after(() => on[Symbol.asyncDispose]());
  afterEach(async () => {
    expect(await on.files(), 'local files').to.deep.equal([]);
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
  });

  it('is the way of a connection that has none', async () => {
    await on.table('plain', 'id INTEGER, note VARCHAR(20)');
    await on.statementsOf('');
    const report = await on.write({ object: 'sales.plain' }, ROWS);
    expect(report).to.include({ outcome: 'committed', path: 'insert', files: 0, bytes: 0 });
    expect(report.rows).to.include({ read: 50, staged: 50, loaded: 50, inserted: 50 });
    expect(await on.rows('SELECT COUNT(*), MAX(note) FROM sales.plain')).to.deep.equal([['50', 'note 9']]);
    const statements = await on.statementsOf('');
    expect(statements.filter((text) => /^INSERT INTO "sales"."plain"/.test(text))).to.have.length(1);
    expect(statements.filter((text) => /^(?:COPY|CREATE TEMP)/.test(text))).to.deep.equal([]);
  });

  it('carries values that look like SQL, into names that do', async () => {
    const name = 'we"ird; DROP';
    const column = 'no"te $1 \\';
    await on.world.sql(
      `CREATE TABLE sales."we""ird; DROP" (id INTEGER, "no""te $1 \\" VARCHAR(60)); GRANT ALL ON sales."we""ird; DROP" TO etl`,
    );
    const rows = HOSTILE.map((text, id) => ({ id, [column]: text }));
    for (const operation of ['insert', 'upsert'] as const) {
      await on.write({ object: ['sales', name], operation, keys: ['id'] }, rows);
      const found = await on.rows(`SELECT "no""te $1 \\" FROM sales."we""ird; DROP" ORDER BY id`);
      expect(found.flat(), operation).to.deep.equal(HOSTILE);
    }
  });

  it('refuses more rows than it may write, by the limit and the mend', async () => {
    await on.table('many', 'id INTEGER');
    const rows = Array.from({ length: 30 }, (_, id) => ({ id }));
    const error = await on.refusal({ object: 'sales.many', insertRowLimit: 20 }, rows);
    expect([error.code, error.message, error.issues?.[0]?.path]).to.deep.equal([
      'RS_CONFIG_INVALID',
      'The input is more than INSERT may write: 20 rows, or 256 MB compressed',
      'useStaging',
    ]);
    expect(error.action).to.match(/useStaging and stagingBucket.*insertRowLimit/);
    expect(await on.rows('SELECT COUNT(*) FROM sales.many')).to.deep.equal([['0']]);
  });

  it('says what is missing where files in S3 are asked for', async () => {
    const error = await on.refusal({ object: 'sales.many', path: 'staged' }, ROWS);
    expect([error.code, error.issues?.[0]?.path]).to.deep.equal(['RS_CONFIG_INVALID', 'useStaging']);
  });

  it('writes files of every format', async () => {
    await on.table('filed', 'id INTEGER NOT NULL, note VARCHAR(20)');
    const csv = join(on.folder, 'a.csv');
    const jsonl = join(on.folder, 'b.jsonl');
    await writeFile(csv, 'id,note\n1,one\n2,\n3,""\n');
    await writeFile(jsonl, '{"id":4,"note":"four"}\n{"id":5}\n');
    for (const file of [csv, jsonl])
      expect((await on.write({ object: 'sales.filed' }, { file })).path).to.equal('insert');
    expect(await on.rows('SELECT id, note FROM sales.filed ORDER BY id')).to.deep.equal([
      ['1', 'one'],
      ['2', null],
      ['3', ''],
      ['4', 'four'],
      ['5', null],
    ]);
    await writeFile(csv, 'id,note\n7,x\n,y\n');
    const error = await on.refusal({ object: 'sales.filed' }, { file: csv });
    expect([error.code, error.details['row'], error.details['column']]).to.deep.equal([
      'RS_VALUE_UNREPRESENTABLE',
      2,
      'id',
    ]);
    expect(await on.rows('SELECT COUNT(*) FROM sales.filed')).to.deep.equal([['5']]);
    await rm(csv);
    await rm(jsonl);
  });

  it('rejects row by row what it checks itself, out of rows and out of files', async () => {
    await on.table('checked', 'id INTEGER NOT NULL, note VARCHAR(4), day DATE');
    const file = join(on.folder, 'mixed.csv');
    const rejectFile = join(on.folder, 'rejects.jsonl');
    await writeFile(file, 'id,note,day\n1,one,2024-01-01\n2,too long,2024-01-02\n,none,\n4,four,no day\n5,five,\n');
    const rows = [
      { id: 1, note: 'one', day: '2024-01-01' },
      { id: 2, note: 'too long', day: '2024-01-02' },
      { id: null, note: 'none', day: null },
      { id: 4, note: 'four', day: 'no day' },
      { id: 5, note: 'five', day: null },
    ];
    for (const input of [rows, { file }]) {
      const spec: WriteSpec = { object: 'sales.checked', before: 'deleteAll', rejectLimit: 3, rejectFile };
      const report = await on.write(spec, input);
      expect(report.rows).to.include({ read: 5, loaded: 2, rejected: 3 });
      expect(report.rejectedRows).to.deep.equal([2, 3, 4]);
      expect(report.rejects.map(({ row, column }) => [row, column])).to.deep.equal([
        [2, 'note'],
        [3, 'id'],
        [4, 'day'],
      ]);
      expect(await on.rows('SELECT id FROM sales.checked ORDER BY id')).to.deep.equal([['1'], ['5']]);
      const kept = (await readFile(rejectFile, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object);
      expect(kept.map((one) => ('row' in one ? one.row : 0))).to.deep.equal([2, 3, 4]);
      expect(kept[2]).to.deep.include({ values: { id: '4', note: 'four', day: 'no day' } });
      const error = await on.refusal({ ...spec, rejectLimit: 2 }, input);
      expect(error.code).to.equal('RS_LOAD_REJECTED');
    }
    await rm(file);
    await rm(rejectFile);
  });

  it('tells what the server refuses, and leaves nothing', async () => {
    await on.table('guarded', 'id INTEGER');
    await on.world.faults({
      on: 'pg:statement',
      matching: 'INSERT INTO "sales"."guarded"',
      effect: { kind: 'error', code: '22003', message: 'Overflow' },
    });
    const error = await on.refusal({ object: 'sales.guarded' }, [{ id: 1 }, { id: 11 }]);
    await on.world.clearFaults();
    expect([error.code, error.details['sqlState']]).to.deep.equal(['RS_VALUE_UNREPRESENTABLE', '22003']);
    expect(await on.rows('SELECT COUNT(*) FROM sales.guarded')).to.deep.equal([['0']]);
  });

  it('refuses a value that no parameter holds, and a type that COPY alone takes', async () => {
    await on.table('documents', 'id INTEGER, doc SUPER');
    const error = await on.refusal({ object: 'sales.documents' }, [
      { id: 1, doc: '1' },
      { id: 2, doc: JSON.stringify(['x'.repeat(40_000), 'y'.repeat(40_000)]) },
    ]);
    expect([error.code, error.details['row'], error.details['column']]).to.deep.equal([
      'RS_VALUE_UNREPRESENTABLE',
      2,
      'doc',
    ]);
    await on.table('sketches', 'id INTEGER, sketch HLLSKETCH');
    const refused = await on.refusal({ object: 'sales.sketches' }, [{ id: 1, sketch: null }]);
    expect([refused.code, refused.details['column']]).to.deep.equal(['RS_FEATURE_UNSUPPORTED', 'sketch']);
    expect((await on.write({ object: 'sales.sketches' }, [{ id: 1 }])).rows.inserted).to.equal(1);
  });
});

describe('rows by INSERT, where there is staging', () => {
  let on: WriteWorld;
  let tables = 0;
  before(async () => {
    on = await sharedWriteWorld();
  });
  afterEach(async () => {
    await on.world.clearFaults();
    expect(await on.files(), 'local files').to.deep.equal([]);
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
    expect(await on.busySessions(), 'busy sessions').to.equal(0);
  });

  async function freshTable(columns = 'id INTEGER, note VARCHAR(20)'): Promise<string> {
    tables += 1;
    await on.table(`inserted${tables}`, columns);
    return `sales.inserted${tables}`;
  }

  const count = async (object: string): Promise<number> =>
    Number((await on.rows(`SELECT COUNT(*) FROM ${object}`))[0]?.[0]);

  it('auto inserts few rows, and stages more than fit one statement, with the rows that came before', async () => {
    const object = await freshTable();
    expect((await on.write({ object, path: 'auto' }, ROWS)).path).to.equal('insert');
    const many = Array.from({ length: 20_000 }, (_, id) => ({ id, note: `n${id}` }));
    const report = await on.write({ object, path: 'auto', before: 'overwrite' }, many);
    expect([report.path, report.rows.inserted, report.files]).to.deep.equal(['staged', 20_000, 1]);
    expect(await on.rows(`SELECT COUNT(DISTINCT note), SUM(id) FROM ${object}`)).to.deep.equal([
      ['20000', String((19_999 * 20_000) / 2)],
    ]);
  });

  it('auto stages what an INSERT cannot carry, and what COPY refuses row by row', async () => {
    const object = await freshTable('id INTEGER, doc SUPER');
    const long = JSON.stringify(['x'.repeat(40_000), 'y'.repeat(40_000)]);
    const report = await on.write({ object, path: 'auto' }, [
      { id: 1, doc: '1' },
      { id: 2, doc: long },
    ]);
    expect([report.path, report.rows.inserted]).to.deep.equal(['staged', 2]);
    const limited = await on.write({ object, path: 'auto', rejectLimit: 1 }, [{ id: 1, doc: '1' }]);
    expect(limited.path).to.equal('staged');
  });

  it('auto looks ahead no further than it must: a large file is on its way to S3 from the first piece on', async () => {
    const object = await freshTable();
    const file = join(on.folder, 'large.csv');
    await writeFile(file, `id,note\n${Array.from({ length: 40_000 }, (_, id) => `${id},note ${id}`).join('\n')}\n`);
    for (const spec of [{}, { operation: 'upsert', keys: ['id'] }] as const) {
      const report = await on.write({ object, path: 'auto', verify: true, ...spec }, { file });
      expect([report.path, report.rows.read]).to.deep.equal(['staged', 40_000]);
    }
    expect(await count(object)).to.equal(40_000);
    await rm(file);
  });

  for (const operation of ['insert', 'upsert'] as const) {
    for (const when of ['before', 'after'] as const) {
      it(`settles a COMMIT of an ${operation} that was lost ${when} it was done, exactly once`, async () => {
        const object = await freshTable();
        await on.world.faults({ on: 'pg:commit', effect: { kind: 'drop', when } });
        const report = await on.write({ object, operation, keys: ['id'], path: 'insert' }, ROWS);
        expect([report.outcome, report.rows.loaded, await count(object)]).to.deep.equal(['committed', 50, 50]);
        expect(report.warnings.map(({ code }) => code)).to.deep.equal([
          when === 'after' ? 'COMMIT_SETTLED' : 'LOAD_REPEATED',
        ]);
        expect(report.alreadyApplied).to.equal(false);
      });
    }
  }

  it('keeps no rows for an outcome that cannot be found out, and tells it by the run id later', async () => {
    const object = await freshTable();
    const spec: WriteSpec = { object, path: 'insert', settleTimeoutSeconds: 1 };
    await on.world.faults(
      { on: 'pg:commit', effect: { kind: 'drop', when: 'after' } },
      { on: 'pg:statement', matching: 'LOCK', after: 1, times: 1000, effect: { kind: 'drop' } },
    );
    const error = await on.refusal(spec, ROWS, { runId: 'unknown insert' });
    expect([error.code, error.report]).to.have.nested.property('[1].outcome', 'unknown');
    expect(error.report).to.not.have.property('stagedFilesKept');
    await on.world.clearFaults();
    const again = await on.write(spec, ROWS, { runId: 'unknown insert' });
    expect([again.alreadyApplied, await count(object)]).to.deep.equal([true, 50]);
  });

  for (const matching of ['CREATE TEMP', 'INSERT INTO "roleshift_stage', 'LOCK', 'INSERT INTO "sales"."inserted']) {
    it(`writes the same rows again in a new session when the first one dies at ${matching}`, async () => {
      const object = await freshTable();
      await on.world.faults({ on: 'pg:statement', matching, effect: { kind: 'drop' } });
      // An iterable that is gone once it was read.
      const once = (function* () {
        yield* ROWS;
      })();
      const report = await on.write({ object, operation: 'upsert', keys: ['id'], path: 'insert' }, once);
      expect(report.warnings.map(({ code }) => code)).to.deep.equal(['LOAD_REPEATED']);
      expect([report.rows.inserted, await count(object)]).to.deep.equal([50, 50]);
    });
  }

  it('begins again on a conflict, with the same rows', async () => {
    const object = await freshTable();
    await on.write({ object, path: 'insert', operation: 'upsert', keys: ['id'] }, []); // makes the ledger
    await using other = await on.session();
    const run = openRun();
    await other.run(sql`BEGIN`, run);
    await other.run(Sql.trusted(`INSERT INTO ${object} VALUES (1, 'theirs')`), run);
    await other.run(sql`COMMIT`, run);
    await on.world.faults({
      on: 'pg:statement',
      matching: 'INSERT INTO "sales"."inserted',
      effect: { kind: 'error', code: 'XX000', message: '1023' },
    });
    const report = await on.write({ object, path: 'insert' }, ROWS);
    expect(report.warnings.map(({ code }) => code)).to.deep.equal(['CONFLICT_RETRIED']);
    expect(await count(object)).to.equal(51);
  });

  it('leaves no row and no file when it is aborted in the middle of an INSERT', async () => {
    const object = await freshTable();
    const stop = new AbortController();
    await on.world.faults({
      on: 'pg:statement',
      matching: 'INSERT INTO "sales"."inserted',
      effect: { kind: 'delay', ms: 700 },
    });
    const work = on.write({ object, path: 'insert' }, ROWS, { signal: stop.signal }).catch((error: unknown) => error);
    setTimeout(() => stop.abort(new Error('enough')), 500);
    expect(await work).to.equal(stop.signal.reason);
    for (let left = 50; (await on.busySessions()) > 0 && left > 0; left -= 1) await sleep(100);
    expect(await count(object)).to.equal(0);
  });
});
