import { expect } from 'chai';
import { ConnectorError } from '../../../src/core/errors.ts';
import { call } from '../../../src/operations/call/call.ts';
import type { CallResult, CallSpec } from '../../../src/operations/call/call-spec.ts';
import { read } from '../../../src/operations/read/read.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

const SETUP = [
  'CREATE TABLE called (n INTEGER)',
  'GRANT ALL ON called TO etl',
  `CREATE PROCEDURE twice(n INOUT INTEGER) AS $$ BEGIN n := n * 2; END; $$ LANGUAGE plpgsql`,
  `CREATE PROCEDURE twice(n INOUT VARCHAR(65535)) AS $$ BEGIN n := n || n; END; $$ LANGUAGE plpgsql`,
  `CREATE PROCEDURE twice(n IN INTEGER, m INOUT DECIMAL(38,10)) AS $$ BEGIN m := m * n; END; $$ LANGUAGE plpgsql`,
  `CREATE PROCEDURE kept(t INOUT TIME, d INOUT DATE, b INOUT BOOLEAN, c INOUT CHAR(10), x INOUT DOUBLE PRECISION, big INOUT BIGINT)
   AS $$ BEGIN NULL; END; $$ LANGUAGE plpgsql`,
  `CREATE PROCEDURE rows_up_to(n IN INTEGER, out_rows INOUT REFCURSOR) AS $$
   BEGIN INSERT INTO called VALUES (n); OPEN out_rows FOR SELECT g AS id, g * 1.5 AS half FROM generate_series(1, n) AS g; END; $$ LANGUAGE plpgsql`,
  `CREATE PROCEDURE adding(n IN INTEGER) AS $$ BEGIN INSERT INTO called VALUES (n); COMMIT; END; $$ LANGUAGE plpgsql`,
  `CREATE PROCEDURE failing() AS $$ BEGIN RAISE EXCEPTION 'not today'; END; $$ LANGUAGE plpgsql`,
  'GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA public TO etl',
];

