import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import type { AwsCredentials } from '../../src/auth/access.ts';
import { runCredentialProcess } from '../../src/auth/credential-process.ts';
import type { Environment } from '../../src/auth/identity-sources.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { accessOptionsWithout } from '../access/options.ts';
import { type CannedAws, callerIs, openCannedAws, roleSession, USER_ARN } from './canned-aws.ts';
import { type FakeMetadata, openFakeMetadata, sendText } from './fake-metadata.ts';
import { recordedRun } from './fakes.ts';

const ONCE = { attempts: 1, totalMs: 5_000, attemptMs: 5_000, firstDelayMs: 1 };
const HUB = 'arn:aws:iam::444455556666:role/Hub';
const FAR = 'arn:aws:iam::777788889999:role/path/Far';

const CREDENTIALS = `
# a comment
[plain]
aws_access_key_id = AKIAPLAIN ; not part of it
aws_secret_access_key = canary-plain

[temporary]
AWS_ACCESS_KEY_ID=ASIATEMP
aws_secret_access_key=canary-temp
aws_session_token=canary=token

[both]
aws_access_key_id = AKIACREDENTIALS
aws_secret_access_key = canary-credentials
`.replaceAll('\n', '\r\n');

const CONFIG = `
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = canary-default
[profile "with blank"]
aws_access_key_id = AKIABLANK
aws_secret_access_key = canary-blank
s3 =
  aws_access_key_id = AKIANESTED
[profile both]
aws_access_key_id = AKIACONFIG
[not a profile]
aws_access_key_id = AKIANONE
[profile hub]
role_arn = ${HUB}
source_profile = plain
role_session_name = etl-hub
external_id = hub-1
duration_seconds = 1800
[profile far]
role_arn = ${FAR}
source_profile = hub
[profile own]
role_arn = ${HUB}
source_profile = own
aws_access_key_id = AKIAOWN
aws_secret_access_key = canary-own
[profile circle]
role_arn = ${HUB}
source_profile = round
[profile round]
role_arn = ${FAR}
source_profile = circle
[profile lost]
role_arn = ${HUB}
source_profile = nowhere
[profile mfa]
role_arn = ${HUB}
source_profile = plain
mfa_serial = arn:aws:iam::111122223333:mfa/ann
[profile nobody]
role_arn = ${HUB}
[profile odd-place]
role_arn = ${HUB}
credential_source = Moon
[profile odd-role]
role_arn = canary-role
source_profile = plain
[profile odd-duration]
role_arn = ${HUB}
source_profile = plain
duration_seconds = an hour
[profile by-environment]
role_arn = ${HUB}
credential_source = Environment
[profile by-machine]
role_arn = ${HUB}
credential_source = Ec2InstanceMetadata
[profile by-container]
role_arn = ${HUB}
credential_source = EcsContainer
[profile empty]
region = eu-west-1
[profile half-sso]
sso_start_url = https://acme.awsapps.com/start
`;

