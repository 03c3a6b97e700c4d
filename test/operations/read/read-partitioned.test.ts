import { expect } from 'chai';
import { read } from '../../../src/operations/read/read.ts';
import { decideRead } from '../../../src/operations/read/read-decide.ts';
import { describeSource } from '../../../src/operations/read/read-describe.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import { planReadWork } from '../../../src/operations/read/read-work.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

const ROWS = 1_000;
const COLUMNS =
  'id INTEGER, small SMALLINT, large BIGINT, price DECIMAL(20,4), ratio DOUBLE PRECISION, r REAL, day DATE, at TIMESTAMP, atz TIMESTAMPTZ, clock TIME, name VARCHAR(40), code CHAR(6), flag BOOLEAN';
// Every tenth row holds NULLs; the rest are skewed, and some repeat.
const FILLING = `SELECT CASE WHEN n % 10 = 0 THEN NULL ELSE n END, n % 7, n::BIGINT * 9000000000, (n - 500) * 1.0001,
  CASE WHEN n % 50 = 1 THEN 'NaN' WHEN n % 50 = 2 THEN '-Infinity' ELSE n / 3.0 END::FLOAT8, n,
  DATE '1999-12-30' + (n % 100), TIMESTAMP '2026-01-01' + n * INTERVAL '1 second', TIMESTAMPTZ '2026-03-01 00:00:00+00' + n * INTERVAL '1 hour',
  TIME '00:00:00' + n * INTERVAL '1 minute', CASE WHEN n % 10 = 0 THEN NULL WHEN n % 3 = 0 THEN 'ü' || n ELSE chr(65 + n % 26) || n END,
  chr(97 + n % 26), n % 2 = 0 FROM generate_series(1, ${ROWS}) AS n`;

const PARTITIONED: ReadSpec = { object: 'parts', columns: ['large'], mode: 'partitioned', allowInconsistent: true };

