import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { parse } from 'yaml';
import { ConnectorError } from '../../src/core/errors.ts';
import { createWorldClock } from '../../src/sandbox/clock.ts';
import type { SuperuserRows } from '../../src/sandbox/cluster.ts';
import { readyConnections } from '../../src/sandbox/connections.ts';
import type { WorldInfo } from '../../src/sandbox/control.ts';
import { Disposables } from '../../src/sandbox/disposables.ts';
import { createFaultBook } from '../../src/sandbox/faults.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { checkWorld, readWorldFile } from '../../src/sandbox/world-file.ts';
import { openWorld, standardWorld } from '../harness.ts';
import { ControlError, startSandboxProcess } from '../sandbox-process.ts';

const STANDARD = new URL('../../samples/worlds/standard.yaml', import.meta.url).pathname;

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    expect(error).to.be.instanceOf(ConnectorError);
    expect((error as ConnectorError).code).to.equal('RS_CONFIG_INVALID');
    return (error as ConnectorError).issues.map(({ path, message }) => `${path}: ${message}`);
  }
  throw new Error('The world was accepted');
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

describe('World files', () => {
  it('the standard one is accepted, by the published schema as well', async () => {
    const world = await readWorldFile(STANDARD);
    expect(world.accounts[0]!.clusters![0]!.id).to.equal('warehouse');
    const schema = JSON.parse(
      await readFile(new URL('../../schemas/world.v1.json', import.meta.url), 'utf8'),
    ) as object;
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
    expect(validate(parse(await readFile(STANDARD, 'utf8')))).to.equal(true);
  });

  describe('with faults', () => {
    const trust = { Statement: { Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' } };
    const account = (rest: object): unknown => ({ region: 'us-east-1', accounts: [{ id: '111122223333', ...rest }] });
    const cases: readonly (readonly [title: string, world: unknown, problem: string])[] = [
      ['an empty file', null, 'world: must be object'],
      ['no region', { accounts: [{ id: '111122223333' }] }, 'world.region: "region" is missing'],
      ['no accounts', { region: 'us-east-1', accounts: [] }, 'accounts: must NOT have fewer than 1 items'],
      [
        'an account number that YAML read as a number',
        { region: 'us-east-1', accounts: [{ id: 111122223333 }] },
        'accounts[0].id: must be string',
      ],
      ['a misspelt key', account({ user: [] }), 'accounts[0].user: "user" is not known here'],
      ['a role without trust', account({ roles: [{ name: 'R' }] }), 'accounts[0].roles[0].trust: "trust" is missing'],
      [
        'a session that is too long',
        account({ roles: [{ name: 'R', trust, maxSessionSeconds: 50_000 }] }),
        'accounts[0].roles[0].maxSessionSeconds: must be <= 43200',
      ],
      [
        'a kind of machine there is not',
        { region: 'us-east-1', accounts: [{ id: '111122223333' }], instances: [{ name: 'x', kind: 'lambda' }] },
        'instances[0].kind: must be one of ec2, container, pod',
      ],
      [
        'a wrong condition operator',
        account({
          users: [
            {
              name: 'u',
              policies: [
                { Statement: { Effect: 'Allow', Action: '*', Resource: '*', Condition: { Equals: { a: 'b' } } } },
              ],
            },
          ],
        }),
        'accounts[0].users[0].policies[0]: Statement[0]: unknown condition operator Equals',
      ],
      [
        'a trust policy without a principal',
        account({ roles: [{ name: 'R', trust: { Statement: { Effect: 'Allow', Action: '*' } } }] }),
        'accounts[0].roles[0].trust: Statement[0]: needs a Principal',
      ],
      [
        'two roles of one name',
        account({
          roles: [
            { name: 'R', trust },
            { name: 'R', trust },
          ],
        }),
        'accounts[0].roles[1]: there is another role called R',
      ],
      [
        'two buckets of one name',
        account({ buckets: [{ name: 'data' }, { name: 'data' }] }),
        'accounts[0].buckets[1]: there is another bucket called data',
      ],
      [
        'an instance with an unknown role',
        {
          region: 'us-east-1',
          accounts: [{ id: '111122223333' }],
          instances: [{ name: 'x', kind: 'ec2', role: 'arn:aws:iam::111122223333:role/R' }],
        },
        'instances[0].role: no role arn:aws:iam::111122223333:role/R in this world',
      ],
      [
        'a cluster with an unknown role',
        account({ clusters: [{ id: 'wh', iamRoles: ['arn:aws:iam::111122223333:role/R'] }] }),
        'accounts[0].clusters[0].iamRoles[0]: no role arn:aws:iam::111122223333:role/R in this world',
      ],
      [
        'a default role that is not attached',
        account({ clusters: [{ id: 'wh', defaultIamRole: 'arn:aws:iam::111122223333:role/R' }] }),
        'accounts[0].clusters[0].defaultIamRole: is not one of iamRoles',
      ],
      [
        'a policy that IAM would not take',
        account({
          users: [
            { name: 'ann', policies: [{ Statement: [{ Effect: 'Allow', Action: 'GetObject', Resource: '*' }] }] },
          ],
        }),
        'accounts[0].users[0].policies[0]: Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
      ],
      [
        'a user of an unknown group',
        account({ clusters: [{ id: 'wh', users: [{ name: 'etl', groups: ['g'] }] }] }),
        'accounts[0].clusters[0].users[0].groups: no group g',
      ],
      [
        'a connection to an unknown cluster',
        { region: 'us-east-1', accounts: [{ id: '111122223333' }], connection: { cluster: 'wh' } },
        'connection.cluster: no cluster wh in this world',
      ],
    ];
    for (const [title, world, problem] of cases) {
      it(`are told with their path: ${title}`, () => {
        expect(problemsOf(() => checkWorld(world))).to.include(problem);
      });
    }

    it('are told all at once', () => {
      expect(
        problemsOf(() => checkWorld({ region: 'nowhere', accounts: [{ id: 'x', roles: [{}] }] })),
      ).to.have.length.at.least(4);
    });

    it('are told with their line in a file, and with the column where the YAML itself is wrong', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'roleshift-test-'));
      const path = join(folder, 'world.yaml');
      try {
        await writeFile(path, 'region: us-east-1\nregion: us-east-2\n');
        const failure = await readWorldFile(path).catch((error: unknown) => error as ConnectorError);
        expect((failure as ConnectorError).issues[0]).to.deep.include({ path: 'line 2, column 1' });
        await writeFile(
          path,
          "region: us-east-1\naccounts:\n  - id: '111122223333'\n    roles:\n      - nam: R\n        trust: {}\n",
        );
        const faulty = await readWorldFile(path).catch((error: unknown) => error as ConnectorError);
        expect((faulty as ConnectorError).issues.map((issue) => issue.path)).to.include.members([
          'line 5, accounts[0].roles[0].name',
          'line 5, accounts[0].roles[0].nam',
          'line 6, accounts[0].roles[0].trust.Statement',
        ]);
        const absent = await readWorldFile(join(folder, 'none.yaml')).catch(
          (error: unknown) => error as ConnectorError,
        );
        expect((absent as ConnectorError).message).to.include('cannot be read');
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });
});

describe('Ready connections', () => {
  it('tell users of one name in two accounts apart', () => {
    const user = (name: string, at: number) => ({ name, accessKeys: [{ id: `AKIA${at}`, secret: `s${at}` }] });
    const accounts = [
      { id: '111122223333', users: [user('admin', 1), user('etl', 2)] },
      { id: '444455556666', users: [user('admin', 3), { name: 'etl' }] },
    ];
    const world = { name: 'two', region: 'us-east-1', accounts };
    const made = readyConnections({ world, awsEndpoint: 'http://127.0.0.1:1', clusters: {}, metadataEndpoints: {} });
    expect(made.map(({ name, values }) => [name, values['accessKeyId']])).to.deep.equal([
      ['keys-admin-111122223333', 'AKIA1'],
      ['keys-etl', 'AKIA2'],
      ['keys-admin-444455556666', 'AKIA3'],
    ]);
  });
});

describe('A sandbox', () => {
  it('writes a connection file for every identity, readable by its owner alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roleshift-test-'));
    try {
      await using sandbox = await startSandbox({ world: STANDARD, databases: false });
      const files = await sandbox.connectionFiles(join(folder, 'connections'));
      expect(files.map(({ name }) => name)).to.deep.equal([
        'keys-etl-agent',
        'ec2-agent',
        'worker-worker-1',
        'pod-pod-1',
      ]);
      for (const { path } of files) expect((await stat(path)).mode & 0o777).to.equal(0o600);
      const values = await Promise.all(
        files.map(async ({ path }) => parse(await readFile(path, 'utf8')) as Record<string, unknown>),
      );
      expect(values[0]).to.include({
        authType: 'assumeRole',
        accessKeyId: 'AKIASANDBOXETLAGENT1',
        stsEndpoint: sandbox.awsEndpoint,
        iamEndpoint: sandbox.awsEndpoint,
        useStaging: true,
      });
      expect(values[1]).to.include({ useEc2Role: true }).and.not.have.any.keys('accessKeyId', 'secretAccessKey');
      expect(values[2])
        .to.include({ identitySource: 'workerRole' })
        .and.not.have.any.keys('accessKeyId', 'secretAccessKey');
      expect(files[1]!.environment).to.deep.equal({
        AWS_EC2_METADATA_SERVICE_ENDPOINT: sandbox.metadataEndpoints['agent']!.imds,
      });
      expect(await readFile(files[2]!.path, 'utf8')).to.include(
        '#   AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:',
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('leaves neither files nor ports behind', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'roleshift-test-'));
    const sandbox = await startSandbox({ world: STANDARD, databases: false, dataDir });
    expect(existsSync(sandbox.dataDir)).to.equal(true);
    await sandbox[Symbol.asyncDispose]();
    expect(existsSync(sandbox.dataDir)).to.equal(false);
    expect(existsSync(dataDir)).to.equal(true);
    expect(
      await fetch(sandbox.awsEndpoint).then(
        () => 'open',
        () => 'closed',
      ),
    ).to.equal('closed');
    await rm(dataDir, { recursive: true });
  });

  it('leaves neither files nor processes behind when its process is killed', async function () {
    this.timeout(60_000);
    const dataDir = await mkdtemp(join(tmpdir(), 'roleshift-test-'));
    await using sandbox = await startSandboxProcess();
    const { id } = (await sandbox.call('POST', '/worlds', { world: standardWorld(), dataDir })) as WorldInfo;
    const facts = (await sandbox.call('POST', `/worlds/${id}/sql`, {
      sql: "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1), current_setting('data_directory')",
    })) as SuperuserRows;
    const [pid, folder] = facts.rows[0]!;
    const left = (): string[] => [
      ...readdirSync(dataDir),
      ...(existsSync(folder!) ? [folder!] : []),
      ...(isAlive(Number(pid)) ? ['postgres'] : []),
    ];
    expect(left()).to.have.length(3);
    process.kill(sandbox.pid, 'SIGKILL');
    for (let tries = 0; left().length > 0 && tries < 100; tries++) await wait(50);
    expect(left()).to.deep.equal([]);
    await rmdir(dataDir);
  });

  it('cleans up when it cannot start', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'roleshift-test-'));
    const occupied = createServer();
    await new Promise<void>((resolve) => occupied.listen(0, '127.0.0.1', resolve));
    const { port } = occupied.address() as { port: number };
    const failure = await startSandbox({ world: STANDARD, databases: false, dataDir, awsPort: port }).catch(
      (error: unknown) => error,
    );
    expect(failure).to.have.property('code', 'EADDRINUSE');
    occupied.close();
    await rmdir(dataDir); // refuses to remove a folder that is not empty
  });

  it('opens many worlds in one process of its own, each with its own log, clock and faults', async () => {
    await using first = await openWorld(standardWorld(), { databases: false });
    await using second = await openWorld(
      standardWorld((world) => {
        world.region = 'eu-west-1';
      }),
      { databases: false },
    );
    expect(first.awsEndpoint).not.to.equal(second.awsEndpoint);
    await fetch(first.awsEndpoint, { method: 'POST' });
    await first.advance(60);
    expect(first.clock.now() - second.clock.now()).to.be.within(59_000, 61_000);
    expect([(await first.calls()).length, (await second.calls()).length]).to.deep.equal([1, 0]);
    expect((await first.calls())[0]).to.include({
      service: 'sts',
      allowed: false,
      errorCode: 'MissingAuthenticationToken',
    });
    expect(second.connection('ec2-agent').values['region']).to.equal('eu-west-1');
  });

  it('tells a test why its world is refused', async () => {
    const failure = await openWorld({ region: 'us-east-1', accounts: [] }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ControlError);
    expect((failure as ControlError).message).to.include('accounts: must NOT have fewer than 1 items');
  });
});

