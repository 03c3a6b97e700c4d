import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { type Desk, openDesk } from './command.ts';

const SETUP = `
  CREATE TABLE public.orders (id INTEGER, customer_id INTEGER, day DATE);
  INSERT INTO public.orders SELECT n, n % 3, DATE '2026-01-01' + n FROM generate_series(1, 300) AS n;
  CREATE TABLE public.customers (id INTEGER, name VARCHAR(10));
  INSERT INTO public.customers VALUES (1, 'Ann'), (2, 'Bob');
  CREATE PROCEDURE public.listing(n IN INTEGER, out_rows INOUT REFCURSOR) AS $$
    BEGIN OPEN out_rows FOR SELECT id FROM public.orders WHERE id <= n ORDER BY id; END; $$ LANGUAGE plpgsql;
  CREATE PROCEDURE public.twice(n INOUT INTEGER) AS $$ BEGIN n := 2 * n; END; $$ LANGUAGE plpgsql;
  GRANT ALL ON public.orders, public.customers TO etl;
  GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA public TO etl;`;

describe('reads from the command line', () => {
  let world: TestWorld;
  let desk: Desk;
  let connection: string;

  before(async function () {
    this.timeout(60_000);
    world = await openWorld(standardWorld());
    await world.sql(SETUP);
    desk = await openDesk();
    connection = await desk.connection(world.connection('keys-etl-agent'));
  });
  after(async () => {
    await desk?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  async function lines(...args: readonly string[]): Promise<readonly unknown[]> {
    const { status, stdout, stderr } = await desk.run(['read', '-c', connection, ...args]);
    expect(status, stderr).to.equal(0);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  }

  it('join, filter, name parameters and sort', async () => {
    const objects = [
      { object: 'orders', alias: 'o' },
      { object: 'customers', alias: 'c', join: 'left', on: [{ left: 'o.customer_id', right: 'c.id' }] },
    ];
    const filter = {
      or: [
        { column: 'c.name', operator: 'startsWith', value: 'B' },
        { column: 'o.id', value: 3 },
      ],
    };
    const found = await lines(
      '--objects',
      JSON.stringify(objects),
      '--columns',
      'o.id,c.name',
      '--filter',
      JSON.stringify(filter),
      '--where',
      'o.id < :most',
      '--parameters',
      '{"most": 6}',
      '--order-by',
      '-o.id',
    );
    expect(found).to.deep.equal([
      { id: 5, name: 'Bob' },
      { id: 3, name: null },
      { id: 2, name: 'Bob' },
    ]);
  });

  it('are cut into parts', async () => {
    const args = ['--mode', 'partitioned', '--allow-inconsistent', '--partition-column', 'day'];
    expect(await lines('orders', ...args, '--partition-boundaries', '2026-02-01,2026-03-01')).to.have.length(300);
    const refused = await desk.run(['read', '-c', connection, 'orders', '--mode', 'partitioned']);
    expect(refused.status).to.equal(2);
    expect(refused.stderr).to.match(/--allow-inconsistent/);
  });

  it('go on with a run id, and leave nothing', async () => {
    expect(await lines('orders', '--mode', 'staged', '--resumable', '--run-id', 'nightly-1')).to.have.length(300);
    expect(await readdir(desk.temporary)).to.deep.equal([]);
  });

  it('give the rows of a procedure; call shows what it puts out', async () => {
    const rows = await lines('--procedure', 'listing', '--arguments', '[2, null]');
    expect(rows).to.deep.equal([{ id: 1 }, { id: 2 }]);
    const called = await desk.run(['call', '-c', connection, 'public.twice', '--arguments', '[21]', '--json']);
    expect(JSON.parse(called.stdout)).to.deep.equal({ outputs: { n: 42 }, results: [] });
    const shown = await desk.run(['call', '-c', connection, 'listing', '--arguments', '[5, null]', '-n', '1']);
    expect(shown.stdout).to.match(/out_rows:\n\s*id\n.*1\n\(there are more rows\)/s);
  });
});