describe('a profile', () => {
  let aws: CannedAws;
  let metadata: FakeMetadata;
  let folder: string;
  let files: Environment;

  before(async () => {
    aws = await openCannedAws();
    metadata = await openFakeMetadata();
    folder = await mkdtemp(join(tmpdir(), 'roleshift-profile-'));
    files = { AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'), AWS_CONFIG_FILE: join(folder, 'config') };
    await writeFile(join(folder, 'credentials'), CREDENTIALS);
  });
  after(async () => {
    await aws[Symbol.asyncDispose]();
    await metadata[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    metadata.reset();
    await writeFile(join(folder, 'config'), CONFIG);
    aws.answer('GetCallerIdentity', callerIs(USER_ARN));
    aws.answer(
      'AssumeRole',
      roleSession(new Date('2033-01-01T00:00:00Z'), 'Hub', 1),
      roleSession(new Date('2033-01-01T00:00:00Z'), 'Far', 2),
    );
  });

  async function identify(profile: string, environment: Environment = {}): Promise<AwsCredentials> {
    const local = { stsEndpoint: aws.url, identitySource: 'profile', profile } as const;
    const options = accessOptionsWithout(['accessKeyId', 'secretAccessKey'], local);
    const own = { ...files, ...environment };
    await using access = openAccess(planAccess(options), { environment: own, limits: ONCE });
    return await access.identity(recordedRun());
  }

  async function failureOf(work: Promise<unknown>): Promise<ConnectorError> {
    const failure: unknown = await work.then(
      () => new Error('it worked'),
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(ConnectorError);
    expect(inspect(failure, { depth: 10, showHidden: true })).to.not.include('canary');
    return failure as ConnectorError;
  }

  const assumes = (from: number) => aws.calls.slice(from).filter(({ action }) => action === 'AssumeRole');

  for (const [profile, accessKeyId, secret] of [
    ['plain', 'AKIAPLAIN', 'canary-plain'],
    ['default', 'AKIADEFAULT', 'canary-default'],
    ['with blank', 'AKIABLANK', 'canary-blank'],
    ['both', 'AKIACREDENTIALS', 'canary-credentials'],
  ] as const) {
    it(`gives its keys: ${profile}`, async () => {
      const identity = await identify(profile);
      expect(identity).to.include({ accessKeyId, source: `profile ${profile}` });
      expect(identity.secretAccessKey.reveal()).to.equal(secret);
    });
  }

  it('gives temporary keys with their token', async () => {
    expect((await identify('temporary')).sessionToken?.reveal()).to.equal('canary=token');
  });

  it('is looked for in the home folder where no file is named', async () => {
    const failure = await failureOf(
      identify('plain', {
        HOME: join(folder, 'home'),
        AWS_CONFIG_FILE: undefined,
        AWS_SHARED_CREDENTIALS_FILE: undefined,
      }),
    );
    expect(failure.message).to.match(/there is no profile plain$/);
  });

  it('assumes its role as its source profile, with all that it says of it', async () => {
    const from = aws.calls.length;
    const identity = await identify('hub');
    expect(identity).to.deep.include({ accessKeyId: 'ASIAHub1', expiresAt: new Date('2033-01-01T00:00:00Z') });
    const [call] = assumes(from);
    expect(call?.accessKeyId).to.equal('AKIAPLAIN');
    expect(Object.fromEntries(call?.parameters ?? [])).to.include({
      RoleArn: HUB,
      RoleSessionName: 'etl-hub',
      ExternalId: 'hub-1',
      DurationSeconds: '1800',
    });
  });

  it('assumes its role as a role', async () => {
    const from = aws.calls.length;
    expect(await identify('far')).to.include({ accessKeyId: 'ASIAFar2' });
    expect(assumes(from).map(({ accessKeyId }) => accessKeyId)).to.deep.equal(['AKIAPLAIN', 'ASIAHub1']);
  });

  it('may be its own source', async () => {
    const from = aws.calls.length;
    await identify('own');
    expect(assumes(from).map(({ accessKeyId }) => accessKeyId)).to.deep.equal(['AKIAOWN']);
  });

  it('assumes its role as the environment, the machine or the container', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'canary-env' };
    for (const [profile, environment, signer] of [
      ['by-environment', keys, 'AKIAENV'],
      ['by-machine', { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url }, 'ASIAMACHINE'],
      ['by-container', { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${metadata.url}/container` }, 'ASIAMACHINE'],
    ] as const) {
      const from = aws.calls.length;
      await identify(profile, environment);
      expect(
        assumes(from).map(({ accessKeyId }) => accessKeyId),
        profile,
      ).to.deep.equal([signer]);
    }
  });

  it('passes the traps of the machine on', async () => {
    metadata.machine.role = sendText(404, 'not found');
    const failure = await failureOf(identify('by-machine', { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url }));
    expect(failure.details['trap']).to.equal('noRoleAttached');
    expect(failure.message).to.match(/profile by-machine: no IAM role is attached/);
  });

  it('gives the session of a web identity', async () => {
    const tokenFile = join(folder, 'web-token');
    await writeFile(tokenFile, 'canary.web.token');
    await writeFile(
      join(folder, 'config'),
      `[profile web]\nrole_arn = ${HUB}\nweb_identity_token_file = ${tokenFile}\nrole_session_name = pod-1\n`,
    );
    aws.answer('AssumeRoleWithWebIdentity', roleSession(new Date('2033-01-01T00:00:00Z'), 'Pod'));
    expect(await identify('web')).to.include({ accessKeyId: 'ASIAPod1' });
    const call = aws.calls.findLast(({ action }) => action === 'AssumeRoleWithWebIdentity');
    expect(call?.parameters.get('RoleSessionName')).to.equal('pod-1');
  });

  for (const { profile, reason, trap, action = /Correct the profile in the AWS files/ } of [
    { profile: 'absent', reason: /there is no profile absent$/, trap: 'profileMissing' },
    { profile: 'not a profile', reason: /there is no profile not a profile$/, trap: 'profileMissing' },
    { profile: 'lost', reason: /there is no profile nowhere \(named by profile lost\)$/, trap: 'profileMissing' },
    {
      profile: 'circle',
      reason: /profile circle is a source of itself \(named by profile circle, then round\)$/,
      trap: 'profileBroken',
    },
    {
      profile: 'nobody',
      reason: /names a role and neither source_profile nor credential_source$/,
      trap: 'profileBroken',
    },
    { profile: 'odd-place', reason: /names a role and a credential_source that is none$/, trap: 'profileBroken' },
    { profile: 'odd-role', reason: /role_arn of profile odd-role is not the ARN of a role$/, trap: 'profileBroken' },
    { profile: 'odd-duration', reason: /duration_seconds of profile odd-duration is no number/, trap: 'profileBroken' },
    { profile: 'by-environment', reason: /needs environment variables: AWS_ACCESS_KEY_ID/, trap: 'profileBroken' },
    { profile: 'empty', reason: /profile empty tells no credentials$/, trap: 'profileBroken' },
    { profile: 'mfa', reason: /asks for a code of an MFA device/, trap: 'profileMfa', action: /without mfa_serial/ },
    { profile: 'half-sso', reason: /half-sso/, trap: undefined, action: /Check profile half-sso/ },
  ]) {
    it(`says what is wrong with ${profile}`, async () => {
      const failure = await failureOf(identify(profile));
      expect(failure.code).to.equal('RS_AUTH_NO_SOURCE');
      expect(failure.message)
        .to.match(/^No AWS credentials: profile /)
        .and.match(reason);
      expect(failure.details['trap']).to.equal(trap);
      expect(failure.action).to.match(action);
    });
  }

  it('whose role AWS refuses says so as any other role', async () => {
    aws.answer('AssumeRole', { status: 403, code: 'AccessDenied', message: 'no' });
    const failure = await failureOf(identify('hub'));
    expect(failure.code).to.equal('RS_AUTH_ROLE_DENIED');
    expect(failure.details).to.include({ hop: 'profile hub', roleArn: HUB });
  });

  it('in a file that is none is not read', async () => {
    const failure = await failureOf(identify('plain', { AWS_CONFIG_FILE: folder }));
    expect(failure.message).to.match(/^No AWS credentials: profile plain: EISDIR/);
    await writeFile(join(folder, 'config'), '#'.repeat(1_048_577));
    expect((await failureOf(identify('plain'))).message).to.match(/larger than an AWS configuration file/);
  });

  describe('with a credential_process', () => {
    async function script(text: string): Promise<string> {
      const path = join(folder, 'give keys.sh');
      await writeFile(path, `#!/bin/sh\n${text}\n`);
      await chmod(path, 0o700);
      return `"${path}" canary-argument`;
    }

    async function run(text: string): Promise<AwsCredentials> {
      await writeFile(join(folder, 'config'), `[profile run]\ncredential_process = ${await script(text)}\n`);
      return identify('run', { PATH: process.env['PATH'] });
    }

    const keys = {
      Version: 1,
      AccessKeyId: 'ASIAPROCESS',
      SecretAccessKey: 'canary-process',
      SessionToken: 'canary-token',
    };
    const printing = (value: object): string => `echo '${JSON.stringify(value)}'`;

    it('gives the keys that it prints, until they expire', async () => {
      const identity = await run(printing({ ...keys, Expiration: '2033-01-01T00:00:00Z' }));
      expect(identity).to.deep.include({ accessKeyId: 'ASIAPROCESS', expiresAt: new Date('2033-01-01T00:00:00Z') });
      expect(identity.sessionToken?.reveal()).to.equal('canary-token');
      const { SessionToken: _, ...lasting } = keys;
      expect(await run(printing(lasting))).to.not.have.any.keys('sessionToken', 'expiresAt');
    });

    for (const { title, text, reason } of [
      { title: 'fails', text: 'echo canary-stderr >&2; echo canary-stdout; exit 3', reason: /ended with status 3$/ },
      { title: 'is not there', text: 'exec /nowhere/canary', reason: /ended with status 12\d$/ },
      { title: 'is killed', text: 'kill -9 $$', reason: /(was ended by SIGKILL|ended with status 137)$/ },
      { title: 'prints no JSON', text: 'echo canary', reason: /printed something that is not JSON$/ },
      {
        title: 'prints something else',
        text: printing({ ...keys, Version: 2 }),
        reason: /something else than credentials/,
      },
      {
        title: 'prints no time',
        text: printing({ ...keys, Expiration: 'canary' }),
        reason: /Expiration that is no time$/,
      },
      { title: 'prints without end', text: 'yes canary', reason: /printed more than credentials$/ },
    ]) {
      it(`that ${title} tells so, and nothing that it printed`, async () => {
        const failure = await failureOf(run(text));
        expect(failure.code).to.equal('RS_AUTH_NO_SOURCE');
        expect(failure.message)
          .to.match(/^No AWS credentials: profile run: its credential_process /)
          .and.match(reason);
        expect(failure.details['trap']).to.equal('processFailed');
        expect(failure.action).to.match(/Run the profile's credential_process by hand/);
      });
    }

    it('is not waited for by what it left running, nor is that left running', async () => {
      const pids = join(folder, 'left');
      // The shell has ended; what holds its output has not.
      const command = await script(`sleep 60 & echo $! > '${pids}'`);
      const controller = new AbortController();
      const environment = { PATH: process.env['PATH'] };
      const work = runCredentialProcess(command, { environment, signal: controller.signal });
      setTimeout(() => controller.abort(new Error('leaving')), 300);
      expect(await work.catch((error: unknown) => (error as Error).message)).to.equal('leaving');
      const pid = (await readFile(pids, 'utf8')).trim();
      for (let tries = 0; tries < 200 && (await isRunning(pid)); tries++) await sleep(10);
      expect(await isRunning(pid)).to.equal(false);
    });

    it('is not read any more when the caller leaves, though what left its group goes on', async () => {
      const pids = join(folder, 'gone');
      const command = await script(`setsid sleep 60 & echo $! > '${pids}'`);
      const controller = new AbortController();
      const pipes = () => process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length;
      const before = pipes();
      const work = runCredentialProcess(command, {
        environment: { PATH: process.env['PATH'] },
        signal: controller.signal,
      });
      setTimeout(() => controller.abort(new Error('leaving')), 300);
      await work.catch(() => undefined);
      process.kill(Number(await readFile(pids, 'utf8')), 0); // it is there still
      await sleep(20);
      const after = pipes();
      process.kill(Number(await readFile(pids, 'utf8')), 'SIGKILL');
      expect(after).to.be.at.most(before);
    });

    it('ends with all that it started when the caller leaves', async () => {
      const pids = join(folder, 'pids');
      const command = await script(`sleep 60 & echo "$! $$" > '${pids}'; wait`);
      const controller = new AbortController();
      const environment = { PATH: process.env['PATH'] };
      const work = runCredentialProcess(command, { environment, signal: controller.signal });
      work.catch(() => undefined);
      const started = async (): Promise<string> => readFile(pids, 'utf8').catch(() => '');
      for (let tries = 0; tries < 200 && !(await started()).includes('\n'); tries++) await sleep(10);
      controller.abort(new Error('leaving'));
      expect(await work.catch((error: unknown) => (error as Error).message)).to.equal('leaving');
      const pidList = (await started()).trim().split(' ');
      const running = async (): Promise<boolean> => (await Promise.all(pidList.map(isRunning))).includes(true);
      for (let tries = 0; tries < 200 && (await running()); tries++) await sleep(10);
      expect(await running()).to.equal(false);
    });
  });
});

/** Whether a process is there, and not merely waiting to be buried. */
async function isRunning(pid: string): Promise<boolean> {
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return state !== '' && !/\) Z /.test(state);
}
