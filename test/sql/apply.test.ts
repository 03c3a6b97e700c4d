import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import {
  renderCountMatched,
  renderDelete,
  renderDeleteAll,
  renderInsertAll,
  renderInsertMissing,
  renderLock,
  renderTruncate,
  renderUpdate,
} from '../../src/sql/apply.ts';
import { renderCountRepeated, renderDeduplicate, renderNetChange } from '../../src/sql/deduplicate.ts';
import { readKeyGroups, renderKeyGroups } from '../../src/sql/keys.ts';
import { identifier } from '../../src/sql/sql.ts';

const PATHS = { target: ['sales', 'orders'], staging: ['stage'] } as const;
const PLAIN = { keys: ['id'], nullKeys: [] };
const TWO = { keys: ['a', 'b'], nullKeys: ['b'] };
const NAMES = { target: ['a;drop table t', 'Größe "x"'], staging: ['sta"ge'] } as const;

describe('statements that apply a staging table', () => {
  for (const { title, statement, expected } of [
    {
      title: 'UPDATE',
      statement: renderUpdate({ ...PATHS, pattern: TWO, update: ['v', 'w'] }),
      expected:
        'UPDATE "sales"."orders" SET "v" = "roleshift_source"."v", "w" = "roleshift_source"."w" FROM "stage" AS "roleshift_source" WHERE "roleshift_source"."a" IS NOT NULL AND "roleshift_source"."b" IS NULL AND "orders"."a" = "roleshift_source"."a" AND "orders"."b" IS NULL',
    },
    {
      title: 'UPDATE of the row whose keys are all NULL, by an equality of both sides',
      statement: renderUpdate({ ...PATHS, pattern: { keys: ['a', 'b'], nullKeys: ['a', 'b'] }, update: ['v'] }),
      expected:
        'UPDATE "sales"."orders" SET "v" = "roleshift_source"."v" FROM "stage" AS "roleshift_source" WHERE "roleshift_source"."a" IS NULL AND "roleshift_source"."b" IS NULL AND "orders"."a" IS NULL AND "orders"."b" IS NULL AND CASE WHEN "orders"."a" IS NULL THEN 1 ELSE 0 END = CASE WHEN "roleshift_source"."a" IS NULL THEN 1 ELSE 0 END',
    },
    {
      title: 'INSERT of what is missing',
      statement: renderInsertMissing({ ...PATHS, pattern: PLAIN, insert: ['id', 'v'] }),
      expected:
        'INSERT INTO "sales"."orders" ("id", "v") SELECT "roleshift_source"."id", "roleshift_source"."v" FROM "stage" AS "roleshift_source" WHERE "roleshift_source"."id" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "orders"."id" = "roleshift_source"."id")',
    },
    {
      title: 'INSERT of all',
      statement: renderInsertAll({ ...PATHS, insert: ['id', 'v'] }),
      expected: 'INSERT INTO "sales"."orders" ("id", "v") SELECT "id", "v" FROM "stage"',
    },
    {
      title: 'INSERT of one pattern and change',
      statement: renderInsertAll({
        ...PATHS,
        insert: ['id'],
        pattern: TWO,
        only: { column: '_change', letters: ['I'] },
      }),
      expected:
        'INSERT INTO "sales"."orders" ("id") SELECT "id" FROM "stage" WHERE "stage"."a" IS NOT NULL AND "stage"."b" IS NULL AND UPPER(TRIM("stage"."_change")) IN (\'I\')',
    },
    {
      title: 'UPDATE of one change',
      statement: renderUpdate({
        ...PATHS,
        pattern: PLAIN,
        only: { column: '_change', letters: ['U'] },
        update: ['v'],
      }),
      expected:
        'UPDATE "sales"."orders" SET "v" = "roleshift_source"."v" FROM "stage" AS "roleshift_source" WHERE "roleshift_source"."id" IS NOT NULL AND UPPER(TRIM("roleshift_source"."_change")) IN (\'U\') AND "orders"."id" = "roleshift_source"."id"',
    },
    {
      title: 'DELETE by key',
      statement: renderDelete({ ...PATHS, pattern: TWO }),
      expected:
        'DELETE FROM "sales"."orders" USING "stage" WHERE "stage"."a" IS NOT NULL AND "stage"."b" IS NULL AND "orders"."a" = "stage"."a" AND "orders"."b" IS NULL',
    },
    {
      title: 'the count of rows that find theirs',
      statement: renderCountMatched({ ...PATHS, pattern: PLAIN }),
      expected:
        'SELECT COUNT(*) FROM "stage" AS "roleshift_source" WHERE "roleshift_source"."id" IS NOT NULL AND EXISTS (SELECT 1 FROM "sales"."orders" WHERE "orders"."id" = "roleshift_source"."id")',
    },
    {
      title: 'DELETE of all',
      statement: renderDeleteAll(NAMES.target),
      expected: 'DELETE FROM "a;drop table t"."Größe ""x"""',
    },
    {
      title: 'TRUNCATE',
      statement: renderTruncate(NAMES.target),
      expected: 'TRUNCATE TABLE "a;drop table t"."Größe ""x"""',
    },
    { title: 'LOCK', statement: renderLock(NAMES.target), expected: 'LOCK "a;drop table t"."Größe ""x"""' },
    {
      title: 'an upsert with hostile names',
      statement: renderInsertMissing({ ...NAMES, pattern: { keys: ['or"der'], nullKeys: [] }, insert: ['select'] }),
      expected:
        'INSERT INTO "a;drop table t"."Größe ""x""" ("select") SELECT "roleshift_source"."select" FROM "sta""ge" AS "roleshift_source" WHERE "roleshift_source"."or""der" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "a;drop table t"."Größe ""x""" WHERE "Größe ""x"""."or""der" = "roleshift_source"."or""der")',
    },
    {
      title: 'a target that has the name of the source',
      statement: renderUpdate({ target: ['s', 'roleshift_source'], staging: ['stage'], pattern: PLAIN, update: ['v'] }),
      expected:
        'UPDATE "s"."roleshift_source" SET "v" = "roleshift_source_2"."v" FROM "stage" AS "roleshift_source_2" WHERE "roleshift_source_2"."id" IS NOT NULL AND "roleshift_source"."id" = "roleshift_source_2"."id"',
    },
  ]) {
    it(`renders ${title}`, () => expect(String(statement)).to.equal(expected));
  }

  for (const { keep, order } of [
    { keep: 'first', order: '"_row"' },
    { keep: 'last', order: '"_row" DESC' },
    { keep: { by: 'at' }, order: '"at" DESC NULLS LAST, "_row" DESC' },
  ] as const) {
    it(`keeps one row a key: ${JSON.stringify(keep)}`, () => {
      const statement = renderDeduplicate({ staging: ['stage'], keys: ['a', 'b'], rowColumn: '_row', keep });
      expect(String(statement)).to.equal(
        `DELETE FROM "stage" WHERE "_row" IN (SELECT "_row" FROM (SELECT "_row", ROW_NUMBER() OVER (PARTITION BY "a", "b" ORDER BY ${order}) AS roleshift_rank FROM "stage") AS ranked WHERE roleshift_rank > 1)`,
      );
    });
  }

  it('counts the keys that are repeated', () => {
    expect(String(renderCountRepeated({ staging: ['stage'], keys: ['a', 'b'] }))).to.equal(
      'SELECT COUNT(*), COALESCE(SUM(roleshift_amount), 0) FROM (SELECT COUNT(*) AS roleshift_amount FROM "stage" GROUP BY "a", "b" HAVING COUNT(*) > 1) AS repeated',
    );
  });

  it('finds the patterns of NULLs that are present, apart for each change', () => {
    expect(String(renderKeyGroups(identifier('stage'), ['a', 'b']))).to.equal(
      'SELECT CASE WHEN "a" IS NULL THEN 1 ELSE 0 END, CASE WHEN "b" IS NULL THEN 1 ELSE 0 END, COUNT(*) FROM "stage" GROUP BY CASE WHEN "a" IS NULL THEN 1 ELSE 0 END, CASE WHEN "b" IS NULL THEN 1 ELSE 0 END',
    );
    expect(String(renderKeyGroups(identifier('stage'), ['a'], identifier('c')))).to.equal(
      'SELECT CASE WHEN "a" IS NULL THEN 1 ELSE 0 END, COUNT(*), "c" FROM "stage" GROUP BY CASE WHEN "a" IS NULL THEN 1 ELSE 0 END, "c"',
    );
    expect(
      readKeyGroups(
        ['a', 'b'],
        [
          ['0', '1', '5'],
          ['0', '0', '9', 'D'],
        ],
      ),
    ).to.deep.equal([
      { pattern: { keys: ['a', 'b'], nullKeys: ['b'] }, rows: 5 },
      { pattern: { keys: ['a', 'b'], nullKeys: [] }, rows: 9, letter: 'D' },
    ]);
  });

  it('refuses an upsert without keys, an update without columns', () => {
    const none = { keys: [], nullKeys: [] };
    expect(() => renderUpdate({ ...PATHS, pattern: none, update: ['v'] })).to.throw(ConnectorError, 'key columns');
    expect(() => renderUpdate({ ...PATHS, pattern: PLAIN, update: [] })).to.throw(ConnectorError);
    expect(() => renderDeduplicate({ staging: ['s'], keys: [], rowColumn: '_row', keep: 'last' })).to.throw(
      ConnectorError,
    );
    expect(() => renderNetChange({ staging: ['s'], keys: [], rowColumn: '_row', change: '_change' })).to.throw(
      ConnectorError,
    );
  });
});