describe('The clock of a world', () => {
  it('moves forward only, and knows what a client meant by its own time', () => {
    let machine = 1_000_000;
    const clock = createWorldClock({ machine: { now: () => machine } });
    clock.advance(60);
    machine += 5000;
    expect(clock.now()).to.equal(1_065_000);
    expect(clock.date().getTime()).to.equal(machine);
    expect(clock.readingsOf(999_999, 0)[1]).to.equal(999_999);
    expect(clock.readingsOf(1_000_001, 0)[1]).to.equal(1_060_001);
    clock.advance(0.5);
    expect(clock.readingsOf(machine, 0)[1]).to.equal(1_065_500);
    for (const seconds of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => clock.advance(seconds)).to.throw(RangeError);
  });
});

describe('Lifetimes and skew of a world', () => {
  it('shorten what is issued, and shift what AWS says', () => {
    const clock = createWorldClock({ machine: { now: () => 1_000_500 }, skewSeconds: 600, lifetimeScale: 1 / 300 });
    expect(clock.now()).to.equal(1_600_500);
    expect(clock.date().getTime()).to.equal(1_600_500);
    expect(clock.expiryAfter(900).getTime()).to.equal(1_603_500);
    clock.setLifetimeScale(1);
    clock.setSkew(0);
    expect(clock.expiryAfter(900).getTime()).to.equal(1_900_000);
    for (const scale of [0, -1, 2, Number.NaN]) expect(() => clock.setLifetimeScale(scale)).to.throw(RangeError);
    expect(() => clock.setSkew(Number.NaN)).to.throw(RangeError);
  });
});

