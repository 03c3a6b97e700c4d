import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';

const MAIN = 'dist/cli/main.js';
const COMMANDS = [
  'check',
  'discover',
  'preview',
  'read',
  'write',
  'janitor',
  'login',
  'exec',
  'policies',
  'grants',
  'sandbox',
  'demo',
];

/** Every module that a run of the command line loads. */
function modulesLoadedBy(args: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'roleshift-help-'));
  try {
    const log = join(folder, 'modules.txt');
    writeFileSync(log, '');
    const hooks = join(folder, 'hooks.mjs');
    writeFileSync(
      hooks,
      `import { appendFileSync } from 'node:fs';
       export async function load(url, context, next) { appendFileSync(${JSON.stringify(log)}, url + '\\n'); return next(url, context); }`,
    );
    const register = join(folder, 'register.mjs');
    writeFileSync(
      register,
      `import { register } from 'node:module'; register(${JSON.stringify(pathToFileURL(hooks).href)});`,
    );
    execFileSync(process.execPath, ['--import', pathToFileURL(register).href, MAIN, ...args], { stdio: 'pipe' });
    return readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('roleshift --help', () => {
  it('imports neither an AWS SDK, nor the driver, nor DuckDB', () => {
    const modules = modulesLoadedBy(['--help']);
    expect(modules.some((url) => url.endsWith('/cli/program.js'))).to.equal(true);
    expect(modules.filter((url) => /@aws-sdk|@smithy|duckdb|node_modules\/pg\//.test(url))).to.deep.equal([]);
  });

  it('names every command and the exit statuses', () => {
    const help = execFileSync(process.execPath, [MAIN, '--help'], { encoding: 'utf8' });
    for (const command of COMMANDS) expect(help).to.match(new RegExp(`^  ${command} `, 'm'));
    expect(help).to.include('Exit status: 0 done, 2 configuration');
  });

  for (const command of COMMANDS) {
    it(`explains ${command}`, () => {
      const help = execFileSync(process.execPath, [MAIN, command, '--help'], { encoding: 'utf8' });
      expect(help).to.match(new RegExp(`^Usage: roleshift ${command}`));
      expect(help).to.include('--json');
    });
  }
});

describe('a command line that is wrong', () => {
  for (const { title, args, says } of [
    { title: 'an unknown command', args: ['chek'], says: "unknown command 'chek'" },
    { title: 'an unknown option', args: ['check', '-c', 'x.yaml', '--verbos'], says: "unknown option '--verbos'" },
    { title: 'a missing connection', args: ['check'], says: "required option '-c, --connection <file>' not specified" },
    { title: 'a limit that is no number', args: ['preview', '-c', 'x.yaml', 'a.b', '-n', 'ten'], says: 'whole number' },
  ]) {
    it(`answers ${title} with status 2 and what is wrong`, () => {
      const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
      expect(status).to.equal(2);
      expect(stderr).to.include(says);
    });
  }
});
