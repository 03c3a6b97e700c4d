import { expect } from 'chai';
import { ConnectorError, type ErrorCode } from '../../../src/core/errors.ts';
import { type PreviewSpec, preview } from '../../../src/operations/preview.ts';
import { readDirect } from '../../../src/operations/read/read-direct.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import type { Batch } from '../../../src/types/batch.ts';
import { openWorldDatabase, type WorldDatabase } from '../../db/world-database.ts';
import { openWorld, type TestWorld } from '../../harness.ts';
import { TYPE_CASES } from '../../types/type-cases.ts';

const SETUP = [
  'CREATE TABLE public.numbers (i INTEGER, t VARCHAR(20))',
  "INSERT INTO public.numbers SELECT i, 'row ' || i FROM generate_series(1, 25000) AS g(i)",
  'CREATE TABLE public.nothing (a BIGINT, b REAL)',
  'CREATE TABLE public."select" ("Größe ""x""" INTEGER, "a;drop table t" REAL)',
  'INSERT INTO public."select" VALUES (1, 0.1)',
  'CREATE TABLE public.wide (i INTEGER, t VARCHAR(65535))',
  "INSERT INTO public.wide SELECT i, repeat('x', 40000) FROM generate_series(1, 1500) AS g(i)",
  'GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC',
];

