import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { connector } from '../../../src/connector.ts';
import type { OpenConnector } from '../../../src/operations/calls/open-connector.ts';
import type { Explanation } from '../../../src/operations/explain/explanation.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import type { WriteSpec } from '../../../src/operations/write-spec.ts';
import { openWriteWorld, type WriteWorld } from '../write/write-world.ts';

/** Statements without what differs from run to run. */
function plain(statements: readonly string[]): readonly string[] {
  return statements.map((text) =>
    text
      .replaceAll(/run-(?:\d{4}-\d\d-\d\d-)?(?:[0-9a-f]{24}|<random>)/g, 'run-R')
      .replaceAll(/(roleshift_stage_|null-)(?:[0-9a-f]{24}|<random>)/g, '$1R')
      .replaceAll(/'(?:[0-9a-f]{64}|<digest>)'/g, "'D'")
      .replaceAll(/, (?:\d+|<rows>)(?=,)/g, ', N')
      .replaceAll(/FETCH FORWARD \d+/g, 'FETCH FORWARD N')
      .replace(/^FETCH FORWARD N .*$/, 'FETCH'),
  );
}

function statementsOf({ steps }: Explanation): readonly string[] {
  return steps.flatMap(({ statements }) => statements.map(({ sql }) => sql));
}

