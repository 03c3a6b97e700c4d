import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { PlannedDocument } from '../../src/policies/document.ts';
import { type PolicyFormat, renderPolicies } from '../../src/policies/render.ts';
import { CACHE, INSTALL_LIMIT_MS, needCommand } from '../clients/install.ts';
import { type Finished, runCommand } from '../clients/run-command.ts';
import { SETS } from './sets.ts';

const REQUIREMENTS = fileURLToPath(new URL('linters.txt', import.meta.url));
const ENVIRONMENT = {
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
  AWS_DEFAULT_REGION: 'us-west-2',
};
const COMPLETE = SETS.filter(([, { placeholders }]) => placeholders.length === 0);

/** A Python with the linters; kept from run to run. */
async function linters(): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const folder = join(CACHE, `roleshift-linters-${hash}`);
  const bin = join(folder, 'bin');
  if (existsSync(join(folder, 'complete'))) return bin;
  await mkdir(CACHE, { recursive: true });
  const needs = 'The linters need Python 3.9 or newer with its venv module, and pip a package index';
  await needCommand('python3', ['-m', 'venv', '--clear', folder], needs, INSTALL_LIMIT_MS);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
  await needCommand(join(bin, 'python'), install, needs, INSTALL_LIMIT_MS);
  await writeFile(join(folder, 'complete'), '');
  return bin;
}

describe('Linters that no one here wrote', () => {
  let bin: string;
  let folder: string;
  before(async function () {
    this.timeout(INSTALL_LIMIT_MS);
    bin = await linters();
    folder = await mkdtemp(join(tmpdir(), 'roleshift-linters-'));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const run = (command: string, args: readonly string[], input?: string): Promise<Finished> =>
    runCommand(command, args, { environment: ENVIRONMENT, ...(input === undefined ? {} : { input }) });

  async function write(name: string, format: PolicyFormat, set: (typeof SETS)[number][1]): Promise<string> {
    const place = join(folder, name);
    await mkdir(place, { recursive: true });
    for (const file of renderPolicies(set, format, { explain: true }))
      await writeFile(join(place, file.name), file.content);
    return place;
  }

  it('parliament finds nothing in any permissions policy', async () => {
    const documents = COMPLETE.flatMap(([, set]) => set.documents).filter(({ kind }) => kind === 'permissions');
    expect(documents.length).to.be.greaterThan(15);
    for (const { document, name } of documents) {
      // It takes no cluster ARN for DescribeClusters, though IAM does: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html
      const Statement = document.Statement.filter(({ Sid }) => Sid !== 'FindEndpoint');
      const { stdout, stderr } = await run(
        join(bin, 'parliament'),
        ['--json'],
        JSON.stringify({ ...document, Statement }),
      );
      expect(`${stdout}${stderr}`.trim(), name).to.equal('');
    }
    const misspelt = documents.find(({ name }) => name.includes('Login'))!;
    const wrong = JSON.stringify(misspelt.document).replace('GetClusterCredentials', 'GetClusterCredential');
    expect((await run(join(bin, 'parliament'), ['--json'], wrong)).stdout, 'a judge that judges').to.include(
      'UNKNOWN_ACTION',
    );
  });

  it('cfn-lint finds nothing in any template', async () => {
    for (const [index, [title, set]] of COMPLETE.entries()) {
      const place = await write(`cfn-${index}`, 'cloudformation', set);
      const { status, stdout } = await run(join(bin, 'cfn-lint'), [
        '--non-zero-exit-code',
        'informational',
        join(place, '*-template.json'),
      ]);
      expect({ status, stdout }, title).to.deep.equal({ status: 0, stdout: '' });
    }
  });

  it('python-hcl2 reads every Terraform file', async () => {
    const program = 'import sys, hcl2\nfor name in sys.argv[1:]:\n  with open(name) as file: hcl2.load(file)\n';
    for (const [index, [title, set]] of SETS.entries()) {
      const place = await write(`hcl-${index}`, 'terraform', set);
      const names = renderPolicies(set, 'terraform')
        .map(({ name }) => name)
        .filter((name) => name.endsWith('.tf'));
      const { status, stderr } = await run(join(bin, 'python'), [
        '-c',
        program,
        ...names.map((name) => join(place, name)),
      ]);
      expect({ status, stderr }, title).to.deep.equal({ status: 0, stderr: '' });
    }
  });

  it('Terraform or OpenTofu, where there is one, finds the files formatted and evaluates each to its document', async function () {
    const found = await Promise.all(
      ['tofu', 'terraform'].map(async (name) => [name, (await run('which', [name])).status] as const),
    );
    const terraform = found.find(([, status]) => status === 0)?.[0];
    if (terraform === undefined) return this.skip();
    for (const [index, [title, set]] of SETS.entries()) {
      const place = await write(`tf-${index}`, 'terraform', set);
      const formatted = await run(terraform, [`-chdir=${place}`, 'fmt', '-check', '-diff']);
      expect({ status: formatted.status, diff: formatted.stdout }, title).to.deep.equal({ status: 0, diff: '' });
      // The resources ask for a provider; the documents are values and need none.
      for (const { name } of renderPolicies(set, 'terraform'))
        if (name.endsWith('-resources.tf')) await rm(join(place, name));
      for (const document of set.documents) await evaluates(terraform, place, document);
    }
  });

  async function evaluates(
    terraform: string,
    place: string,
    { holder, kind, document }: PlannedDocument,
  ): Promise<void> {
    const local = `${holder.kind}_${holder.name}_${kind}`
      .split(/[^A-Za-z0-9]+/)
      .filter((word) => word !== '')
      .join('_')
      .toLowerCase();
    const { stdout } = await run(terraform, [`-chdir=${place}`, 'console'], `local.${local}\n`);
    expect(JSON.parse(JSON.parse(stdout) as string), local).to.deep.equal(document);
  }
});
