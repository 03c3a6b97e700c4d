import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { World } from '../../src/sandbox/world.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { pythonWithClients } from './python.ts';
import { PythonSession } from './python-session.ts';
import { type CommandOptions, type Finished, runCommand } from './run-command.ts';

export const ACCOUNT = '111122223333';
export const BUCKET = 'acme-staging';
export const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;
export const REDSHIFT_ROLE = roleArn('RedshiftLogin');

const AGENT = { id: 'AKIASANDBOXETLAGENT1', secret: 'sandbox+etl-agent+not+a+real+secret+0001' };

/** The standard world, with a role behind an external id, a bucket that is closed and one in another region. */
export const clientsWorld = () =>
  standardWorld((world, account) => {
    account.roles?.push({
      name: 'RedshiftPartner',
      trust: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/etl-agent` },
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'sts:ExternalId': 'tenant-7' } },
          },
        ],
      },
    });
    account.buckets?.push({ name: 'acme-closed' }, { name: 'acme-frankfurt', region: 'eu-central-1' });
    account.roles
      ?.find(({ name }) => name === 'RedshiftLogin')
      ?.policies?.push({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: 's3:*',
            Resource: ['arn:aws:s3:::acme-frankfurt', 'arn:aws:s3:::acme-frankfurt/*'],
          },
          { Effect: 'Allow', Action: 's3:ListMultipartUploadParts', Resource: `arn:aws:s3:::${BUCKET}/*` },
        ],
      });
    world.name = 'clients';
  });

const CONFIG = `[default]
region = us-east-1
[profile agent]
region = us-east-1
[profile redshift]
region = us-east-1
s3 =
  signature_version = s3v4
role_arn = ${REDSHIFT_ROLE}
role_session_name = judge
source_profile = agent
`;
const CREDENTIALS = `[agent]
aws_access_key_id = ${AGENT.id}
aws_secret_access_key = ${AGENT.secret}
[forger]
aws_access_key_id = ${AGENT.id}
aws_secret_access_key = not-the-secret-of-the-agent
[stranger]
aws_access_key_id = AKIANOBODYNOBODYNOBO
aws_secret_access_key = ${AGENT.secret}
`;

const BUDGET_SECONDS = 240; // all of this folder, once the clients are installed
let spentMs = 0;

interface Tally {
  aws: number;
  logins: number;
  statements: number;
}

/** What each client asked of the sandbox so far, in all files of this folder. */
const tallies = new Map<string, Tally>();

function printTallies(clients: ReadonlySet<string>): void {
  const noun = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
  for (const [client, { aws, logins, statements }] of tallies) {
    if (!clients.has(client)) continue;
    const parts = [noun(aws, 'AWS call'), noun(logins, 'login'), noun(statements, 'statement')];
    process.stdout.write(`      ${client}: ${parts.join(', ')}\n`);
  }
}

/** A world and a home folder with AWS profiles: `agent` (keys), `redshift` (assumes the role), `forger`, `stranger`. */
export interface ClientDesk extends AsyncDisposable {
  readonly world: TestWorld;
  readonly folder: string;
  /** Finds the profiles and the world; nothing of this process's own. */
  readonly environment: Readonly<Record<string, string>>;
  file(name: string, content: string | Buffer): Promise<string>;
  /** Runs the AWS CLI. */
  aws(profile: string, args: readonly string[], options?: CommandOptions): Promise<Finished>;
  python(environment?: Readonly<Record<string, string>>): Promise<PythonSession>;
  /** Puts down to a client what the world was asked since the last time. */
  tally(client: string): Promise<void>;
}

export interface ClientDeskOptions {
  /** Who asks, where nobody else is put down for it. */
  readonly client: string;
  readonly databases?: boolean;
  /** Default: `clientsWorld()`. */
  readonly world?: World;
}

export async function openClientDesk({ client, world: wanted, ...options }: ClientDeskOptions): Promise<ClientDesk> {
  const python = await pythonWithClients();
  const started = Date.now();
  const world = await openWorld(wanted ?? clientsWorld(), options);
  let counted = 0;
  const clients = new Set<string>();
  const tally = async (name: string): Promise<void> => {
    const log = await world.log();
    clients.add(name);
    const sum = tallies.get(name) ?? { aws: 0, logins: 0, statements: 0 };
    for (const { kind } of log.slice(counted)) {
      if (kind === 'aws') sum.aws += 1;
      else if (kind === 'login') sum.logins += 1;
      else if (kind === 'statement') sum.statements += 1;
    }
    tallies.set(name, sum);
    counted = log.length;
  };
  const folder = await mkdtemp(join(tmpdir(), 'roleshift-clients-'));
  const file: ClientDesk['file'] = async (name, content) => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const environment = {
    PATH: process.env['PATH'] ?? '',
    LANG: 'C.UTF-8',
    HOME: folder,
    AWS_CONFIG_FILE: await file('config', CONFIG),
    AWS_SHARED_CREDENTIALS_FILE: await file('credentials', CREDENTIALS),
    AWS_ENDPOINT_URL: world.awsEndpoint,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  };
  return {
    world,
    folder,
    environment,
    file,
    aws: (profile, args, { environment: more = {}, ...rest } = {}) =>
      runCommand(python, ['-m', 'awscli', '--profile', profile, ...args], {
        ...rest,
        environment: { ...environment, ...more },
      }),
    tally,
    python: (more = {}) => PythonSession.open({ ...environment, AWS_PROFILE: 'redshift', ...more }),
    [Symbol.asyncDispose]: async () => {
      await tally(client);
      const failures = (await world.log()).filter(({ kind }) => kind === 'failure');
      await world[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
      spentMs += Date.now() - started;
      process.stdout.write(`    outside clients: ${Math.round(spentMs / 1000)} s of ${BUDGET_SECONDS} s so far\n`);
      printTallies(clients);
      expect(failures, 'failures inside the sandbox').to.deep.equal([]);
    },
  };
}
