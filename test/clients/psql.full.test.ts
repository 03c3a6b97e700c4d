import { expect } from 'chai';
import { type ClientDesk, openClientDesk } from './client-desk.ts';
import { type Finished, runCommand } from './run-command.ts';

interface Login {
  readonly DbUser: string;
  readonly DbPassword: string;
}

describe('psql judges the sandbox', () => {
  let desk: ClientDesk;
  let login: Login;
  before(async function () {
    this.timeout(400_000);
    desk = await openClientDesk({ client: 'psql' });
    await desk.world.sql('CREATE SCHEMA sales AUTHORIZATION etl');
    login = await buy('etl');
    const setup = `CREATE TABLE sales.orders (id bigint NOT NULL, item varchar(20) DEFAULT 'none', price decimal(8,2)) DISTKEY (id) SORTKEY (id);
      INSERT INTO sales.orders VALUES (1, 'tea', 2.5), (2, NULL, 10);
      CREATE VIEW sales.dear AS SELECT id FROM sales.orders WHERE price > 5`;
    const { status, stderr } = await psql(login, ['-v', 'ON_ERROR_STOP=1', '-q', '-c', setup]);
    expect([status, stderr]).to.deep.equal([0, '']);
  });
  after(() => desk?.[Symbol.asyncDispose]());

  /** A login for the user, bought with the AWS CLI. */
  const buy = async (user: string): Promise<Login> => {
    const args = ['--cluster-identifier', 'warehouse', '--db-name', 'dev', '--db-user', user];
    const { stdout, stderr } = await desk.aws('redshift', ['redshift', 'get-cluster-credentials', ...args]);
    expect(stderr).to.equal('');
    return JSON.parse(stdout) as Login;
  };
  const psql = (
    { DbUser, DbPassword }: Login,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    input?: string,
  ): Promise<Finished> => {
    const { port, caFile } = desk.world.clusters['warehouse']!;
    return runCommand('psql', ['--no-psqlrc', '--no-password', ...args], {
      ...(input !== undefined && { input }),
      environment: {
        PATH: desk.environment['PATH'] ?? '',
        LANG: 'C.UTF-8',
        HOME: desk.folder,
        PGHOST: 'localhost',
        PGHOSTADDR: '127.0.0.1',
        PGPORT: String(port),
        PGDATABASE: 'dev',
        PGUSER: DbUser,
        PGPASSWORD: DbPassword,
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: caFile,
        PGCONNECT_TIMEOUT: '10',
        ...environment,
      },
    });
  };
  const rows = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await psql(login, ['-v', 'ON_ERROR_STOP=1', '-A', '-t', ...args]);
    expect([status, stderr], args.join(' ')).to.deep.equal([0, '']);
    return stdout.trim();
  };

  it('runs a query as the user of the login, over TLS', async () => {
    expect(await rows('-c', 'SELECT current_user, current_database()')).to.equal('etl|dev');
    expect(await rows('-c', '\\conninfo')).to.match(/SSL connection \(protocol: TLSv1\.[23]/);
    expect(await rows('-c', 'SELECT * FROM sales.orders ORDER BY 1')).to.equal('1|tea|2.50\n2||10.00');
  });

  it('lists tables, views, schemas, databases and users', async () => {
    expect(await rows('-c', 'SET search_path TO sales', '-c', '\\dt')).to.include('sales|orders|table|etl');
    expect(await rows('-c', '\\dv sales.*')).to.include('sales|dear|view|etl');
    expect(await rows('-c', '\\dn'))
      .to.match(/^public\|/m)
      .and.to.match(/^sales\|etl/m);
    expect(await rows('-c', '\\l'))
      .to.match(/^dev\|/m)
      .and.not.to.match(/^(?:postgres|template\d)\|/m);
    expect(await rows('-c', '\\du'))
      .to.match(/^etl\|/m)
      .and.to.match(/^reporting\|/m);
  });

  it('describes a table', async () => {
    const described = await rows('-c', '\\d sales.orders');
    expect(described)
      .to.match(/^id\|bigint\|.*not null/m)
      .and.to.match(/^item\|character varying\(20\)\|/m);
    expect(described).to.match(/^price\|numeric\(8,2\)\|/m);
  });

  it('runs several statements of one string as one, and undoes them together', async () => {
    const { status, stderr } = await psql(login, ['-c', "INSERT INTO sales.orders VALUES (3, 'x', 1); SELECT 1/0"]);
    expect(status).to.equal(1);
    expect(stderr).to.match(/^ERROR: {2}division by zero/im);
    expect(await rows('-c', 'SELECT count(*) FROM sales.orders')).to.equal('2');
  });

  it('reads a script from a pipe, with blocks, cursors and variables', async () => {
    const script = `\\set least 5
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM sales.orders WHERE price > :least;
FETCH FORWARD 10 FROM c;
CLOSE c;
END;
\\echo done`;
    const { status, stdout, stderr } = await psql(login, ['-v', 'ON_ERROR_STOP=1', '-A', '-t', '-q'], {}, script);
    expect([status, stdout, stderr]).to.deep.equal([0, '2\ndone\n', '']);
  });

  it('keeps to its row limit by cursors of its own', async () => {
    expect(await rows('-v', 'FETCH_COUNT=1', '-c', 'SELECT id FROM sales.orders ORDER BY id')).to.equal('1\n2');
  });

  it('is refused what Redshift does not have', async () => {
    for (const [sql, reason] of [
      ['CREATE INDEX i ON sales.orders (id)', /not supported/i],
      ['INSERT INTO sales.orders VALUES (9) RETURNING id', /RETURNING/i],
      ['COPY sales.orders FROM STDIN', /not supported|syntax error|STDIN/i],
      ['SAVEPOINT a', /not supported|SAVEPOINT/i],
    ] as const) {
      const { status, stderr } = await psql(login, ['-c', sql]);
      expect(status, sql).to.equal(1);
      expect(stderr, sql).to.match(reason);
    }
  });

  describe('logins', () => {
    const refusal = async (who: Login, environment: Readonly<Record<string, string>> = {}): Promise<string> => {
      const { status, stderr } = await psql(who, ['-c', 'SELECT 1'], environment);
      expect(status).to.equal(2);
      return stderr;
    };
    const rejected = /FATAL: {2}password authentication failed for user "IAM:etl"\s*$/;

    it('are refused with a wrong password, another name, another database and without TLS', async () => {
      expect(await refusal({ ...login, DbPassword: `${login.DbPassword}x` })).to.match(rejected);
      expect(await refusal({ ...login, DbUser: 'etl' })).to.match(/password authentication failed for user "etl"\s*$/);
      expect(await refusal(login, { PGDATABASE: 'other' })).to.match(/FATAL/);
      expect(await refusal(login, { PGSSLMODE: 'disable' })).to.match(/FATAL/);
    });

    it('are not sent to a cluster whose certificate nobody trusts', async () => {
      const other = await desk.file('other.pem', '');
      expect(await refusal(login, { PGSSLROOTCERT: other })).to.match(/certificate/);
    });

    it('of stored passwords work as they are', async () => {
      const { status, stdout } = await psql({ DbUser: 'reporting', DbPassword: 'Sandbox-Passw0rd' }, [
        '-A',
        '-t',
        '-c',
        'SELECT current_user',
      ]);
      expect([status, stdout]).to.deep.equal([0, 'reporting\n']);
    });

    it('end with their lifetime, for new sessions', async () => {
      await desk.world.advance(700); // of 900; the tests above took some
      expect(await rows('-c', 'SELECT 1')).to.equal('1');
      await desk.world.advance(201);
      expect(await refusal(login)).to.match(rejected);
    });
  });
});