describe('The fault book', () => {
  it('counts calls before and strikes, by action and subject', () => {
    const book = createFaultBook();
    book.add(
      { on: 'a', after: 1, times: 2, matching: 'x', effect: { kind: 'throttle' } },
      { on: 'b', effect: { kind: 'drop' } },
    );
    const struck = (on: string, subject?: string): boolean => book.take(on, subject) !== undefined;
    expect([
      struck('a', 'y'),
      struck('a', 'x1'),
      struck('a', 'x2'),
      struck('a'),
      struck('a', 'x3'),
      struck('a', 'x4'),
    ]).to.deep.equal([false, false, true, false, true, false]);
    book.clear();
    expect(struck('b')).to.equal(false);
  });
});

describe('Disposables', () => {
  it('go last first, all of them, and tell the first failure', async () => {
    const order: number[] = [];
    const held = new Disposables();
    for (const number of [1, 2, 3]) {
      held.own({
        [Symbol.asyncDispose]: async () => {
          order.push(number);
          if (number > 1) throw new Error(`failure ${number}`);
        },
      });
    }
    const failure = await held[Symbol.asyncDispose]().catch((error: unknown) => error);
    expect(order).to.deep.equal([3, 2, 1]);
    expect((failure as Error).message).to.equal('failure 3');
    await held[Symbol.asyncDispose]();
  });
});
