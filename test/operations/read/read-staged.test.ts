import { expect } from 'chai';
import { ConnectorError } from '../../../src/core/errors.ts';
import { read } from '../../../src/operations/read/read.ts';
import { write } from '../../../src/operations/write.ts';
import type { Value } from '../../../src/types/batch.ts';
import { TYPE_CASES } from '../../types/type-cases.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

describe('staged reads', () => {
  let world: ReadWorld;

  before(async function () {
    this.timeout(60_000);
    world = await openReadWorld();
    await world.table(
      'numbers',
      'id INTEGER, name VARCHAR(20)',
      `SELECT n, 'row ' || n FROM generate_series(1, 25000) AS n`,
    );
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await world.world.clearFaults();
    expect(await world.leftovers()).to.deep.equal([]);
  });

  it('give every row once, in batches no larger than asked for', async () => {
    const ids = new Set<Value>();
    let batches = 0;
    for await (const batch of read(
      world.connection,
      { object: 'numbers', mode: 'staged', batchRows: 1000 },
      world.run(),
    )) {
      expect(batch.rowCount).to.be.within(1, 1000);
      for (const id of batch.columns[0]!) ids.add(id);
      batches += 1;
    }
    expect(ids.size).to.equal(25_000);
    expect(batches).to.be.within(25, 30);
  });

  const types = [...new Set(TYPE_CASES.map(({ type }) => type))];
  for (const [position, type] of types.entries()) {
    it(`agree with direct reads on every value of ${type}, and both with what was written`, async () => {
      const cases = TYPE_CASES.filter((one) => one.type === type);
      const [seeded, written] = [`seeded_${position}`, `written_${position}`];
      // The sandbox's superuser reads a backslash as an escape, as Redshift does.
      const literals = cases.map(({ literal }, n) => `(${n}, CAST(${literal.replaceAll('\\', '\\\\')} AS ${type}))`);
      await world.table(seeded, `n INTEGER, v ${type}`, `VALUES ${literals.join(', ')}`);
      await world.table(written, `n INTEGER, v ${type}`);
      const rows = cases.map(({ input, expected }, n) => [n, input === undefined ? expected : input]);
      await write(world.connection, { object: written, columns: ['n', 'v'] }, [rows], world.run());
      for (const object of [seeded, written]) {
        for (const mode of ['direct', 'staged'] as const) {
          const found = [...(await world.rows({ object, mode }))].sort(([a], [b]) => Number(a) - Number(b));
          expect(
            found.map(([, value]) => value),
            `${object} ${mode}`,
          ).to.deep.equal(cases.map(({ expected }) => expected));
        }
      }
    });
  }

  for (const mode of ['direct', 'staged'] as const) {
    it(`refuse by ${mode} a type without values that are carried, by the names of column and type`, async () => {
      const failure = await world.refusal({ query: 'SELECT relacl AS "odd list" FROM pg_class', mode });
      expect(failure.code).to.equal('RS_TYPE_UNSUPPORTED');
      expect(failure.message).to.contain('"odd list"').and.to.contain('TYPE 1034');
    });
  }

  it('tell the fields of no rows by one empty batch', async () => {
    const batches = [];
    for await (const batch of read(
      world.connection,
      { query: 'SELECT 1 AS a, 2.5 AS b WHERE false', mode: 'staged' },
      world.run(),
    )) {
      batches.push(batch);
    }
    expect(batches).to.have.length(1);
    expect(batches[0]!.rowCount).to.equal(0);
    expect(batches[0]!.fields.map(({ name }) => name)).to.deep.equal(['a', 'b']);
  });

  for (const { title, query, expected } of [
    {
      title: 'quotes, a comment and a semicolon at its end',
      query: `SELECT 'it''s' AS v -- the "end"\n ;`,
      expected: [["it's"]],
    },
    { title: 'a limit', query: 'SELECT id FROM numbers WHERE id = 7 LIMIT 5', expected: [[7]] },
    { title: 'two columns of one name', query: 'SELECT 1 AS a, 2 AS a', expected: [[1, 2]] },
    {
      title: 'decimals without a precision',
      query: 'SELECT SUM(id + 0.5) AS total FROM numbers',
      expected: [['312525000.0']],
    },
  ]) {
    it(`carry a query with ${title}`, async () => {
      for (const mode of ['direct', 'staged'] as const)
        expect(await world.rows({ query, mode }), mode).to.deep.equal(expected);
    });
  }

  it('carry hostile names of tables and columns, a condition, a column list and a limit', async () => {
    const quoted = '"a;drop table t"';
    await world.table(
      quoted,
      '"select" INTEGER, "Größe ""x""" VARCHAR(9), "it\'s" REAL',
      `VALUES (1, 'a', 0.1), (2, 'b', NULL)`,
    );
    const spec = {
      object: ['public', 'a;drop table t'],
      columns: ["it's", 'größe "x"'],
      where: `"select" < 2 -- one`,
      limit: 5,
    } as const;
    for (const mode of ['direct', 'staged'] as const) {
      expect(await world.rows({ ...spec, mode }), mode).to.deep.equal([[Math.fround(0.1), 'a']]);
    }
  });

  it('refuse what UNLOAD cannot carry, and say what to do', async () => {
    for (const { spec, code } of [
      { spec: { query: String.raw`SELECT 'a\\b' AS v` }, code: 'RS_FEATURE_UNSUPPORTED' },
      { spec: { object: 'numbers', orderBy: ['id'] }, code: 'RS_FEATURE_UNSUPPORTED' },
      { spec: { object: 'nowhere' }, code: 'RS_CONFIG_OBJECT_MISSING' },
      { spec: { query: 'SELEC 1' }, code: 'RS_SQL_USER_FAILED' },
      { spec: { object: 'numbers', batchRows: 0 }, code: 'RS_CONFIG_INVALID' },
    ]) {
      const failure = await world.refusal({ ...spec, mode: 'staged' });
      expect(failure.code, JSON.stringify(spec)).to.equal(code);
      expect(failure.action).to.be.a('string');
    }
  });

  it('warn that a query which sorts comes unsorted', async () => {
    world.events.length = 0;
    await world.rows({ query: 'SELECT id FROM numbers ORDER BY id', mode: 'staged' });
    expect(world.events.filter(({ type }) => type === 'warning')).to.have.length(1);
  });

  it('clean up when the reader leaves early', async () => {
    for await (const batch of read(
      world.connection,
      { object: 'numbers', mode: 'staged', batchRows: 10 },
      world.run(),
    )) {
      expect(batch.rowCount).to.equal(10);
      break;
    }
  });

  it('clean up and give the signal’s reason when aborted, during UNLOAD and between batches', async () => {
    for (const atUnload of [true, false]) {
      const controller = new AbortController();
      const reason = new Error('Ctrl-C');
      if (atUnload) {
        await world.world.faults({ on: 'pg:unload', effect: { kind: 'delay', ms: 10_000 } });
        setTimeout(() => controller.abort(reason), 500);
      }
      let caught: unknown;
      try {
        for await (const _ of read(
          world.connection,
          { object: 'numbers', mode: 'staged', batchRows: 100 },
          world.run(controller.signal),
        )) {
          controller.abort(reason);
        }
      } catch (error) {
        caught = error;
      }
      expect(caught).to.equal(reason);
      expect(await world.leftovers()).to.deep.equal([]);
    }
  });

  it('ask again for a staged file that breaks off midway', async () => {
    await world.world.faults({ on: 's3:GetObject', matching: 'parquet', effect: { kind: 'drop', when: 'midway' } });
    expect(await world.rows({ object: 'numbers', mode: 'staged' })).to.have.length(25_000);
  });

  it('say what broke off when a staged file does every time', async () => {
    await world.world.faults({
      on: 's3:GetObject',
      matching: 'parquet',
      times: 1000,
      effect: { kind: 'drop', when: 'midway' },
    });
    const outcome: unknown = await world.rows({ object: 'numbers', mode: 'staged' }).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(ConnectorError).with.property('code', 'RS_CONN_UNREACHABLE');
  });

  it('never give fewer rows in silence: a staged file that S3 lost is an error', async () => {
    await world.world.faults({
      on: 's3:GetObject',
      times: 99,
      matching: '.parquet',
      effect: { kind: 'error', status: 404, code: 'NoSuchKey' },
    });
    const failure = await world.refusal({ object: 'numbers', mode: 'staged' });
    expect(failure.category).not.to.equal('internal');
  });

  it('are chosen for many rows of an object only', async () => {
    await world.table('many', 'id INTEGER', 'SELECT n FROM generate_series(1, 100000) AS n');
    const unloads = async (): Promise<number> =>
      (await world.world.statements()).filter(({ text }) => text?.startsWith('UNLOAD')).length;
    const before = await unloads();
    expect(await world.rows({ object: 'many', limit: 99_999 })).to.have.length(99_999);
    expect(await world.rows({ object: 'numbers' })).to.have.length(25_000);
    expect(await unloads()).to.equal(before);
    expect(await world.rows({ object: 'many' })).to.have.length(100_000);
    expect(await unloads()).to.equal(before + 1);
  });

  it('take the place of a direct read that turns out too large for the cursors, where the mode was left open', async () => {
    const tooLarge = {
      on: 'pg:statement',
      matching: 'FETCH FORWARD',
      effect: {
        kind: 'error',
        code: 'XX000',
        message: 'exceeded the maximum size allowed for the total set of cursor data: 8000MB.',
      },
    } as const;
    await world.world.faults(tooLarge);
    expect(await world.rows({ object: 'numbers' })).to.have.length(25_000);
    await world.world.faults(tooLarge);
    const failure = await world.refusal({ object: 'numbers', mode: 'direct' });
    expect([failure.code, failure.action]).to.deep.equal([
      'RS_FEATURE_UNSUPPORTED',
      'Read it in staged mode, or read less at a time.',
    ]);
  });
});
