import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { connector } from '../../../src/connector.ts';
import type { OpenConnector } from '../../../src/operations/calls/open-connector.ts';
import type { RunReport } from '../../../src/operations/report/run-report.ts';
import { openWriteWorld, type WriteWorld } from '../write/write-world.ts';

describe('the run report', () => {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false });
  const isValid = ajv.compile(JSON.parse(readFileSync('schemas/run-report.v1.json', 'utf8')) as object);
  let on: WriteWorld;
  let redshift: OpenConnector;

  before(async () => {
    on = await openWriteWorld();
    redshift = connector.open(on.world.connection('keys-etl-agent').values);
    await on.table('orders', 'id bigint primary key, note varchar(20)');
    await on.world.sql(
      "CREATE PROCEDURE sales.twice(a int, INOUT b int) AS 'BEGIN b := a * 2; END' LANGUAGE plpgsql; GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA sales TO etl",
    );
  });

  after(async () => {
    await redshift[Symbol.asyncDispose]();
    await on[Symbol.asyncDispose]();
  });

  /** The one report of a call, which holds to the schema, and how the call ended. */
  async function reported(
    call: (onReport: (report: RunReport) => void) => Promise<unknown>,
  ): Promise<{ report: RunReport; error: unknown }> {
    const reports: RunReport[] = [];
    const error: unknown = await call((report) => reports.push(report)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(reports).to.have.length(1);
    const report = reports[0]!;
    const document: unknown = JSON.parse(JSON.stringify(report));
    expect(isValid(document) ? [] : isValid.errors).to.deep.equal([]);
    expect(document, 'plain JSON').to.deep.equal(report);
    return { report, error };
  }

  it('of a write tells each step with what became of it', async () => {
    const spec = { object: 'sales.orders', operation: 'upsert', path: 'staged', runId: "night*/ly'" } as const;
    const { report } = await reported((onReport) => redshift.write(spec, [{ id: 1, note: 'a' }], { onReport }));
    expect(report).to.include({
      kind: 'write',
      object: 'sales.orders',
      operation: 'upsert',
      status: 'completed',
      outcome: 'committed',
      runId: "night*/ly'",
      files: 1,
      retries: 0,
    });
    expect(report.counts).to.include({ read: 1, loaded: 1, inserted: 1, rejected: 0 });
    expect(report.phases.map(({ name }) => name)).to.deep.equal(['plan', 'stage', 'load', 'apply']);
    const steps = new Map(report.plan?.steps.map((step) => [step.id, step]));
    expect(steps.get('stage')?.actual).to.include({ rows: 1, files: 1, statements: 0 });
    const apply = steps.get('apply');
    expect(apply?.actual).to.include({ rows: 1 });
    expect(apply?.actual?.statements).to.equal(apply?.statements.length);
    expect(apply?.actual?.seconds).to.be.at.least(0);
    expect(report.plan?.steps[0]?.actual?.statements, 'of the look at the catalog').to.be.greaterThan(0);
  });

  it('has the ids that Redshift knows the queries by, and each statement is marked with run and step', async () => {
    const spec = { object: 'sales.orders', operation: 'upsert', path: 'staged', runId: 'marked */ run' } as const;
    const { report } = await reported((onReport) => redshift.write(spec, [{ id: 1, note: 'b' }], { onReport }));
    const load = report.plan?.steps.find(({ id }) => id === 'load');
    expect(load?.actual?.queryIds).to.have.length(1);
    await using session = await on.session();
    const ask = async (where: string): Promise<readonly (string | null)[][]> => {
      const { Sql } = await import('../../../src/sql/sql.ts');
      const { signal } = new AbortController();
      const query = `SELECT query_id, query_text FROM sys_query_history WHERE ${where} ORDER BY query_id`;
      return (await session.run(Sql.user(query), { signal })).rows as (string | null)[][];
    };
    const [copy] = await ask(`query_id = ${load?.actual?.queryIds[0]}`);
    expect(copy?.[1]?.trim()).to.match(/^\/\* roleshift [\w.-]+ run=marked%20%2A%2F%20run step=load \*\/ COPY "/);
    const marked = await ask("query_text LIKE '%run=marked%step=apply */ %'");
    expect(marked.map(([, text]) => /\*\/ (\w+)/.exec(text ?? '')?.[1])).to.include.members([
      'LOCK',
      'UPDATE',
      'INSERT',
    ]);
  });

  it('of a write that is refused tells how far it came and why', async () => {
    const { report, error } = await reported((onReport) =>
      redshift.write({ object: 'sales.orders', path: 'staged', preSql: 'select 1/0' }, [{ id: 1 }], { onReport }),
    );
    expect(error).to.have.property('code', 'RS_SQL_USER_FAILED');
    expect(report).to.include({ status: 'failed', outcome: 'nothing written' });
    expect(report.error).to.include({ code: 'RS_SQL_USER_FAILED' });
    expect(report.plan, 'nothing was planned yet').to.equal(undefined);
  });

  it('of a write whose rows are there and whose end failed says both', async () => {
    const { report } = await reported((onReport) =>
      redshift.write({ object: 'sales.orders', path: 'staged', postSql: 'select 1/0' }, [{ id: 5, note: 'c' }], {
        onReport,
      }),
    );
    expect(report).to.include({ status: 'failed', outcome: 'committed' });
    expect(report.counts).to.include({ loaded: 1 });
    expect(report.plan?.steps.find(({ id }) => id === 'apply')?.actual).to.include({ rows: 1 });
  });

  it('of a write that is stopped says so, without an error', async () => {
    const stop = new AbortController();
    async function* rows(): AsyncGenerator<object> {
      yield { id: 7, note: 'x' };
      stop.abort(new Error('enough'));
      await Promise.resolve();
      yield { id: 8, note: 'x' };
    }
    const { report, error } = await reported((onReport) =>
      redshift.write({ object: 'sales.orders', path: 'staged' }, rows(), { onReport, signal: stop.signal }),
    );
    expect(error).to.equal(stop.signal.reason);
    expect(report).to.include({ status: 'aborted', outcome: 'nothing written' });
    expect(report.error).to.equal(undefined);
    expect(await on.rows('SELECT id FROM sales.orders WHERE id IN (7, 8)')).to.deep.equal([]);
  });

  it('of a read comes when the loop ends, or is left', async () => {
    const whole = await reported(async (onReport) => {
      for await (const batch of redshift.read({ object: 'sales.orders', mode: 'staged' }, { onReport })) void batch;
    });
    expect(whole.report).to.include({ kind: 'read', status: 'completed', outcome: 'complete' });
    expect(whole.report.files).to.be.at.least(1);
    expect(whole.report.counts.read).to.be.greaterThan(0);
    const unload = whole.report.plan?.steps.find(({ id }) => id === 'unload');
    expect(unload?.actual).to.include({ rows: whole.report.counts.read, files: whole.report.files });
    expect(unload?.actual?.queryIds).to.have.length(1);
    const left = await reported(async (onReport) => {
      for await (const batch of redshift.read({ object: 'sales.orders', batchRows: 1 }, { onReport })) {
        void batch;
        break;
      }
    });
    expect(left.report).to.include({ status: 'aborted', outcome: 'incomplete' });
    const failed = await reported(async (onReport) => {
      for await (const batch of redshift.read({ object: 'sales.nowhere' }, { onReport })) void batch;
    });
    expect(failed.report).to.include({ status: 'failed', outcome: 'incomplete' });
    expect(failed.report.error?.code).to.equal('RS_CONFIG_OBJECT_MISSING');
  });

  it('of a read that goes on tells the steps that were left, and asks Redshift for nothing', async () => {
    await on.table('flown', 'id bigint');
    await on.world.sql('INSERT INTO sales.flown SELECT n FROM generate_series(1, 500) AS n');
    const spec = { object: 'sales.flown', mode: 'staged', resumable: true, batchRows: 10, runId: 'goes on' } as const;
    await reported(async (onReport) => {
      for await (const batch of redshift.read(spec, { onReport })) if (batch.rowCount > 0) break;
    });
    const { report } = await reported(async (onReport) => {
      for await (const batch of redshift.read(spec, { onReport })) void batch;
    });
    expect(report).to.include({ status: 'completed', statements: 0 });
    expect(report.plan?.reasons).to.deep.equal(['an earlier attempt of the run has unloaded it']);
    expect(report.plan?.steps.map(({ id, actual }) => [id, actual?.rows])).to.deep.equal([['fetch', 500]]);
  });

  it('of a partitioned read holds no value of a row', async () => {
    await on.table('people', 'name varchar(20)');
    await on.world.sql("INSERT INTO sales.people SELECT 'Zyx' || n FROM generate_series(1, 40) AS n");
    await on.world.sql("INSERT INTO sales.people SELECT 'Abc' || n FROM generate_series(1, 40) AS n");
    const spec = {
      object: 'sales.people',
      mode: 'partitioned',
      allowInconsistent: true,
      partitionColumn: 'name',
      partitionCount: 2,
    } as const;
    const { report } = await reported(async (onReport) => {
      for await (const batch of redshift.read(spec, { onReport })) void batch;
    });
    expect(JSON.stringify(report))
      .to.contain(String.raw`\"name\" < <value 1>`)
      .and.not.match(/Zyx|Abc/);
    const plan = await redshift.explainRead(spec);
    expect(JSON.stringify(plan)).to.contain(String.raw`\"name\" < <value 1>`);
  });

  it('of a read into files, and of a call, has the same form', async () => {
    const to = join(on.folder, 'orders.parquet');
    const files = await reported((onReport) =>
      redshift.readToFiles({ object: 'sales.orders', mode: 'staged' }, { to, replace: true }, { onReport }),
    );
    expect(files.report).to.include({ kind: 'readToFiles', outcome: 'complete', files: 1 });
    expect(files.report.bytes).to.be.greaterThan(0);
    expect(files.report.plan?.steps.map(({ id }) => id)).to.deep.equal(['plan', 'unload', 'fetch', 'export']);
    const called = await reported((onReport) =>
      redshift.call({ procedure: 'sales.twice', arguments: [4, null] }, { onReport }),
    );
    expect(called.report).to.include({ kind: 'call', operation: 'call', object: 'sales.twice', outcome: 'complete' });
  });

  it('disturbs no run by a listener that throws', async () => {
    const warned: Error[] = [];
    const onWarning = (warning: Error): void => void warned.push(warning);
    process.on('warning', onWarning);
    const onReport = (): void => {
      throw new Error('from the listener');
    };
    const report = await redshift.write({ object: 'sales.orders', operation: 'upsert' }, [{ id: 9, note: 'y' }], {
      onReport,
    });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(report.outcome).to.equal('committed');
    expect(warned.map(({ message }) => message)).to.include('from the listener');
  });
});
