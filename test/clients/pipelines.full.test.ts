import { expect } from 'chai';
import { BUCKET, type ClientDesk, openClientDesk, roleArn } from './client-desk.ts';
import { pythonWithPipelines } from './python.ts';
import { PythonSession } from './python-session.ts';

const COPY_ROLE = roleArn('WarehouseCopy');

describe('Other loaders of Redshift judge the sandbox', () => {
  let desk: ClientDesk;
  let python: PythonSession;
  const place = () => ({
    port: desk.world.clusters['warehouse']!.port,
    ca: desk.world.clusters['warehouse']!.caFile,
    role: COPY_ROLE,
    bucket: `${BUCKET}/roleshift`,
    s3: desk.world.awsEndpoint,
  });
  before(async function () {
    this.timeout(600_000);
    const installed = pythonWithPipelines();
    await installed;
    desk = await openClientDesk({ client: 'awswrangler and dlt' });
    await desk.world.sql('CREATE SCHEMA sales AUTHORIZATION etl; GRANT CREATE ON DATABASE dev TO etl');
    python = await PythonSession.open(
      {
        ...desk.environment,
        AWS_PROFILE: 'redshift',
        SSL_CERT_FILE: desk.world.clusters['warehouse']!.caFile,
        WR_S3_ENDPOINT_URL: desk.world.awsEndpoint,
        WR_STS_ENDPOINT_URL: desk.world.awsEndpoint,
        RUNTIME__DLTHUB_TELEMETRY: 'false',
        RUNTIME__LOG_LEVEL: 'CRITICAL',
        DLT_DATA_DIR: `${desk.folder}/dlt`,
      },
      installed,
    );
  });
  after(async () => {
    await python?.[Symbol.asyncDispose]();
    await desk?.[Symbol.asyncDispose]();
  });

  describe('awswrangler', () => {
    before(async () => {
      await python.run(
        `
        global wr, pd, connection, place
        import boto3, redshift_connector, awswrangler as wr, pandas as pd
        place = input
        login = boto3.client('redshift').get_cluster_credentials(ClusterIdentifier='warehouse', DbName='dev', DbUser='etl')
        connection = redshift_connector.connect(host='localhost', port=input['port'], database='dev', user=login['DbUser'], password=login['DbPassword'],
                                                ssl=True, sslmode='verify-ca')
        `,
        place(),
      );
    });
    after(() => desk.tally('awswrangler'));

    it('copies a frame into a table that it makes, with keys', async () => {
      const told = await python.run(`
        frame = pd.DataFrame({'id': [1, 2, 3], 'name': ['eins', 'zwei "2"', None], 'amount': [1.5, float('nan'), -2.25], 'day': pd.to_datetime(['2024-02-29', '1969-12-31', '2000-01-01']).date,
                              'at': [pd.Timestamp('2024-02-29 01:02:03.123456'), pd.Timestamp(0), pd.Timestamp('2261-01-01')], 'ok': [True, False, True]})
        wr.redshift.copy(frame, path=f"s3://{place['bucket']}/wrangler/copy/", con=connection, table='frames', schema='sales', mode='overwrite', iam_role=place['role'],
                         diststyle='KEY', distkey='id', sortstyle='COMPOUND', sortkey=['id'], primary_keys=['id'], varchar_lengths={'name': 20})
        frame = wr.redshift.read_sql_query('SELECT id, name, amount, day, at, ok FROM sales.frames ORDER BY id', con=connection)
        return [[str(value) for value in row] for row in frame.values.tolist()]
      `);
      expect(told).to.deep.equal([
        ['1', 'eins', '1.5', '2024-02-29', '2024-02-29 01:02:03.123456', 'True'],
        ['2', 'zwei "2"', 'nan', '1969-12-31', '1970-01-01 00:00:00', 'False'],
        ['3', '<NA>', '-2.25', '2000-01-01', '2261-01-01 00:00:00', 'True'],
      ]);
      expect((await desk.world.sql('SHOW TABLE sales.frames')).rows.join()).to.match(
        /id bigint NOT NULL[^,]*distkey[\s\S]*PRIMARY KEY \(id\)[\s\S]*SORTKEY \( id \)/,
      );
    });

    it('upserts by the keys of the table, and appends', async () => {
      const told = await python.run(`
        more = pd.DataFrame({'id': [2, 4], 'name': ['two', 'four'], 'amount': [2.0, 4.0], 'day': pd.to_datetime(['2024-01-01', '2024-01-02']).date,
                             'at': pd.to_datetime(['2024-01-01', '2024-01-02']), 'ok': [True, True]})
        wr.redshift.copy(more, path=f"s3://{place['bucket']}/wrangler/upsert/", con=connection, table='frames', schema='sales', mode='upsert', primary_keys=['id'], iam_role=place['role'])
        wr.redshift.copy(more.assign(id=[5, 6]), path=f"s3://{place['bucket']}/wrangler/append/", con=connection, table='frames', schema='sales', mode='append', iam_role=place['role'])
        frame = wr.redshift.read_sql_query('SELECT id, name FROM sales.frames ORDER BY id', con=connection)
        return [[row[0], str(row[1])] for row in frame.values.tolist()]
      `);
      expect(told).to.deep.equal([
        [1, 'eins'],
        [2, 'two'],
        [3, '<NA>'],
        [4, 'four'],
        [5, 'two'],
        [6, 'four'],
      ]);
    });

    it('writes a frame by INSERT', async () => {
      const told = await python.run(`
        wr.redshift.to_sql(pd.DataFrame({'n': range(300), 't': ['x'] * 300}), con=connection, table='inserted', schema='sales', mode='overwrite', chunksize=100, use_column_names=True)
        return wr.redshift.read_sql_query('SELECT count(*), sum(n) FROM sales.inserted', con=connection).values.tolist()
      `);
      expect(told).to.deep.equal([[300, '44850']]);
    });

    it('unloads a query to files and into a frame', async () => {
      const told = await python.run(`
        frame = wr.redshift.unload(sql='SELECT * FROM sales.frames ORDER BY id', path=f"s3://{place['bucket']}/wrangler/unload/", con=connection, iam_role=place['role'])
        files = wr.redshift.unload_to_files(sql="SELECT id, name FROM sales.frames WHERE name <> 'two'", path=f"s3://{place['bucket']}/wrangler/files/", con=connection, iam_role=place['role'],
                                            unload_format='CSV', parallel=False, manifest=True)
        listed = [name.rsplit('/', 1)[1] for name in wr.s3.list_objects(f"s3://{place['bucket']}/wrangler/files/")]
        return [sorted(frame['id'].tolist()), str(frame['at'].dtype), listed]
      `);
      expect(told).to.deep.equal([[1, 2, 3, 4, 5, 6], 'datetime64[us]', ['000', 'manifest']]);
    });
  });

  describe('dlt', () => {
    before(async () => {
      await python.run(
        `
        global dlt, destination, staging, pipeline, connect
        import boto3, dlt, psycopg2
        from dlt.destinations import redshift, filesystem
        session = boto3.Session(profile_name='redshift')
        login = session.client('redshift').get_cluster_credentials(ClusterIdentifier='warehouse', DbName='dev', DbUser='etl')
        keys = session.get_credentials().get_frozen_credentials()
        place = input
        destination = redshift(credentials={'database': 'dev', 'username': login['DbUser'], 'password': login['DbPassword'], 'host': 'localhost', 'port': place['port'],
                                            'query': {'sslmode': 'verify-full', 'sslrootcert': place['ca'], 'hostaddr': '127.0.0.1'}}, staging_iam_role=place['role'])
        staging = filesystem(bucket_url=f"s3://{place['bucket']}/dlt", credentials={'aws_access_key_id': keys.access_key, 'aws_secret_access_key': keys.secret_key,
                             'aws_session_token': keys.token, 'endpoint_url': place['s3'], 'region_name': 'us-east-1'})
        def connect():
            return psycopg2.connect(host='localhost', hostaddr='127.0.0.1', port=place['port'], dbname='dev', user=login['DbUser'], password=login['DbPassword'],
                                    sslmode='verify-full', sslrootcert=place['ca'])
        def pipeline(name, staged):
            return dlt.pipeline(name, destination=destination, staging=staging if staged else None, dataset_name='lake')
        `,
        place(),
      );
    });
    after(() => desk.tally('dlt'));

    for (const [how, staged, format] of [
      ['INSERT', 'False', 'insert_values'],
      ['staged Parquet', 'True', 'parquet'],
      ['staged JSON', 'True', 'jsonl'],
    ] as const) {
      it(`loads, replaces and merges by ${how}`, async function () {
        this.timeout(120_000);
        const table = `items_${format}`;
        const told = await python.run(`
          import datetime, decimal
          rows = [{'id': n, 'name': f'item {n} ü', 'price': decimal.Decimal('1.25'), 'at': datetime.datetime(2024, 2, 29, 1, 2, 3, 456, tzinfo=datetime.timezone.utc),
                   'tags': [{'tag': 'a'}, {'tag': 'b'}] if n == 1 else []} for n in range(1, 6)]
          line = pipeline('${table}', ${staged})
          line.run(rows, table_name='${table}', write_disposition='replace', primary_key='id', loader_file_format='${format}').raise_on_failed_jobs()
          line.run([{'id': 5, 'name': 'changed'}, {'id': 6, 'name': 'new'}], table_name='${table}', write_disposition='merge', primary_key='id', loader_file_format='${format}').raise_on_failed_jobs()
          with connect() as connection, connection.cursor() as cursor:
              cursor.execute('SELECT id, name, price FROM lake.${table} ORDER BY id')
              found = [[row[0], row[1], row[2] and str(row[2])] for row in cursor]
              cursor.execute('SELECT tag FROM lake.${table}__tags ORDER BY 1')
              return [found, [row[0] for row in cursor]]
        `);
        expect(told).to.deep.equal([
          [
            [1, 'item 1 ü', '1.250000000'],
            [2, 'item 2 ü', '1.250000000'],
            [3, 'item 3 ü', '1.250000000'],
            [4, 'item 4 ü', '1.250000000'],
            [5, 'changed', null],
            [6, 'new', null],
          ],
          ['a', 'b'],
        ]);
      });
    }
  });
});
