import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { connector } from '../../src/connector.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { type Desk, openDesk } from './command.ts';

async function runProgram(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  expect(status, printed).to.equal(0);
  return printed.trimEnd().split('\n');
}

describe('the sample programs, by the public names of the package', () => {
  let sandbox: TestWorld;
  let desk: Desk;

  before(async function () {
    this.timeout(60_000);
    desk = await openDesk();
    sandbox = await openWorld(
      standardWorld((_, _account, cluster) => {
        cluster.databases![0]!.setup = `
          create table public.orders (id bigint not null, note varchar(20), amount decimal(10,2));
          grant all on public.orders to etl;`;
      }),
    );
  });
  after(async () => {
    await sandbox?.[Symbol.asyncDispose]();
    await desk?.[Symbol.asyncDispose]();
  });

  it('a host checks, writes once for a run id, and reads, as an EC2 machine', async function () {
    this.timeout(60_000);
    const ready = sandbox.connection('ec2-agent');
    const file = await desk.connection(ready);
    const program = ['samples/programs/plugin.ts', file, 'public.orders', 'run-1'];
    const first = await runProgram(program, ready.environment);
    expect(first.filter((line) => line.startsWith('fail'))).to.deep.equal([]);
    expect(first.slice(-3)).to.deep.equal(['written 2 (now)', 'row 1n first 10.50', 'row 2n null 0.10']);
    const second = await runProgram(program, ready.environment);
    expect(second.slice(-3)).to.deep.equal(['written 2 (before)', 'row 1n first 10.50', 'row 2n null 0.10']);
  });

  it('a connector that is disposed of ends a read that its program left, and leaves no staged file', async function () {
    this.timeout(30_000);
    const redshift = connector.open(sandbox.connection('keys-etl-agent').values);
    const batches = redshift.read({ object: 'public.orders', mode: 'staged', batchRows: 1 });
    await batches.next();
    await redshift[Symbol.asyncDispose]();
    const calls = await sandbox.calls();
    const put = calls.filter(({ action }) => action === 'PutObject').length;
    const deleted = calls.filter(({ action }) => /^DeleteObjects?$/.test(action)).length;
    expect(put).to.be.greaterThan(0);
    expect(deleted).to.be.greaterThan(0);
    expect(await batches.next()).to.deep.equal({ value: undefined, done: true });
  });

  it('Kysely reads through a pool that logs in by role', async () => {
    const ready = sandbox.connection('keys-etl-agent');
    const printed = await runProgram(['samples/programs/kysely.ts', await desk.connection(ready)], ready.environment);
    expect(printed).to.deep.equal(['logged in as etl', 'order 1 10.50', 'order 2 0.10']);
  });
});
