import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { duckName, duckText, duckType } from '../../src/sql/duckdb.ts';
import {
  ledgerPath,
  readLedger,
  renderCreateLedger,
  renderInsertLedger,
  renderPruneLedger,
  renderReadLedger,
} from '../../src/sql/ledger.ts';
import { freeColumnName, renderCreateStagingTable, renderDropTable } from '../../src/sql/staging-table.ts';

const COUNTS = {
  read: 7,
  staged: 6,
  loaded: 5,
  inserted: 4,
  updated: 1,
  deleted: 0,
  replaced: 0,
  rejected: 1,
  deduplicated: 0,
  skipped: 1,
};

describe('staging table', () => {
  it('has the columns, the row number and the target’s distribution', () => {
    const statement = renderCreateStagingTable({
      name: 'stage_1',
      columns: [
        { name: 'id', type: { kind: 'bigint' }, notNull: true },
        { name: 'Größe "x"', type: { kind: 'decimal', precision: 38, scale: 10 } },
        { name: 'select', type: { kind: 'varchar', bytes: 256 }, caseInsensitive: true },
      ],
      rowColumn: '_row',
      distKey: 'id',
    });
    expect(String(statement)).to.equal(
      'CREATE TEMP TABLE "stage_1" ("id" BIGINT NOT NULL, "Größe ""x""" DECIMAL(38,10), "select" VARCHAR(256) COLLATE CASE_INSENSITIVE, "_row" BIGINT NOT NULL) DISTSTYLE KEY DISTKEY ("id")',
    );
  });

  it('is spread evenly without a key', () => {
    const columns = [{ name: 'a', type: { kind: 'char', bytes: 3 } }] as const;
    expect(String(renderCreateStagingTable({ name: 's', columns, rowColumn: '_row' }))).to.equal(
      'CREATE TEMP TABLE "s" ("a" CHAR(3), "_row" BIGINT NOT NULL) DISTSTYLE EVEN',
    );
    expect(() => renderCreateStagingTable({ name: 's', columns, rowColumn: 'a' })).to.throw(ConnectorError);
    expect(String(renderDropTable(['s']))).to.equal('DROP TABLE IF EXISTS "s"');
  });

  it('finds a name for the row number that no column has', () => {
    expect(freeColumnName(['a'])).to.equal('_row');
    expect(freeColumnName(['_ROW', '_row_2'])).to.equal('_row_3');
  });
});

describe('ledger', () => {
  it('belongs to one target, under a name of at most 127 bytes', () => {
    const [schema, name] = ledgerPath(['sales', 'orders']);
    expect(schema).to.equal('sales');
    expect(name).to.match(/^roleshift_ledger_orders_[0-9a-f]{12}$/);
    const names = [
      'Orders',
      'orders',
      'or ders',
      'or_ders',
      'x'.repeat(127),
      `${'x'.repeat(126)}y`,
      '日本',
      '"; drop',
    ].map((table) => ledgerPath(['s', table])[1] ?? '');
    expect(new Set(names).size).to.equal(names.length);
    for (const own of names) expect(Buffer.byteLength(own)).to.be.at.most(127);
    for (const own of names) expect(own).to.match(/^[a-z0-9_]+$/);
  });

  it('is created, asked and filled', () => {
    const ledger = ['s', 'l'] as const;
    expect(String(renderCreateLedger(ledger))).to.equal(
      'CREATE TABLE IF NOT EXISTS "s"."l" ("run_id" VARCHAR(255) NOT NULL, "operation" VARCHAR(32) NOT NULL, "rows_read" BIGINT NOT NULL, "rows_staged" BIGINT NOT NULL, "rows_loaded" BIGINT NOT NULL, "rows_inserted" BIGINT NOT NULL, "rows_updated" BIGINT NOT NULL, "rows_rejected" BIGINT NOT NULL, "rows_deduplicated" BIGINT NOT NULL, "manifest_sha256" VARCHAR(64), "committed_at" TIMESTAMP NOT NULL) DISTSTYLE ALL SORTKEY ("run_id")',
    );
    expect(String(renderReadLedger(ledger, "run'1"))).to.equal(
      'SELECT "operation", "rows_read", "rows_staged", "rows_loaded", "rows_inserted", "rows_updated", "rows_rejected", "rows_deduplicated", "manifest_sha256" FROM "s"."l" WHERE "run_id" = \'run\'\'1\'',
    );
    expect(
      String(renderInsertLedger(ledger, { runId: 'r', operation: 'upsert', counts: COUNTS, manifestSha256: 'abc' })),
    ).to.equal(
      'INSERT INTO "s"."l" ("run_id", "operation", "rows_read", "rows_staged", "rows_loaded", "rows_inserted", "rows_updated", "rows_rejected", "rows_deduplicated", "manifest_sha256", "committed_at") VALUES (\'r\', \'upsert\', 7, 6, 5, 4, 1, 1, 0, \'abc\', GETDATE())',
    );
    expect(String(renderInsertLedger(ledger, { runId: 'r', operation: 'insert', counts: COUNTS }))).to.include(
      ' 0, NULL, GETDATE())',
    );
  });

  it('reads its own answer', () => {
    const row = ['upsert', '7', '6', '5', '4', '1', '1', '0'];
    const entry = { runId: 'r', operation: 'upsert', counts: COUNTS };
    expect(readLedger('r', [[...row, 'abc']])).to.deep.equal({ ...entry, manifestSha256: 'abc' });
    expect(readLedger('r', [[...row, null]])).to.deep.equal(entry);
    expect(readLedger('r', [])).to.equal(undefined);
  });

  for (const [operation, rest] of [
    ['delete', { deleted: 3, replaced: 0 }],
    ['dataDriven', { deleted: 3, replaced: 0 }],
    ['replaceRow', { deleted: 0, replaced: 3 }],
  ] as const) {
    it(`tells what has no column of its own from the others: ${operation}`, () => {
      const entry = readLedger('r', [[operation, '12', '11', '8', '4', '1', '1', '2', null]]);
      expect(entry?.counts).to.deep.equal({
        read: 12,
        staged: 11,
        loaded: 8,
        inserted: 4,
        updated: 1,
        rejected: 1,
        deduplicated: 2,
        skipped: 1,
        ...rest,
      });
    });
  }

  it('forgets the oldest runs past an age, so many at a time', () => {
    expect(String(renderPruneLedger(['s', 'l'], 90))).to.equal(
      'DELETE FROM "s"."l" WHERE "committed_at" < DATEADD(day, -90, GETDATE()) AND "run_id" IN (SELECT "run_id" FROM "s"."l" WHERE "committed_at" < DATEADD(day, -90, GETDATE()) ORDER BY "committed_at" LIMIT 1001)',
    );
  });

  for (const runId of ['', 'x'.repeat(256), 'trailing ', 'back\\slash', 'nul\0']) {
    it(`refuses the run id ${JSON.stringify(runId.slice(0, 20))}`, () => {
      expect(() => renderReadLedger(['s', 'l'], runId)).to.throw(ConnectorError);
    });
  }
});

describe('SQL of the embedded engine', () => {
  it('quotes names and texts, and knows a type when it sees one', () => {
    expect(String(duckName('a "b"'))).to.equal('"a ""b"""');
    expect(String(duckText("it's \\"))).to.equal("'it''s \\'");
    expect(String(duckType('DECIMAL(38, 10)'))).to.equal('DECIMAL(38, 10)');
    expect(() => duckType('INTEGER); drop')).to.throw(ConnectorError);
    expect(() => duckName('')).to.throw(ConnectorError);
    expect(() => duckText('\0')).to.throw(ConnectorError);
  });
});
