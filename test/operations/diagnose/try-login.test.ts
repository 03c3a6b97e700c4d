import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { planAccess } from '../../../src/access/plan-access.ts';
import { openAccess } from '../../../src/auth/open-access.ts';
import { ConnectorError } from '../../../src/core/errors.ts';
import { openRun } from '../../../src/core/run.ts';
import { openDatabase } from '../../../src/db/open-database.ts';
import { resolveOptions } from '../../../src/manifest/resolve.ts';
import { diagnose } from '../../../src/operations/diagnose/diagnose.ts';
import {
  type CannedAnswer,
  type CannedAws,
  callerIs,
  clusterLogin,
  openCannedAws,
  roleSession,
  USER_ARN,
} from '../../auth/canned-aws.ts';

const SOON = new Date(Date.now() + 3_600_000);
// AWS names no action here: nobody has seen what it says of these rights.
const DENIED: CannedAnswer = { status: 403, code: 'AccessDenied', message: 'Access denied' };
const GIVEN = clusterLogin(SOON);

describe('A login that AWS refuses without a word', () => {
  let aws: CannedAws;
  beforeEach(async () => {
    aws = await openCannedAws();
    aws.answer('GetCallerIdentity', callerIs(USER_ARN));
    aws.answer('AssumeRole', roleSession(SOON));
    aws.answer('DescribeClusters', DENIED);
  });
  afterEach(async () => {
    await aws[Symbol.asyncDispose]();
  });

  async function diagnosed(groups: readonly string[], ...answers: readonly CannedAnswer[]) {
    const options = resolveOptions({
      host: 'warehouse.abc123.us-east-1.redshift.amazonaws.com',
      region: 'us-east-1',
      database: 'dev',
      authType: 'assumeRole',
      username: 'etl',
      autoCreateDbUser: true,
      dbGroups: groups,
      roleArn: 'arn:aws:iam::111122223333:role/RedshiftLogin',
      accessKeyId: 'AKIAEXAMPLEEXAMPLE00',
      secretAccessKey: 'canary-secret',
      stsEndpoint: aws.url,
      redshiftEndpoint: aws.url,
    });
    await using access = openAccess(planAccess(options), { environment: {} });
    await using database = openDatabase(access, options);
    aws.answer('GetClusterCredentials', DENIED, ...answers);
    const error: unknown = await access.login(openRun()).catch((failure: unknown) => failure);
    expect(error).to.be.instanceOf(ConnectorError);
    const connection = { options, access, database, workDirectory: tmpdir() };
    const found = await diagnose(connection, { error: error as ConnectorError }, openRun(), { readIam: false });
    return { sids: found!.candidates.map(({ sid }) => sid), decided: found!.decided, found };
  }

  for (const { title, groups, answers, sids, decided } of [
    {
      title: 'is the login itself, where less is refused too',
      groups: ['a'],
      answers: [DENIED],
      sids: ['Login'],
      decided: true,
    },
    {
      title: 'is the groups, where they alone are too much',
      groups: ['a'],
      answers: [GIVEN, DENIED],
      sids: ['JoinGroups'],
      decided: true,
    },
    {
      title: 'is the creation, where the groups may be joined',
      groups: ['a'],
      answers: [GIVEN, GIVEN],
      sids: ['CreateUser'],
      decided: true,
    },
    {
      title: 'is the creation, where there are no groups',
      groups: [],
      answers: [GIVEN],
      sids: ['CreateUser'],
      decided: true,
    },
    {
      title: 'stays open, where AWS fails meanwhile',
      groups: [],
      answers: [{ status: 500, code: 'InternalFailure', message: '' }],
      sids: ['Login', 'CreateUser'],
      decided: false,
    },
  ] as const) {
    it(title, async () => {
      expect(await diagnosed(groups, ...answers)).to.deep.include({ sids, decided });
    });
  }

  it('is never tried with more than the connection asks for, and shows no secret', async () => {
    const { found } = await diagnosed(['a'], GIVEN, DENIED);
    const asked = aws.calls
      .filter(({ action }) => action === 'GetClusterCredentials')
      .map(({ parameters }) => parameters);
    expect(asked.slice(1).map((each) => each.get('AutoCreate'))).to.deep.equal(['false', 'false']);
    expect(JSON.stringify(found)).to.not.include('canary');
  });
});