describe('readDirect', () => {
  let world: TestWorld;
  let connection: WorldDatabase;

  before(async function () {
    this.timeout(60_000);
    world = await openWorld();
    connection = openWorldDatabase(world, { maxSessions: 2 });
    for (const statement of SETUP) await world.sql(statement, { database: 'dev' });
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

  async function batchesOf(spec: ReadSpec, signal?: AbortSignal): Promise<Batch[]> {
    const batches: Batch[] = [];
    for await (const batch of readDirect(connection, spec, connection.run(signal))) batches.push(batch);
    return batches;
  }

  const valuesOf = async (spec: ReadSpec): Promise<unknown[]> =>
    (await batchesOf(spec)).flatMap((batch) => batch.columns[0] ?? []);

  async function refusalOf(work: Promise<unknown>): Promise<ConnectorError> {
    const outcome: unknown = await work.catch((error: unknown) => error);
    if (outcome instanceof ConnectorError) return outcome;
    throw new Error(`nothing was refused: ${String(outcome)}`);
  }

  // Redshift takes a backslash in a literal as an escape.
  const escaped = (literal: string): string => literal.replaceAll('\\', '\\\\');

  it('gives every type exactly', async () => {
    const selected = TYPE_CASES.map(({ type, literal }, index) => `CAST(${escaped(literal)} AS ${type}) AS c${index}`);
    const [batch] = await batchesOf({ query: `SELECT ${selected.join(', ')}` });
    const [row] = batch?.rows() ?? [];
    for (const [index, { title, expected }] of TYPE_CASES.entries()) {
      expect(row?.[`c${index}`], title).to.deep.equal(expected);
    }
  });

  it('fetches in growing batches, each row once', async () => {
    const batches = await batchesOf({ object: 'numbers', orderBy: ['i'], batchRows: 8_000 });
    expect(batches.map(({ rowCount }) => rowCount)).to.deep.equal([1_001, 8_000, 8_000, 7_999]);
    const values = batches.flatMap(({ columns }) => columns[0] ?? []);
    expect(values).to.deep.equal(Array.from({ length: 25_000 }, (_, index) => index + 1));
  });

  it('fetches fewer rows at a time when they are wide', async () => {
    const batches = await batchesOf({ object: 'wide' });
    expect(batches.map(({ rowCount }) => rowCount)).to.deep.equal([1_001, 199, 199, 101]);
  });

  it('keeps to 1000 rows on a cluster of one node', async () => {
    const message = 'Fetch size 1001 exceeds the limit of 1000 for a single node configuration.';
    await world.faults({
      on: 'pg:statement',
      matching: 'FETCH FORWARD 1001',
      effect: { kind: 'error', code: 'XX000', message },
    });
    const batches = await batchesOf({ query: 'SELECT i FROM public.numbers', limit: 2_500 });
    expect(batches.map(({ rowCount }) => rowCount)).to.deep.equal([1_000, 1_000, 500]);
  });

  for (const [title, spec, expected] of [
    ['condition, order and limit', { object: 'numbers', where: 'i % 2 = 0', orderBy: ['i'], limit: 2 }, [2, 4]],
    ['descending order', { object: 'numbers', orderBy: [{ column: 'i', descending: true }], limit: 1 }, [25_000]],
    ['columns', { object: 'public.numbers', columns: ['t'], where: 'i = 7' }, ['row 7']],
    [
      'a query that sorts, with a limit',
      { query: 'select i from numbers order by i desc;', limit: 2 },
      [25_000, 24_999],
    ],
    ['a query with a comment at its end', { query: 'select 1 as a -- all' }, [1]],
    ['awkward names', { object: ['public', 'select'], columns: ['Größe "x"', 'a;drop table t'] }, [1]],
    ['a limit of none', { object: 'numbers', limit: 0 }, []],
  ] as const satisfies readonly (readonly [string, ReadSpec, readonly unknown[]])[]) {
    it(`reads with ${title}`, async () => {
      expect(await valuesOf(spec)).to.deep.equal(expected);
    });
  }

  it('warns where a cast may cost a query of the user its order', async () => {
    await batchesOf({ query: 'SELECT CAST(i AS REAL) AS r FROM numbers ORDER BY i', limit: 1 });
    expect(connection.events.filter((event) => event.type === 'warning').map(({ code }) => code)).to.deep.equal([
      'ORDER_LOST',
    ]);
  });

  it('gives one empty batch that tells the fields when there are no rows', async () => {
    const batches = await batchesOf({ object: 'nothing' });
    expect(batches.map(({ rowCount }) => rowCount)).to.deep.equal([0]);
    expect(batches[0]?.fields).to.deep.equal([
      { name: 'a', type: { kind: 'bigint' } },
      { name: 'b', type: { kind: 'real' } },
    ]);
  });

  for (const [title, spec, code, words] of [
    ['a missing table', { object: 'public.number' }, 'RS_CONFIG_OBJECT_MISSING', /numbers/],
    ['a missing schema', { object: 'pablic.numbers' }, 'RS_CONFIG_OBJECT_MISSING', /public/],
    ['a mistake in the query', { query: 'select\n nope from numbers' }, 'RS_SQL_USER_FAILED', /"nope"/],
    ['a mistake in the condition', { object: 'numbers', where: 'nope > 1' }, 'RS_SQL_USER_FAILED', /"nope"/],
    [
      'a mistake that shows while rows are fetched',
      { query: 'select 1/(i-5000) from numbers' },
      'RS_SQL_USER_FAILED',
      /zero/,
    ],
    ['a query that writes', { query: "insert into numbers select 1, 'x'" }, 'RS_SQL_USER_FAILED', /./],
    ['a batch of no rows', { object: 'numbers', batchRows: 0 }, 'RS_CONFIG_INVALID', /Batch size/],
  ] as const satisfies readonly (readonly [string, ReadSpec, ErrorCode, RegExp])[]) {
    it(`tells ${title}`, async () => {
      const error = await refusalOf(batchesOf(spec));
      expect(error.code).to.equal(code);
      expect(`${error.message} ${error.action}`).to.match(words);
    });
  }

  it('ends its transaction when the loop is left, and is one fetch ahead at most', async () => {
    for await (const _batch of readDirect(connection, { object: 'numbers' }, connection.run())) break;
    const texts = (await world.statements()).map(({ text }) => text ?? '');
    expect(texts.at(-1)).to.equal('ROLLBACK');
    expect(
      texts.filter((text, index) => index > texts.lastIndexOf('BEGIN READ ONLY') && text.startsWith('FETCH')),
    ).to.have.length.within(1, 2);
  });

  it('stops when aborted between batches, with the reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const read = async (): Promise<void> => {
      for await (const _batch of readDirect(connection, { object: 'numbers' }, connection.run(controller.signal))) {
        controller.abort(reason);
      }
    };
    expect(await read().catch((error: unknown) => error)).to.equal(reason);
  });

  it('tells when the connection is lost in the middle, and never gives a short result for a whole one', async () => {
    await world.faults({ on: 'pg:statement', matching: 'FETCH', after: 1, effect: { kind: 'drop', when: 'before' } });
    expect((await refusalOf(batchesOf({ object: 'numbers' }))).code).to.equal('RS_CONN_LOST');
  });

  describe('preview', () => {
    const show = (spec: PreviewSpec): Promise<Batch> => preview(connection, spec, connection.run());

    it('shows the first ten rows in one batch', async () => {
      expect((await show({ object: 'numbers', orderBy: ['i'] })).columns[0]).to.deep.equal([
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
      ]);
    });

    it('shows as many rows as asked for, and the fields of none', async () => {
      expect((await show({ object: 'numbers', limit: 1_000 })).rowCount).to.equal(1_000);
      expect((await show({ object: 'nothing' })).rowCount).to.equal(0);
    });

    it('does not fetch the rows that it does not show', async () => {
      const before = (await world.statements()).length;
      await show({ query: 'select i from numbers order by i', limit: 3 });
      const texts = (await world.statements()).slice(before).map(({ text }) => text ?? '');
      expect(texts.filter((text) => text.startsWith('FETCH'))).to.deep.equal(['FETCH FORWARD 3 FROM roleshift_cursor']);
    });

    for (const limit of [0, 1_001, 1.5]) {
      it(`refuses to show ${limit} rows`, async () => {
        expect((await refusalOf(show({ object: 'numbers', limit }))).code).to.equal('RS_CONFIG_INVALID');
      });
    }
  });
});