describe('explain', () => {
  let on: WriteWorld;
  let redshift: OpenConnector;
  let csv: string;

  before(async () => {
    on = await openWriteWorld();
    redshift = connector.open(on.world.connection('keys-etl-agent').values);
    csv = join(on.folder, 'input.csv');
    await writeFile(csv, 'id,note,extra\n1,a,7\n2,b,8\n');
    await on.table('orders', 'id bigint primary key, note varchar(20)');
    await on.table('other', 'id bigint, note varchar(20)');
  });

  after(async () => {
    await redshift[Symbol.asyncDispose]();
    await on[Symbol.asyncDispose]();
  });

  /** Statements that Redshift was sent since. */
  async function sent(work: () => Promise<unknown>): Promise<readonly string[]> {
    const before = (await on.world.statements()).length;
    await work();
    return (await on.world.statements()).slice(before).map(({ text = '' }) => text);
  }

  const WRITES: readonly (readonly [title: string, spec: Omit<WriteSpec, 'object'>, rows: readonly object[]])[] = [
    ['insert', {}, [{ id: 10, note: 'a' }]],
    ['insert, all deleted first', { before: 'deleteAll' }, [{ id: 1, note: 'a' }]],
    ['insert, verified', { verify: true }, [{ id: 11, note: 'a' }]],
    ['insert of unique keys', { duplicateKeys: 'keepLast' }, [{ id: 12, note: 'a' }]],
    ['insert behind TRUNCATE, without a ledger', { before: 'truncate', ledger: 'off' }, [{ id: 1, note: 'a' }]],
    ['upsert', { operation: 'upsert' }, [{ id: 1, note: 'b' }]],
    ['update under a lock', { operation: 'update', lockTarget: true }, [{ id: 1, note: 'c' }]],
    ['replaceRow with rejects', { operation: 'replaceRow', rejectLimit: 2 }, [{ id: 1, note: 'd' }]],
    ['delete', { operation: 'delete' }, [{ id: 1 }]],
    [
      'dataDriven',
      { operation: 'dataDriven', changeColumn: 'op' },
      [
        { id: 20, note: 'a', op: 'I' },
        { id: 12, note: 'b', op: 'U' },
        { id: 11, note: 'b', op: 'D' },
        { id: 10, note: 'b', op: 'D' },
        { id: 10, note: 'c', op: 'I' },
      ],
    ],
  ];
  for (const [title, spec, rows] of WRITES) {
    it(`tells the statements of a write as they are sent: ${title}`, async () => {
      const whole: WriteSpec = { object: 'sales.orders', path: 'staged', ...spec };
      if (['delete', 'update under a lock'].includes(title))
        await on.world.sql("DELETE FROM sales.orders WHERE id = 1; INSERT INTO sales.orders VALUES (1, 'x')");
      if (title === 'dataDriven')
        await on.world.sql("DELETE FROM sales.orders; INSERT INTO sales.orders VALUES (10, 'x'), (11, 'x'), (12, 'x')");
      await redshift.write({ object: 'sales.orders', path: 'staged' }, [{ id: 999, note: 'makes the ledger' }]);
      const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      const runId = `explained ${title}`;
      const expected = statementsOf(await redshift.explainWrite({ ...whole, columns, runId }));
      const real = await sent(() => redshift.write({ ...whole, runId }, rows));
      expect(plain(real).slice(-expected.length)).to.deep.equal(plain(expected));
    });
  }

  it('tells the statements of a write by INSERT', async () => {
    const spec: WriteSpec = { object: 'sales.other', path: 'insert', columns: ['id', 'note'] };
    await redshift.write(spec, [[1, 'a']]);
    const plan = await redshift.explainWrite({ ...spec, runId: 'inserted' });
    const real = await sent(() => redshift.write({ ...spec, runId: 'inserted' }, [[2, 'a']]));
    const expected = statementsOf(plan);
    expect(plan.path).to.equal('insert');
    expect(plain(real).slice(-expected.length)).to.deep.equal(plain(expected));
  });

  const TARGETS: readonly (readonly [title: string, table: string, spec: Partial<WriteSpec>])[] = [
    ['a table that is made', '', { createTarget: true, tableComment: 'made' }],
    ['a column that is added', 'id bigint, note varchar(20)', { targetChanges: 'add' }],
    ['a type that is changed', 'id smallint, note varchar(20), extra smallint', { targetChanges: 'alter' }],
    ['a table that is recreated', 'id bigint, note varchar(20)', { targetChanges: 'recreate', tableComment: 'new' }],
  ];
  for (const [index, [title, columns, spec]] of TARGETS.entries()) {
    it(`tells the statements of ${title} before it is`, async () => {
      const name = `shaped_${index}`;
      if (columns !== '') {
        await on.table(name, columns);
        await on.world.sql(`ALTER TABLE sales.${name} OWNER TO etl; INSERT INTO sales.${name} (id) VALUES (5)`);
      }
      const big = join(on.folder, 'big.csv');
      await writeFile(big, 'id,note,extra\n123456,a,7\n2,b,8\n');
      const whole: WriteSpec = { object: `sales.${name}`, ...spec };
      const plan = await redshift.explainWrite(whole, { file: big });
      const report = await redshift.write(whole, { file: big });
      const told = plan.steps
        .find(({ id }) => id === 'plan')
        ?.statements.map(({ sql }) => sql)
        .filter((sql) => !/^(?:BEGIN|COMMIT|SET)\b/.test(sql) && !sql.includes('roleshift_ledger_'));
      expect(told).to.deep.equal(report.ddl ?? []);
      expect(report.ddl).to.not.equal(undefined);
    });
  }

  const READS: readonly (readonly [title: string, spec: ReadSpec])[] = [
    ['direct', { object: 'sales.orders', mode: 'direct', where: 'id > 1', limit: 5 }],
    ['direct and verified', { object: 'sales.orders', mode: 'direct', verify: true }],
    ['staged', { object: 'sales.orders', mode: 'staged', orderBy: [] }],
    ['staged and verified', { query: 'select id, note from sales.orders', mode: 'staged', verify: true }],
  ];
  for (const [title, spec] of READS) {
    it(`tells the statements of a read as they are sent: ${title}`, async () => {
      const expected = plain(statementsOf(await redshift.explainRead(spec)));
      const real = plain(
        await sent(async () => {
          for await (const batch of redshift.read(spec)) void batch;
        }),
      ).filter((text, index, all) => text !== 'FETCH' || all[index - 1] !== 'FETCH');
      expect(real.slice(-expected.length)).to.deep.equal(expected);
    });
  }

  it('changes nothing: neither the database, nor the bucket, nor the disk, and sends nothing that could', async () => {
    const look = async () => ({
      tables: await on.rows(
        "SELECT n.nspname, c.relname, a.attname, c.relacl::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid WHERE n.nspname = 'sales' ORDER BY 1, 2, a.attnum",
      ),
      rows: await on.rows('SELECT count(*) FROM sales.orders'),
      bucket: await on.staged(),
      files: await on.files(),
    });
    const before = await look();
    const texts = await sent(async () => {
      const file = { file: csv };
      await redshift.explainWrite(
        { object: 'sales.fresh', createTarget: true, preSql: 'create table sales.pre (a int)' },
        file,
      );
      await redshift.explainWrite({ object: 'sales.other', targetChanges: 'recreate', before: 'truncate' }, file);
      await redshift.explainWrite(
        { object: 'sales.other', targetChanges: 'alter', analyze: 'allColumns', vacuum: 'full' },
        file,
      );
      await redshift.explainRead(
        { object: 'sales.orders', mode: 'staged', preSql: 'drop table sales.orders' },
        { to: join(on.folder, 'never.parquet') },
      );
      await redshift.explainRead({
        object: 'sales.orders',
        mode: 'partitioned',
        partitionColumn: 'id',
        allowInconsistent: true,
      });
    });
    expect(await look()).to.deep.equal(before);
    expect(texts.filter((text) => !/^(?:SELECT|SHOW|SET|EXPLAIN)\b/i.test(text))).to.deep.equal([]);
  });

  it('does not take a row from a program', async () => {
    let taken = 0;
    function* rows(): Generator<object> {
      taken += 1;
      yield { id: 1 };
    }
    await redshift.explainWrite({ object: 'sales.orders' }, rows());
    expect(taken).to.equal(0);
  });
});
