import { expect } from 'chai';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

describe('write: insert', () => {
  let on: WriteWorld;
  before(async () => {
    on = await sharedWriteWorld();
  });
  afterEach(async () => {
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
    expect(await on.files(), 'local files').to.deep.equal([]);
  });

  it('loads rows and accounts for each', async () => {
    await on.table('plain', 'id INTEGER NOT NULL, note VARCHAR(10)');
    const { phases, bytes, ...report } = await on.write(
      { object: 'sales.plain' },
      [
        { id: 1, note: 'one' },
        { id: 2, note: null },
        { id: 3, note: '' },
      ],
      { runId: 'insert-1' },
    );
    expect(report).to.deep.equal({
      runId: 'insert-1',
      target: { schema: 'sales', name: 'plain' },
      operation: 'insert',
      alreadyApplied: false,
      outcome: 'committed',
      path: 'staged',
      rows: {
        read: 3,
        staged: 3,
        loaded: 3,
        inserted: 3,
        updated: 0,
        deleted: 0,
        replaced: 0,
        rejected: 0,
        deduplicated: 0,
        skipped: 0,
      },
      files: 1,
      rejects: [],
      rejectedRows: [],
      warnings: [],
    });
    expect(bytes).to.be.greaterThan(0);
    expect(phases.map(({ name }) => name)).to.deep.equal(['plan', 'stage', 'load', 'apply']);
    expect(await on.rows('SELECT id, note FROM sales.plain ORDER BY id')).to.deep.equal([
      ['1', 'one'],
      ['2', null],
      ['3', ''],
    ]);
  });

  it('copies a plain insert into the target once, with no temporary table', async () => {
    await on.table('once', 'id INTEGER');
    await on.statementsOf('');
    await on.write({ object: 'sales.once' }, [{ id: 1 }]);
    const statements = (await on.statementsOf('')).map((text) =>
      text
        .replace(/_[0-9a-f]{12}"/, '"')
        .split(' ')
        .slice(0, 3)
        .join(' '),
    );
    expect(statements.filter((text) => text.startsWith('CREATE TEMP'))).to.deep.equal([]);
    expect(statements.slice(statements.indexOf('BEGIN'))).to.deep.equal([
      'BEGIN',
      'LOCK "sales"."roleshift_ledger_once"',
      'SELECT "operation", "rows_read",',
      'SET statement_timeout TO',
      'COPY "sales"."once" ("id")',
      'SELECT pg_last_copy_count(), pg_last_copy_id()',
      'INSERT INTO "sales"."roleshift_ledger_once"',
      'DELETE FROM "sales"."roleshift_ledger_once"',
      'SET statement_timeout TO',
      'COMMIT',
    ]);
  });

  it('does not apply the same run id twice', async () => {
    await on.table('twice', 'id INTEGER');
    const first = await on.write({ object: 'sales.twice' }, [{ id: 1 }, { id: 2 }], { runId: 'same' });
    const second = await on.write({ object: 'sales.twice' }, [{ id: 1 }, { id: 2 }], { runId: 'same' });
    expect([first.alreadyApplied, second.alreadyApplied]).to.deep.equal([false, true]);
    expect([second.outcome, second.rows]).to.deep.equal(['committed', first.rows]);
    expect(await on.rows('SELECT COUNT(*) FROM sales.twice')).to.deep.equal([['2']]);
  });

  it('says so when a run id was another operation before', async () => {
    await on.table('reused', 'id INTEGER PRIMARY KEY');
    await on.write({ object: 'sales.reused' }, [{ id: 1 }], { runId: 'reused' });
    const report = await on.write({ object: 'sales.reused', operation: 'upsert' }, [{ id: 2 }], { runId: 'reused' });
    expect(report.alreadyApplied).to.equal(true);
    expect(report.warnings.map(({ code }) => code)).to.deep.equal(['RUN_ID_REUSED']);
  });

  it('loads the same rows again in another run', async () => {
    await on.table('again', 'id INTEGER');
    await on.write({ object: 'sales.again' }, [{ id: 1 }]);
    await on.write({ object: 'sales.again' }, [{ id: 1 }]);
    expect(await on.rows('SELECT COUNT(*) FROM sales.again')).to.deep.equal([['2']]);
  });

  it('applies one of two attempts that run at the same time', async () => {
    await on.table('race', 'id INTEGER');
    const attempt = () => on.write({ object: 'sales.race' }, [{ id: 1 }, { id: 2 }], { runId: 'race' });
    const reports = await Promise.all([attempt(), attempt(), attempt()]);
    expect(reports.filter(({ alreadyApplied }) => alreadyApplied)).to.have.length(2);
    expect(reports.map(({ rows }) => rows.loaded)).to.deep.equal([2, 2, 2]);
    expect(await on.rows('SELECT COUNT(*) FROM sales.race')).to.deep.equal([['2']]);
  });

  it('keeps the run ids of different targets apart', async () => {
    await on.table('left', 'id INTEGER');
    await on.table('right', 'id INTEGER');
    for (const name of ['left', 'right']) {
      const report = await on.write({ object: `sales.${name}` }, [{ id: 1 }], { runId: 'shared' });
      expect(report.alreadyApplied).to.equal(false);
    }
  });

  it('writes a ledger row and no COPY for zero rows', async () => {
    await on.table('nothing', 'id INTEGER NOT NULL');
    await on.statementsOf('');
    const report = await on.write({ object: 'sales.nothing' }, [], { runId: 'none' });
    expect([report.outcome, report.rows.read, report.files]).to.deep.equal(['committed', 0, 0]);
    expect(await on.statementsOf('COPY')).to.deep.equal([]);
    expect((await on.write({ object: 'sales.nothing' }, [], { runId: 'none' })).alreadyApplied).to.equal(true);
  });

  it('takes batches, arrays and single rows from an async source', async () => {
    await on.table('shapes', 'id INTEGER, note VARCHAR(10)');
    async function* source() {
      yield { fields: [{ name: 'note' }, { name: 'id' }], rows: () => [{ note: 'a', id: 1 }] };
      yield [{ note: 'b', id: 2 }, ['c', 3]];
      yield { note: 'd', id: 4 };
    }
    const report = await on.write({ object: 'sales.shapes' }, source());
    expect(report.rows.loaded).to.equal(4);
    expect(await on.rows('SELECT id, note FROM sales.shapes ORDER BY id')).to.deep.equal([
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'c'],
      ['4', 'd'],
    ]);
  });

  it('leaves identity columns out, and lets defaults of columns that are not given stand', async () => {
    await on.world.sql(
      "CREATE TABLE sales.numbered (line BIGINT IDENTITY(1, 1), id INTEGER, state VARCHAR(8) DEFAULT 'new'); GRANT ALL ON sales.numbered TO etl",
    );
    const report = await on.write({ object: 'sales.numbered' }, [{ id: 7, line: 99 }]);
    expect(report.warnings.map(({ code }) => code)).to.deep.equal(['IDENTITY_LEFT_OUT']);
    expect(await on.rows('SELECT id, state FROM sales.numbered WHERE line <> 99')).to.deep.equal([['7', 'new']]);
  });

  for (const table of ['select', 'Größe "x"', 'a;drop table t', "it's", 'x'.repeat(127)]) {
    it(`writes to a table called ${table.length > 60 ? 'by 127 bytes' : table}`, async () => {
      await on.table(table, '"select" INTEGER, "Größe ""x""" VARCHAR(20), "a;drop table t" INTEGER');
      const row = { select: 1, 'größe "x"': 'ä', 'a;drop table t': 3 };
      for (const operation of ['insert', 'upsert'] as const) {
        const report = await on.write({ object: ['sales', table], operation, keys: ['select'] }, [row]);
        expect(report.rows.loaded).to.equal(1);
      }
      const { rows } = await on.world.sql(`SELECT COUNT(*) FROM sales."${table.replaceAll('"', '""').toLowerCase()}"`);
      expect(rows).to.deep.equal([['1']]);
    });
  }

  it('refuses a column too many before anything is staged', async () => {
    await on.table('narrow', 'id INTEGER');
    const before = (await on.world.calls('s3:PutObject')).length;
    const error = await on.refusal({ object: 'sales.narrow' }, [{ id: 1, colour: 'red' }]);
    expect([error.code, error.details['columns']]).to.deep.equal(['RS_INPUT_INVALID', '"colour"']);
    expect((await on.world.calls('s3:PutObject')).length).to.equal(before);
    expect(error.report).to.include({ outcome: 'nothing written' });
  });

  it('refuses a value too long with row and column, and loads nothing', async () => {
    await on.table('short', 'id INTEGER, note VARCHAR(5)');
    const error = await on.refusal({ object: 'sales.short' }, [
      { id: 1, note: 'fits' },
      { id: 2, note: 'secret-canary' },
    ]);
    expect(error.code).to.equal('RS_VALUE_UNREPRESENTABLE');
    expect(error.details).to.include({ row: 2, column: 'note' });
    expect(JSON.stringify([error, error.message, on.events])).not.to.include('canary');
    expect(await on.rows('SELECT COUNT(*) FROM sales.short')).to.deep.equal([['0']]);
  });

  it('goes on without refused rows up to the limit and accounts for them', async () => {
    await on.table('lenient', 'id INTEGER, note VARCHAR(5)');
    const report = await on.write({ object: 'sales.lenient', rejectLimit: 2 }, [
      { id: 1, note: 'far too long' },
      { id: 2, note: 'ok' },
      { id: 'x', note: 'ok' },
    ]);
    expect(report.rows).to.include({ read: 3, staged: 1, loaded: 1, rejected: 2 });
    expect(report.rejectedRows).to.deep.equal([1, 3]);
    expect(report.rejects.map(({ row, column }) => [row, column])).to.deep.equal([
      [1, 'note'],
      [3, 'id'],
    ]);
  });

  it('tells a missing table', async () => {
    expect((await on.refusal({ object: 'sales.absent' }, [{ id: 1 }])).code).to.equal('RS_CONFIG_OBJECT_MISSING');
  });

  it('tells who may not create the ledger what to run', async () => {
    await on.world.sql(
      'CREATE SCHEMA locked; CREATE TABLE locked.t (id INTEGER); GRANT USAGE ON SCHEMA locked TO etl; GRANT ALL ON locked.t TO etl',
    );
    const error = await on.refusal({ object: 'locked.t' }, [{ id: 1 }]);
    expect(error.code).to.equal('RS_AUTH_PERMISSION');
    const statement = String(error.details['statement']);
    const [ledger = ''] = /"locked"\."[^"]+"/.exec(statement) ?? [];
    await on.world.sql(statement);
    const second = await on.refusal({ object: 'locked.t' }, [{ id: 1 }]);
    expect([second.code, second.message]).to.deep.equal([
      'RS_AUTH_PERMISSION',
      `The database user may not use the ledger table ${ledger.replaceAll('"', '')}`,
    ]);
    await on.world.sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${ledger} TO etl`);
    expect((await on.write({ object: 'locked.t' }, [{ id: 1 }])).rows.loaded).to.equal(1);
  });

  it('shows its progress, phase by phase, with totals as soon as they are known', async () => {
    await on.table('watched', 'id INTEGER');
    const before = on.events.length;
    const report = await on.write({ object: 'sales.watched', operation: 'upsert', keys: ['id'] }, [
      { id: 1 },
      { id: 2 },
    ]);
    const progress = on.events.slice(before).flatMap((event) => (event.type === 'progress' ? [event] : []));
    expect([...new Set(progress.map(({ phase }) => phase))]).to.deep.equal([
      'plan',
      'stage',
      'load',
      'apply',
      'commit',
    ]);
    const last = new Map(progress.map(({ phase, ...facts }) => [phase, facts]));
    const { bytes } = report;
    expect(last.get('stage')).to.include({ rows: 2, bytes, files: 1 });
    expect(last.get('load')).to.include({ rows: 2, totalRows: 2, bytes, totalBytes: bytes, files: 1, totalFiles: 1 });
    // One transaction: how far it is cannot be told, and no count stands still for it.
    expect(last.get('apply')).to.deep.equal({ type: 'progress', totalRows: 2 });
    expect(last.get('commit')).to.include({ rows: 2, totalRows: 2 });
  });
});
