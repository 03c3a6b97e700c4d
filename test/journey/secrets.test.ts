import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { openRun } from '../../src/core/run.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { loadConnectionFile } from '../../src/manifest/connection-file.ts';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { check } from '../../src/operations/check/check.ts';
import type { Connection } from '../../src/operations/connection.ts';
import { read } from '../../src/operations/read/read.ts';
import { write } from '../../src/operations/write.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { type Desk, openDesk, roleshift } from './command.ts';
import { type CommandLines, watchCommandLines } from './command-lines.ts';

const SECRET_KEY = 'sandbox+etl-agent+not+a+real+secret+0001';
const KEY_ID = 'AKIASANDBOXETLAGENT1';
const PASSWORD = 'Canary-Password-7f3a';
const PROXY = 'http://agent:Canary-Proxy-55d1@127.0.0.1:9';
const ROW_VALUE = 'canary-row-value-91c2';

const SECRET_OPTIONS = Object.entries(MANIFEST.connection.properties)
  .filter(([, descriptor]) => descriptor.secret === true)
  .map(([key]) => key);

interface WorkingConnection {
  readonly title: string;
  /** Its own: the user of a first write owns the ledger. */
  readonly object: string;
  readonly changes: Readonly<Record<string, unknown>>;
}

/** For each secret option a connection on which it is wrong. */
const WRONG: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  accessKeyId: { accessKeyId: 'AKIACANARYWRONGKEY01' },
  secretAccessKey: { secretAccessKey: 'Canary+Wrong+Secret+0000000000000000001' },
  sessionToken: { sessionToken: 'Canary-Session-Token-0001' },
  // Nobody listens there; an endpoint of this machine would not go by it.
  awsProxyUrl: { awsProxyUrl: 'http://agent:Canary-Wrong-Proxy@127.0.0.1:9', stsEndpoint: undefined },
  password: {
    authType: 'password',
    username: 'stored',
    password: 'Canary-Wrong-Password',
    roleArn: undefined,
    clusterIdentifier: undefined,
    stagingRoleArn: 'arn:aws:iam::111122223333:role/RedshiftLogin',
  },
};

