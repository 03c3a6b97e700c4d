import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { loadConnectionFile } from '../../src/manifest/connection-file.ts';
import { resolveConnection } from '../../src/manifest/resolve.ts';
import { roleshift } from './command.ts';

/** What a reader has at hand beside an example: names that it uses and does not declare. */
const AT_HAND = `
import type { ConnectionInput as RoleshiftInput, OpenConnector as RoleshiftConnector } from 'roleshift';
declare global {
  const values: RoleshiftInput;
  const rows: AsyncIterable<readonly Readonly<Record<string, string | bigint | null>>[]>;
  const signal: AbortSignal;
  const [clusterIdentifier, host, database, roleArn, username]: readonly [string, string, string, string, string];
  type Database = Readonly<Record<'orders', { id: string }>>;
  const vault: { get(reference: string): string | undefined };
  function show(...step: readonly (string | undefined)[]): void;
  function take(rows: Iterable<unknown>): void;
  function tell(...words: readonly unknown[]): void;
}
declare module 'roleshift' {}
`;
const WITHOUT_IMPORT: readonly (readonly [name: RegExp, line: string])[] = [
  [/\bKysely\b/, "import { Kysely, PostgresDialect } from 'kysely';"],
];

function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, block = '']) => block,
  );
}

async function guides(): Promise<string[]> {
  const folders = await Promise.all(
    ['docs', 'docs/iam'].map(async (folder) => (await readdir(folder)).map((name) => `${folder}/${name}`)),
  );
  return ['README.md', ...folders.flat().filter((path) => path.endsWith('.md'))];
}

describe('the examples in the documents', () => {
  it('in TypeScript are accepted by the compiler, against the built package', async function () {
    this.timeout(60_000);
    const documents = await guides();
    // Inside of the package, so that its own name leads to what it exports.
    const folder = await mkdtemp(join('dist', 'documents-'));
    try {
      let count = 0;
      for (const document of documents) {
        for (const block of blocksOf(await readFile(document, 'utf8'), 'ts')) {
          count += 1;
          const imports = WITHOUT_IMPORT.filter(([name]) => name.test(block)).map(([, line]) => line);
          const given =
            /\bredshift\b/.test(block) && !/redshift = /.test(block)
              ? ['declare const redshift: import("roleshift").OpenConnector;']
              : [];
          const name = `${document.replaceAll(/\W/g, '-')}-${count}.ts`;
          await writeFile(join(folder, name), [...imports, ...given, block, 'export {};'].join('\n'));
        }
      }
      expect(count).to.be.at.least(4);
      await writeFile(join(folder, 'at-hand.d.ts'), AT_HAND);
      const config = {
        extends: '../../tsconfig.json',
        compilerOptions: { noUnusedLocals: false },
        include: ['*.ts'],
      };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const tsc = promisify(execFile)('node_modules/.bin/tsc', ['-p', folder]);
      const complaints = await tsc.then(
        () => '',
        (error: unknown) => (error as { stdout: string }).stdout,
      );
      expect(complaints).to.equal('');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('of a connection resolve, without a notice', async () => {
    const [block = '', ...others] = blocksOf(await readFile('README.md', 'utf8'), 'yaml');
    expect(others).to.deep.equal([]);
    const folder = await mkdtemp(join('dist', 'documents-'));
    try {
      const file = join(folder, 'warehouse.yaml');
      await writeFile(file, block, { mode: 0o600 });
      const { options, notices } = resolveConnection(await loadConnectionFile(file), { environment: {} });
      expect(notices).to.deep.equal([]);
      expect(options).to.include({ region: 'us-east-1', useEc2Role: true, useStaging: true });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('of the command line name commands and options that there are', async function () {
    this.timeout(30_000);
    const documents = await guides();
    const lines = (await Promise.all(documents.map((name) => readFile(name, 'utf8'))))
      .flatMap((text) => text.match(/^(?:\w+=\S+ )*(?:npx )?roleshift .*$/gm) ?? [])
      .map((line) => line.replace(/\s#.*$/, ''));
    expect(lines).not.to.deep.equal([]);
    const helps = new Map<string, string>();
    for (const line of lines) {
      const command = /roleshift ((?:explain )?\w+)/.exec(line)?.[1] ?? '';
      const help = helps.get(command) ?? (await roleshift([...command.split(' '), '--help'])).stdout;
      helps.set(command, help);
      expect(help, line).to.match(new RegExp(`^Usage: roleshift ${command} `));
      for (const [option] of line.matchAll(/\s--?[a-z][\w-]*/g)) {
        expect(help, line).to.match(new RegExp(`^  .*${option.trim()}\\b`, 'm'));
      }
    }
  });
});