describe('call', () => {
  let world: ReadWorld;

  before(async function () {
    this.timeout(60_000);
    world = await openReadWorld();
    for (const statement of SETUP) await world.world.sql(statement);
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const called = (spec: CallSpec): Promise<CallResult> => call(world.connection, spec, world.run());
  async function refusal(spec: CallSpec): Promise<ConnectorError> {
    const outcome: unknown = await called(spec).catch((error: unknown) => error);
    if (outcome instanceof ConnectorError) return outcome;
    throw new Error('nothing was refused', { cause: outcome });
  }
  const noted = async (): Promise<unknown> => (await world.world.sql('SELECT n FROM called ORDER BY n')).rows.flat();

  for (const [title, spec, outputs] of [
    ['a number', { procedure: 'twice', arguments: [{ value: 21, type: 'integer' }] }, { n: 42 }],
    ['the type of a value', { procedure: 'twice', arguments: [{ value: '21', type: 'varchar' }] }, { n: '2121' }],
    ['a text of any length', { procedure: 'public.twice', arguments: ['x'.repeat(5_000)] }, { n: 'x'.repeat(10_000) }],
    ['how many there are', { procedure: 'twice', arguments: [3, '1.0000000001'] }, { m: '3.0000000003' }],
    [
      'every digit of a decimal',
      { procedure: 'twice', arguments: [1, '-1234567890123456789012345678.0123456789'] },
      { m: '-1234567890123456789012345678.0123456789' },
    ],
    [
      'each type as it is',
      { procedure: 'kept', arguments: ['23:59:59.123456', '2026-02-28', true, 'abc', 0.1, 9_007_199_254_740_993n] },
      { t: '23:59:59.123456', d: '2026-02-28', b: true, c: 'abc', x: 0.1, big: 9_007_199_254_740_993n },
    ],
    [
      'NULL',
      { procedure: 'kept', arguments: [null, null, null, null, null, null] },
      { t: null, d: null, b: null, c: null, x: null, big: null },
    ],
  ] as const satisfies readonly (readonly [string, CallSpec, object])[]) {
    it(`takes ${title}`, async () => {
      expect(await called(spec)).to.deep.equal({ outputs, results: [] });
    });
  }

  it('gives the rows of a cursor, and commits what the procedure did', async () => {
    const { outputs, results } = await called({ procedure: 'rows_up_to', arguments: [2_500, null], limit: 2_400 });
    const [cursor] = results;
    expect({ outputs, count: results.length, name: cursor?.name }).to.deep.equal({
      outputs: {},
      count: 1,
      name: 'out_rows',
    });
    expect(cursor?.batch.rowCount).to.equal(2_400);
    expect(cursor?.batch.rows()[2_399]).to.deep.equal({ id: 2_400, half: '3600.0' });
    expect(cursor?.hasMore).to.equal(true);
    expect(await noted()).to.include('2500');
    const few = await called({ procedure: 'rows_up_to', arguments: [3, 'mine'] });
    expect(few.results.map(({ batch, hasMore }) => [batch.rowCount, hasMore])).to.deep.equal([[3, false]]);
  });

  it('leaves a procedure that commits by itself alone', async () => {
    expect(await called({ procedure: 'adding', arguments: [77] })).to.deep.equal({ outputs: {}, results: [] });
    expect(await noted()).to.include('77');
  });

  it('tells what the procedure told', async () => {
    const failure = await refusal({ procedure: 'failing' });
    expect(failure.code).to.equal('RS_SQL_USER_FAILED');
  });

  for (const [title, spec, code, words] of [
    ['several that fit', { procedure: 'twice', arguments: [null] }, 'RS_CONFIG_INVALID', /twice\(INOUT n INTEGER\)/],
    ['none that fits', { procedure: 'twice', arguments: [true] }, 'RS_CONFIG_OBJECT_MISSING', /INOUT m DECIMAL/],
    ['none of that name', { procedure: 'thrice', arguments: [1] }, 'RS_CONFIG_OBJECT_MISSING', /Check the name/],
    [
      'a type that there is not',
      { procedure: 'twice', arguments: [{ value: 1, type: 'int)' }] },
      'RS_CONFIG_INVALID',
      /type of Redshift/,
    ],
    ['what is no number', { procedure: 'twice', arguments: [1, '1e5'] }, 'RS_CONFIG_INVALID', /digits/],
    [
      'a cursor whose name is no word',
      { procedure: 'rows_up_to', arguments: [1, 'a"b'] },
      'RS_CONFIG_INVALID',
      /letters/,
    ],
  ] as const satisfies readonly (readonly [string, CallSpec, string, RegExp])[]) {
    it(`refuses ${title}`, async () => {
      const failure = await refusal(spec);
      expect(failure.code).to.equal(code);
      expect(`${failure.message} ${failure.action}`).to.match(words);
    });
  }

  describe('as a read', () => {
    const rowsOf = (spec: ReadSpec): ReturnType<ReadWorld['rows']> => world.rows(spec);

    it('gives the rows of a cursor, however many, and commits', async () => {
      const rows = await rowsOf({ procedure: 'rows_up_to', arguments: [3_333, null] });
      expect(rows.map(([id]) => id)).to.deep.equal(Array.from({ length: 3_333 }, (_, index) => index + 1));
      expect(await noted()).to.include('3333');
    });

    it('gives as many rows as asked for, the fields of none, and the outputs of one without a cursor', async () => {
      expect(await rowsOf({ procedure: 'rows_up_to', arguments: [2_000, null], limit: 1_500 })).to.have.length(1_500);
      expect(await rowsOf({ procedure: 'rows_up_to', arguments: [5, null], limit: 0 })).to.deep.equal([]);
      expect(await rowsOf({ procedure: 'twice', arguments: [{ value: 4, type: 'int' }] })).to.deep.equal([[8]]);
    });

    it('undoes what the procedure did when the loop is left', async () => {
      const spec = { procedure: 'rows_up_to', arguments: [4_444, null] };
      for await (const _batch of read(world.connection, spec, world.run())) break;
      expect(await noted()).not.to.include('4444');
    });

    for (const [spec, path] of [
      [{ procedure: 'twice', object: 't' }, 'object'],
      [{ procedure: 'twice', preSql: 'SELECT 1' }, 'preSql'],
      [{ procedure: 'twice', mode: 'staged' }, 'mode'],
    ] as const satisfies readonly (readonly [ReadSpec, string])[]) {
      it(`refuses ${path} beside it`, async () => {
        expect((await world.refusal(spec)).issues?.[0]?.path).to.equal(path);
      });
    }
  });
});
