import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type pg from 'pg';
import { type LoadWorld, openLoadWorld, ROLES } from './load-world.ts';

const ROLE = `IAM_ROLE '${ROLES.copy}'`;

describe('What runs on the cluster', () => {
  let load: LoadWorld;
  let worker: pg.Client;
  before(async () => {
    load = await openLoadWorld();
    worker = await load.connect();
    await load.query('CREATE TABLE t (id int, v varchar(20)); GRANT ALL ON t TO guest');
    for (const part of [1, 2, 3]) await load.put(`parts/${part}.csv`, `${part},a\n${part},b\n`);
  });
  after(async () => {
    await worker.end();
    await load[Symbol.asyncDispose]();
  });

  async function until<T>(look: () => Promise<T>, done: (found: T) => boolean): Promise<T> {
    for (let tries = 100; ; tries -= 1) {
      const found = await look();
      if (done(found) || tries === 0) return found;
      await wait(20);
    }
  }

  it('shows a COPY file by file while it runs, and afterwards', async () => {
    await load.world.faults({ on: 'copy:GetObject', matching: '3.csv', effect: { kind: 'delay', ms: 800 } });
    const running = worker.query(`COPY t FROM 's3://acme-staging/parts/' ${ROLE} CSV`);
    const history =
      'SELECT status, trim(table_name), loaded_rows, loaded_bytes, source_file_count, source_file_bytes, end_time FROM sys_load_history ORDER BY query_id DESC LIMIT 1';
    const seen = await until(
      () => load.query(history),
      ([row]) => row?.[0] === 'running' && row[2] === '4',
    );
    expect(seen).to.deep.equal([['running', 't', '4', '16', '3', '24', null]]);
    expect(
      await load.query(
        "SELECT regexp_instr(file_name, '[12].csv') > 0, bytes_scanned, lines_scanned FROM sys_load_detail ORDER BY file_name",
      ),
    ).to.deep.equal([
      ['t', '8', '2'],
      ['t', '8', '2'],
    ]);
    const queries = await load.query(
      "SELECT session_id = (SELECT max(process) FROM stv_sessions), trim(query_type), elapsed_time > 0 FROM sys_query_history WHERE status = 'running' AND query_type = 'COPY'",
    );
    expect(queries).to.deep.equal([['t', 'COPY', 't']]);
    expect(await load.query("SELECT trim(status), pid > 0 FROM stv_recents WHERE query LIKE 'COPY%'")).to.deep.equal([
      ['Running', 't'],
    ]);
    expect(await load.query("SELECT count(*) FROM stv_inflight WHERE text LIKE 'COPY%'")).to.deep.equal([['1']]);
    await running;
    expect((await load.query(history))[0]!.slice(0, 4)).to.deep.equal(['completed', 't', '6', '24']);
    expect(await load.query('SELECT sum(lines_scanned) FROM sys_load_detail')).to.deep.equal([['6']]);
    const last = await worker.query({ text: 'SELECT pg_last_query_id(), pg_last_copy_id()', rowMode: 'array' });
    expect(last.rows[0]![0]).to.equal(last.rows[0]![1]);
    expect(
      await load.query(
        `SELECT trim(status), trim(query_type) FROM sys_query_history WHERE query_id = ${String(last.rows[0]![0])}`,
      ),
    ).to.deep.equal([['success', 'COPY']]);
  });

  it('shows an UNLOAD while it runs', async () => {
    await load.world.faults({ on: 'unload:PutObject', effect: { kind: 'delay', ms: 600 } });
    const running = worker.query(`UNLOAD ('SELECT * FROM t') TO 's3://acme-staging/shown/' ${ROLE} FORMAT PARQUET`);
    const seen = await until(
      () =>
        load.query(
          "SELECT unloaded_rows, file_format, trim(unloaded_location) FROM sys_unload_history WHERE status = 'running'",
        ),
      ([row]) => row?.[0] === '6',
    );
    expect(seen).to.deep.equal([['6', 'parquet', 's3://acme-staging/shown/']]);
    await running;
    expect(
      await load.query('SELECT status, unloaded_rows FROM sys_unload_history ORDER BY query_id DESC LIMIT 1'),
    ).to.deep.equal([['completed', '6']]);
  });

  it('shows who waits for whom: to superusers all, to others their own', async () => {
    const guest = await load.connect('guest');
    await worker.query('BEGIN');
    await worker.query('LOCK TABLE t');
    const waiting = guest.query("INSERT INTO t VALUES (9, 'x')");
    const locks = `SELECT txn_owner, lock_mode, granted FROM svv_transactions WHERE relation = 't'::regclass::oid AND pid <> pg_backend_pid() ORDER BY granted DESC`;
    expect(
      await until(
        () => load.query(locks),
        ({ length }) => length === 2,
      ),
    ).to.deep.equal([
      ['loader', 'AccessExclusiveLock', 't'],
      ['guest', 'ShareRowExclusiveLock', 'f'],
    ]);
    const other = await load.connect('guest');
    const own = await other.query({ text: `${locks}`, rowMode: 'array' });
    expect(own.rows).to.deep.equal([['guest', 'ShareRowExclusiveLock', false]]);
    const holder = `SELECT trim(q.query_text) FROM svv_transactions l JOIN sys_query_history q ON q.session_id = l.pid AND q.transaction_id = l.xid
      WHERE l.granted AND l.relation = 't'::regclass::oid AND l.lock_mode = 'AccessExclusiveLock' ORDER BY q.query_id DESC LIMIT 1`;
    expect(await load.query(holder)).to.deep.equal([['LOCK TABLE t']]);
    expect(
      (await other.query("SELECT count(*)::int AS n FROM stv_recents WHERE user_name = 'loader'")).rows,
    ).to.deep.equal([{ n: 0 }]);
    await worker.query('ROLLBACK');
    await waiting;
    await Promise.all([guest.end(), other.end()]);
  });

  it('keeps refused and cancelled queries with their reasons and labels, and no secret', async () => {
    await worker.query("SET query_group TO 'nightly'");
    await worker
      .query("COPY t FROM 's3://acme-staging/none' CREDENTIALS 'aws_access_key_id=AK;aws_secret_access_key=canary' CSV")
      .catch(() => undefined);
    await worker
      .query('SET statement_timeout TO 50; SELECT count(*) FROM generate_series(1, 100000000)')
      .catch(() => undefined);
    await worker.query('RESET query_group; RESET statement_timeout');
    const rows =
      await load.query(`SELECT trim(status), trim(query_label), trim(error_message) <> '', query_text LIKE '%canary%' FROM sys_query_history
      WHERE query_label = 'nightly' AND query_type IN ('COPY', 'SELECT') ORDER BY query_id`);
    expect(rows).to.deep.equal([
      ['failed', 'nightly', 't', 'f'],
      ['canceled', 'nightly', 't', 'f'],
    ]);
  });

  it('may tell of load errors late', async () => {
    await load.put('bad/1.csv', 'x,y\n');
    await load.world.faults({ on: 'pg:loadErrors', effect: { kind: 'delay', ms: 300 } });
    await load.refusal(`COPY t FROM 's3://acme-staging/bad/' ${ROLE} CSV`);
    const errors = () => load.query('SELECT trim(column_name) FROM sys_load_error_detail');
    expect(await errors()).to.deep.equal([]);
    expect(await until(errors, ({ length }) => length > 0)).to.deep.equal([['id']]);
  });
});
