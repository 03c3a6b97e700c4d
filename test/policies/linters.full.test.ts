import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { PlannedDocument } from '../../src/policies/document.ts';
import { type PolicyFormat, renderPolicies } from '../../src/policies/render.ts';
import { CACHE, INSTALL_LIMIT_MS, needCommand } from '../clients/install.ts';
import { type Finished, runCommand } from '../clients/run-command.ts';
import { writeServiceReference } from './service-reference.ts';
import { SETS } from './sets.ts';

/** What iam-policy-validator says of a statement. */
interface Issue {
  readonly issue_type: string;
  readonly message: string;
}

const ENVIRONMENT = {
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
  AWS_DEFAULT_REGION: 'us-west-2',
};
const COMPLETE = SETS.filter(([, { placeholders }]) => placeholders.length === 0);

/** A Python with the linters of a list; kept from run to run. */
async function linters(list: string): Promise<string> {
  const requirements = fileURLToPath(new URL(`${list}.txt`, import.meta.url));
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(CACHE, `roleshift-${list}-${hash}`);
  const bin = join(folder, 'bin');
  if (existsSync(join(folder, 'complete'))) return bin;
  await mkdir(CACHE, { recursive: true });
  const needs = 'The linters need Python 3.9 or newer with its venv module, and pip a package index';
  await needCommand('python3', ['-m', 'venv', '--clear', folder], needs, INSTALL_LIMIT_MS);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  await needCommand(join(bin, 'python'), install, needs, INSTALL_LIMIT_MS);
  await writeFile(join(folder, 'complete'), '');
  return bin;
}

/** What iam-policy-validator advises and what does not fit here. Everything else that it finds is a mistake. */
const ADVICE: Readonly<Record<string, string>> = {
  missing_condition: 'it wants a condition such as aws:SourceIp on sts:AssumeRole and on redshift:JoinGroup',
  missing_required_condition_any_of: 'it wants aws:ResourceAccount to be a value that it knows',
  forallvalues_allow_without_null_check: 'the tags are asked for by value beside it, or may be absent',
  confused_deputy_risk: 'the pins of the COPY role are optional (--pin-source-arn, --pin-source-account)',
};

describe('Linters that no one here wrote', () => {
  let bin: string;
  let folder: string;
  before(async function () {
    this.timeout(INSTALL_LIMIT_MS);
    bin = await linters('linters');
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
      const Statement = document.Statement.filter(({ Action }) => Action !== 'redshift:DescribeClusters');
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

  it('iam-policy-validator knows every action, resource, condition key and principal, and finds no mistake', async function () {
    this.timeout(INSTALL_LIMIT_MS);
    const validator = join(await linters('validator'), 'iam-validator');
    const services = join(folder, 'services');
    await writeServiceReference(services);
    const validate = async (
      title: string,
      type: string,
      documents: ReadonlyMap<string, object>,
    ): Promise<readonly Issue[]> => {
      const place = join(folder, `validator-${title}`);
      await mkdir(place, { recursive: true });
      for (const [name, document] of documents) await writeFile(join(place, `${name}.json`), JSON.stringify(document));
      const output = join(folder, `validator-${title}.json`);
      const options = ['--policy-type', type, '--aws-services-dir', services, '--format', 'json', '--output', output];
      const { stderr } = await run(validator, ['validate', '--path', place, ...options]);
      const { results } = JSON.parse(await readFile(output, 'utf8')) as {
        results: { policy_file: string; issues: Issue[] }[];
      };
      expect(results.length, stderr).to.equal(documents.size);
      return results.flatMap(({ issues }) => issues);
    };
    const kinds = { permissions: 'IDENTITY_POLICY', trust: 'TRUST_POLICY', bucket: 'RESOURCE_POLICY' } as const;
    for (const kind of ['permissions', 'trust', 'bucket'] as const) {
      const documents = COMPLETE.flatMap(([, set], index) =>
        set.documents
          .filter((each) => each.kind === kind)
          .map((each) => [`${index}-${each.name}`, each.document] as const),
      );
      expect(documents).to.not.have.length(0);
      const issues = await validate(kind, kinds[kind], new Map(documents));
      expect(
        issues.filter(({ issue_type: type }) => !(type in ADVICE)),
        kind,
      ).to.deep.equal([]);
    }
    const Statement = [{ Effect: 'Allow', Action: 'redshift:GetClusterCredential', Resource: '*' }];
    const found = await validate(
      'wrong',
      'IDENTITY_POLICY',
      new Map([['wrong', { Version: '2012-10-17', Statement }]]),
    );
    expect(
      found.map(({ issue_type: type }) => type),
      'a judge that judges',
    ).to.include('invalid_action');
  });

  it('checkov finds nothing in any Terraform file or template, but that IAM users have policies of their own', async function () {
    this.timeout(INSTALL_LIMIT_MS);
    const checkov = join(await linters('checkov'), 'checkov');
    for (const [index, [, set]] of COMPLETE.entries()) {
      await write(`checkov/${index}-terraform`, 'terraform', set);
      await write(`checkov/${index}-cloudformation`, 'cloudformation', set);
    }
    // CKV_AWS_40: no policies for users. A connection by access keys has one.
    const options = ['--framework', 'terraform', 'cloudformation', '--skip-check', 'CKV_AWS_40', '--skip-download'];
    const { stdout, stderr } = await run(checkov, [
      '-d',
      join(folder, 'checkov'),
      ...options,
      '-o',
      'json',
      '--compact',
    ]);
    const reports = JSON.parse(stdout) as {
      check_type: string;
      summary: { passed: number; failed: number; parsing_errors: number };
      results: { failed_checks: { check_id: string; file_path: string; resource: string }[] };
    }[];
    expect(reports.map(({ check_type: type }) => type).sort(), stderr).to.deep.equal(['cloudformation', 'terraform']);
    for (const { summary, results } of reports) {
      expect(results.failed_checks.map(({ check_id: id, resource }) => [id, resource])).to.deep.equal([]);
      expect(summary).to.include({ failed: 0, parsing_errors: 0 });
      expect(summary.passed).to.be.greaterThan(100);
    }
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
