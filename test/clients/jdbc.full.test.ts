import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type ClientDesk, openClientDesk } from './client-desk.ts';
import { jdbcClassPath } from './jdbc-driver.ts';
import { runCommand } from './run-command.ts';

const PROGRAM = fileURLToPath(new URL('jdbc/Judge.java', import.meta.url));

describe("Amazon's JDBC driver judges the sandbox", () => {
  let desk: ClientDesk;
  let told: ReadonlyMap<string, string>;
  before(async function () {
    this.timeout(400_000);
    const classPath = await jdbcClassPath();
    desk = await openClientDesk({ client: 'JDBC driver' });
    await desk.world.sql('CREATE SCHEMA sales AUTHORIZATION etl');
    const urls = [
      url({}),
      url({ DbUser: 'newcomer', AutoCreate: 'true', DbGroups: 'loaders' }),
      url({ DbUser: 'awsuser' }),
      url({ sslrootcert: await desk.file('none.pem', '') }),
      url({ DbUser: 'nobody_yet' }),
    ];
    const { stdout, stderr } = await runCommand('java', ['-cp', classPath, PROGRAM, ...urls], {
      environment: desk.environment,
    });
    told = new Map(
      stdout
        .trim()
        .split('\n')
        .map((line): [string, string] => [line.split('\t')[0] ?? '', line.split('\t')[1] ?? '']),
    );
    expect(told.has('login4'), `${stdout}${stderr}`).to.equal(true);
  });
  after(() => desk?.[Symbol.asyncDispose]());

  function url(changes: Readonly<Record<string, string>>): string {
    const { port, caFile } = desk.world.clusters['warehouse']!;
    const { awsEndpoint } = desk.world;
    const query = new URLSearchParams({
      ClusterID: 'warehouse',
      Region: 'us-east-1',
      EndpointUrl: awsEndpoint,
      Profile: 'redshift',
      DbUser: 'etl',
      sslmode: 'verify-full',
      sslrootcert: caFile,
      ...changes,
    });
    return `jdbc:redshift:iam://localhost:${port}/dev?${query.toString()}`;
  }

  const cases: readonly (readonly [title: string, name: string, expected: string | RegExp])[] = [
    ['logs in as the user it bought a login for', 'user', 'etl'],
    ['takes it for Redshift', 'product', 'Redshift 8.0.2'],
    ['creates a table with its keys', 'create', '0'],
    ['inserts a batch', 'insert', '[1, 1, 1, 1, 1]'],
    [
      'reads in steps, every type as it is',
      'read',
      "int8 varchar numeric timestamp bool: 2 it's 2 1.25 2024-02-29 01:02:03.5 t, 3 it's 3 1.25 2024-02-29 01:02:03.5 f, 4 null 1.25 2024-02-29 01:02:03.5 t",
    ],
    ['takes a transaction back', 'rolledBack', '0 5'],
    ['writes nothing while it is read-only', 'readOnly', /^SQLSTATE 25006 /],
    ['is told of an absent table', 'absent', /^SQLSTATE 42P01 ERROR: relation "sales\.absent" does not exist/],
    ['cancels a statement that takes too long', 'cancelled', /^SQLSTATE 57014 ERROR: /],
    ['goes on in the same session', 'afterwards', '5'],
    ['lists types', 'types', /\bint8\b.*\bvarchar\b|\bvarchar\b.*\bint8\b/],
    ['lists schemas', 'schemas', /public.*sales/],
    ['lists tables', 'tables', 'sales jdbc TABLE'],
    ['lists columns', 'columns', 'id int8 19, name varchar 20, price numeric 8, at timestamp 29, ok bool 1'],
    ['lists the primary key', 'keys', 'id 1'],
    ['has a user made, for its groups', 'login1', 'newcomer'],
    ['is refused a login the role may not buy', 'login2', /with an explicit deny in an identity-based policy/],
    ['sends no login to a cluster it does not trust', 'login3', /certificat/i],
    [
      'is refused a user that is not there',
      'login4',
      /^SQLSTATE 28000 FATAL: password authentication failed for user "IAM:nobody_yet"/,
    ],
  ];
  for (const [title, name, expected] of cases) {
    it(title, () => {
      if (typeof expected === 'string') expect(told.get(name)).to.equal(expected);
      else expect(told.get(name)).to.match(expected);
    });
  }
});
