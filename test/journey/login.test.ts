import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { type Answer, type CommandOptions, type Desk, openDesk } from './command.ts';
import { watchCommandLines } from './command-lines.ts';

/** A user, a password and a database that a shell, libpq and an address take for something else. */
const ODD_USER = `o'dd:us\\er "$x`;
const ODD_DATABASE = 'odd:data\\base?x=y&z';
const ODD_PASSWORD = `p:a\\s's"$(id)#=!%40@Zz9`;

/** The database user of the role itself. */
const BY_IDENTITY = {
  Effect: 'Allow',
  Action: 'redshift:GetClusterCredentialsWithIAM',
  Resource: 'arn:aws:redshift:us-east-1:111122223333:dbname:warehouse/dev',
} as const;

/** A login of 900 s then lasts three seconds. */
const SHORT_LIFE = 1 / 300;

const CTRL_C = '\u0003';
const SETUP_LIMIT_MS = 60_000;
const APPEAR_LIMIT_MS = 15_000;

describe('a login for other programs', () => {
  let sandbox: TestWorld;
  let desk: Desk;
  /** By role, and by a stored password with odd names. */
  let connections: Readonly<Record<'role' | 'odd', string>>;

  before(async function () {
    this.timeout(SETUP_LIMIT_MS);
    if ((await promisify(execFile)('psql', ['--version']).catch(() => undefined)) === undefined) this.skip();
    sandbox = await openWorld(
      standardWorld((_, account, cluster) => {
        const role = account.roles!.find(({ name }) => name === 'RedshiftLogin')!;
        role.policies!.push({ Version: '2012-10-17', Statement: [BY_IDENTITY] });
        cluster.users!.push({ name: ODD_USER, password: ODD_PASSWORD });
        cluster.databases!.push({ name: ODD_DATABASE });
      }),
    );
    desk = await openDesk();
    const ready = sandbox.connection('keys-etl-agent');
    connections = {
      role: await desk.connection(ready),
      odd: await desk.connection(ready, {
        authType: 'password',
        username: ODD_USER,
        password: ODD_PASSWORD,
        database: ODD_DATABASE,
        roleArn: undefined,
        clusterIdentifier: undefined,
        useStaging: undefined,
        stsEndpoint: undefined,
        redshiftEndpoint: undefined,
        iamEndpoint: undefined,
        s3Endpoint: undefined,
        stagingBucket: undefined,
        copyRole: undefined,
        accessKeyId: undefined,
        secretAccessKey: undefined,
      }),
    };
  });
  after(async () => {
    await desk?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });
  /** Whatever a test does: neither a file nor a folder of a login stays. */
  afterEach(async () => expect(await readdir(desk.temporary)).to.deep.equal([]));

  const run = (command: string, rest: readonly string[], options?: CommandOptions): Promise<Answer> =>
    desk.run([command, '-c', connections.role, ...rest], options);
  const exec = (program: readonly string[], options?: CommandOptions): Promise<Answer> =>
    run('exec', ['--', ...program], options);
  /** A program that is none of ours, with these variables and no other. */
  const outside = async (command: string, args: readonly string[], environment: object): Promise<string> => {
    const env = { PATH: process.env['PATH'], HOME: desk.folder, ...environment };
    return (await promisify(execFile)(command, args, { env })).stdout;
  };
  const WHO = ['-XAtc', 'select current_user, current_database()'];

  describe('roleshift login', () => {
    for (const [connection, told] of [
      ['role', 'etl|dev'],
      ['odd', `${ODD_USER}|${ODD_DATABASE}`],
    ] as const) {
      const login = (...args: readonly string[]): Promise<Answer> =>
        desk.run(['login', '-c', connections[connection], ...args]);

      it(`lets psql in by a shell’s environment, as ${connection}`, async () => {
        const { status, stdout, stderr } = await login();
        expect(status, stderr).to.equal(0);
        expect(await outside('sh', ['-c', 'eval "$0"; exec psql "$@"', stdout, ...WHO], {})).to.equal(`${told}\n`);
      });

      it(`lets psql in by a password file and an address, as ${connection}`, async () => {
        const path = join(desk.folder, `${connection}.pgpass`);
        const { status, stdout, stderr } = await login('--format', 'pgpass', '-o', path);
        expect([status, stdout], stderr).to.deep.equal([0, '']);
        expect((await stat(path)).mode & 0o777).to.equal(0o600);
        const url = (await login('--format', 'url')).stdout.trim();
        expect(await outside('psql', [...WHO, url], { PGPASSFILE: path })).to.equal(`${told}\n`);
      });
    }

    it('tells the end of the login in JSON, and what it did on standard error', async () => {
      const { stdout, stderr } = await run('login', ['--json']);
      const { expiresAt, ...rest } = JSON.parse(stdout) as Record<string, string>;
      expect(Date.parse(expiresAt ?? '') - Date.now()).to.be.within(840_000, 900_000);
      expect(rest).to.have.all.keys('host', 'port', 'database', 'user', 'password', 'sslMode', 'sslRootCert');
      expect(stderr).to.equal('');
      expect((await run('login', [])).stderr).to.match(
        /^login {2}IAM:etl on 127\.0\.0\.1:\d+\/dev, for new sessions until \d\d:\d\d:\d\d UTC\n$/,
      );
    });

    it('asks for the address of a cluster that was not given one', async () => {
      const ready = sandbox.connection('keys-etl-agent');
      const file = await desk.connection(ready, { host: undefined, port: undefined });
      const { stdout, stderr } = await desk.run(['login', '-c', file, '--json']);
      expect(JSON.parse(stdout), stderr).to.include({ host: ready.values['host'], port: ready.values['port'] });
    });

    it('is that of a worker node where that is asked for, as a program gets it by exec', async () => {
      const { environment } = sandbox.connection('worker-worker-1');
      const file = await desk.connection(sandbox.connection('keys-etl-agent'), {
        secretAccessKey: 'not/the/agents/own',
      });
      const advanced = ['-c', file, '--mode', 'advanced'];
      const { status, stdout, stderr } = await desk.run(['login', ...advanced, '--json'], { environment });
      expect(status, stderr).to.equal(0);
      expect(JSON.parse(stdout)).to.include({ user: 'IAM:etl' });
      const program = await desk.run(['exec', ...advanced, '--', 'psql', ...WHO], { environment });
      expect([program.status, program.stdout], program.stderr).to.deep.equal([0, 'etl|dev\n']);
      for (const args of [['login'], ['exec', '--', 'psql', ...WHO]]) {
        const [command = '', ...rest] = args;
        const standard = await desk.run([command, '-c', file, ...rest], { environment });
        expect([standard.status, standard.stdout], standard.stderr).to.deep.equal([3, '']);
        expect(standard.stderr).to.include('RS_AUTH_KEYS_INVALID');
      }
      const check = await desk.run(['check', ...advanced, '--only', 'login', '--json'], { environment });
      expect([check.status, check.stdout]).to.satisfy(
        ([code, text]: [number, string]) => code === 0 && text.includes(':assumed-role/WorkerNode/'),
      );
      const wrong = await desk.run(['login', '-c', file, '--mode', 'worker']);
      expect([wrong.status, wrong.stdout]).to.deep.equal([2, '']);
    });

    it('replaces a file only where told to, and no link, folder or device at all', async () => {
      const path = await desk.file('precious', 'other:entries');
      const refused = await run('login', ['-o', path]);
      expect([refused.status, refused.stderr]).to.satisfy(
        ([status, text]: [number, string]) => status === 2 && /precious" exists\n.*--replace/.test(text),
      );
      expect(await readFile(path, 'utf8')).to.equal('other:entries');
      await chmod(path, 0o644);
      expect((await run('login', ['-o', path, '--replace'])).status).to.equal(0);
      expect(await readFile(path, 'utf8')).to.match(/^export PGHOST=/);
      expect((await stat(path)).mode & 0o777).to.equal(0o600);
      await symlink(path, join(desk.folder, 'link'));
      for (const other of [join(desk.folder, 'link'), desk.folder, '/dev/null']) {
        const { status, stderr } = await run('login', ['-o', other, '--replace']);
        expect(status, other).to.equal(2);
        expect(stderr).to.include('is not a plain file');
      }
      const absent = await run('login', ['-o', join(desk.folder, 'none/x')]);
      expect([absent.status, absent.stderr.split('\n', 1)[0]]).to.deep.equal([
        2,
        `RS_CONFIG_INVALID  The file ${JSON.stringify(join(desk.folder, 'none/x'))} cannot be written: there is no such folder`,
      ]);
      expect((await readdir(desk.folder)).filter((name) => name.endsWith('.partial'))).to.deep.equal([]);
    });

    for (const { title, args, says } of [
      { title: '--keep without a file', args: ['--keep'], says: /Add --output FILE/ },
      { title: 'two forms at once', args: ['--json', '--format', 'pgpass'], says: /cannot share standard output/ },
    ]) {
      it(`refuses ${title}, and asks AWS nothing`, async () => {
        const before = (await sandbox.calls()).length;
        const { status, stdout, stderr } = await run('login', args);
        expect([status, stdout + stderr]).to.satisfy(([code, text]: [number, string]) => code === 2 && says.test(text));
        expect((await sandbox.calls()).length).to.equal(before);
      });
    }

    it('keeps a file as long as it runs', async () => {
      const path = join(desk.folder, 'kept');
      for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
        let pid = 0;
        const args = ['--format', 'pgpass', '-o', path, '--keep', '--replace'];
        const kept = run('login', args, { onStart: (id) => (pid = id) });
        await appeared(path);
        expect(await readFile(path, 'utf8')).to.match(/:dev:IAM\\:etl:/);
        process.kill(pid, signal);
        expect((await kept).status, signal).to.equal(0);
        expect(existsSync(path), signal).to.equal(false);
      }
    });

    it('keeps a file fresh, and takes it away when there is no other login to be had', async function () {
      this.timeout(40_000);
      await sandbox.lifetimes(SHORT_LIFE);
      try {
        const path = join(desk.folder, 'fresh');
        const kept = run('login', ['--format', 'pgpass', '-o', path, '--keep']);
        await appeared(path);
        const first = await readFile(path, 'utf8');
        await delay(4_000);
        expect(await readFile(path, 'utf8')).not.to.equal(first);
        const effect = { kind: 'error', status: 403, code: 'AccessDenied' } as const;
        await sandbox.faults({ on: 'redshift:GetClusterCredentials', times: 99, effect });
        const { status, stderr } = await kept;
        expect(status, stderr).to.equal(3);
        expect(stderr).to.include('RS_AUTH_LOGIN_DENIED');
        expect(existsSync(path)).to.equal(false);
      } finally {
        await sandbox.clearFaults();
        await sandbox.lifetimes(1);
      }
    });

    it('leaves somebody else’s file in the place of its own', async () => {
      const path = join(desk.folder, 'taken');
      let pid = 0;
      const kept = run('login', ['-o', path, '--keep'], { onStart: (id) => (pid = id) });
      await appeared(path);
      await writeFile(`${path}.new`, 'theirs');
      await promisify(execFile)('mv', [`${path}.new`, path]);
      process.kill(pid, 'SIGTERM');
      await kept;
      expect(await readFile(path, 'utf8')).to.equal('theirs');
    });
  });

  describe('roleshift exec', () => {
    it('lets psql in by role, and by a password with odd names', async () => {
      const byRole = await exec(['psql', ...WHO]);
      expect(byRole).to.deep.equal({ status: 0, stdout: 'etl|dev\n', stderr: '' });
      const odd = await desk.run(['exec', '-c', connections.odd, 'psql', ...WHO]);
      expect(odd).to.deep.equal({ status: 0, stdout: `${ODD_USER}|${ODD_DATABASE}\n`, stderr: '' });
    });

    it('lets psql in as the database user of an IAM identity', async () => {
      const ready = sandbox.connection('keys-etl-agent');
      const file = await desk.connection(ready, { loginMethod: 'iamIdentity', username: undefined });
      const { status, stdout, stderr } = await desk.run(['exec', '-c', file, 'psql', ...WHO]);
      expect([status, stdout], stderr).to.deep.equal([0, 'IAMR:RedshiftLogin|dev\n']);
    });

    it('lets psql in behind a tunnel, by the name in the certificate', async () => {
      const ready = sandbox.connection('keys-etl-agent');
      const tunnel = await desk.connection(ready, { host: '127.0.0.1', tlsServerName: 'localhost' });
      const { status, stdout, stderr } = await desk.run(['exec', '-c', tunnel, 'psql', '-XAt', '-c', '\\conninfo']);
      expect([status, stderr]).to.deep.equal([0, '']);
      expect(stdout).to.match(/on host "localhost" \(address "127\.0\.0\.1"\)/);
      const wrong = await desk.connection(ready, { host: '127.0.0.1', tlsServerName: 'warehouse.example.com' });
      const refused = await desk.run(['exec', '-c', wrong, 'psql', ...WHO]);
      expect([refused.status, refused.stdout]).to.deep.equal([2, '']);
      expect(refused.stderr).to.match(/does not match host name "warehouse\.example\.com"/);
    });

    it('gives the program its own options, wherever they look like ours', async () => {
      const { stdout, stderr } = await run('exec', ['printf', '%s,', '-c', '--json', '--help', '--', 'x']);
      expect(stdout, stderr).to.equal('-c,--json,--help,--,x,');
    });

    it('gives the program a private folder, its own roots, and no variable of AWS or of a secret', async () => {
      const ready = sandbox.connection('keys-etl-agent');
      const file = await desk.connection(ready, { secretAccessKey: `\${env:CANARY_KEY}` });
      const look = 'stat -c %a "$(dirname "$PGPASSFILE")" "$PGPASSFILE" "$PGSSLROOTCERT"; env';
      const environment = {
        AWS_PROFILE: 'none',
        PGSERVICE: 'none',
        CANARY_KEY: 'sandbox+etl-agent+not+a+real+secret+0001',
      };
      const { stdout, stderr } = await desk.run(['exec', '-c', file, '--', 'sh', '-c', look], { environment });
      const [folder, passwords, roots, ...variables] = stdout.trim().split('\n');
      expect([folder, passwords, roots], stderr).to.deep.equal(['700', '600', '600']);
      expect(variables.filter((line) => /^(?:AWS_|CANARY|PGPASSWORD|PGSERVICE)/.test(line))).to.deep.equal([]);
      expect(variables).to.include.members(['PGSSLMODE=verify-full', 'PGUSER=IAM:etl']);
    });

    it('puts the password into the environment where told to, and on no command line ever', async () => {
      let watch = watchCommandLines(process.pid);
      const look = 'sleep 0.2; printf %s "$PGPASSWORD"; test -z "$PGPASSFILE" && exec psql -XAtc "select current_user"';
      const { status, stdout } = await run('exec', ['--password-env', 'sh', '-c', look], {
        onStart: (pid) => {
          void watch.stop();
          watch = watchCommandLines(pid);
        },
      });
      const password = stdout.slice(0, stdout.indexOf('etl\n'));
      expect([status, password.length > 30]).to.deep.equal([0, true]);
      const commandLines = await watch.stop();
      expect(commandLines).to.include('sleep 0.2');
      expect(commandLines).not.to.include(password);
    });

    for (const { title, program, status, says } of [
      { title: 'its status', program: ['sh', '-c', 'exit 42'], status: 42, says: /^$/ },
      { title: 'the signal that ended it', program: ['sh', '-c', 'kill -KILL $$'], status: 137, says: /^$/ },
      {
        title: 'that it is not found',
        program: ['no-such-program'],
        status: 127,
        says: /"no-such-program" is not found/,
      },
      { title: 'that it cannot be run', program: ['/etc/passwd'], status: 126, says: /cannot be run \(EACCES\)/ },
      { title: 'that it is below a file', program: ['/etc/passwd/x'], status: 126, says: /cannot be run \(ENOTDIR\)/ },
      { title: 'that it has no name', program: [''], status: 127, says: /"" is not found/ },
    ] as const) {
      it(`passes on ${title}`, async () => {
        const answer = await exec(program);
        expect(answer.status).to.equal(status);
        expect(answer.stderr).to.match(says);
      });
    }

    it('carries what comes and goes through pipes, however much', async () => {
      const own = { ...process.env, TMPDIR: desk.temporary };
      const pipe = 'head -c 3000000 /dev/zero | "$@" | { sleep 0.3; wc -c; }';
      const line = ['-c', pipe, 'sh', process.execPath, 'dist/cli/main.js', 'exec', '-c', connections.role, 'cat'];
      const { stdout } = await promisify(execFile)('sh', line, { env: own });
      expect(stdout.trim()).to.equal('3000000');
    });

    it('says why there is no login, and runs nothing', async () => {
      const file = await desk.connection(sandbox.connection('keys-etl-agent'), { username: 'awsuser' });
      const { status, stdout, stderr } = await desk.run(['exec', '-c', file, '--', 'echo', 'ran']);
      expect([status, stdout]).to.deep.equal([3, '']);
      expect(stderr)
        .to.match(/^RS_AUTH_LOGIN_DENIED/)
        .and.to.include('redshift:GetClusterCredentials');
    });

    for (const [signal, status] of [
      ['SIGTERM', 143],
      ['SIGHUP', 129],
      ['SIGINT', 130],
      ['SIGQUIT', 131],
    ] as const) {
      it(`hands ${signal} to the program, waits for it, and cleans up`, async () => {
        const ready = join(desk.folder, `ready-${signal}`);
        let pid = 0;
        // Cleans up for a while itself, and then ends by the signal as a program does.
        const script = `trap 'sleep 0.2; echo bye; trap - ${signal.slice(3)}; kill -${signal.slice(3)} $$' ${signal.slice(3)}
          touch ${ready}; while :; do sleep 0.05; done`;
        const running = exec(['sh', '-c', script], { onStart: (id) => (pid = id) });
        await appeared(ready);
        process.kill(pid, signal);
        expect(await running).to.deep.equal({ status, stdout: 'bye\n', stderr: '' });
      });
    }

    it('keeps the password good for new sessions, longer than a login lives', async function () {
      this.timeout(40_000);
      await sandbox.lifetimes(SHORT_LIFE);
      try {
        const sessions = `for n in 1 2 3 4 5 6 7 8 9 10 11; do
          psql -XAtc 'select 1' || exit 9; cat "$PGPASSFILE" >> passwords; sleep 0.4; done; sort -u passwords | wc -l; rm passwords`;
        const { status, stdout, stderr } = await exec(['sh', '-c', `cd ${desk.folder}; ${sessions}`]);
        expect([status, stderr]).to.deep.equal([0, '']);
        const passwords = Number(stdout.trim().split('\n').at(-1));
        expect(passwords, 'logins that the file held').to.be.at.least(3);
        expect(stdout).to.equal(`${'1\n'.repeat(11)}${passwords}\n`);
      } finally {
        await sandbox.lifetimes(1);
      }
    });

    it('leaves a program on a terminal its Ctrl-C, once for each time it is typed', async () => {
      const program = `let seen = 0; process.on('SIGINT', () => {
          seen += 1; console.log('seen ' + seen); if (seen === 2) setTimeout(() => process.exit(seen), 500);
        }); setTimeout(() => process.exit(0), 9000); console.log('ready');`;
      const shown = await onTerminal(
        ['exec', '-c', connections.role, '--', process.execPath, '-e', program],
        [
          ['ready', CTRL_C],
          ['seen 1', CTRL_C],
        ],
      );
      expect(shown.text)
        .to.match(/ready[\s\S]*seen 1[\s\S]*seen 2/)
        .and.not.to.include('seen 3');
      expect(shown.status).to.equal(2);
    });

    it('leaves psql on a terminal its Ctrl-C, which ends the statement and not the session', async () => {
      const many = Array.from({ length: 8 }, (_, number) => `generate_series(1, 200) t${number}`).join(', ');
      const shown = await onTerminal(
        ['exec', '-c', connections.role, '--', 'psql', '-X', '-P', 'pager=off'],
        [
          ['dev=>', `\\echo read''y\nselect count(*) from ${many};\n`],
          ['ready', CTRL_C],
          ['ERROR', `select 'still ' || 'here';\n\\q\n`],
        ],
      );
      expect(shown.text).to.include('still here');
      expect(shown.status).to.equal(0);
    });

    it('shows no password on a terminal without --show', async () => {
      const before = (await sandbox.calls()).length;
      const refused = await onTerminal(['login', '-c', connections.role]);
      expect([refused.status, refused.text]).to.satisfy(
        ([status, text]: [number, string]) => status === 2 && /standard output is a terminal/.test(text),
      );
      expect((await sandbox.calls()).length).to.equal(before);
      expect((await onTerminal(['login', '-c', connections.role, '--format', 'url'])).text).to.match(
        /postgresql:\/\/IAM/,
      );
      expect((await onTerminal(['login', '-c', connections.role, '--show'])).text).to.match(/PGPASSWORD='/);
    });

    it('killed, leaves a folder that the next one removes', async () => {
      const ready = join(desk.folder, 'ready-killed');
      let pid = 0;
      const script = `echo $$ > ${ready}.pid; mv ${ready}.pid ${ready}; exec sleep 60`;
      const running = exec(['sh', '-c', script], { onStart: (id) => (pid = id) });
      await appeared(ready);
      process.kill(pid, 'SIGKILL');
      process.kill(Number(await readFile(ready, 'utf8')), 'SIGKILL');
      await running;
      expect(await readdir(desk.temporary)).to.have.length(1);
      expect((await exec(['true'])).status).to.equal(0);
    });
  });

  async function appeared(path: string): Promise<void> {
    const end = Date.now() + APPEAR_LIMIT_MS;
    while (!existsSync(path)) {
      if (Date.now() > end) throw new Error(`${path} does not appear`);
      await delay(25);
    }
  }

  /** Runs a command on a terminal, and types each text once it has shown what is waited for. */
  async function onTerminal(
    args: readonly string[],
    typed: readonly (readonly [shown: string, text: string])[] = [],
  ): Promise<{ readonly status: number | null; readonly text: string }> {
    const own = Object.entries(process.env).filter(([name]) => !/^(?:AWS_|FORCE_COLOR$|CI$)/.test(name));
    const call = ['-c', TERMINAL, JSON.stringify(typed), process.execPath, 'dist/cli/main.js', ...args];
    const child = spawn('python3', call, {
      env: { ...Object.fromEntries(own), NO_COLOR: '1', TERM: 'xterm', TMPDIR: desk.temporary },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (some: string) => {
      text += some;
    });
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, text };
  }
});

const TERMINAL = `
import json, os, pty, signal, sys, time
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[2], sys.argv[2:])
signal.alarm(15) # ends this terminal, and by it whatever waits there
typed = json.loads(sys.argv[1])
seen = b''
try:
    while shown := os.read(terminal, 65536):
        os.write(1, shown)
        seen += shown
        if typed and typed[0][0].encode() in seen:
            seen = b''
            time.sleep(0.3)
            os.write(terminal, typed.pop(0)[1].encode())
except OSError: pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
