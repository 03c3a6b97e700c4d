import { expect } from 'chai';
import type { RedshiftType } from '../../../src/core/redshift-type.ts';
import type { ColumnDescriptor, ObjectDescriptor } from '../../../src/db/object-descriptor.ts';
import { planWrite, type WriteContext } from '../../../src/operations/write-plan.ts';
import type { WriteSpec } from '../../../src/operations/write-spec.ts';
import { failureOf } from '../../failure.ts';

function column(name: string, type: RedshiftType, more: Partial<ColumnDescriptor> = {}): ColumnDescriptor {
  return { name, type, nullable: true, position: 1, isIdentity: false, ...more };
}

const TABLE: ObjectDescriptor = {
  schema: 'sales',
  name: 'orders',
  kind: 'table',
  columns: [
    column('line', { kind: 'bigint' }, { isIdentity: true, nullable: false }),
    column('id', { kind: 'integer' }, { nullable: false }),
    column('note', { kind: 'varchar', bytes: 10 }),
    column('_row', { kind: 'integer' }),
    column('at', { kind: 'timestamp' }, { nullable: false, defaultExpression: 'getdate()' }),
    column('extra', { kind: 'unsupported', name: 'super' }),
  ],
  primaryKey: ['id'],
  distributionKey: 'id',
  sortKey: [],
};

const CONTEXT: WriteContext = {
  runId: 'run-1',
  inputColumns: ['id', 'note'],
  compression: 'gzip',
  copyRole: 'default',
  stagingRegion: 'eu-west-1',
  clusterRegion: 'eu-west-1',
  token: 'abc',
};

function plan(
  spec: Partial<WriteSpec> = {},
  context: Partial<WriteContext> = {},
  table: Partial<ObjectDescriptor> = {},
) {
  return planWrite({ object: 'sales.orders', ...spec }, { ...TABLE, ...table }, { ...CONTEXT, ...context });
}

