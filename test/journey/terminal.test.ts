import { execFile, spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { type Desk, openDesk } from './command.ts';

const ROWS = 30_000;
/** Runs a command on a terminal of so many columns and lines, and passes on what it shows. */
const TERMINAL = `
import fcntl, os, pty, struct, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', int(sys.argv[2]), int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[3], sys.argv[3:])
try:
    while shown := os.read(terminal, 65536): os.write(1, shown)
except OSError: pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

function world(): ReturnType<typeof standardWorld> {
  return standardWorld((_, _account, cluster) => {
    cluster.databases![0]!.setup = `create table public.many (id bigint, note varchar(200));
      insert into public.many select n, 'note ' || n from generate_series(1, ${ROWS}) as n;
      create table public.copies (id bigint, note varchar(200));
      grant all on public.many, public.copies to etl; grant create on schema public to etl;`;
  });
}

function onTerminal(size: readonly [columns: number, lines: number], args: readonly string[]): Promise<string> {
  const own = Object.entries(process.env).filter(([name]) => !/^(?:AWS_|NO_COLOR$|FORCE_COLOR$|CI$)/.test(name));
  const env = { ...Object.fromEntries(own), TERM: 'xterm-256color' };
  const call = ['-c', TERMINAL, ...size.map(String), process.execPath, 'dist/cli/main.js', ...args];
  return new Promise((resolve, reject) => {
    const child = execFile('python3', call, { env }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${stdout}\n${stderr}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.end();
  });
}

describe('progress on a terminal', () => {
  let sandbox: TestWorld;
  let desk: Desk;
  let connection: string;

  before(async function () {
    this.timeout(60_000);
    if (spawnSync('python3', ['-c', 'import pty']).status !== 0) this.skip();
    sandbox = await openWorld(world());
    desk = await openDesk();
    connection = await desk.connection(sandbox.connection('keys-etl-agent'));
  });
  after(async () => {
    await desk?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });

  for (const { title, size, width } of [
    { title: 'its own width', size: [100, 30], width: 100 },
    { title: 'a terminal that says that it has no columns', size: [0, 0], width: 80 },
  ] as const) {
    it(`is a bar and the outcome, of a read and a write, in ${title}`, async () => {
      const file = `${desk.folder}/rows-${width}.csv`;
      const how = ['--mode', 'staged', '--format', 'csv', '-o', file];
      const read = await onTerminal(size, ['read', 'public.many', '-c', connection, ...how]);
      const seen = stripVTControlCharacters(read);
      expect(seen).to.match(/unload/);
      expect(seen).to.match(/fetch {4}[█░]{20} +\d+% {2}[\d,]+ of 30,000 rows/);
      expect(seen).to.match(/read {2}30,000 rows in [\d.]+ m?s\s*$/);

      const write = await onTerminal(size, ['write', 'public.copies', file, '-c', connection, '--reject-limit', '1']);
      const written = stripVTControlCharacters(write);
      expect(written).to.match(/stage/);
      expect(written).to.match(/commit {3}█{20} 100% {2}30,000 of 30,000 rows/);
      expect(written).not.to.match(/\b0 of/);
      expect(written).to.match(/written {2}public\.copies\s+30,000 read, 30,000 inserted/);

      const drawn = [...seen.split(/[\r\n]+/), ...written.split(/[\r\n]+/)].filter((line) => /[█░]/.test(line));
      for (const line of drawn) expect(line.length, line).to.be.below(width);
    });
  }
});
