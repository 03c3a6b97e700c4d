import { expect } from 'chai';
import { identifier, integer, join, literal, Sql, sql } from '../../src/sql/sql.ts';
import { splitStatements, userQuery } from '../../src/sql/statements.ts';
import { failureOf } from '../failure.ts';

describe('Sql', () => {
  it('puts parts into a template and remembers whose text it is', () => {
    const ours = sql`SELECT ${identifier('a')} FROM ${identifier('s', 't')}`;
    expect(String(ours)).to.equal('SELECT "a" FROM "s"."t"');
    expect(ours.author).to.equal('roleshift');
    expect(sql`SELECT * FROM (${Sql.user('select 1')})`.author).to.equal('user');
    expect(join([ours, Sql.user('x')]).author).to.equal('user');
  });

  it('joins with commas, or with what is asked for', () => {
    expect(String(join([integer(1), integer(2)]))).to.equal('1, 2');
    expect(String(join([integer(1), integer(2)], sql` OR `))).to.equal('1 OR 2');
    expect(String(join([]))).to.equal('');
  });

  for (const { text, verb } of [
    { text: 'select 1', verb: 'SELECT' },
    { text: '  -- why\n /* and\n how */ copy x', verb: 'COPY' },
    { text: '(select 1)', verb: 'SQL' },
  ]) {
    it(`shows only the first keyword of ${JSON.stringify(text)}: ${verb}`, () => {
      expect(Sql.trusted(text).verb).to.equal(verb);
    });
  }

  it('refuses user SQL that is empty or holds NUL', () => {
    expect(failureOf(() => Sql.user(' \n')).code).to.equal('RS_CONFIG_INVALID');
    expect(failureOf(() => Sql.user('select \0')).code).to.equal('RS_CONFIG_INVALID');
  });
});

describe('identifier', () => {
  for (const [name, quoted] of [
    ['select', '"select"'],
    ['Größe "x"', '"Größe ""x"""'],
    ['a;drop table t', '"a;drop table t"'],
    ["o'brien", `"o'brien"`],
    ['a\nb', '"a\nb"'],
    ['back\\slash', '"back\\slash"'],
    ['-- x', '"-- x"'],
    ['x'.repeat(127), `"${'x'.repeat(127)}"`],
  ] as const) {
    it(`quotes ${JSON.stringify(name.slice(0, 20))}`, () => expect(String(identifier(name))).to.equal(quoted));
  }

  for (const [why, name] of [
    ['empty', ''],
    ['with NUL', 'a\0b'],
    ['of 128 bytes', 'x'.repeat(128)],
    ['of 128 bytes in fewer characters', 'é'.repeat(64)],
    ['with half a character', 'a\uD800'],
  ] as const) {
    it(`refuses a name ${why}`, () => {
      expect(failureOf(() => identifier('schema', name)).code).to.equal('RS_CONFIG_INVALID');
    });
  }
});

describe('literal', () => {
  it('doubles quotes', () => expect(String(literal("it's ''quoted''"))).to.equal("'it''s ''''quoted'''''"));

  for (const value of ['a\\', '\0', '\uDC00']) {
    it(`refuses ${JSON.stringify(value)}`, () =>
      expect(failureOf(() => literal(value)).code).to.equal('RS_CONFIG_INVALID'));
  }
});

describe('integer', () => {
  for (const value of [0, -5, Number.MAX_SAFE_INTEGER, 2n ** 63n - 1n, -(2n ** 63n)]) {
    it(`takes ${value}`, () => expect(String(integer(value))).to.equal(String(value)));
  }
  for (const value of [1.5, Number.NaN, Infinity, 2 ** 60, 2n ** 63n]) {
    it(`refuses ${value}`, () => expect(failureOf(() => integer(value)).code).to.equal('RS_INTERNAL'));
  }
});

describe('splitStatements', () => {
  for (const { text, expected, backslashEscapes = false } of [
    { text: 'select 1; select 2;', expected: ['select 1', ' select 2'] },
    { text: "select ';' ; -- a;b\n /* ; */", expected: ["select ';' "] },
    { text: 'select ";" from $x$ a;b $x$ where $$;$$ = 1', expected: ['select ";" from $x$ a;b $x$ where $$;$$ = 1'] },
    { text: "select 'it''s; fine'; x", expected: ["select 'it''s; fine'", ' x'] },
    { text: "select 'a\\'; b'; c", expected: ["select 'a\\'", " b'; c"] },
    { text: "select 'a\\'; b'; c", expected: ["select 'a\\'; b'", ' c'], backslashEscapes: true },
    { text: ';;', expected: [] },
  ]) {
    it(`splits ${JSON.stringify(text)}${backslashEscapes ? ' with backslashes' : ''}`, () => {
      expect(splitStatements(text, { backslashEscapes })).to.deep.equal(expected);
    });
  }
});

describe('userQuery', () => {
  it('drops the last semicolon', () => expect(String(userQuery('select 1 ;\n'))).to.equal('select 1'));
  it('keeps one statement as it stands', () =>
    expect(String(userQuery("select ';' -- x"))).to.equal("select ';' -- x"));

  for (const text of ['select 1; drop table t', "select 'a\\'; drop table t; --'", '', '-- nothing']) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      expect(failureOf(() => userQuery(text)).code).to.equal('RS_CONFIG_INVALID'));
  }
});
