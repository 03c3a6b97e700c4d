import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Explanation } from '../../src/operations/explain/explanation.ts';
import type { RunReport } from '../../src/operations/report/run-report.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { type Desk, openDesk } from './command.ts';

describe('explain and run reports from the command line', () => {
  let world: TestWorld;
  let desk: Desk;
  let connection: string;
  let input: string;

  before(async function () {
    this.timeout(60_000);
    world = await openWorld(standardWorld());
    await world.sql(
      'CREATE TABLE public.orders (id BIGINT PRIMARY KEY, note VARCHAR(5)); GRANT ALL ON public.orders TO etl; GRANT ALL ON SCHEMA public TO etl',
    );
    desk = await openDesk();
    connection = await desk.connection(world.connection('keys-etl-agent'));
    input = join(desk.folder, 'orders.csv');
    await writeFile(input, 'id,note\n1,a\n2,b\n');
  });
  after(async () => {
    await desk?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  it('explain a write as text and as JSON, and do nothing', async () => {
    const args = ['explain', 'write', '-c', connection, 'public.orders', input, '--operation', 'upsert'];
    const text = await desk.run(args);
    expect(text.status, text.stderr).to.equal(0);
    expect(text.stdout).to.match(/^upsert {2}public\.orders\npath /);
    expect(text.stdout)
      .to.match(/^ 1\. {2}.*\[plan\]$/m)
      .and.match(/^ {5}sql +CREATE TABLE IF NOT EXISTS/m);
    expect(text.stdout).to.match(/printed by: roleshift grants .* --operations write:upsert/);
    const json = await desk.run([...args, '--json']);
    const plan = JSON.parse(json.stdout) as Explanation;
    expect(plan).to.include({ kind: 'write', operation: 'upsert' });
    expect(plan.steps.map(({ id }) => id)).to.deep.equal(['plan', 'stage', 'load', 'apply']);
    const { rows } = await world.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'roleshift%'");
    expect(rows).to.deep.equal([['0']]);
  });

  it('explain a read with the flags of a read', async () => {
    const answer = await desk.run([
      'explain',
      'read',
      '-c',
      connection,
      'public.orders',
      '--mode',
      'staged',
      '-o',
      'x.csv',
    ]);
    expect(answer.status, answer.stderr).to.equal(0);
    expect(answer.stdout)
      .to.match(/UNLOAD \('SELECT/)
      .and.match(/\[export\]/)
      .and.match(/files +x\.csv/);
  });

  it('write the report of a run to a file of its owner alone, also when it fails', async () => {
    const report = join(desk.folder, 'report.json');
    const read = async (): Promise<RunReport> => JSON.parse(await readFile(report, 'utf8')) as RunReport;
    const done = await desk.run([
      'write',
      '-c',
      connection,
      'public.orders',
      input,
      '--run-id',
      'one',
      '--report',
      report,
    ]);
    expect(done.status, done.stderr).to.equal(0);
    expect(await read()).to.include({ kind: 'write', runId: 'one', status: 'completed', outcome: 'committed' });
    expect((await stat(report)).mode & 0o777).to.equal(0o600);
    const rows = await desk.run(['read', '-c', connection, 'public.orders', '--report', report]);
    expect(rows.stdout.split('\n')).to.have.length(3);
    expect((await read()).counts).to.deep.equal({ read: 2 });
    const long = join(desk.folder, 'long.csv');
    await writeFile(long, 'id,note\n3,much too long\n');
    const failed = await desk.run(['write', '-c', connection, 'public.orders', long, '--report', report]);
    expect(failed.status).to.equal(5);
    expect(await read()).to.include({ status: 'failed', outcome: 'nothing written' });
  });

  it('say that there is no report where no run began', async () => {
    const report = join(desk.folder, 'never.json');
    const nowhere = join(desk.folder, 'nowhere.yaml');
    for (const command of [
      ['write', 'public.orders', input],
      ['read', 'public.orders'],
      ['read', 'public.orders', '-o', join(desk.folder, 'never.csv')],
      ['call', 'public.nothing'],
    ]) {
      const answer = await desk.run([...command, '-c', nowhere, '--report', report]);
      expect(answer.status, command.join(' ')).to.equal(2);
      expect(answer.stderr).to.match(/^No report was written: the run did not begin\.$/m);
      const there = await stat(report).catch(() => undefined);
      expect(there).to.equal(undefined);
    }
  });

  it('refuse a report that could not be written, before anything is done', async () => {
    const answer = await desk.run([
      'write',
      '-c',
      connection,
      'public.orders',
      input,
      '--report',
      join(desk.folder, 'no', 'r.json'),
    ]);
    expect(answer.status).to.equal(2);
    expect(answer.stderr).to.match(/report file/i);
  });
});
