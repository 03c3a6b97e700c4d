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
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { check } from '../../src/operations/check.ts';
import type { Connection } from '../../src/operations/connection.ts';
import { read } from '../../src/operations/read.ts';
import { write } from '../../src/operations/write.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { type Desk, openDesk, roleshift } from './command.ts';

const SECRET_KEY = 'sandbox+etl-agent+not+a+real+secret+0001';
const PASSWORD = 'Canary-Password-7f3a';
const ROW_VALUE = 'canary-row-value-91c2';

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
    const secrets = [SECRET_KEY, role.secretAccessKey.reveal(), role.sessionToken!.reveal(), login.password.reveal()];
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
    // The sandbox's log masks keys that stand in a statement, so the words around them are looked for as well.
    expect(await serverLog()).not.to.match(/access_key_id|secret_access_key|credentials\s|session_token/i);
    expectNone(secrets, {
      options: inspect(options, { depth: 9, showHidden: true }) + JSON.stringify(options),
      access: inspect(access, { depth: 12, showHidden: true }),
      database: inspect(database, { depth: 12, showHidden: true }),
    });
  });

  for (const { title, changes, canaries } of [
    { title: 'an access key pair', changes: {}, canaries: [SECRET_KEY] },
    {
      title: 'a wrong secret key',
      changes: { secretAccessKey: 'Canary+Wrong+Secret+0000000000000000001' },
      canaries: ['Canary+Wrong+Secret+0000000000000000001'],
    },
    {
      title: 'a session token that AWS does not know',
      changes: { sessionToken: 'Canary-Session-Token-0001' },
      canaries: [SECRET_KEY, 'Canary-Session-Token-0001'],
    },
    {
      title: 'a stored password',
      changes: { authType: 'password', username: 'stored', password: PASSWORD, useStaging: undefined },
      canaries: [PASSWORD],
    },
    {
      title: 'a wrong stored password',
      changes: { authType: 'password', username: 'stored', password: 'Canary-Wrong-Password', useStaging: undefined },
      canaries: ['Canary-Wrong-Password'],
    },
  ]) {
    it(`the command line prints nothing of ${title}, whether it works or not`, async () => {
      const file = await desk.connection(sandbox.connection('keys-etl-agent'), changes);
      expect(await loadConnectionFile(file)).to.be.an('object');
      const before = (await readdir(desk.folder)).sort();
      const printed: string[] = [];
      for (const args of [['check'], ['preview', 'public.notes'], ['preview', 'public.notes', '--json']]) {
        const { stdout, stderr } = await roleshift([...args, '-c', file]);
        printed.push(stdout, stderr);
      }
      expect((await readdir(desk.folder)).sort()).to.deep.equal(before);
      expectNone(canaries, { output: printed.join('\n'), 'the server log': await serverLog() });
    });
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
