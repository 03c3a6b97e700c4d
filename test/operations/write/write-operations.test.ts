import { expect } from 'chai';
import type { InputRow, WriteSpec } from '../../../src/operations/write-spec.ts';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

type Cells = readonly (string | null)[];

interface Case {
  readonly title: string;
  readonly spec: Omit<WriteSpec, 'object'>;
  readonly rows: readonly InputRow[];
  readonly leaves: readonly Cells[];
  readonly counts: Readonly<Record<string, number>>;
  readonly warns?: readonly string[];
}

/** The table before each case: key, amount, and a column that no input has. */
const BEFORE = "(1, 10, 'kept'), (2, 20, 'kept'), (NULL, 30, 'kept')";
const ONE = ['1', '10', 'kept'];
const TWO = ['2', '20', 'kept'];
const NONE = [null, '30', 'kept'];

const CASES: readonly Case[] = [
  {
    title: 'update changes what it finds and counts what it does not',
    spec: { operation: 'update', keys: ['id'] },
    rows: [
      { id: 1, amount: 11 },
      { id: null, amount: 31 },
      { id: 9, amount: 90 },
    ],
    leaves: [['1', '11', 'kept'], TWO, [null, '31', 'kept']],
    counts: { read: 3, loaded: 2, updated: 2, skipped: 1 },
  },
  {
    title: 'update changes the columns that are named, and no other',
    spec: { operation: 'update', keys: ['id'], updateColumns: ['NOTE'] },
    rows: [{ id: 1, amount: 99, note: 'new' }],
    leaves: [['1', '10', 'new'], TWO, NONE],
    counts: { updated: 1 },
  },
  {
    title: 'upsert changes the columns that are named, and fills all of a new row',
    spec: { operation: 'upsert', keys: ['id'], updateColumns: ['note'] },
    rows: [
      { id: 1, amount: 99, note: 'new' },
      { id: 3, amount: 33, note: 'new' },
    ],
    leaves: [['1', '10', 'new'], TWO, ['3', '33', 'new'], NONE],
    counts: { updated: 1, inserted: 1 },
  },
  {
    title: 'replaceRow resets the columns that the input does not have',
    spec: { operation: 'replaceRow', keys: ['id'] },
    rows: [
      { id: 1, amount: 11 },
      { id: null, amount: 31 },
      { id: 3, amount: 33 },
    ],
    leaves: [['1', '11', 'fresh'], TWO, ['3', '33', 'fresh'], [null, '31', 'fresh']],
    counts: { read: 3, loaded: 3, replaced: 2, inserted: 1, updated: 0 },
  },
  {
    title: 'delete goes by the keys alone',
    spec: { operation: 'delete', keys: ['id'] },
    rows: [
      { id: 1, amount: 77 },
      { id: null, amount: null },
      { id: 9, amount: 9 },
    ],
    leaves: [TWO],
    counts: { read: 3, loaded: 2, deleted: 2, skipped: 1 },
  },
  {
    title: 'delete may repeat a key where it is told which one to keep',
    spec: { operation: 'delete', keys: ['id'], duplicateKeys: 'keepLast' },
    rows: [{ id: 1 }, { id: 1 }],
    leaves: [TWO, NONE],
    counts: { deleted: 1, deduplicated: 1 },
  },
  {
    title: 'deleteAll goes before an upsert',
    spec: { operation: 'upsert', keys: ['id'], before: 'deleteAll' },
    rows: [{ id: 1, amount: 1 }],
    leaves: [['1', '1', 'fresh']],
    counts: { inserted: 1, updated: 0, cleared: 3 },
  },
  {
    title: 'overwrite leaves the input and nothing else',
    spec: { before: 'overwrite' },
    rows: [{ id: 5, amount: 5 }],
    leaves: [['5', '5', 'fresh']],
    counts: { inserted: 1, cleared: 3 },
  },
  {
    title: 'overwrite by nothing empties the table',
    spec: { before: 'overwrite' },
    rows: [],
    leaves: [],
    counts: { read: 0, cleared: 3 },
  },
  {
    title: 'truncate says that it is not atomic',
    spec: { before: 'truncate' },
    rows: [{ id: 5, amount: 5 }],
    leaves: [['5', '5', 'fresh']],
    counts: { inserted: 1 },
    warns: ['NOT_ATOMIC'],
  },
  {
    title: 'the greatest value of a column wins, the last of equal ones, and a NULL never',
    spec: { operation: 'upsert', keys: ['id'], duplicateKeys: { by: 'amount' } },
    rows: [
      { id: 1, amount: 5, note: 'first' },
      { id: 1, amount: 7, note: 'second' },
      { id: 1, amount: 7, note: 'third' },
      { id: 1, amount: null, note: 'fourth' },
    ],
    leaves: [['1', '7', 'third'], TWO, NONE],
    counts: { updated: 1, deduplicated: 3 },
  },
  {
    title: 'the same by the flat option of a form',
    spec: { operation: 'update', keys: ['id'], duplicateKeysBy: 'amount', updateColumns: ['note'] },
    rows: [
      { id: 1, amount: 7, note: 'more' },
      { id: 1, amount: 5, note: 'less' },
    ],
    leaves: [['1', '10', 'more'], TWO, NONE],
    counts: { updated: 1, deduplicated: 1 },
  },
];