describe('partitioned reads', () => {
  let world: ReadWorld;
  let everyRow: readonly unknown[];

  before(async function () {
    this.timeout(60_000);
    world = await openReadWorld();
    await world.table('parts', COLUMNS, FILLING);
    everyRow = Array.from({ length: ROWS }, (_, index) => BigInt(index + 1) * 9_000_000_000n);
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const sorted = (rows: readonly (readonly unknown[])[]): unknown[] =>
    rows.flat().sort((a, b) => ((a as bigint) < (b as bigint) ? -1 : 1));

  async function partsOf(spec: ReadSpec): Promise<readonly string[]> {
    await using session = await world.connection.database.session(world.run());
    const work = planReadWork(spec, 'public');
    const plan = await decideRead(
      world.connection,
      work,
      session,
      await describeSource(session, work.source, world.run()),
      world.run(),
    );
    if (plan.kind !== 'partitioned') throw new Error(`it is ${plan.kind}`);
    return plan.parts.map(String);
  }

  for (const column of ['id', 'small', 'large', 'price', 'ratio', 'r', 'day', 'at', 'atz', 'clock', 'name', 'code']) {
    it(`lose no row and give none twice by ranges of "${column}"`, async () => {
      const spec = { ...PARTITIONED, partitionColumn: column, partitionCount: 5 };
      const parts = await partsOf(spec);
      expect(parts.length, parts.join('\n')).to.be.within(column === 'ratio' ? 2 : 5, 6);
      expect(sorted(await world.rows(spec))).to.deep.equal(everyRow);
    });
  }

  for (const columns of [['id'], ['name'], ['ratio', 'at'], ['code', 'day', 'clock']]) {
    it(`lose no row and give none twice by a hash of ${columns.join(', ')}`, async () => {
      const spec = { ...PARTITIONED, partitionHash: columns, partitionCount: 3 };
      expect(await partsOf(spec)).to.have.length(3);
      expect(sorted(await world.rows(spec))).to.deep.equal(everyRow);
    });
  }

  for (const [title, spec] of [
    ['values of the user', { partitionColumn: 'name', partitionBoundaries: ['B', "O'Neil", 'ü'] }],
    ['numbers of the user', { partitionColumn: 'price', partitionBoundaries: [-1, 0, '0.5'] }],
    [
      'values that are all below the data',
      { partitionColumn: 'day', partitionBoundaries: ['0044-03-15 BC', '1066-10-14'] },
    ],
    ['values of floats, NaN in the data', { partitionColumn: 'ratio', partitionBoundaries: [0, 100] }],
    ['one part', { partitionColumn: 'id', partitionCount: 1 }],
    ['one session', { partitionColumn: 'id', partitionSessions: 1 }],
    ['more sessions than the pool has', { partitionColumn: 'id', partitionCount: 30, partitionSessions: 32 }],
    ['staged parts', { partitionColumn: 'id', partitionCount: 2, partitionMode: 'staged' }],
  ] as const satisfies readonly (readonly [string, ReadSpec])[]) {
    it(`lose no row and give none twice with ${title}`, async () => {
      expect(sorted(await world.rows({ ...PARTITIONED, ...spec }))).to.deep.equal(everyRow);
      expect(await world.leftovers()).to.deep.equal([]);
    });
  }

  it('cut a query, joined objects, and rows that a condition picks', async () => {
    const { columns: _columns, object: _object, ...partitioned } = PARTITIONED;
    const query = 'select large, id from parts where id > 500; -- half';
    expect(await world.rows({ ...partitioned, query, partitionColumn: 'id' })).to.have.length(450);
    const objects = [
      { object: 'parts', alias: 'a' },
      { object: 'parts', alias: 'b', on: [{ left: 'a.id', right: 'b.id' }] },
    ];
    const joined = { ...partitioned, objects, columns: ['b.id'], partitionColumn: 'a.name' };
    expect(await world.rows(joined)).to.have.length(900);
    expect(await world.rows({ ...PARTITIONED, where: 'id = 5 OR id = 6', partitionHash: ['id'] })).to.have.length(2);
  });

  it('give as many rows as asked for, and the fields of none', async () => {
    expect(await world.rows({ ...PARTITIONED, partitionColumn: 'id', limit: 10 })).to.have.length(10);
    for await (const { rowCount, fields } of read(
      world.connection,
      { ...PARTITIONED, where: 'FALSE', partitionColumn: 'id' },
      world.run(),
    )) {
      expect({ rowCount, fields }).to.deep.equal({
        rowCount: 0,
        fields: [{ name: 'large', type: { kind: 'bigint' } }],
      });
    }
  });

  it('tell how far each part is', async () => {
    world.events.length = 0;
    await world.rows({ ...PARTITIONED, partitionColumn: 'id', partitionCount: 2 });
    const told = new Map<number, number>();
    for (const event of world.events) {
      if (event.type === 'progress' && event.part !== undefined) {
        expect(event.totalParts).to.equal(3);
        told.set(event.part, event.rows ?? 0);
      }
    }
    expect([...told].sort(([a], [b]) => a - b)).to.deep.equal([
      [1, 450],
      [2, 450],
      [3, 100],
    ]);
  });

  it('end at the first part that fails, with every session given back', async () => {
    const failure = await world.refusal({
      ...PARTITIONED,
      columns: undefined,
      object: undefined,
      query: 'select id, 1 / (id - 701) as x from parts',
      partitionColumn: 'id',
    });
    expect(failure.code).to.equal('RS_SQL_USER_FAILED');
    const { totalCount, idleCount } = world.connection.database.pool;
    expect(totalCount).to.equal(idleCount);
  });

  it('stop every session when the loop is left', async () => {
    for await (const _batch of read(world.connection, { ...PARTITIONED, partitionColumn: 'id' }, world.run())) break;
    const { totalCount, idleCount } = world.connection.database.pool;
    expect(totalCount).to.equal(idleCount);
  });

  for (const [title, spec, path] of [
    ['unless that is allowed by name', { allowInconsistent: false, partitionColumn: 'id' }, 'allowInconsistent'],
    ['without parts', {}, 'partitionColumn'],
    ['by two ways', { partitionColumn: 'id', partitionHash: ['id'] }, 'partitionColumn'],
    ['by ranges of what has no order', { partitionColumn: 'flag' }, 'partitionColumn'],
    ['by a hash of what has no text', { partitionHash: ['id', 'flag'] }, 'partitionHash[1]'],
    [
      'with values that do not ascend',
      { partitionColumn: 'id', partitionBoundaries: [1, 3, 2] },
      'partitionBoundaries',
    ],
    ['with values of another type', { partitionColumn: 'id', partitionBoundaries: ['x'] }, 'partitionBoundaries'],
    ['with values that repeat', { partitionColumn: 'id', partitionBoundaries: [1, 1] }, 'partitionBoundaries'],
    ['in an order', { partitionColumn: 'id', orderBy: ['id'] }, 'orderBy'],
    ['of distinct rows', { partitionColumn: 'id', distinct: true }, 'distinct'],
    [
      'by a column that a query does not give',
      { object: undefined, columns: undefined, query: 'select 1 as a', partitionColumn: 'b' },
      'partitionColumn',
    ],
    ['with parts where it is not partitioned', { mode: 'direct', partitionColumn: 'id' }, 'partitionColumn'],
  ] as const satisfies readonly (readonly [string, ReadSpec, string])[]) {
    it(`are refused ${title}`, async () => {
      const failure = await world.refusal({ ...PARTITIONED, ...spec });
      expect(failure.code).to.equal('RS_CONFIG_INVALID');
      expect(failure.issues?.map((issue) => issue.path)).to.deep.equal([path]);
    });
  }
});
