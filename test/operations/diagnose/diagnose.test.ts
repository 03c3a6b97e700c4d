import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { planAccess } from '../../../src/access/plan-access.ts';
import { openAccess } from '../../../src/auth/open-access.ts';
import { ConnectorError } from '../../../src/core/errors.ts';
import { openRun } from '../../../src/core/run.ts';
import { openDatabase } from '../../../src/db/open-database.ts';
import type { ConnectionInput } from '../../../src/manifest/options.gen.ts';
import { resolveOptions } from '../../../src/manifest/resolve.ts';
import type { Connection } from '../../../src/operations/connection.ts';
import { diagnose } from '../../../src/operations/diagnose/diagnose.ts';
import type { Diagnosis } from '../../../src/operations/diagnose/diagnosis.ts';
import type { PolicyDocument, PolicyStatement } from '../../../src/sandbox/iam/policy.ts';
import type { World, WorldRole, WorldUser } from '../../../src/sandbox/world.ts';
import { openStagingArea } from '../../../src/staging/open-staging-area.ts';
import { openCannedAws } from '../../auth/canned-aws.ts';
import { openWorld, type TestWorld } from '../../harness.ts';

const HOME = '111122223333';
const AWAY = '444455556666';
const role = (name: string, account = HOME): string => `arn:aws:iam::${account}:role/${name}`;
const user = (name: string): string => `arn:aws:iam::${HOME}:user/${name}`;
const policy = (...Statement: PolicyStatement[]): PolicyDocument => ({ Version: '2012-10-17', Statement });
const allow = (Action: string | string[], Resource: string | string[] = '*', Sid?: string): PolicyStatement => ({
  ...(Sid === undefined ? {} : { Sid }),
  Effect: 'Allow',
  Action,
  Resource,
});
const deny = (Sid: string, Action: string, Resource = '*'): PolicyStatement => ({
  Sid,
  Effect: 'Deny',
  Action,
  Resource,
});
const trust = (AWS: string | string[], rest: Partial<PolicyStatement> = {}): PolicyDocument =>
  policy({ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole', ...rest });

const READS = policy(allow(['iam:Get*', 'iam:List*', 'iam:SimulatePrincipalPolicy'], '*', 'Audit'));
const ASSUME = policy(allow('sts:AssumeRole', '*', 'Assume'));
const LOGIN = policy(allow(['redshift:GetClusterCredentials', 'redshift:CreateClusterUser', 'redshift:JoinGroup']));

const EC2 = policy({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' });

let keys = 0;
function person(name: string, rest: Partial<WorldUser> = {}): WorldUser {
  keys += 1;
  return {
    name,
    accessKeys: [{ id: `AKIA${String(keys).padStart(16, 'Q')}`, secret: `not/a/secret/${name}` }],
    ...rest,
  };
}

/** A case in principals of its own: who calls, and the role that gives the login. */
interface Case {
  readonly title: string;
  readonly caller?: Partial<WorldUser>;
  readonly target?: Partial<WorldRole>;
  readonly account?: string;
  readonly connection?: Partial<ConnectionInput>;
  /** `MEND document of holder: sid`, as far as there is a statement. */
  readonly withReads: readonly string[];
  readonly without: readonly string[];
  readonly reason?: RegExp;
}

const healthy = { policies: [READS, ASSUME] };

const CASES: readonly Case[] = [
  {
    title: 'a Deny in a policy of the caller',
    caller: { policies: [READS, ASSUME, policy(deny('NotAtNight', 'sts:Assume*'))] },
    withReads: ['removeStatement permissions of caller: NotAtNight'],
    without: ['removeStatement permissions of caller'],
    reason: /denies sts:AssumeRole on \S+ in so many words: NotAtNight/,
  },
  {
    title: 'a Deny in a managed policy of a group',
    caller: { policies: [READS, ASSUME] },
    withReads: ['removeStatement permissions of caller: NoRoles'],
    without: ['removeStatement permissions of caller'],
  },
  {
    title: 'a Deny in the trust policy',
    caller: healthy,
    target: {
      trust: policy(
        { Effect: 'Allow', Principal: { AWS: user('caller-2') }, Action: 'sts:AssumeRole' },
        { Sid: 'OnlyAdmins', Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' },
      ),
    },
    withReads: ['removeStatement trust of target: OnlyAdmins'],
    without: ['removeStatement trust of target'],
  },
  {
    title: 'a boundary of the role that does not allow the login',
    caller: healthy,
    target: { policies: [READS, LOGIN], permissionsBoundary: `arn:aws:iam::${HOME}:policy/StorageOnly` },
    withReads: ['widenBoundary boundary of target'],
    without: ['widenBoundary boundary of target'],
  },
  {
    title: 'a policy of the organization',
    account: AWAY,
    caller: healthy,
    target: { policies: [READS, LOGIN] },
    connection: { username: 'forbidden' },
    withReads: ['askOrganization organization of target'],
    without: ['askOrganization organization of target'],
    reason: /organization above account 444455556666 refuses redshift:GetClusterCredentials/,
  },
  {
    title: "the connection's own session policy",
    caller: healthy,
    target: { policies: [READS, LOGIN] },
    connection: { sessionPolicy: JSON.stringify(policy(allow('s3:*'))) },
    withReads: ['widenSession session of target: Login'],
    without: ['widenSession session of target: Login'],
  },
  {
    title: 'a role that is misspelt',
    caller: healthy,
    connection: { roleArn: role('targett-6') },
    withReads: ['createRole trust of targett-6'],
    without: [
      'addStatement trust of targett-6: TrustAgentUser',
      'addStatement permissions of caller: AssumeRedshiftRole',
    ],
    reason: /no role targett-6 in account 111122223333\. Did you mean target-6/,
  },
  {
    title: 'another external id than the trust demands',
    caller: healthy,
    target: { trust: trust(user('caller-7'), { Condition: { StringEquals: { 'sts:ExternalId': 'agreed' } } }) },
    connection: { externalId: 'mistaken' },
    withReads: ['addStatement trust of target: TrustAgentUser'],
    without: ['addStatement trust of target: TrustAgentUser', 'addStatement permissions of caller: AssumeRedshiftRole'],
    reason: /would allow it, but for its condition on sts:ExternalId/,
  },
  {
    title: 'a trust of the account, and no permission of the caller',
    caller: { policies: [READS] },
    target: { trust: trust(`arn:aws:iam::${HOME}:root`) },
    withReads: ['addStatement permissions of caller: AssumeRedshiftRole'],
    without: ['addStatement permissions of caller: AssumeRedshiftRole'],
  },
  {
    title: 'nothing but IAM reads for oneself',
    account: AWAY,
    caller: { policies: [policy(allow(['iam:Get*', 'iam:List*'], user('caller-9')))] },
    withReads: ['addStatement permissions of caller: AssumeRedshiftRole'],
    without: ['addStatement trust of target: TrustAgentUser', 'addStatement permissions of caller: AssumeRedshiftRole'],
  },
  {
    title: 'no IAM reads at all',
    account: AWAY,
    caller: { policies: [] },
    withReads: [
      'addStatement trust of target: TrustAgentUser',
      'addStatement permissions of caller: AssumeRedshiftRole',
    ],
    without: ['addStatement trust of target: TrustAgentUser', 'addStatement permissions of caller: AssumeRedshiftRole'],
  },
  {
    title: 'odd but healthy policies, and a trust that does not name the caller',
    caller: {
      policies: [
        READS,
        policy({ Effect: 'Allow', NotAction: ['iam:*', 'organizations:*'], Resource: '*' }),
        policy({
          Effect: 'Deny',
          NotAction: ['sts:*', 'iam:*'],
          Resource: '*',
          Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'false' } },
        }),
      ],
      permissionsBoundary: `arn:aws:iam::${HOME}:policy/Everything`,
    },
    target: { trust: trust(user('bystander')) },
    withReads: ['addStatement trust of target: TrustAgentUser'],
    without: ['addStatement trust of target: TrustAgentUser', 'addStatement permissions of caller: AssumeRedshiftRole'],
  },
  {
    title: 'odd but healthy policies around a group that may not be joined',
    caller: healthy,
    target: {
      policies: [
        READS,
        policy({
          Effect: 'Allow',
          Action: ['redshift:Get*', 'redshift:?reateClusterUser'],
          // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable of IAM
          Resource: ['arn:aws:redshift:*:*:dbuser:*/${redshift:DbUser}', `arn:aws:redshift:us-east-1:${HOME}:dbname:*`],
        }),
      ],
    },
    connection: { dbGroups: ['readers'] },
    withReads: ['addStatement permissions of target: JoinGroups'],
    without: ['addStatement permissions of target: JoinGroups'],
  },
  {
    title: 'a cluster that is misspelt, with a policy for the right one',
    caller: healthy,
    target: {
      policies: [
        READS,
        policy(allow('redshift:GetClusterCredentials', `arn:aws:redshift:us-east-1:${HOME}:dbuser:warehouse/etl`)),
      ],
    },
    connection: { clusterIdentifier: 'warehouze' },
    withReads: ['addStatement permissions of target: Login'],
    without: ['addStatement permissions of target: Login'],
    reason:
      /allows it on arn:\S+:dbuser:warehouse\/etl: if that is what is meant, mend the connection instead\. Check the spelling of warehouze and etl first/,
  },
  {
    title: 'a condition of the caller that a simulation cannot answer, and a trust that nobody may read',
    account: AWAY,
    caller: {
      policies: [
        READS,
        policy({
          ...allow('sts:AssumeRole'),
          Condition: { IpAddress: { 'aws:SourceIp': ['127.0.0.0/8', '::1/128'] } },
        }),
      ],
    },
    target: { trust: trust(user('bystander')) },
    withReads: [
      'addStatement trust of target: TrustAgentUser',
      'addStatement permissions of caller: AssumeRedshiftRole',
    ],
    without: ['addStatement trust of target: TrustAgentUser', 'addStatement permissions of caller: AssumeRedshiftRole'],
  },
  {
    title: 'a trust that does not name a caller whose boundary would not matter then',
    caller: { ...healthy, permissionsBoundary: `arn:aws:iam::${HOME}:policy/LoginsOnly` },
    target: { trust: trust(user('bystander')) },
    withReads: ['addStatement trust of target: TrustAgentUser'],
    without: ['addStatement trust of target: TrustAgentUser', 'addStatement permissions of caller: AssumeRedshiftRole'],
  },
];

function worldOf(): World {
  const made = CASES.map(({ caller = {}, target = {}, account = HOME }, at) => ({
    account,
    caller: person(`caller-${at}`, caller),
    target: { name: `target-${at}`, trust: trust(user(`caller-${at}`)), policies: [READS], ...target },
  }));
  return {
    region: 'us-east-1',
    accounts: [
      {
        id: HOME,
        users: [...made.map(({ caller }) => caller), person('bystander')],
        groups: [{ name: 'visitors', users: ['caller-1'], managedPolicies: [`arn:aws:iam::${HOME}:policy/NoRoles`] }],
        managedPolicies: [
          { name: 'NoRoles', document: policy(deny('NoRoles', 'sts:AssumeRole')) },
          { name: 'StorageOnly', document: policy(allow(['s3:*', 'iam:*', 'sts:*'])) },
          { name: 'LoginsOnly', document: policy(allow(['redshift:*', 'iam:*'])) },
          { name: 'Everything', document: policy(allow('*')) },
        ],
        roles: [
          ...made.filter(({ account }) => account === HOME).map(({ target }) => target),
          { name: 'Machine', path: '/service/', trust: EC2, policies: [READS, ASSUME] },
          {
            name: 'Keeper',
            trust: trust(`arn:aws:iam::${HOME}:role/service/Machine`),
            policies: [READS, policy(allow('s3:*'))],
          },
          { name: 'Behind', trust: trust(user('bystander')), policies: [READS] },
        ],
        kmsKeys: [{ id: '1234abcd-12ab-34cd-56ef-1234567890ab' }],
        buckets: [
          { name: 'sealed', kmsKey: '1234abcd-12ab-34cd-56ef-1234567890ab' },
          {
            name: 'guarded',
            policy: policy({
              Sid: 'OnlyFromInside',
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:PutObject',
              Resource: 'arn:aws:s3:::guarded/*',
              Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } },
            }),
          },
        ],
        clusters: [{ id: 'warehouse', databases: [{ name: 'dev' }] }],
      },
      { id: AWAY, roles: made.filter(({ account }) => account === AWAY).map(({ target }) => target) },
    ],
    instances: [{ name: 'agent', kind: 'ec2', role: `arn:aws:iam::${HOME}:role/service/Machine` }],
    organization: {
      id: 'o-example1234',
      root: {
        id: 'r-root',
        accounts: [
          { id: HOME },
          {
            id: AWAY,
            serviceControlPolicies: [policy(allow('*'), deny('NoLogins', 'redshift:GetClusterCredentials', '*'))],
          },
        ],
      },
    },
  };
}

describe('A diagnosis', () => {
  let world: TestWorld;
  before(async function () {
    this.timeout(60_000);
    world = await openWorld(worldOf(), { databases: false });
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  function open(connection: Partial<ConnectionInput>) {
    const options = resolveOptions({
      host: 'warehouse.abc123.us-east-1.redshift.amazonaws.com',
      region: 'us-east-1',
      database: 'dev',
      authType: 'assumeRole',
      username: 'etl',
      stsEndpoint: world.awsEndpoint,
      iamEndpoint: world.awsEndpoint,
      redshiftEndpoint: world.awsEndpoint,
      ...connection,
    });
    const environment = { AWS_EC2_METADATA_SERVICE_ENDPOINT: world.metadataEndpoints['agent']?.imds ?? '' };
    const access = openAccess(planAccess(options), { environment, clock: world.clock });
    return { options, access, database: openDatabase(access, options), workDirectory: tmpdir() };
  }

  function openCase(at: number) {
    const { account = HOME, connection = {} } = CASES[at]!;
    const [key] = world.world.accounts[0]!.users!.find(({ name }) => name === `caller-${at}`)!.accessKeys!;
    const keyPair = { accessKeyId: key!.id, secretAccessKey: key!.secret };
    return open({ roleArn: role(`target-${at}`, account), ...keyPair, ...connection });
  }

  async function refusedLogin({ access }: Connection): Promise<{ error: ConnectorError }> {
    const error = await access.login(openRun({ clock: world.clock })).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).to.be.instanceOf(ConnectorError);
    return { error: error as ConnectorError };
  }

  const shown = ({ candidates }: Diagnosis, at: number): readonly string[] =>
    candidates.map(({ mend, document, holder, sid }) =>
      `${mend} ${document} of ${holder.name}${sid === undefined ? '' : `: ${sid}`}`.replace(
        new RegExp(`(caller|target)-${at}\\b`),
        '$1',
      ),
    );

  for (const [at, { title, withReads, without, reason }] of CASES.entries()) {
    it(`finds ${title}`, async () => {
      const connection = openCase(at);
      const run = openRun({ clock: world.clock });
      const failure = await refusedLogin(connection);
      const read = (await diagnose(connection, failure, run))!;
      const unread = (await diagnose(connection, failure, run, { readIam: false }))!;
      const found = { withReads: shown(read, at), without: shown(unread, at) };
      expect(found, read.evidence.join('\n')).to.deep.equal({ withReads, without });
      expect(read.decided).to.equal(withReads.length === 1);
      if (reason !== undefined) expect(read.candidates[0]!.reason).to.match(reason);
      await connection.access[Symbol.asyncDispose]();
    });
  }

  it("names a machine's role by its path, which its session does not show", async () => {
    const connection = open({ useEc2Role: true, roleArn: role('Behind') });
    const found = await diagnose(connection, await refusedLogin(connection), openRun({ clock: world.clock }));
    const [candidate] = found!.candidates;
    expect(candidate).to.deep.include({ sid: 'TrustAgentRole', document: 'trust' });
    expect(candidate!.statement!.Principal).to.deep.equal({ AWS: `arn:aws:iam::${HOME}:role/service/Machine` });
    await connection.access[Symbol.asyncDispose]();
  });

  async function refusedStaging(stagingBucket: string, owner: { readonly stagingBucketOwner?: string }) {
    const staging = { useStaging: true, stagingBucket, ...owner, copyRole: role('Copy') };
    const connection = open({ useEc2Role: true, roleArn: role('Keeper'), ...staging, s3Endpoint: world.awsEndpoint });
    const run = openRun({ clock: world.clock });
    const error: unknown = await openStagingArea(connection.access, connection.options, run).catch(
      (failure: unknown) => failure,
    );
    const failure = { step: 'staging:bucket', error: error as ConnectorError };
    const read = await diagnose(connection, failure, run);
    const unread = await diagnose(connection, failure, run, { readIam: false });
    await connection.access[Symbol.asyncDispose]();
    return { read: read!, unread: unread! };
  }

  for (const owner of [{ stagingBucketOwner: HOME }, {}]) {
    const title = 'stagingBucketOwner' in owner ? 'told' : 'not told';
    it(`finds a Deny in the policy of the bucket, where that may be read: its owner is ${title}`, async () => {
      const { read, unread } = await refusedStaging('guarded', owner);
      expect(shown(read, -1)).to.deep.equal(['removeStatement bucket of guarded: OnlyFromInside']);
      expect(shown(unread, -1)).to.deep.equal(['removeStatement bucket of guarded']);
      expect(read.candidates[0]!.holder).to.deep.include({
        kind: 'bucket',
        account: owner.stagingBucketOwner ?? '<BUCKET_OWNER>',
      });
      expect(read.candidates[0]!.reason).to.match(/hangs on aws:SourceVpce/);
      for (const { reason } of [...read.candidates, ...unread.candidates])
        expect(reason).to.match(/ s3:\w+ on arn:aws:s3:::guarded(?:\/\S+\/\*)? /);
    });
  }

  it('finds a key with which the bucket encrypts, though the connection knows of none', async () => {
    const { read, unread } = await refusedStaging('sealed', { stagingBucketOwner: HOME });
    for (const each of [read, unread]) {
      expect(shown(each, -1)).to.deep.equal(['addStatement permissions of Keeper: AlsoKey']);
      expect(each.candidates[0]!.statement!.Resource).to.match(/:key\/1234abcd-12ab-34cd-56ef-1234567890ab$/);
      expect(each.candidates[0]!.reason).to.match(/set kmsKeyId/);
    }
  });

  it('says nothing of a denied read', async () => {
    const at = CASES.findIndex(({ title }) => title === 'no IAM reads at all');
    const connection = openCase(at);
    const failure = await refusedLogin(connection);
    const run = openRun({ clock: world.clock });
    const read = await diagnose(connection, failure, run);
    expect(read).to.deep.equal(await diagnose(connection, failure, run, { readIam: false }));
    expect(read!.evidence.join(' ')).to.not.match(/iam:[A-Z]|IAM/);
    await connection.access[Symbol.asyncDispose]();
  });

  it('waits for nobody beyond its time', async () => {
    await using silent = await openCannedAws();
    const connection = open({ useEc2Role: true, roleArn: role('Behind'), iamEndpoint: silent.url });
    const failure = await refusedLogin(connection);
    const startedMs = performance.now();
    const found = await diagnose(connection, failure, openRun({ clock: world.clock }), { limitMs: 300 });
    expect(performance.now() - startedMs).to.be.lessThan(7_900); // 8 s are the limit where none is given
    expect(found!.candidates.map(({ sid }) => sid)).to.deep.equal(['TrustAgentRole', 'AssumeRedshiftRole']);
    await connection.access[Symbol.asyncDispose]();
  });

  it("ends with the reason of the run's signal", async () => {
    await using silent = await openCannedAws();
    const connection = open({ useEc2Role: true, roleArn: role('Behind'), iamEndpoint: silent.url });
    const failure = await refusedLogin(connection);
    const controller = new AbortController();
    const work = diagnose(connection, failure, openRun({ clock: world.clock, signal: controller.signal }));
    setTimeout(() => controller.abort(new Error('enough')), 100);
    expect(await work.catch((reason: unknown) => reason)).to.deep.include({ message: 'enough' });
    await connection.access[Symbol.asyncDispose]();
  });

  it('has nothing to say of a cluster whose name is wrong', async () => {
    const at = CASES.findIndex(({ title }) => title.startsWith('a boundary'));
    const error = new ConnectorError('RS_CONFIG_OBJECT_MISSING', 'There is no cluster warehous');
    expect(await diagnose(openCase(at), { error }, openRun())).to.equal(undefined);
  });
});