describe('the plan of a write', () => {
  it('copies a plain insert straight into the target', () => {
    expect(plan().load).to.deep.equal({ kind: 'direct' });
  });

  it('goes through a temporary table when rows may be refused', () => {
    expect(plan({ rejectLimit: 3 }).load.kind).to.equal('staged');
  });

  it('stages an upsert beside the target, with a row number that no column is called', () => {
    expect(plan({ operation: 'upsert' }).load).to.deep.equal({
      kind: 'staged',
      duplicates: 'fail',
      table: {
        name: 'roleshift_stage_abc',
        columns: [
          { name: 'id', type: { kind: 'integer' }, notNull: true, caseInsensitive: false },
          { name: 'note', type: { kind: 'varchar', bytes: 10 }, notNull: false, caseInsensitive: false },
        ],
        rowColumn: '_row_2',
        distKey: 'id',
      },
    });
  });

  it('takes the declared primary key unless keys are named', () => {
    expect(plan({ operation: 'upsert' }).keys).to.deep.equal(['id']);
    expect(plan({ operation: 'upsert', keys: ['NOTE', 'note'] }).keys).to.deep.equal(['note']);
  });

  it('never updates a key column', () => {
    expect(plan({ operation: 'upsert' }).updateColumns).to.deep.equal(['note']);
  });

  it('finds columns by name in the order of the input, whatever their capitals', () => {
    const columns = plan({}, { inputColumns: ['Note', 'ID'] }).columns;
    expect(columns.map(({ name, inputPosition }) => [name, inputPosition])).to.deep.equal([
      ['note', 0],
      ['id', 1],
    ]);
  });

  it('leaves identity columns out and says so', () => {
    const { columns, warnings } = plan({}, { inputColumns: ['line', 'id'] });
    expect(columns.map(({ name, inputPosition }) => [name, inputPosition])).to.deep.equal([['id', 1]]);
    expect(warnings.map(({ code }) => code)).to.deep.equal(['IDENTITY_LEFT_OUT']);
  });

  it('compares keys in the temporary table as the target does', () => {
    const columns = TABLE.columns.map((own) => (own.name === 'note' ? { ...own, isCaseInsensitive: true } : own));
    const { load } = plan({ operation: 'upsert', keys: ['note'] }, {}, { columns });
    const staged = load.kind === 'staged' ? load.table.columns : [];
    expect(staged.map(({ name, caseInsensitive }) => [name, caseInsensitive])).to.deep.equal([
      ['id', false],
      ['note', true],
    ]);
  });

  it('tells the columns some of whose values a load may refuse, once', () => {
    const columns = [
      column('id', { kind: 'integer' }),
      column('low', { kind: 'real' }),
      column('high', { kind: 'double' }),
    ];
    const { warnings } = plan({}, { inputColumns: ['id', 'low', 'high'] }, { columns });
    expect(warnings).to.deep.equal([
      { code: 'VALUES_LIMITED', message: '"low", "high": COPY may refuse NaN and infinities' },
    ]);
  });

  it('plans an input without rows and names', () => {
    expect(plan({}, { inputColumns: undefined }).columns.map(({ name }) => name)).to.deep.equal([
      'id',
      'note',
      '_row',
      'at',
    ]);
  });

  it('names the region of a bucket elsewhere to COPY, and only then', () => {
    expect(plan()).not.to.have.property('copyRegion');
    expect(plan({}, { stagingRegion: 'eu-north-1' })).to.have.property('copyRegion', 'eu-north-1');
  });

  for (const { title, act, code, says } of [
    {
      title: 'a column that the table does not have',
      act: () => plan({}, { inputColumns: ['id', 'colour'] }),
      code: 'RS_INPUT_INVALID',
      says: /no column "colour"/,
    },
    {
      title: 'a column given twice',
      act: () => plan({}, { inputColumns: ['id', 'ID'] }),
      code: 'RS_INPUT_INVALID',
      says: /twice/,
    },
    {
      title: 'a column that must be filled and is not',
      act: () => plan({}, { inputColumns: ['note'] }),
      code: 'RS_INPUT_INVALID',
      says: /demands a value in column "id"/,
    },
    {
      title: 'an input of nothing but identities',
      act: () => plan({}, { inputColumns: ['line'] }, { columns: TABLE.columns.slice(0, 1) }),
      code: 'RS_INPUT_INVALID',
      says: /fills no column/,
    },
    {
      title: 'a type that cannot be written',
      act: () => plan({}, { inputColumns: ['id', 'extra'] }),
      code: 'RS_TYPE_UNSUPPORTED',
      says: /"extra" \(SUPER\)/,
    },
    {
      title: 'an upsert without any key',
      act: () => plan({ operation: 'upsert' }, {}, { primaryKey: [] }),
      code: 'RS_CONFIG_INVALID',
      says: /no primary key/,
    },
    {
      title: 'a key that the table does not have',
      act: () => plan({ operation: 'upsert', keys: ['nope'] }),
      code: 'RS_CONFIG_INVALID',
      says: /no column "nope"/,
    },
    {
      title: 'a key that the input does not have',
      act: () => plan({ operation: 'upsert', keys: ['at'] }),
      code: 'RS_INPUT_INVALID',
      says: /no column "at"/,
    },
    {
      title: 'an identity as a key',
      act: () => plan({ operation: 'upsert', keys: ['line'] }),
      code: 'RS_CONFIG_INVALID',
      says: /cannot be a key/,
    },
    {
      title: 'a view',
      act: () => plan({}, {}, { kind: 'view' }),
      code: 'RS_FEATURE_UNSUPPORTED',
      says: /no local table/,
    },
    {
      title: 'a reject limit that COPY does not know',
      act: () => plan({ rejectLimit: 100_000 }),
      code: 'RS_CONFIG_INVALID',
      says: /Reject limit/,
    },
    {
      title: 'no COPY role',
      act: () => plan({}, { copyRole: undefined }),
      code: 'RS_CONFIG_INVALID',
      says: /No role/,
    },
    {
      title: 'a run id that the ledger cannot hold',
      act: () => plan({}, { runId: 'x'.repeat(256) }),
      code: 'RS_CONFIG_INVALID',
      says: /run id/,
    },
  ]) {
    it(`refuses ${title}`, () => {
      const error = failureOf(act);
      expect(error.code).to.equal(code);
      expect(error.message).to.match(says);
      expect(error.action).to.be.a('string');
    });
  }
});
