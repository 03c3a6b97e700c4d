import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { expect } from 'chai';
import { parse } from 'yaml';
import { ConnectorError } from '../../src/core/errors.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { followSwitchFile } from '../../src/sandbox/switch-file.ts';
import { checkSwitches, type Switches, setSwitches } from '../../src/sandbox/switches.ts';
import { ANN, AWS_WORLD, AwsWorld, allow, BOB, HOME, policy, refusalOf } from './aws-world.ts';

const admin = { id: 'AKIAADMINADMINADMIN0', secret: 'admin/secret/admin/secret/admin/secret/0' };
const machine = {
  Statement: { Effect: 'Allow' as const, Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
};

describe('Faults of the sandbox', () => {
  let aws: AwsWorld;
  before(async () => {
    const [home, ...others] = AWS_WORLD.accounts;
    aws = await AwsWorld.open({
      ...AWS_WORLD,
      accounts: [
        {
          ...home!,
          users: [...home!.users!, { name: 'admin', accessKeys: [admin], policies: [allow('*')] }],
          roles: [...home!.roles!, { name: 'Machine', trust: machine }],
        },
        ...others,
      ],
      instances: [
        { name: 'plain', kind: 'ec2', role: `arn:aws:iam::${HOME}:role/Machine` },
        { name: 'boxed', kind: 'ec2', role: `arn:aws:iam::${HOME}:role/Machine`, hopLimit: 1, inContainer: true },
        {
          name: 'old',
          kind: 'ec2',
          role: `arn:aws:iam::${HOME}:role/Machine`,
          hopLimit: 1,
          inContainer: true,
          allowImdsV1: true,
        },
        { name: 'reached', kind: 'ec2', role: `arn:aws:iam::${HOME}:role/Machine`, hopLimit: 2, inContainer: true },
      ],
    });
  });
  after(() => aws[Symbol.asyncDispose]());
  afterEach(() => setSwitches(aws.sandbox, {}));

  const ask = (requestTimeout = 5000) =>
    new STSClient({
      region: 'us-east-1',
      endpoint: aws.sandbox.awsEndpoint,
      credentials: ANN,
      maxAttempts: 1,
      requestHandler: { requestTimeout, throwOnRequestTimeout: true },
    }).send(new GetCallerIdentityCommand({}));
  const add = (effect: Fault['effect'], rest: Partial<Fault> = {}) =>
    aws.sandbox.faults.add({ on: 'sts:GetCallerIdentity', effect, ...rest });

  describe('at a service', () => {
    for (const [title, effect, expected] of [
      ['throttling', { kind: 'throttle' }, /^Throttling 400 Rate exceeded$/],
      ['an error of its own', { kind: 'error' }, /^ServiceUnavailable 503 /],
      [
        'an error that the script names',
        { kind: 'error', status: 500, code: 'InternalFailure', message: 'm' },
        /^InternalFailure 500 m$/,
      ],
      ['a cut before the work', { kind: 'drop' }, /socket hang up|ECONNRESET/],
      ['a cut before the answer', { kind: 'drop', when: 'after' }, /socket hang up|ECONNRESET/],
      ['a cut in the answer', { kind: 'drop', when: 'midway' }, /aborted|ECONNRESET|hang up/i],
      ['silence', { kind: 'silence' }, /TimeoutError/],
    ] as const) {
      it(`strikes with ${title}, once`, async () => {
        add(effect);
        const { code, status, message } = await refusalOf(ask(300));
        expect(`${code} ${status ?? ''} ${message}`).to.match(expected);
        expect((await ask()).Account).to.equal(HOME);
      });
    }

    for (const effect of [
      { kind: 'throttle', when: 'after' },
      { kind: 'error', status: 500, code: 'InternalError', when: 'after' },
      { kind: 'silence', when: 'after' },
    ] as const) {
      it(`does what was asked before it strikes with ${effect.kind}`, async () => {
        const s3 = new S3Client({
          region: 'us-east-1',
          endpoint: aws.sandbox.awsEndpoint,
          forcePathStyle: true,
          credentials: ANN,
          maxAttempts: 1,
          requestHandler: { requestTimeout: 300, throwOnRequestTimeout: true },
        });
        const put = (on: string) =>
          s3.send(new PutObjectCommand({ Bucket: 'home-data', Key: `after/${on}`, Body: 'x' }));
        aws.sandbox.faults.add({ on: 's3:PutObject', effect });
        await refusalOf(put(effect.kind));
        const { Contents = [] } = await s3.send(
          new ListObjectsV2Command({ Bucket: 'home-data', Prefix: `after/${effect.kind}` }),
        );
        expect(Contents).to.have.length(1);
        add(effect);
        await refusalOf(ask(300));
        expect(aws.sandbox.faults.points().filter(({ struck }) => struck === effect.kind)).to.have.length(2);
      });
    }

    it('lets an answer wait', async () => {
      add({ kind: 'delay', ms: 250 });
      const startedAt = Date.now();
      await ask();
      expect(Date.now() - startedAt).to.be.at.least(240);
    });

    it('strikes always, until it is taken away, and at all actions of a service', async () => {
      add({ kind: 'throttle' }, { on: 'sts:*', times: 'always' });
      for (let call = 0; call < 3; call++) expect((await refusalOf(ask())).code).to.equal('Throttling');
      await aws.s3().send(new ListObjectsV2Command({ Bucket: 'home-data' }));
      aws.sandbox.faults.clear();
      await ask();
    });

    it('cuts an object in the middle', async () => {
      await aws.s3().send(new PutObjectCommand({ Bucket: 'home-data', Key: 'big', Body: Buffer.alloc(200_000) }));
      aws.sandbox.faults.add({ on: 's3:GetObject', effect: { kind: 'drop', when: 'midway' } });
      const { Body } = await aws.s3().send(new GetObjectCommand({ Bucket: 'home-data', Key: 'big' }));
      expect((await refusalOf(Body!.transformToByteArray())).message).to.match(/aborted/);
    });
  });

  describe('at a metadata endpoint', () => {
    const urlOf = (name: string) => aws.sandbox.metadataEndpoints[name]!.imds!;
    const token = (name: string, timeoutMs = 300) =>
      fetch(`${urlOf(name)}/latest/api/token`, {
        method: 'PUT',
        headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
        signal: AbortSignal.timeout(timeoutMs),
      }).then(
        ({ status }) => status,
        ({ name: kind }: Error) => kind,
      );
    const roles = async (name: string) =>
      (await fetch(`${urlOf(name)}/latest/meta-data/iam/security-credentials/`)).status;

    for (const [title, name, put, get] of [
      ['a machine gets its token', 'plain', 200, 401],
      [
        'no token reaches a container behind a hop limit of 1, though the connection stands',
        'boxed',
        'TimeoutError',
        401,
      ],
      ['version 1, where it is allowed, reaches it all the same', 'old', 'TimeoutError', 200],
      ['a hop limit of 2 reaches it', 'reached', 200, 401],
    ] as const) {
      it(title, async () => {
        expect([await token(name), await roles(name)]).to.deep.equal([put, get]);
      });
    }

    it('is silent when the script says so', async () => {
      aws.sandbox.faults.add({ on: 'imds:Token', effect: { kind: 'silence' } });
      expect([await token('plain'), await token('plain', 2000)]).to.deep.equal(['TimeoutError', 200]);
    });
  });

  it('lets a change of IAM take its time', async () => {
    aws.sandbox.iamPropagation(10);
    const iam = new IAMClient({
      region: 'us-east-1',
      endpoint: aws.sandbox.awsEndpoint,
      credentials: { accessKeyId: admin.id, secretAccessKey: admin.secret },
    });
    const list = () => aws.s3(BOB).send(new ListObjectsV2Command({ Bucket: 'home-data' }));
    await iam.send(
      new PutUserPolicyCommand({
        UserName: 'bob',
        PolicyName: 'List',
        PolicyDocument: JSON.stringify(policy({ Effect: 'Allow', Action: 's3:ListBucket', Resource: '*' })),
      }),
    );
    expect((await refusalOf(list())).code).to.equal('AccessDenied');
    aws.sandbox.advance(11);
    await list();
    iam.destroy();
  });

  describe('a switch file', () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'roleshift-switches-'));
    });
    after(() => rm(folder, { recursive: true, force: true }));

    it('is followed: what it says, what it gets wrong, and its end', async () => {
      const path = join(folder, 'switches.yaml');
      const set: Switches[] = [];
      const errors: unknown[] = [];
      const until = async (done: () => boolean): Promise<void> => {
        for (let tries = 0; !done() && tries < 100; tries++) await wait(50);
        expect(done()).to.equal(true);
      };
      await writeFile(path, 'faults:\n  - on: sts:*\n    times: always\n    effect: { kind: throttle }\n');
      using _follow = await followSwitchFile(path, aws.sandbox, {
        onSet: (switches) => set.push(switches),
        onError: (error) => errors.push(error),
      });
      expect((await refusalOf(ask())).code).to.equal('Throttling');
      await writeFile(path, 'faults:\n  - on: sts:*\n    effect: { kind: explode }\n');
      await until(() => errors.length === 1);
      expect(errors[0]).to.be.instanceOf(ConnectorError);
      expect((await refusalOf(ask())).code).to.equal('Throttling');
      await writeFile(path, 'clockSkewSeconds: 600\n');
      await until(() => set.length === 2);
      expect((await refusalOf(ask())).code).to.equal('SignatureDoesNotMatch');
      await rm(path);
      await until(() => set.length === 3);
      await ask();
    });

    it('may hold what the guide shows', async () => {
      const guide = await readFile('docs/sandbox.md', 'utf8');
      const [, block = ''] = /^```yaml\n(faults:[\s\S]*?)^```/m.exec(guide) ?? [];
      expect(checkSwitches(parse(block)).faults).to.have.length(12);
    });

    it('take every point that the guide lists', async () => {
      const guide = await readFile('docs/sandbox.md', 'utf8');
      const points = [...guide.matchAll(/`((?:imds|container|pg|copy|unload):\w+)`/g)].map(([, on]) => on!);
      expect(points).to.have.length.at.least(16);
      const faults = points.map((on) => ({ on, effect: { kind: 'silence' } }));
      expect(checkSwitches({ faults })).to.deep.equal({ faults });
    });

    it('take every operation of S3, of one more digit or not', () => {
      const faults = [{ on: 's3:ListObjectsV2', effect: { kind: 'throttle' } }];
      expect(checkSwitches({ faults })).to.deep.equal({ faults });
    });

    for (const [title, value, problem] of [
      ['a switch there is not', { lifetimescale: 1 }, 'switches: "lifetimescale" is not known here'],
      ['a scale of nothing', { lifetimeScale: 0 }, 'lifetimeScale: must be > 0'],
      [
        'a fault that strikes nowhere',
        { faults: [{ on: 'pg:comit', effect: { kind: 'drop' } }] },
        'faults.0.on: names no point where a fault can strike, such as sts:AssumeRole or pg:commit',
      ],
      [
        'a delay without its length',
        { faults: [{ on: 's3:*', effect: { kind: 'delay' } }] },
        "faults.0.effect: must have required property 'ms'",
      ],
      [
        'an effect there is not',
        { faults: [{ on: 's3:*', effect: { kind: 'throttel' } }] },
        'faults.0.effect.kind: must be one of throttle, error, delay, silence, drop',
      ],
    ] as const) {
      it(`may not hold ${title}, and says that alone`, () => {
        expect(() => checkSwitches(value)).to.throw(
          ConnectorError,
          `The value does not hold switches of the sandbox:\n  ${problem}`,
        );
        expect(() => checkSwitches(value)).not.to.throw(ConnectorError, /\n.*\n/);
      });
    }
  });

  it('a start that is called off ends what it began', async () => {
    const called = new AbortController();
    const starting = startSandbox({ world: AWS_WORLD, databases: false, signal: called.signal });
    called.abort(new Error('called off'));
    expect((await refusalOf(starting)).message).to.equal('called off');
  });
});