describe('secrets and row values', () => {
  let sandbox: TestWorld;
  let desk: Desk;

  before(async function () {
    this.timeout(60_000);
    desk = await openDesk();
    sandbox = await openWorld(
      standardWorld((_, _account, cluster) => {
        cluster.users!.push({ name: 'stored', password: PASSWORD });
        cluster.databases![0]!.setup = `
          create table public.notes (id bigint not null, note varchar(40));
          create table public.stored_notes (id bigint not null, note varchar(40));
          grant all on public.stored_notes to stored;
          grant all on public.notes to etl; grant all on public.notes to stored;`;
      }),
    );
  });
  after(async () => {
    await sandbox?.[Symbol.asyncDispose]();
    await desk?.[Symbol.asyncDispose]();
  });

  function expectNone(canaries: readonly string[], seen: Readonly<Record<string, string>>): void {
    for (const [place, text] of Object.entries(seen)) {
      for (const canary of canaries) {
        for (const form of [canary, encodeURIComponent(canary), Buffer.from(canary).toString('base64')]) {
          expect(text.includes(form), `a canary is in ${place}`).to.equal(false);
        }
      }
    }
  }

  async function textOfFiles(folder: string): Promise<string> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    return (await Promise.all(files.map((path) => readFile(path, 'latin1')))).join();
  }

  async function serverLog(): Promise<string> {
    return JSON.stringify(await sandbox.log());
  }

  it('no key, token or password of a run reaches events, reports, errors, SQL or files', async function () {
    this.timeout(60_000);
    const { values } = sandbox.connection('keys-etl-agent');
    const options = resolveOptions(values);
    await using access = openAccess(planAccess(options));
    await using database = openDatabase(access, options);
    const connection: Connection = { options, access, database, workDirectory: desk.folder };
    const events: unknown[] = [];
    const run = openRun({ onEvent: (event) => events.push(event) });

    const report = await check(connection, {}, run);
    const written = await write(connection, { object: 'public.notes' }, [{ id: 1n, note: ROW_VALUE }], run);
    for await (const batch of read(connection, { object: 'public.notes', mode: 'staged' }, run)) void batch;
    const failure: unknown = await write(
      connection,
      { object: 'public.notes' },
      [{ id: 2n, note: ROW_VALUE.repeat(9) }],
      openRun({ onEvent: (event) => events.push(event) }),
    ).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error);

    const role = await access.role(run);
    const login = await access.login(run);
    const secrets = [
      ...canariesIn(values),
      role.secretAccessKey.reveal(),
      role.sessionToken!.reveal(),
      login.password.reveal(),
    ];
    const files = await readdir(desk.folder);
    expectNone([...secrets, ROW_VALUE], {
      events:
        inspect(events, { depth: 9 }) +
        JSON.stringify(events, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
      'the check report': inspect(report, { depth: 9 }),
      'the write report': inspect(written, { depth: 9 }),
      'a failure': inspect(failure, { depth: 9, showHidden: true }) + JSON.stringify(failure),
      'files left behind': (await Promise.all(files.map((name) => readFile(join(desk.folder, name), 'utf8')))).join(),
      'the server log': await serverLog(),
    });
    await expectNoneInStatements();
    expect(await serverLog()).not.to.match(/access_key_id|secret_access_key|credentials\s|session_token/i);
    expectNone(secrets, {
      options: inspect(options, { depth: 9, showHidden: true }) + JSON.stringify(options),
      access: inspect(access, { depth: 12, showHidden: true }),
      database: inspect(database, { depth: 12, showHidden: true }),
    });
  });

  it('each secret option of the manifest has a canary that works and one that does not', async () => {
    const working = (await workingConnections()).flatMap(({ changes }) => Object.keys(changes));
    for (const key of SECRET_OPTIONS) {
      expect(working, `a connection that works with ${key}`).to.include(key);
      expect(Object.keys(WRONG), `a wrong ${key}`).to.include(key);
    }
  });

  /** Between them, these use every secret option for good. */
  async function workingConnections(): Promise<WorkingConnection[]> {
    const options = resolveOptions(sandbox.connection('keys-etl-agent').values);
    await using access = openAccess(planAccess(options));
    const role = await access.role(openRun());
    return [
      {
        title: 'access keys, and a proxy',
        object: 'public.notes',
        changes: { accessKeyId: KEY_ID, secretAccessKey: SECRET_KEY, awsProxyUrl: PROXY },
      },
      {
        title: 'a stored password, and temporary keys for staging',
        object: 'public.stored_notes',
        changes: {
          authType: 'password',
          username: 'stored',
          password: PASSWORD,
          roleArn: undefined,
          clusterIdentifier: undefined,
          accessKeyId: role.accessKeyId,
          secretAccessKey: role.secretAccessKey.reveal(),
          sessionToken: role.sessionToken?.reveal(),
        },
      },
    ];
  }

  const canariesIn = (changes: Readonly<Record<string, unknown>>): string[] =>
    SECRET_OPTIONS.flatMap((key) => {
      const value = changes[key];
      if (typeof value !== 'string') return [];
      return key === 'awsProxyUrl' ? [value, new URL(value).password] : [value];
    });

  /** Runs a command on a connection and looks for the canaries wherever a process leaves something. */
  async function expectSilent(args: readonly string[], canaries: readonly string[], status: number[]): Promise<void> {
    const kept = (await readdir(desk.folder)).sort();
    let watch: CommandLines | undefined;
    const answer = await desk.run(args, {
      onStart: (pid) => {
        watch = watchCommandLines(pid);
      },
    });
    const commandLines = (await watch?.stop()) ?? '';
    expect(answer.status, answer.stdout + answer.stderr).to.be.oneOf(status);
    expect((await readdir(desk.folder)).sort(), 'files in the working folder').to.deep.equal(kept);
    expect(commandLines, 'the watch saw the command').to.include(args[0]);
    expectNone(canaries, {
      [`the output of ${args[0]}`]: answer.stdout + answer.stderr,
      'a command line': commandLines,
      'a file left behind': await textOfFiles(desk.temporary),
    });
  }

  it('no command prints or leaves one, whether it works or fails', async function () {
    this.timeout(120_000);
    const [good, bad] = [
      await desk.file('good.csv', 'id,note\n7,seven\n'),
      await desk.file('bad.csv', `id,note\n8,${ROW_VALUE.repeat(9)}\n`),
    ];
    for (const { title, object, changes } of await workingConnections()) {
      const file = await desk.connection(sandbox.connection('keys-etl-agent'), changes);
      expect(await loadConnectionFile(file), title).to.be.an('object');
      for (const [args, status] of [
        [['check', '--json'], 0],
        [['discover', object], 0],
        [['preview', object], 0],
        [['read', object, '--mode', 'direct'], 0],
        [['read', object, '--mode', 'staged'], 0],
        [['read', 'public.nothing'], 2],
        [['login', '--format', 'url'], 0],
        [['exec', '--', process.execPath, '-e', 'console.log("ran")'], 0],
        [['exec', '--', 'no-such-program'], 127],
        [['write', object, good], 0],
        [['write', object, bad, '--json'], 5],
      ] as const) {
        const [command, ...rest] = args;
        await expectSilent([command, '-c', file, ...rest], canariesIn(changes), [status]);
      }
    }
    await expectNoneInStatements();
  });

  for (const [key, changes] of Object.entries(WRONG)) {
    it(`no command prints or leaves a wrong ${key}`, async function () {
      this.timeout(60_000);
      const file = await desk.connection(sandbox.connection('keys-etl-agent'), changes);
      const input = await desk.file('wrong.csv', 'id,note\n9,nine\n');
      const [login, ...others] = [
        ['login', '--json'],
        ['check'],
        ['preview', 'public.notes', '--json'],
        ['write', 'public.notes', input],
      ];
      // Each attempt waits for its retries where nobody listens: one is enough.
      for (const args of key === 'awsProxyUrl' ? [] : others) {
        await expectSilent([...args, '-c', file], canariesIn({ secretAccessKey: SECRET_KEY, ...changes }), [2, 3, 4]);
      }
      // What is stored is not tried: a login with it is what was asked for.
      if (key !== 'password')
        await expectSilent([...login!, '-c', file], canariesIn({ secretAccessKey: SECRET_KEY, ...changes }), [2, 3, 4]);
      await expectNoneInStatements();
    });
  }

  /** The sandbox's log masks what stands after certain words: where its mask is nowhere, nothing was masked. */
  async function expectNoneInStatements(): Promise<void> {
    const log = await serverLog();
    expect(log).not.to.include('***');
    expectNone([KEY_ID, SECRET_KEY, PASSWORD, ...Object.values(WRONG).flatMap(canariesIn)], { 'the server log': log });
  }

  it('a secret may come from the environment, and its value is in no process argument', async () => {
    const file = await desk.connection(sandbox.connection('keys-etl-agent'), {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference, followed by the connector
      secretAccessKey: '${env:CANARY_SECRET}',
    });
    let argumentsSeen = '';
    const { status, stdout } = await roleshift(['check', '-c', file], {
      environment: { CANARY_SECRET: SECRET_KEY },
      onStart: (pid) => {
        argumentsSeen = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      },
    });
    expect(status, stdout).to.equal(0);
    expect(argumentsSeen).to.include('check');
    expectNone([SECRET_KEY], { output: stdout, arguments: argumentsSeen });
  });
});