const BY_ROW = { operation: 'dataDriven', keys: ['id'], changeColumn: 'op' } as const;

/** A data driven write: what a row says, and what its key has been through before in the same input. */
const DRIVEN: readonly Case[] = [
  {
    title: 'each row does what it says, whatever its capitals and blanks',
    spec: BY_ROW,
    rows: [
      { op: 'I', id: 3, amount: 33 },
      { op: ' u ', id: 1, amount: 11 },
      { op: 'd', id: 2, amount: null },
      { op: 'R', id: 4, amount: 44 },
      { op: 'U', id: 9, amount: 99 },
      { op: 'D', id: 8, amount: 88 },
      { op: 'D', id: null, amount: 1 },
    ],
    leaves: [
      ['1', '11', 'kept'],
      ['3', '33', 'fresh'],
    ],
    counts: { read: 7, loaded: 4, inserted: 1, updated: 1, deleted: 2, rejected: 1, skipped: 2 },
  },
  {
    title: 'a row that is inserted, then updated, is inserted as it was last',
    spec: BY_ROW,
    rows: [
      { op: 'I', id: 3, amount: 1 },
      { op: 'U', id: 3, amount: 2 },
      { op: 'U', id: 3, amount: 3 },
    ],
    leaves: [ONE, TWO, ['3', '3', 'fresh'], NONE],
    counts: { read: 3, inserted: 1, updated: 0, deduplicated: 2, skipped: 0 },
  },
  {
    title: 'a row that is inserted, then deleted, is not there',
    spec: BY_ROW,
    rows: [
      { op: 'I', id: 3, amount: 1 },
      { op: 'D', id: 3, amount: null },
    ],
    leaves: [ONE, TWO, NONE],
    counts: { deduplicated: 1, skipped: 1 },
  },
  {
    title: 'a row that is deleted, then inserted, takes the place of the old one',
    spec: BY_ROW,
    rows: [
      { op: 'D', id: 1, amount: null },
      { op: 'I', id: 1, amount: 15 },
    ],
    leaves: [['1', '15', 'fresh'], TWO, NONE],
    counts: { updated: 1, inserted: 0, deduplicated: 1 },
  },
  {
    title: 'a row that is updated, then deleted, is gone',
    spec: BY_ROW,
    rows: [
      { op: 'U', id: 1, amount: 15 },
      { op: 'D', id: 1, amount: null },
    ],
    leaves: [TWO, NONE],
    counts: { deleted: 1, deduplicated: 1 },
  },
  {
    title: 'a row that rejects itself does not undo the one before it',
    spec: BY_ROW,
    rows: [
      { op: 'U', id: 1, amount: 15 },
      { op: 'R', id: 1, amount: 16 },
    ],
    leaves: [['1', '15', 'kept'], TWO, NONE],
    counts: { updated: 1, rejected: 1, deduplicated: 0 },
  },
  {
    title: 'rows that say nothing that is known are refused like any other',
    spec: { ...BY_ROW, rejectLimit: 2 },
    rows: [
      { op: 'X', id: 1, amount: 1 },
      { op: null, id: 2, amount: 2 },
      { op: 'U', id: 1, amount: 3 },
    ],
    leaves: [['1', '3', 'kept'], TWO, NONE],
    counts: { updated: 1, rejected: 2 },
  },
];

