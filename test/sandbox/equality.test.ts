import { expect } from 'chai';
import type { Client } from 'pg';
import { openTestCluster, type TestCluster } from './pg-cluster.ts';

describe('Trailing blanks at the pg endpoint', () => {
  let cluster: TestCluster;
  let client: Client;
  before(async () => {
    cluster = await openTestCluster();
    client = await cluster.client();
    await client.query(
      "CREATE TABLE a (id int, v varchar(10), c char(5)); INSERT INTO a VALUES (1, 'x', 'x'), (2, 'x  ', 'x'), (3, ' x', 'y'), (4, 'x\t', 'y'), (5, NULL, NULL)",
    );
    await client.query("CREATE TABLE b (v varchar(20), n int); INSERT INTO b VALUES ('x ', 1), ('y', 2)");
  });
  after(() => cluster[Symbol.asyncDispose]());

  const cases: readonly [what: string, sql: string, rows: unknown[][]][] = [
    ['equality', "SELECT id FROM a WHERE v = 'x ' ORDER BY id", [[1], [2]]],
    ['inequality', "SELECT id FROM a WHERE v <> 'x' ORDER BY id", [[3], [4]]],
    ['order', "SELECT 'x ' < 'x', 'x ' <= 'x', 'x ' > 'w', 'x '::varchar >= 'x'", [[false, true, true, true]]],
    ['results of functions', "SELECT id FROM a WHERE upper(v) = 'X' || ' ' ORDER BY id", [[1], [2]]],
    ['CHAR against VARCHAR', 'SELECT id FROM a WHERE c = v ORDER BY id', [[1], [2]]],
    ['IN', "SELECT id FROM a WHERE v IN ('q', 'x    ') ORDER BY id", [[1], [2]]],
    ['CASE', "SELECT CASE 'x ' WHEN 'x' THEN 1 ELSE 2 END", [[1]]],
    ['GROUP BY', 'SELECT count(*) FROM a GROUP BY v HAVING count(*) > 1', [['2']]],
    ['DISTINCT', 'SELECT count(*) FROM (SELECT DISTINCT v FROM a) d', [['4']]],
    ['count(DISTINCT)', 'SELECT count(DISTINCT v) FROM a', [['3']]],
    ['UNION', "SELECT count(*) FROM (SELECT 'x'::varchar UNION SELECT 'x '::varchar) u", [['1']]],
    [
      'a join',
      'SELECT a.id, b.n FROM a JOIN b ON a.v = b.v ORDER BY 1',
      [
        [1, 1],
        [2, 1],
      ],
    ],
    ['NOT EXISTS', 'SELECT id FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.v = a.v) ORDER BY id', [[3], [4], [5]]],
    [
      'PARTITION BY',
      'SELECT id, row_number() OVER (PARTITION BY v ORDER BY id) FROM a ORDER BY id',
      [
        [1, '1'],
        [2, '2'],
        [3, '1'],
        [4, '1'],
        [5, '1'],
      ],
    ],
    ['EXCEPT', 'SELECT v FROM a WHERE id < 3 EXCEPT SELECT v FROM b', []],
  ];
  for (const [what, sql, rows] of cases) {
    for (const [how, setting] of [
      ['hashing', 'off'],
      ['sorting', 'on'],
    ] as const) {
      it(`do not count in ${what}, by ${how}`, async () => {
        // PostgreSQL's own switches, by a function that is not in the way of the endpoint.
        await cluster.running.sql(
          'dev',
          `ALTER DATABASE dev SET enable_hashagg = ${setting === 'on' ? 'off' : 'on'}; ALTER DATABASE dev SET enable_hashjoin = ${setting === 'on' ? 'off' : 'on'}`,
        );
        const fresh = await cluster.client();
        expect(await cluster.rows(fresh, sql)).to.deep.equal(rows);
      });
    }
  }

  it('are kept, counted in lengths, and looked at by LIKE', async () => {
    expect(
      await cluster.rows(client, "SELECT v, length(v), v || '|', v LIKE 'x', v LIKE 'x  ' FROM a WHERE id = 2"),
    ).to.deep.equal([['x  ', 3, 'x  |', false, true]]);
  });

  it('do not count for changes by key', async () => {
    await client.query('UPDATE a SET id = 20 FROM b WHERE a.v = b.v AND a.id = 2');
    await client.query('DELETE FROM a USING b WHERE a.v = b.v AND a.id = 1');
    expect(await cluster.rows(client, 'SELECT id FROM a ORDER BY id')).to.deep.equal([[3], [4], [5], [20]]);
  });
});
