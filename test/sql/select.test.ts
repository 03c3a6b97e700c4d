import { expect } from 'chai';
import { userScript } from '../../src/sql/script.ts';
import { type ReadFilter, renderFilter } from '../../src/sql/select-filter.ts';
import { fillIn } from '../../src/sql/select-parameters.ts';
import { renderBuckets, renderRanges } from '../../src/sql/select-ranges.ts';
import { renderText, renderValue } from '../../src/sql/select-value.ts';
import { identifier, Sql, sql } from '../../src/sql/sql.ts';
import { userText, weave, weaveList } from '../../src/sql/user-text.ts';
import { failureOf } from '../failure.ts';

describe('renderValue', () => {
  for (const [value, expected] of [
    ["it's", "'it''s'"],
    ['', "''"],
    ['a\\b\\', "('a' || CHR(92) || 'b' || CHR(92) || '')"],
    [true, 'TRUE'],
    [false, 'FALSE'],
    [1.5, '1.5'],
    [-2, '(-2)'],
    [1e21, '1e+21'],
    [-(2n ** 70n), '(-1180591620717411303424)'],
    [Number.NaN, "CAST('NaN' AS DOUBLE PRECISION)"],
    [Number.NEGATIVE_INFINITY, "CAST('-Infinity' AS DOUBLE PRECISION)"],
  ] as const) {
    it(`makes ${String(value)} ${expected}`, () => {
      expect(String(renderValue(value))).to.equal(expected);
    });
  }

  for (const text of ['a\0b', 'a\ud800']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(failureOf(() => renderText(text)).code).to.equal('RS_CONFIG_INVALID');
    });
  }
});

describe('renderFilter', () => {
  const column = (name: string): Sql => identifier(name);

  it('puts parts of a filter into parentheses', () => {
    const filter: ReadFilter = {
      and: [
        {
          not: {
            or: [
              { column: 'a', value: 1 },
              { column: 'b', operator: 'isNull' },
            ],
          },
        },
      ],
    };
    expect(String(renderFilter(filter, column))).to.equal('(NOT (("a" = 1 OR "b" IS NULL)))');
  });

  const nested = (depth: number): ReadFilter => (depth === 0 ? { column: 'a', value: 1 } : { not: nested(depth - 1) });
  for (const [title, filter, path] of [
    ['no structure', 'a = 1', 'filter'],
    ['nothing', null, 'filter'],
    ['an and that is no list', { and: 1 }, 'filter.and'],
    ['a column that is no name', { column: 1, value: 2 }, 'filter.column'],
    ['a pattern that is no text', { column: 'a', operator: 'like', value: 1 }, 'filter.value'],
    ['too few values', { column: 'a', operator: 'between', values: [1] }, 'filter'],
    ['a value where none belongs', { column: 'a', operator: 'isNull', value: 1 }, 'filter'],
    ['too many values', { column: 'a', operator: 'in', values: Array.from({ length: 10_001 }, () => 1) }, 'filter'],
    ['a value that is a structure', { column: 'a', value: {} }, 'filter'],
  ] as unknown as readonly (readonly [string, ReadFilter, string])[]) {
    it(`refuses ${title}`, () => {
      expect(failureOf(() => renderFilter(filter, column)).issues?.[0]?.path).to.equal(path);
    });
  }

  it('refuses endless depth', () => {
    expect(() => renderFilter(nested(50), column)).not.to.throw();
    expect(failureOf(() => renderFilter(nested(51), column)).code).to.equal('RS_CONFIG_INVALID');
  });
});

describe('parameters in the text of a user', () => {
  const parameters = new Map([
    ['a', sql`1`],
    ['table_name', identifier('t')],
  ]);
  const filled = (text: string): string =>
    String(fillIn(userText(Sql.user(text), text, 'the query'), parameters, 'query', new Set()).sql);

  for (const [text, expected] of [
    ['select :a', 'select 1'],
    ['select \':a\', ":a", :a -- :a\n/* :a */', 'select \':a\', ":a", 1 -- :a\n/* :a */'],
    ["select :a::int, '2026'::date", "select 1::int, '2026'::date"],
    ['select $$ :a $$, $x$ :a $x$, :a', 'select $$ :a $$, $x$ :a $x$, 1'],
    ["select 'it''s :a' from :table_name", "select 'it''s :a' from \"t\""],
    ['select a[1:2]', 'select a[1:2]'],
  ] as const) {
    it(`fills ${JSON.stringify(text)} in`, () => {
      expect(filled(text)).to.equal(expected);
    });
  }

  it('suggests the name that was meant', () => {
    expect(failureOf(() => filled('select :tabel_name')).action).to.equal('Did you mean :table_name?');
    expect(failureOf(() => filled('select :zzzzzzzz')).action).to.match(/^Declare it/);
  });

  it('refuses a text that servers read in two ways', () => {
    expect(failureOf(() => filled("select '\\' || :a || '\\'")).action).to.equal('Write CHR(92) for the backslash.');
  });
});

describe('userScript', () => {
  it('splits statements, each with its place', () => {
    const text = "SELECT ';'; -- one\n;\n SELECT 2";
    const statements = userScript(text, 'preSql', 'preSql');
    expect(statements.map((statement) => String(statement.sql).trim())).to.deep.equal(["SELECT ';'", 'SELECT 2']);
    expect(statements[1]?.replaced?.[0]?.sourceLength).to.equal(20);
  });
});

describe('weave', () => {
  it('knows where each part of the user begins, in characters', () => {
    const part = (text: string): ReturnType<typeof userText> => userText(Sql.user(text), text, text);
    const woven = weave(sql`é😀 `, part('one'), sql` `, weaveList([part('two'), part('three')], sql` AND `));
    expect(String(woven.statement)).to.equal('é😀 one two AND three');
    expect(woven.placed.map(({ label, startsAt }) => [label, startsAt])).to.deep.equal([
      ['one', 3],
      ['two', 7],
      ['three', 15],
    ]);
    expect(woven.statement.author).to.equal('user');
  });
});

describe('renderRanges', () => {
  const ranges = (isFloat: boolean, ...values: readonly number[]): readonly string[] =>
    renderRanges(identifier('c'), values.map(renderValue), isFloat).map(String);

  it('leaves both ends open, and NULL to itself', () => {
    expect(ranges(false, 1, 5)).to.deep.equal(['"c" < 1', '"c" >= 1 AND "c" < 5', '"c" >= 5', '"c" IS NULL']);
    expect(ranges(false)).to.deep.equal(['"c" IS NOT NULL', '"c" IS NULL']);
  });

  it('has a place for NaN', () => {
    expect(ranges(true, 1)).to.deep.equal(['NOT ("c" >= 1)', '"c" >= 1', '"c" IS NULL']);
  });
});

describe('renderBuckets', () => {
  it('gives each row one remainder, NULL too', () => {
    const [first, second, ...more] = renderBuckets([identifier('a'), identifier('b')], 2).map(String);
    const text = "COALESCE(CAST(\"a\" AS VARCHAR(65535)), '') || '/' || COALESCE(CAST(\"b\" AS VARCHAR(65535)), '')";
    expect(first).to.equal(`MOD(STRTOL(LEFT(MD5(${text}), 8), 16), 2) = 0`);
    expect(second).to.equal(first?.replace(/0$/, '1'));
    expect(more).to.deep.equal([]);
  });
});
