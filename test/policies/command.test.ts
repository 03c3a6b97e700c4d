import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function roleshift(...args: readonly string[]): Promise<Answer> {
  return new Promise((done) => {
    const command = ['--import', 'tsx', 'src/cli/main.ts', ...args];
    execFile(process.execPath, command, { env: { ...process.env, NO_COLOR: '1' } }, (error, stdout, stderr) =>
      done({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

describe('roleshift policies', function () {
  this.timeout(20_000);
  this.slow(4_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-policies-'));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });
  const CONNECTION = 'samples/connections/access-keys.yaml';
  const IDENTITY = ['--identity-arn', 'arn:aws:iam::111122223333:user/etl-agent'];

  it('prints the documents, and on standard error what is missing and what to know', async () => {
    const { status, stdout, stderr } = await roleshift('policies', '-c', CONNECTION, '--explain');
    expect(status).to.equal(0);
    expect(stdout).to.include('# 111122223333-role-RedshiftLogin-trust.json').and.include('"Sid": "Login"');
    expect(stdout).to.include('https://docs.aws.amazon.com/');
    expect(stdout).to.include(
      'goes into the trust policy ("Trust relationships") of role RedshiftLogin in account 111',
    );
    expect(stderr).to.include('<BUCKET_OWNER>').and.include('stagingBucketOwner');
    expect(stderr).to.include(`When it is done: roleshift check -c ${CONNECTION}`);
  });

  it('fails on placeholders with --strict, and names how each is filled in', async () => {
    const { status, stderr } = await roleshift('policies', '-c', CONNECTION, '--strict');
    expect(status).to.equal(2);
    expect(stderr).to.include('RS_CONFIG_INVALID').and.include('--identity-arn');
  });

  it('asks AWS with --resolve only, needs the secrets then, and says what stays a placeholder', async () => {
    const path = join(folder, 'resolve.yaml');
    const nowhere = 'http://127.0.0.1:9';
    await writeFile(
      path,
      `{ clusterIdentifier: warehouse, region: us-west-2, database: dev, authType: assumeRole, username: etl, roleArn: 'arn:aws:iam::111122223333:role/RedshiftLogin', accessKeyId: AKIAQQQQQQQQQQQQQQQ1, secretAccessKey: not/a/secret, stsEndpoint: '${nowhere}', redshiftEndpoint: '${nowhere}' }`,
      { mode: 0o600 },
    );
    const resolve = (...args: readonly string[]) => roleshift('policies', '-c', path, '--resolve', ...args);
    const [{ status, stdout, stderr }, strict, json] = await Promise.all([
      resolve(),
      resolve('--strict', '--json'),
      resolve('--json'),
    ]);
    expect(status).to.equal(0);
    expect(stdout).to.include('"Sid": "Login"');
    expect(stderr).to.include('<AGENT_USER>  stays, since it could not be looked up: ');
    expect(strict.status).to.equal(2);
    expect(JSON.parse(strict.stdout)).to.have.nested.property('error.code', 'RS_CONFIG_INVALID');
    const answer = JSON.parse(json.stdout) as { unresolved: { placeholder: string }[] };
    expect(answer.unresolved.map(({ placeholder }) => placeholder)).to.deep.equal(['<AGENT_ACCOUNT>', '<AGENT_USER>']);
  });

  it('says so where a connection asks AWS for nothing', async () => {
    const path = join(folder, 'password.json');
    const password = `\${env:NOT_THERE}`;
    await writeFile(path, JSON.stringify({ host: 'db.acme.example', database: 'dev', username: 'etl', password }));
    const { status, stdout, stderr } = await roleshift('policies', '-c', path);
    expect([status, stdout]).to.deep.equal([0, '']);
    expect(stderr).to.include('it needs no policy');
  });

  it('refuses with --strict a session policy that takes away what is needed', async () => {
    const path = join(folder, 'session.json');
    const Statement = [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }];
    const connection = {
      host: 'warehouse.abc123.us-west-2.redshift.amazonaws.com',
      database: 'dev',
      authType: 'assumeRole',
      username: 'etl',
      roleArn: 'arn:aws:iam::111122223333:role/RedshiftLogin',
      sessionPolicy: JSON.stringify({ Version: '2012-10-17', Statement }),
    };
    await writeFile(path, JSON.stringify(connection));
    const { status, stderr } = await roleshift('policies', '-c', path, ...IDENTITY, '--strict');
    expect(status).to.equal(2);
    expect(stderr).to.include('session policy').and.include('statement Login');
  });

  it('writes files that verify then finds right, and wrong once one is changed', async () => {
    const output = join(folder, 'iam');
    const given = ['-c', CONNECTION, ...IDENTITY];
    const written = await roleshift('policies', ...given, '--output', output);
    expect(written.status).to.equal(0);
    const names = await readdir(output);
    expect(names).to.include('README.md').and.include('111122223333-user-etl-agent-permissions.json');

    const right = await roleshift('policies', 'verify', ...given, '--actual', output, '--json');
    expect(right.status).to.equal(0);
    expect(JSON.parse(right.stdout)).to.deep.include({ ok: true, missing: [], excess: [] });

    const trust = join(output, '111122223333-role-RedshiftLogin-trust.json');
    await writeFile(trust, (await readFile(trust, 'utf8')).replace('user/etl-agent', 'user/somebody'));
    const wrong = await roleshift('policies', 'verify', ...given, '--actual', output);
    expect(wrong.status).to.equal(3);
    expect(wrong.stdout).to.include('TrustAgentUser is missing').and.include('user/somebody');
  });

  it('gives --json the documents with their reasons, and scripts their mode', async () => {
    const output = join(folder, 'cli');
    const { stdout } = await roleshift(
      'policies',
      '-c',
      CONNECTION,
      ...IDENTITY,
      '--format',
      'cli',
      '--output',
      output,
      '--json',
    );
    const answer = JSON.parse(stdout) as {
      documents: { statements: { sid: string; reason: string; page: string }[] }[];
      files: string[];
    };
    expect(answer.documents[0]?.statements[0]).to.have.all.keys('sid', 'reason', 'page');
    const script = answer.files.find((name) => name.endsWith('.sh'))!;
    expect((await stat(join(output, script))).mode & 0o111).to.not.equal(0);
  });

  it('says what verify needs', async () => {
    const without = await roleshift('policies', 'verify', '-c', CONNECTION);
    expect(without.status).to.equal(2);
    expect(without.stderr).to.include('get-account-authorization-details');
    const nowhere = await roleshift('policies', 'verify', '-c', CONNECTION, '--actual', join(folder, 'nothing'));
    expect(nowhere.status).to.equal(2);
  });
});
