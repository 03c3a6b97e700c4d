import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { describeExplanation } from '../../../src/cli/explain-screen.ts';
import { connector } from '../../../src/connector.ts';
import type { OpenConnector } from '../../../src/operations/calls/open-connector.ts';
import { inputSize } from '../../../src/operations/explain/input-size.ts';
import { identifier, sql } from '../../../src/sql/sql.ts';
import { openWriteWorld, type WriteWorld } from '../write/write-world.ts';

describe('what explain says about a write', () => {
  let on: WriteWorld;
  let redshift: OpenConnector;
  let csv: string;

  before(async () => {
    on = await openWriteWorld();
    redshift = connector.open(on.world.connection('keys-etl-agent').values);
    csv = join(on.folder, 'input.csv');
    await writeFile(csv, 'id,note,extra\n1,a,7\n2,b,8\n');
    await on.table('orders', 'id bigint primary key, note varchar(20)');
  });

  after(async () => {
    await redshift[Symbol.asyncDispose]();
    await on[Symbol.asyncDispose]();
  });

  it('says why, what is locked, and what is not atomic', async () => {
    const plan = await redshift.explainWrite({
      object: 'sales.orders',
      operation: 'upsert',
      before: 'truncate',
      path: 'staged',
      lockTimeoutSeconds: 9,
    });
    expect([plan.atomic, plan.notAtomic.join()]).to.satisfy(
      ([atomic, why]: [boolean, string]) => !atomic && /TRUNCATE/.test(why),
    );
    const apply = plan.steps.find(({ id }) => id === 'apply');
    expect(apply?.locks?.map(({ waitSeconds }) => waitSeconds)).to.deep.equal([9, undefined]);
    expect(plan.reasons.join()).to.match(/asked for.*temporary table.*upsert compares keys/s);
    expect(plan.rights.command).to.equal(
      'roleshift grants -c <connection file> --operations write:upsert --objects sales.orders --before truncate --staged',
    );
    const screen = describeExplanation(plan).join('\n');
    expect(screen)
      .to.match(/ 1\. {2}.*\[plan\]/)
      .and.match(/NOT ATOMIC/)
      .and.not.match(/undefined|\[object/);
  });

  it('says that a table is changed ahead of the transaction, for good, and what that locks', async () => {
    await on.table('reshaped', 'id bigint, note varchar(20)');
    await on.world.sql('ALTER TABLE sales.reshaped OWNER TO etl');
    const spec = { object: 'sales.reshaped', lockTimeoutSeconds: 9 } as const;
    const recreated = await redshift.explainWrite({ ...spec, targetChanges: 'recreate' }, { file: csv });
    expect(recreated.notAtomic.join()).to.match(/sales\.reshaped is made, or changed, for good before/);
    const [plan] = recreated.steps;
    expect(plan?.transaction).to.match(/^one transaction from BEGIN to COMMIT/);
    expect(plan?.locks).to.deep.equal([
      {
        table: 'sales.reshaped',
        keepsOut: 'everybody who reads or writes it',
        until: 'COMMIT of the change',
        waitSeconds: 9,
      },
    ]);
    const added = await redshift.explainWrite({ ...spec, targetChanges: 'add' }, { file: csv });
    expect(added.steps[0]?.locks?.map(({ until }) => until)).to.deep.equal(['each ALTER TABLE has ended']);
    expect(added.steps[0]?.transaction).to.match(/^autocommit/);
  });

  it('shows SQL of several lines below its first', async () => {
    const plan = await redshift.explainRead({ object: 'sales.orders', preSql: 'select 1;\n select\n2' });
    const lines = describeExplanation(plan).join('\n').split('\n');
    const at = lines.findIndex((line) => line.includes('select 1;'));
    expect(lines.slice(at, at + 3).map((line) => line.slice(17))).to.deep.equal(['select 1;', 'select', '2;']);
  });

  it('shows no secret that SQL of your own holds', async () => {
    const preSql =
      "create user x password 'Pass''word1'; copy t from 's3://b/k' access_key_id 'AKIAX' secret_access_key 'hidden'";
    const plan = await redshift.explainRead({ object: 'sales.orders', preSql });
    const text = JSON.stringify(plan);
    expect(text).to.contain("password '***'").and.contain("secret_access_key '***'").and.contain('s3://b/k');
    expect(text).to.not.match(/hidden|AKIAX|word1/);
    const others = [
      "alter user x password\n\t'on-another-line'",
      'alter user x password $$hidden$$',
      "copy t from 's3://b/k' master_symmetric_key as 'hidden'",
    ];
    const shown = await redshift.explainRead({ object: 'sales.orders', preSql: others.join(';') });
    expect(JSON.stringify(shown)).to.not.match(/hidden|another-line/);
  });

  it('takes an input that is small enough by INSERT, as the run does', async () => {
    const spec = { object: 'sales.orders', columns: ['id', 'note'] } as const;
    const plan = await redshift.explainWrite(spec, { file: csv });
    const report = await redshift.write(spec, { file: csv });
    expect([plan.path, report.path]).to.deep.equal(['insert', 'insert']);
    expect(plan.steps.find(({ id }) => id === 'apply')?.estimate).to.include({ rows: 2, from: 'the files' });
    const packed = join(on.folder, 'small.csv.gz');
    await writeFile(packed, gzipSync('id,note\n7,a\n8,b\n'));
    expect((await redshift.explainWrite(spec, { file: packed })).path).to.equal('insert');
  });

  it('does not wait for a load that holds the ledger', async () => {
    await on.table('held', 'id bigint');
    await redshift.write({ object: 'sales.held' }, [{ id: 1 }]);
    const [[ledger = ''] = []] = await on.rows(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'sales' AND tablename LIKE 'roleshift_ledger%held%'",
    );
    await using session = await on.session();
    const { signal } = new AbortController();
    await session.run(sql`BEGIN`, { signal });
    await session.run(sql`LOCK TABLE ${identifier('sales', ledger ?? '')}`, { signal });
    const plan = await redshift.explainWrite({ object: 'sales.held' }, undefined, {
      signal: AbortSignal.timeout(20_000),
    });
    expect(plan.steps[0]?.statements).to.deep.equal([]);
    await session.rollback();
  });

  it('estimates rows, staged files, the load and what is done to the table, which it looks up', async () => {
    const large = join(on.folder, 'large.csv');
    const line = `${'7'.repeat(8)},${'a'.repeat(6)}\n`;
    await writeFile(large, `id,note\n${line.repeat(1_000_000)}`);
    await on.world.sql('GRANT SELECT ON svv_table_info TO etl');
    const plan = await redshift.explainWrite({ object: 'sales.orders', operation: 'upsert' }, { file: large });
    const steps = new Map(plan.steps.map((step) => [step.id, step]));
    expect(steps.get('stage')?.estimate).to.include({ rows: 1_000_000, files: 2 });
    expect(steps.get('load')?.estimate).to.include({ rows: 1_000_000, seconds: 4 });
    expect(steps.get('apply')?.estimate?.from).to.equal('the head of the files, and their size; SVV_TABLE_INFO');
    expect(steps.get('apply')?.notes.join()).to.match(/The table holds about 2 rows in \d+ MiB/);
    expect(plan.estimate).to.include({ rows: 1_000_000 });
    expect(steps.get('stage')?.files?.sizes).to.match(/among the 2 slices/);
  });

  it('counts the rows of inputs as far as a look at them tells', async () => {
    const open = join(on.folder, 'open.jsonl');
    const packed = join(on.folder, 'packed.csv.gz');
    const nothing = join(on.folder, 'nothing.csv');
    await writeFile(open, '{"id":1}\n{"id":2}');
    await writeFile(packed, 'no matter what');
    await writeFile(nothing, '');
    expect(await inputSize({ files: [open, csv] })).to.include({ files: 2, rows: 4, isCounted: true, form: 'text' });
    expect(await inputSize({ files: [packed, csv] }))
      .to.include({ files: 2, form: 'packed' })
      .and.not.have.property('rows');
    expect(await inputSize({ file: nothing })).to.include({ rows: 0, bytes: 0 });
    expect(await inputSize({ file: 's3://bucket/key' })).to.equal(undefined);
  });
});
