import { expect } from 'chai';
import { preview } from '../../../src/operations/preview.ts';
import { read } from '../../../src/operations/read/read.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

const SETUP = [
  'CREATE TABLE customers (id INTEGER, name VARCHAR(40), country CHAR(2))',
  "INSERT INTO customers VALUES (1, 'Ann', 'DE'), (2, 'Bob', 'FR'), (3, 'Zoë', NULL)",
  'CREATE TABLE orders (id INTEGER, customer_id INTEGER, total DECIMAL(10,2), ratio REAL, note VARCHAR(40))',
  `INSERT INTO orders VALUES (10, 1, 5.50, 0.1, 'a%b'), (11, 1, 7.25, 0.2, 'a_b'), (12, 2, 100, 0.3, 'c\\\\d'), (13, 9, 1, 0.4, NULL)`,
  'CREATE VIEW big_orders AS SELECT * FROM orders WHERE total > 6',
  'CREATE VIEW late_orders AS SELECT id, total FROM public.orders WITH NO SCHEMA BINDING',
  'CREATE MATERIALIZED VIEW order_totals AS SELECT customer_id, SUM(total) AS total FROM orders GROUP BY customer_id',
  'GRANT ALL ON customers, orders, big_orders, late_orders, order_totals TO etl',
];

const JOINED: ReadSpec['objects'] = [
  { object: 'orders', alias: 'o' },
  { object: 'customers', alias: 'c', join: 'left', on: [{ left: 'o.customer_id', right: 'c.id' }] },
];

