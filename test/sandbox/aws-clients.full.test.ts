import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';

const run = promisify(execFile);
const STANDARD = new URL('../../samples/worlds/standard.yaml', import.meta.url).pathname;
const JUDGE = new URL('judges/boto3_judge.py', import.meta.url).pathname;
const MINUTE = 60_000;

/** Clients that nobody here wrote, as judges of the AWS endpoint. Budget: one minute, most of it for pip. */
describe('AWS clients of others against the sandbox', function () {
  this.timeout(4 * MINUTE);
  let folder: string;
  let sandbox: Sandbox;
  before(async function () {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-judges-'));
    const python = await run('python3', ['-m', 'venv', join(folder, 'venv')]).then(
      () => true,
      () => false,
    );
    if (!python) this.skip();
    await run(join(folder, 'venv/bin/pip'), ['install', '-q', 'boto3==1.44.8', 'awscli==1.46.3']);
    sandbox = await startSandbox({ world: STANDARD, databases: false });
  });
  after(async () => {
    await sandbox?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const keysOf = () => sandbox.world.accounts[0]!.users![0]!.accessKeys![0]!;
  const bare = (): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    HOME: folder,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_MAX_ATTEMPTS: '1',
  });

  it('boto3 assumes, logs in, stages, lists, signs URLs and is refused as by AWS', async () => {
    const { agent, 'worker-1': worker } = sandbox.metadataEndpoints;
    const info = {
      accessKeyId: keysOf().id,
      secretAccessKey: keysOf().secret,
      roleArn: sandbox.world.connection!.roleArn,
      closedRoleArn: 'arn:aws:iam::111122223333:role/RedshiftAudit',
      bucket: 'acme-staging',
      environments: [
        [{ AWS_EC2_METADATA_SERVICE_ENDPOINT: agent!.imds }, 'AgentMachine'],
        [
          {
            AWS_CONTAINER_CREDENTIALS_FULL_URI: worker!.container!.url,
            AWS_CONTAINER_AUTHORIZATION_TOKEN: worker!.container!.token,
          },
          'WorkerNode',
        ],
      ],
    };
    const { stdout } = await run(join(folder, 'venv/bin/python'), [JUDGE, sandbox.awsEndpoint, JSON.stringify(info)], {
      env: bare(),
    });
    expect(stdout.trim()).to.equal('judged');
  });

  it('the AWS CLI copies a file there and back under a role of its profile', async () => {
    const { id, secret } = keysOf();
    const lines = [
      '[profile user]',
      `aws_access_key_id=${id}`,
      `aws_secret_access_key=${secret}`,
      '[profile role]',
      `role_arn=${sandbox.world.connection!.roleArn}`,
      'source_profile=user',
    ];
    await writeFile(join(folder, 'config'), `${lines.join('\n')}\n`);
    const env = { ...bare(), AWS_CONFIG_FILE: join(folder, 'config'), AWS_ENDPOINT_URL: sandbox.awsEndpoint };
    const aws = async (...args: string[]): Promise<string> =>
      (await run(join(folder, 'venv/bin/aws'), ['--profile', 'role', ...args], { env })).stdout.trim();
    await writeFile(join(folder, 'sent'), Buffer.alloc(12_000_000, 'roleshift'));
    await aws('s3', 'cp', join(folder, 'sent'), 's3://acme-staging/roleshift/sent', '--no-progress');
    await aws('s3', 'cp', 's3://acme-staging/roleshift/sent', join(folder, 'received'), '--no-progress');
    expect(Buffer.compare(await readFile(join(folder, 'sent')), await readFile(join(folder, 'received')))).to.equal(0);
    expect(await aws('s3', 'ls', 's3://acme-staging/roleshift/')).to.match(/12000000 sent$/);
    await aws('s3', 'rm', 's3://acme-staging/roleshift/', '--recursive');
    expect(
      await aws(
        'redshift',
        'get-cluster-credentials',
        '--db-user',
        'etl',
        '--cluster-identifier',
        'warehouse',
        '--query',
        'DbUser',
      ),
    ).to.equal('"IAM:etl"');
    expect(existsSync(join(folder, 'received'))).to.equal(true);
  });
});
