import { expect } from 'chai';
import type { ColumnDescriptor, ObjectDescriptor } from '../../../src/db/object-descriptor.ts';
import { MANIFEST } from '../../../src/manifest/manifest.gen.ts';
import { planWrite, type WritePlan } from '../../../src/operations/write-plan.ts';
import type { WriteSpec } from '../../../src/operations/write-spec.ts';

function column(name: string, more: Partial<ColumnDescriptor> = {}): ColumnDescriptor {
  return { name, type: { kind: 'integer' }, nullable: true, position: 1, isIdentity: false, ...more };
}

const TABLE: ObjectDescriptor = {
  schema: 'sales',
  name: 'orders',
  kind: 'table',
  columns: [
    column('line', { isIdentity: true, isIdentityByDefault: true }),
    ...['id', 'a', 'b'].map((name) => column(name)),
  ],
  primaryKey: ['id'],
  sortKey: [],
};

function plan(spec: Partial<WriteSpec>): WritePlan {
  return planWrite({ object: 'sales.orders', ...spec }, TABLE, {
    runId: 'r',
    sources: [{ uri: 'file:///a.csv', version: '1' }],
    inputColumns: ['line', 'id', 'a', 'b', ...(spec.changeColumn === 'op' ? ['op'] : [])],
    compression: 'gzip',
    copyRole: 'default',
    stagingRegion: 'x',
    clusterRegion: 'x',
    token: 't',
  });
}

interface Case {
  readonly on?: Partial<WriteSpec>;
  readonly set: Partial<WriteSpec>;
  readonly shows: (plan: WritePlan) => unknown;
  readonly as: unknown;
}

const DRIVEN = { operation: 'dataDriven', changeColumn: 'op' } as const;
const duplicates = ({ load }: WritePlan) => (load.kind === 'staged' ? load.duplicates : undefined);

/** What each option of a write changes in its plan. */
const CASES: Readonly<Record<string, Case>> = {
  operation: { set: { operation: 'upsert' }, shows: (own) => own.operation, as: 'upsert' },
  before: { set: { before: 'deleteAll' }, shows: (own) => own.before, as: 'deleteAll' },
  keys: { on: { operation: 'update' }, set: { keys: ['A'] }, shows: (own) => own.keys, as: ['a'] },
  updateColumns: {
    on: { operation: 'update' },
    set: { updateColumns: ['b'] },
    shows: ({ updateColumns, columns }) => [updateColumns, columns.map(({ name }) => name)],
    as: [['b'], ['id', 'b']],
  },
  changeColumn: {
    on: DRIVEN,
    set: { changeColumn: 'a' },
    shows: ({ columns, changeColumn }) => columns.find(({ name }) => name === changeColumn)?.inputName,
    as: 'a',
  },
  duplicateKeys: {
    on: { operation: 'upsert' },
    set: { duplicateKeys: 'keepFirst' },
    shows: duplicates,
    as: 'keepFirst',
  },
  duplicateKeysBy: {
    on: { operation: 'upsert' },
    set: { duplicateKeysBy: 'B' },
    shows: duplicates,
    as: { by: 'b' },
  },
  unmatched: {
    on: { operation: 'delete' },
    set: { unmatched: 'fail' },
    shows: (own) => own.requiresMatches,
    as: true,
  },
  keepIdentity: {
    set: { keepIdentity: true },
    shows: ({ explicitIds, insertColumns }) => [explicitIds, insertColumns],
    as: [true, ['line', 'id', 'a', 'b']],
  },
  rejectLimit: { set: { rejectLimit: 7 }, shows: (own) => own.rejectLimit, as: 7 },
  lockTarget: { set: { lockTarget: true }, shows: (own) => own.lockTarget, as: true },
  ledger: {
    set: { ledger: 'off' },
    shows: ({ ledger, warnings }) => [ledger, warnings.map(({ code }) => code).includes('LEDGER_OFF')],
    as: [undefined, true],
  },
  ledgerRetentionDays: { set: { ledgerRetentionDays: 7 }, shows: (own) => own.ledgerRetentionDays, as: 7 },
  skipLoadedFiles: {
    set: { skipLoadedFiles: true },
    shows: ({ fileKeys }) => /^file:[0-9a-f]{64}$/.test(fileKeys?.[0] ?? ''),
    as: true,
  },
  lockTimeoutSeconds: { set: { lockTimeoutSeconds: 7 }, shows: (own) => own.lockTimeoutMs, as: 7000 },
  settleTimeoutSeconds: { set: { settleTimeoutSeconds: 7 }, shows: (own) => own.settleTimeoutMs, as: 7000 },
  conflictAttempts: { set: { conflictAttempts: 7 }, shows: (own) => own.attempts, as: 7 },
  acceptLoss: { set: { acceptLoss: ['a'] }, shows: (own) => own.acceptLoss, as: ['a'] },
  verify: { set: { verify: true }, shows: (own) => own.verify, as: true },
};

/** Told where they show: the table and the columns of the input are what everything else is about. */
const ELSEWHERE = ['object', 'columns'];

describe('every option of a write has an effect', () => {
  for (const [name, { on, set, shows, as }] of Object.entries(CASES)) {
    it(name, () => {
      const without = shows(plan(on ?? {}));
      expect(without, 'without it').not.to.deep.equal(as);
      expect(shows(plan({ ...on, ...set }))).to.deep.equal(as);
    });
  }

  it('and there is a case for each that the plan knows', () => {
    const declared = Object.keys(MANIFEST.operations['write']?.attributes ?? {});
    expect(Object.keys(CASES).filter((name) => !declared.includes(name))).to.deep.equal([]);
    expect(ELSEWHERE.filter((name) => !declared.includes(name))).to.deep.equal([]);
  });
});
