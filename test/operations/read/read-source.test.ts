import { expect } from 'chai';
import { describingSelect, directSelect, mayLoseOrder } from '../../../src/operations/read/read-select.ts';
import { planReadSource } from '../../../src/operations/read/read-source.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import type { SupportedField } from '../../../src/types/field.ts';

const INTEGER: SupportedField = { name: 'id', type: { kind: 'integer' } };
const REAL: SupportedField = { name: 'r', type: { kind: 'real' } };

const directOf = (spec: ReadSpec, fields: readonly SupportedField[] = [INTEGER]): string =>
  String(directSelect(planReadSource(spec, 'public'), fields).statement);
const describingOf = (spec: ReadSpec): string => String(describingSelect(planReadSource(spec, 'public')).statement);

describe('directSelect', () => {
  for (const [title, spec, fields, expected] of [
    [
      'selects from an object in the default schema',
      { object: 'orders' },
      [INTEGER],
      'SELECT * FROM "public"."orders"',
    ],
    [
      'quotes every name',
      { object: ['sales', 'a;drop table t'], columns: ['select', 'Größe "x"'] },
      [INTEGER],
      'SELECT "select", "Größe ""x""" FROM "sales"."a;drop table t"',
    ],
    [
      'puts condition, order and limit in place',
      { object: 's.t', where: 'a > 1 -- note', orderBy: ['a', { column: 'b', descending: true }], limit: 5 },
      [INTEGER],
      'SELECT * FROM "s"."t" WHERE (a > 1 -- note\n) ORDER BY "a", "b" DESC LIMIT 5',
    ],
    [
      'casts what text would not carry exactly',
      { object: 't' },
      [INTEGER, REAL],
      'SELECT "id", CAST("r" AS DOUBLE PRECISION) AS "r" FROM "public"."t"',
    ],
    ['sends a query as it stands, without its last semicolon', { query: 'select 1 ;  ' }, [INTEGER], 'select 1'],
    [
      'casts around a query',
      { query: 'select r from t -- all' },
      [REAL],
      'SELECT CAST("r" AS DOUBLE PRECISION) AS "r" FROM (select r from t -- all\n) AS roleshift_source',
    ],
    [
      'limits a query that does not sort in SQL',
      { query: 'select 1', limit: 3 },
      [INTEGER],
      'SELECT * FROM (select 1\n) AS roleshift_source LIMIT 3',
    ],
    ['leaves a query that sorts alone', { query: 'select 1 order by 1', limit: 3 }, [INTEGER], 'select 1 order by 1'],
    [
      'tells columns of one name apart by their place',
      { query: 'select r, r from t' },
      [REAL, REAL],
      'SELECT CAST("c1" AS DOUBLE PRECISION) AS "r", CAST("c2" AS DOUBLE PRECISION) AS "r" FROM (select r, r from t\n) AS roleshift_source ("c1", "c2")',
    ],
  ] as const satisfies readonly (readonly [string, ReadSpec, readonly SupportedField[], string])[]) {
    it(title, () => {
      expect(directOf(spec, fields)).to.equal(expected);
    });
  }
});

describe('describingSelect', () => {
  it('asks for no rows of an object', () => {
    expect(describingOf({ object: 's.t', columns: ['a'], where: 'b' })).to.equal(
      'SELECT "a" FROM "s"."t" WHERE (b\n) LIMIT 0',
    );
  });

  it('asks for no rows of a query, and knows where it begins', () => {
    const { statement, origin } = describingSelect(planReadSource({ query: 'select 1 -- x' }, 'public'));
    expect(String(statement)).to.equal('SELECT * FROM (select 1 -- x\n) AS roleshift_source LIMIT 0');
    expect(String(statement).slice([origin.userSql ?? []].flat()[0]?.startsAt)).to.match(/^select 1/);
  });
});

describe('planReadSource', () => {
  for (const [title, spec, path] of [
    ['nothing to read', {}, 'object'],
    ['an object beside a query', { object: 't', query: 'select 1' }, 'object'],
    ['a condition beside a query', { query: 'select 1', where: 'a' }, 'where'],
    ['columns beside a query', { query: 'select 1', columns: ['a'] }, 'columns'],
    ['an empty list of columns', { object: 't', columns: [] }, 'columns'],
    ['a limit below zero', { object: 't', limit: -1 }, 'limit'],
    ['a condition that closes its parentheses', { object: 't', where: '1=1) or (1=1' }, 'where'],
  ] as const satisfies readonly (readonly [string, ReadSpec, string])[]) {
    it(`refuses ${title}`, () => {
      expect(() => planReadSource(spec, 'public'))
        .to.throw()
        .that.satisfies(
          (error: { code: string; issues: { path: string }[] }) =>
            error.code === 'RS_CONFIG_INVALID' && error.issues[0]?.path === path,
        );
    });
  }

  for (const spec of [{ query: 'select 1; select 2' }, { object: 't', where: '1=1; drop table t' }, { query: ' ' }]) {
    it(`refuses ${JSON.stringify(spec)}`, () => {
      expect(() => planReadSource(spec, 'public'))
        .to.throw()
        .with.property('code', 'RS_CONFIG_INVALID');
    });
  }

  it('leaves parentheses in strings and comments of a condition alone', () => {
    expect(() => planReadSource({ object: 't', where: "a = ')' /* ) */ and (b)" }, 'public')).not.to.throw();
  });
});

describe('mayLoseOrder', () => {
  for (const { title, spec, fields, expected } of [
    {
      title: 'a query that sorts and needs a cast',
      spec: { query: 'SELECT r FROM t ORDER BY r' },
      fields: [REAL],
      expected: true,
    },
    {
      title: 'a query that sorts and is sent as it stands',
      spec: { query: 'SELECT id FROM t ORDER BY 1' },
      fields: [INTEGER],
      expected: false,
    },
    { title: 'a query that does not sort', spec: { query: 'SELECT r FROM t' }, fields: [REAL], expected: false },
    {
      title: 'an object: its order stands outside',
      spec: { object: 't', orderBy: ['r'] },
      fields: [REAL],
      expected: false,
    },
  ]) {
    it(`is ${expected} for ${title}`, () => {
      expect(mayLoseOrder(planReadSource(spec, 'public'), fields)).to.equal(expected);
    });
  }
});