describe('sources of a read', () => {
  let world: ReadWorld;

  before(async function () {
    this.timeout(60_000);
    world = await openReadWorld();
    for (const statement of SETUP) await world.world.sql(statement);
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  for (const mode of ['direct', 'staged'] as const) {
    for (const [title, spec, expected] of [
      ['a view', { object: 'big_orders', columns: ['id'] }, [[11], [12]]],
      ['a late-binding view', { object: 'late_orders', columns: ['id'], where: 'total < 2' }, [[13]]],
      ['a materialized view', { object: 'order_totals', where: 'customer_id = 1' }, [[1, '12.75']]],
      ['a name of three parts', { object: 'dev.public.customers', columns: ['id'] }, [[1], [2], [3]]],
      ['a name of three parts in a list', { object: ['dev', 'public', 'customers'], columns: ['id'] }, [[1], [2], [3]]],
      [
        'columns under other names',
        { object: 'orders', columns: [{ column: 'id', as: 'key' }] },
        [[10], [11], [12], [13]],
      ],
      ['distinct rows', { object: 'orders', columns: ['customer_id'], distinct: true }, [[1], [2], [9]]],
      [
        'rows of a left join',
        { objects: JOINED, columns: ['o.id', 'c.name'] },
        [
          [10, 'Ann'],
          [11, 'Ann'],
          [12, 'Bob'],
          [13, null],
        ],
      ],
      [
        'rows of a full join by a condition',
        {
          objects: [
            { object: 'orders', alias: 'o' },
            { object: 'customers', alias: 'c', join: 'full', condition: 'o.customer_id = c.id -- note' },
          ],
          columns: ['o.id', 'c.id'].map((column) => ({ column, as: column.replace('.', '_') })),
          where: 'o.id IS NULL OR o.id > 11',
        },
        [
          [12, 2],
          [13, null],
          [null, 3],
        ],
      ],
      [
        'a literal, a list and a name as parameters',
        {
          query:
            "SELECT id FROM :table WHERE customer_id IN (:ids) AND total > :least AND ':least' = ':least' -- :nothing",
          parameters: {
            table: { kind: 'identifier', value: ['public', 'orders'] },
            ids: [1, 2],
            least: { value: '6.5', type: 'decimal(10,2)' },
          },
        },
        [[11], [12]],
      ],
      [
        'SQL as a parameter',
        { object: 'orders', columns: ['id'], where: ':what', parameters: { what: { kind: 'sql', value: 'id = 10' } } },
        [[10]],
      ],
      [
        'a query that ends with a semicolon and a comment',
        { query: "select 'a;b' as x /* ; */ ; -- end\n" },
        [['a;b']],
      ],
    ] as const satisfies readonly (readonly [string, ReadSpec, readonly (readonly unknown[])[]])[]) {
      it(`give ${title}, ${mode}`, async () => {
        const rows = await world.rows({ ...spec, mode });
        expect(inOrder(rows)).to.deep.equal(inOrder(expected));
      });
    }
  }

  it('name what joined objects have in common by their aliases', async () => {
    for await (const { fields } of read(world.connection, { objects: JOINED }, world.run())) {
      expect(fields.map(({ name }) => name)).to.deep.equal([
        'o_id',
        'customer_id',
        'total',
        'ratio',
        'note',
        'c_id',
        'name',
        'country',
      ]);
    }
  });

  it('sort and limit joined objects', async () => {
    const spec: ReadSpec = {
      objects: JOINED,
      columns: ['o.id', 'o.ratio'],
      orderBy: ['c.name', { column: 'o.id', descending: true }],
      limit: 2,
    };
    expect(await world.rows(spec)).to.deep.equal([
      [11, Math.fround(0.2)],
      [10, Math.fround(0.1)],
    ]);
    expect(await world.rows({ ...spec, distinct: true, orderBy: ['o.id'] })).to.have.length(2);
  });

  for (const [title, filter, expected] of [
    ['=', { column: 'id', value: 10 }, [10]],
    ['<>', { column: 'id', operator: '<>', value: 10 }, [11, 12, 13]],
    ['< with a decimal as text', { column: 'total', operator: '<', value: '5.51' }, [10, 13]],
    ['<= with a bigint', { column: 'id', operator: '<=', value: 11n }, [10, 11]],
    ['> with less than nothing', { column: 'total', operator: '>', value: -1 }, [10, 11, 12, 13]],
    ['>= with infinity', { column: 'ratio', operator: '>=', value: Number.POSITIVE_INFINITY }, []],
    ['in', { column: 'id', operator: 'in', values: [10, 13] }, [10, 13]],
    ['in nothing', { column: 'id', operator: 'in', values: [] }, []],
    ['notIn', { column: 'id', operator: 'notIn', values: [10, 13] }, [11, 12]],
    ['notIn nothing', { column: 'note', operator: 'notIn', values: [] }, [10, 11, 12, 13]],
    ['between', { column: 'id', operator: 'between', values: [11, 12] }, [11, 12]],
    ['like', { column: 'note', operator: 'like', value: 'a%' }, [10, 11]],
    ['notLike', { column: 'note', operator: 'notLike', value: 'a%' }, [12]],
    ['startsWith a percent sign', { column: 'note', operator: 'startsWith', value: 'a%' }, [10]],
    ['endsWith an underscore', { column: 'note', operator: 'endsWith', value: '_b' }, [11]],
    ['contains a backslash', { column: 'note', operator: 'contains', value: '\\' }, [12]],
    ['= a text with a backslash', { column: 'note', value: 'c\\d' }, [12]],
    ['= a text that would be SQL', { column: 'note', value: "x' OR '1'='1" }, []],
    ['isNull', { column: 'note', operator: 'isNull' }, [13]],
    ['isNotNull', { column: 'note', operator: 'isNotNull' }, [10, 11, 12]],
    [
      'and, or, not',
      {
        and: [
          {
            or: [
              { column: 'id', value: 10 },
              { column: 'id', value: 13 },
            ],
          },
          { not: { column: 'total', value: 1 } },
        ],
      },
      [10],
    ],
    ['nothing in an or', { or: [] }, []],
    ['nothing in an and', { and: [] }, [10, 11, 12, 13]],
  ] as const satisfies readonly (readonly [string, ReadSpec['filter'], readonly number[]])[]) {
    it(`are filtered by ${title}`, async () => {
      const rows = await world.rows({ object: 'orders', columns: ['id'], filter, orderBy: ['id'] });
      expect(rows.flat()).to.deep.equal(expected);
    });
  }

  it('are read alike by a filter in staged mode, backslashes included', async () => {
    const filter = { column: 'note', operator: 'contains', value: '\\' } as const;
    expect(await world.rows({ object: 'orders', columns: ['id'], filter, mode: 'staged' })).to.deep.equal([[12]]);
  });

  for (const [title, spec, words] of [
    ['a query', { query: 'select id,\n  nope\nfrom orders;' }, /line 2, column 3 of the query/],
    ['a query that begins late', { query: ';\n select nope from orders' }, /line 2, column 9 of the query/],
    [
      'a query behind parameters',
      { query: 'select :a, :b,\n nope from orders', parameters: { a: 'long long text', b: 1 } },
      /line 2, column 2 of the query/,
    ],
    [
      'a parameter',
      { query: 'select 1,\n :b from orders', parameters: { b: { kind: 'identifier', value: 'nope' } } },
      /line 2, column 2 of the query/,
    ],
    ['a condition', { object: 'orders', where: 'id = 1\n AND  nope' }, /line 2, column 7 of the condition/],
    [
      'a condition beside another',
      {
        objects: [{ object: 'orders' }, { object: 'customers', condition: 'TRUE AND\nnope = 1' }],
        where: 'orders.id > 1',
      },
      /line 2, column 1 of the condition of objects\[1\]/,
    ],
    ['preSql', { object: 'orders', preSql: 'SELECT 1;\nSELECT nope' }, /line 2, column 8 of preSql/],
  ] as const satisfies readonly (readonly [string, ReadSpec, RegExp])[]) {
    it(`point into the user's text for a mistake in ${title}`, async () => {
      const failure = await world.refusal(spec);
      expect(failure.code).to.equal('RS_SQL_USER_FAILED');
      expect(failure.message).to.match(words);
    });
  }

  for (const [title, spec, path] of [
    ['an operator that there is not', { object: 'orders', filter: { column: 'id', operator: '~' } }, 'filter.operator'],
    ['a filter of two kinds', { object: 'orders', filter: { and: [], or: [] } }, 'filter'],
    ['NULL in a filter', { object: 'orders', filter: { and: [{ column: 'id', value: null }] } }, 'filter.and[0]'],
    ['an alias that there is not', { objects: JOINED, columns: ['x.id'] }, 'columns[0]'],
    ['a column without its alias', { objects: JOINED, columns: ['id'] }, 'columns[0]'],
    ['two columns of one name', { objects: JOINED, columns: ['o.id', 'c.id'] }, 'columns[1]'],
    ['two objects of one name', { objects: [{ object: 'orders' }, { object: 's.orders' }] }, 'objects[1].alias'],
    ['a join without a condition', { objects: [{ object: 'orders' }, { object: 'customers' }] }, 'objects[1]'],
    [
      'a join to an object that comes later',
      {
        objects: [
          { object: 'orders', alias: 'a' },
          { object: 'orders', alias: 'b', on: [{ left: 'a.id', right: 'c.id' }] },
          { object: 'orders', alias: 'c', on: [{ left: 'a.id', right: 'c.id' }] },
        ],
      },
      'objects[1].on[0]',
    ],
    ['a parameter that nothing names', { object: 'orders', parameters: { a: 1 } }, 'parameters.a'],
    ['a parameter that is not declared', { query: 'select :b', parameters: { a: 1 } }, 'query'],
    [
      'a statement in a parameter',
      { query: 'select :b', parameters: { b: { kind: 'sql', value: '1; drop table x' } } },
      undefined,
    ],
    [
      'a type that there is not',
      { query: 'select :b', parameters: { b: { value: 1, type: 'int); drop' } } },
      'parameters.b.type',
    ],
    [
      'a sort column that distinct rows do not have',
      { object: 'orders', columns: ['id'], distinct: true, orderBy: ['note'] },
      'orderBy[0]',
    ],
    ['a name of four parts', { object: 'a.b.c.d' }, 'object'],
    ['postSql that nobody can split', { object: 'orders', postSql: "SELECT 'a\\'; SELECT 1" }, 'postSql'],
  ] as unknown as readonly (readonly [string, ReadSpec, string | undefined])[]) {
    it(`refuse ${title}`, async () => {
      const failure = await world.refusal(spec);
      expect(failure.code).to.equal('RS_CONFIG_INVALID');
      if (path !== undefined) expect(failure.issues?.map((issue) => issue.path)).to.deep.equal([path]);
    });
  }

  for (const [title, spec, words] of [
    ['a joined object', { objects: [{ object: 'orders' }, { object: 'custmers', condition: 'TRUE' }] }, /customers/],
    ['a database', { object: 'elsewhere.public.orders' }, /elsewhere/],
  ] as const satisfies readonly (readonly [string, ReadSpec, RegExp])[]) {
    it(`tell that ${title} is missing`, async () => {
      const failure = await world.refusal(spec);
      expect(failure.code).to.equal('RS_CONFIG_OBJECT_MISSING');
      expect(`${failure.message} ${failure.action}`).to.match(words);
    });
  }

  it('are previewed too', async () => {
    const spec = { objects: JOINED, columns: ['c.name'], filter: { column: 'o.id', value: 12 } } as const;
    expect((await preview(world.connection, spec, world.run())).rows()).to.deep.equal([{ name: 'Bob' }]);
  });

  describe('with statements before and after', () => {
    for (const mode of ['direct', 'staged'] as const) {
      it(`run them once, in one session, around a ${mode} read`, async () => {
        const rows = await world.rows({
          query: 'SELECT n FROM picked',
          preSql: 'CREATE TEMP TABLE picked (n INTEGER); INSERT INTO picked VALUES (:n);',
          postSql: 'INSERT INTO orders (id, note) SELECT 900, COUNT(*) FROM picked',
          parameters: { n: 7 },
          mode,
        });
        expect(rows).to.deep.equal([[7]]);
        const left = await world.world.sql('SELECT note FROM orders WHERE id = 900; ');
        await world.world.sql('DELETE FROM orders WHERE id = 900');
        expect(left.rows).to.deep.equal([['1']]);
      });
    }

    it('leave the later ones out when the read fails or is left', async () => {
      const spec = { query: 'select 1 / (id - 12) from orders', postSql: 'INSERT INTO orders (id) VALUES (901)' };
      await world.refusal(spec);
      for await (const _batch of read(world.connection, { ...spec, query: 'select 1' }, world.run())) break;
      expect((await world.world.sql('SELECT 1 FROM orders WHERE id = 901')).rows).to.deep.equal([]);
    });
  });
});

function inOrder(rows: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