describe('write: operations', () => {
  let on: WriteWorld;
  let tables = 0;
  before(async () => {
    on = await sharedWriteWorld();
  });
  afterEach(async () => {
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
  });

  async function freshTable(): Promise<string> {
    tables += 1;
    await on.table(`op${tables}`, "id INTEGER, amount INTEGER, note VARCHAR(10) DEFAULT 'fresh'");
    await on.world.sql(`INSERT INTO sales.op${tables} VALUES ${BEFORE}`);
    return `sales.op${tables}`;
  }

  const contents = (object: string) => on.rows(`SELECT id, amount, note FROM ${object} ORDER BY id, amount`);

  const both = [...CASES, ...DRIVEN].flatMap((one) =>
    (['staged', 'insert'] as const).map((path) => ({ ...one, path })),
  );
  for (const { title, path, spec, rows, leaves, counts, warns = [] } of both) {
    it(`${spec.operation ?? 'insert'}${path === 'insert' ? ' by INSERT' : ''}: ${title}`, async () => {
      const object = await freshTable();
      const report = await on.write({ object, path, ...spec }, rows, { runId: `run ${tables}` });
      expect(report.path).to.equal(path);
      expect(await contents(object)).to.deep.equal(leaves);
      const { cleared } = report;
      expect({ ...report.rows, ...(cleared === undefined ? {} : { cleared }) }).to.include(counts);
      expect(report.warnings.map(({ code }) => code)).to.deep.equal(warns);
      // Told again from the ledger alone, the counts are the same.
      const again = await on.write({ object, ...spec }, rows, { runId: `run ${tables}` });
      expect([again.alreadyApplied, again.rows]).to.deep.equal([true, report.rows]);
      expect(await contents(object)).to.deep.equal(leaves);
    });
  }

  it('counts rows of the input, however many rows of the table have their key', async () => {
    for (const operation of ['update', 'delete', 'replaceRow'] as const) {
      const object = await freshTable();
      await on.world.sql(`INSERT INTO ${object} VALUES (1, 12, 'twice')`);
      const report = await on.write({ object, operation, keys: ['id'] }, [
        { id: 1, amount: 5 },
        { id: 7, amount: 7 },
      ]);
      expect(report.rows.loaded + report.rows.skipped, operation).to.equal(2);
      expect(
        report.warnings.map(({ code }) => code),
        operation,
      ).to.deep.equal(['KEY_NOT_UNIQUE']);
      expect(report.warnings[0]?.message).to.include(`rows were ${operation === 'delete' ? 'deleted' : 'changed'} by`);
    }
  });

  for (const operation of ['update', 'delete', 'dataDriven'] as const) {
    it(`${operation}: a row without a match refuses the load where that is wished`, async () => {
      const object = await freshTable();
      const spec = { ...BY_ROW, object, operation, unmatched: 'fail' } as const;
      const rows = [
        { op: 'D', id: 1, amount: 1 },
        { op: 'D', id: 9, amount: 9 },
      ].map(({ op, ...row }) => (operation === 'dataDriven' ? { op, ...row } : row));
      const error = await on.refusal(spec, rows);
      expect([error.code, error.details]).to.deep.equal(['RS_INPUT_INVALID', { skipped: 1 }]);
      expect(await contents(object)).to.deep.equal([ONE, TWO, NONE]);
    });
  }

  it('names the rows of a data driven write that it refuses, and asks NOT NULL of no row that deletes', async () => {
    await on.table('strict_rows', 'id INTEGER NOT NULL PRIMARY KEY, amount INTEGER NOT NULL');
    await on.world.sql('INSERT INTO sales.strict_rows VALUES (1, 1), (2, 2)');
    const rows = [
      { op: 'D', id: 1, amount: null },
      { op: 'U', id: 2, amount: null },
      { op: '?', id: 3, amount: 3 },
    ];
    const spec = { object: 'sales.strict_rows', operation: 'dataDriven', changeColumn: 'OP' } as const;
    const error = await on.refusal({ ...spec, rejectLimit: 1 }, rows);
    expect([error.code, error.details['row'], error.details['column']]).to.deep.equal([
      'RS_LOAD_REJECTED',
      2,
      'amount',
    ]);
    const report = await on.write({ ...spec, rejectLimit: 2 }, rows);
    expect([report.rows.deleted, report.rows.rejected, report.rejectedRows]).to.deep.equal([1, 2, [2, 3]]);
    expect(report.rejects.map(({ row, column, code }) => [row, column, code])).to.deep.equal([
      [2, 'amount', '1213'],
      [3, 'op', 'change'],
    ]);
  });

  it('updates and deletes by an identity column', async () => {
    await on.world.sql(
      'CREATE TABLE sales.counted (id BIGINT IDENTITY(1, 1), amount INTEGER); GRANT ALL ON sales.counted TO etl; INSERT INTO sales.counted (amount) VALUES (1), (2)',
    );
    const [[first] = []] = await on.rows('SELECT MIN(id) FROM sales.counted');
    const row = { id: Number(first), amount: 5 };
    const update = await on.write({ object: 'sales.counted', operation: 'update', keys: ['id'] }, [row]);
    expect([update.rows.updated, update.warnings]).to.deep.equal([1, []]);
    expect(
      (await on.write({ object: 'sales.counted', operation: 'delete', keys: ['id'] }, [row])).rows.deleted,
    ).to.equal(1);
    expect(await on.rows('SELECT amount FROM sales.counted')).to.deep.equal([['2']]);
  });

  it('keeps the values of an identity column by a plain insert', async () => {
    await on.world.sql(
      'CREATE TABLE sales.numbers (id BIGINT IDENTITY(1, 1), amount INTEGER); GRANT ALL ON sales.numbers TO etl',
    );
    const spec = { object: 'sales.numbers', keepIdentity: true } as const;
    const report = await on.write(spec, [{ id: 4711, amount: 5 }]);
    expect(report.warnings).to.deep.equal([]);
    expect(await on.rows('SELECT id, amount FROM sales.numbers')).to.deep.equal([['4711', '5']]);
    const error = await on.refusal({ ...spec, rejectLimit: 1 }, [{ id: 4712, amount: 5 }]);
    expect(error.code).to.equal('RS_FEATURE_UNSUPPORTED');
  });

  it('keeps the values of a column that is numbered by default, by any operation that adds rows', async () => {
    await on.world.sql(
      'CREATE TABLE sales.by_default (id BIGINT GENERATED BY DEFAULT AS IDENTITY(1, 1), amount INTEGER); GRANT ALL ON sales.by_default TO etl',
    );
    const spec = { object: 'sales.by_default', keys: ['id'], keepIdentity: true } as const;
    for (const operation of ['upsert', 'replaceRow', 'insert'] as const) {
      const rejects = operation === 'insert' ? { rejectLimit: 1 } : {};
      await on.write({ ...spec, ...rejects, operation }, [{ id: 4711, amount: 5 }]);
    }
    expect(await on.rows('SELECT id, amount FROM sales.by_default')).to.deep.equal([
      ['4711', '5'],
      ['4711', '5'],
    ]);
  });

  it('takes the change column besides the columns that are named', async () => {
    const object = await freshTable();
    const spec = { ...BY_ROW, object, columns: ['id'] };
    await on.write(spec, [{ op: 'D', id: 1, amount: 1 }]);
    expect(await contents(object)).to.deep.equal([TWO, NONE]);
    await on.write({ ...spec, columns: ['op', 'id', 'amount'] }, [['U', 2, 22]]);
    expect(await contents(object)).to.deep.equal([['2', '22', 'kept'], NONE]);
  });

  it('takes columns that are called like parts of its own statements', async () => {
    const names = ['amount', 'last_delete', 'this_row', 'facts', 'ranked', 'roleshift_source', '_row', '_change'];
    await on.table('facts', names.map((name) => `"${name}" INTEGER`).join(', '));
    const row = (value: number) => Object.fromEntries(names.map((name) => [name, value]));
    const spec = { ...BY_ROW, object: 'sales.facts', keys: ['amount', 'last_delete'] };
    await on.write(
      spec,
      [1, 2].map((value) => ({ op: 'I', ...row(value) })),
    );
    const report = await on.write(
      spec,
      ['U', 'D', 'I'].map((op) => ({ op, ...row(1) })),
    );
    expect(report.rows).to.include({ updated: 1, deduplicated: 2 });
    for (const operation of ['update', 'replaceRow', 'delete'] as const) {
      const duplicateKeys = { by: 'facts' };
      const again = await on.write({ ...spec, operation, duplicateKeys }, [row(2), row(2)]);
      expect(again.rows, operation).to.include({ loaded: 1, deduplicated: 1, skipped: 0 });
    }
  });

  it('deletes rows of a file', async () => {
    const object = await freshTable();
    const { writeFile, rm } = await import('node:fs/promises');
    const file = `${on.folder}/gone.csv`;
    await writeFile(file, 'op,id,amount\nD,1,\nU,2,21\n');
    const report = await on.write({ ...BY_ROW, object }, { file });
    await rm(file);
    expect(report.rows).to.include({ read: 2, deleted: 1, updated: 1 });
    expect(await contents(object)).to.deep.equal([['2', '21', 'kept'], NONE]);
  });
});
