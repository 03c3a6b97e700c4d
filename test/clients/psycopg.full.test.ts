import { expect } from 'chai';
import { type ClientDesk, openClientDesk } from './client-desk.ts';
import type { PythonSession } from './python-session.ts';

describe('psycopg judges the sandbox', () => {
  let desk: ClientDesk;
  let python: PythonSession;
  before(async function () {
    this.timeout(400_000);
    desk = await openClientDesk({ client: 'psycopg' });
    await desk.world.sql('CREATE SCHEMA sales AUTHORIZATION etl');
    python = await desk.python();
    await python.run(
      `
      global psycopg2, extras, connection
      import boto3, psycopg2
      from psycopg2 import extras
      login = boto3.client('redshift').get_cluster_credentials(ClusterIdentifier='warehouse', DbName='dev', DbUser='etl')
      connection = psycopg2.connect(host='localhost', hostaddr='127.0.0.1', port=input['port'], dbname='dev', user=login['DbUser'],
                                    password=login['DbPassword'], sslmode='verify-full', sslrootcert=input['ca'])
      with connection, connection.cursor() as cursor:
          cursor.execute('CREATE TABLE sales.numbers (id integer, name varchar(20), at timestamptz)')
          extras.execute_values(cursor, 'INSERT INTO sales.numbers VALUES %s',
                                [(n, f"it's {n} \\\\ grüße", '2024-02-29 01:02:03+00') for n in range(250)])
    `,
      { port: desk.world.clusters['warehouse']!.port, ca: desk.world.clusters['warehouse']!.caFile },
    );
  });
  after(async () => {
    await python?.[Symbol.asyncDispose]();
    await desk?.[Symbol.asyncDispose]();
  });

  it('reads what it wrote', async () => {
    const told = await python.run(`
      with connection, connection.cursor() as cursor:
          cursor.execute('SELECT id, name, at FROM sales.numbers WHERE id = %s', (7,))
          number, name, moment = cursor.fetchone()
          return [number, name, moment.isoformat(), connection.server_version, connection.encoding]
    `);
    expect(told).to.deep.equal([7, "it's 7 \\ grüße", '2024-02-29T01:02:03+00:00', 80_002, 'UTF8']);
  });

  it('walks through a result by a cursor of the server', async () => {
    const told = await python.run(`
      with connection, connection.cursor('walk') as cursor:
          cursor.itersize = 100
          cursor.execute('SELECT id FROM sales.numbers ORDER BY id')
          return [row[0] for row in cursor]
    `);
    expect(told).to.deep.equal(Array.from({ length: 250 }, (_, number) => number));
  });

  it('may not keep such a cursor beyond its transaction, nor scroll it', async () => {
    for (const how of ['withhold=True', 'scrollable=True']) {
      const refusal = await python.refused(`
        try:
            with connection.cursor('kept', ${how}) as cursor:
                cursor.execute('SELECT 1')
        finally:
            connection.rollback()
      `);
      expect(refusal.message, how).to.match(/not supported/);
    }
  });

  it('is told of errors by their classes, and goes on after a rollback', async () => {
    const told = await python.run(`
      seen = []
      for sql in ['SELECT * FROM sales.absent', 'SELECT 1', 'SELECT 1/0']:
          try:
              with connection.cursor() as cursor:
                  cursor.execute(sql)
          except psycopg2.Error as error:
              seen.append([type(error).__name__, error.pgcode])
          if sql == 'SELECT 1':
              connection.rollback()
      connection.rollback()
      with connection.cursor() as cursor:
          cursor.execute('SELECT count(*) FROM sales.numbers')
          seen.append(cursor.fetchone()[0])
      connection.rollback()
      return seen
    `);
    expect(told).to.deep.equal([
      ['UndefinedTable', '42P01'],
      ['InFailedSqlTransaction', '25P02'],
      ['DivisionByZero', '22012'],
      250,
    ]);
  });

  it('ends a statement of its own from another thread', async () => {
    const told = await python.run(`
      import threading
      threading.Timer(0.5, connection.cancel).start()
      try:
          with connection.cursor() as cursor:
              cursor.execute('SELECT count(*) FROM ' + ', '.join('sales.numbers t' + str(n) for n in range(6)))
      except psycopg2.Error as error:
          connection.rollback()
          return [error.pgcode, type(error).__name__]
    `);
    expect(told).to.deep.equal(['57014', 'QueryCanceled']);
  });

  it('has no COPY from a client', async () => {
    const refusal = await python.refused(`
      import io
      try:
          with connection.cursor() as cursor:
              cursor.copy_expert('COPY sales.numbers FROM STDIN', io.StringIO('1'))
      finally:
          connection.rollback()
    `);
    expect(refusal.code).to.be.oneOf(['0A000', '42601']); // AWS documents S3, EMR, SSH and DynamoDB as sources only
  });
});
