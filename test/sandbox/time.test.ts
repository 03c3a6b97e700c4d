import { setTimeout as wait } from 'node:timers/promises';
import { GetClusterCredentialsCommand } from '@aws-sdk/client-redshift';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { expect } from 'chai';
import { ANN, AWS_WORLD, AwsWorld, refusalOf, roleArn } from './aws-world.ts';
import { sign } from './sign.ts';

describe('Time in the sandbox', () => {
  let aws: AwsWorld;
  before(async () => {
    aws = await AwsWorld.open({ ...AWS_WORLD, lifetimeScale: 1 / 900, clockSkewSeconds: 0 });
  });
  after(() => aws[Symbol.asyncDispose]());
  afterEach(() => aws.sandbox.clockSkew(0));

  describe('short lifetimes', () => {
    it('are what STS and Redshift state, and what they keep to', async () => {
      aws.sandbox.lifetimes(1 / 900);
      const before = Date.now();
      const keys = await aws.assume(roleArn('Login'), { DurationSeconds: 900 });
      const { Expiration } = await aws
        .redshift(keys)
        .send(new GetClusterCredentialsCommand({ ClusterIdentifier: 'warehouse', DbUser: 'etl' }));
      expect(Expiration!.getTime()).to.be.within(before + 500, Date.now() + 1500);
      await wait(1050);
      expect(await refusalOf(aws.sts(keys).send(new GetCallerIdentityCommand({})))).to.deep.equal({
        code: 'ExpiredToken',
        status: 403,
        message: 'The security token included in the request is expired',
      });
      expect((await refusalOf(aws.s3(keys).send(new ListObjectsV2Command({ Bucket: 'home-data' })))).code).to.equal(
        'ExpiredToken',
      );
    });

    it("make the SDK's own provider renew, as it would after an hour", async () => {
      aws.sandbox.lifetimes(1 / 3600);
      let renewals = 0;
      const client = new STSClient({
        region: 'us-east-1',
        endpoint: aws.sandbox.awsEndpoint,
        credentials: async () => {
          renewals += 1;
          const { Credentials } = await aws
            .sts()
            .send(new AssumeRoleCommand({ RoleArn: roleArn('ByUser'), RoleSessionName: 'etl' }));
          return {
            accessKeyId: Credentials!.AccessKeyId!,
            secretAccessKey: Credentials!.SecretAccessKey!,
            sessionToken: Credentials!.SessionToken!,
            expiration: Credentials!.Expiration!,
          };
        },
      });
      for (let call = 0; call < 3; call++) await client.send(new GetCallerIdentityCommand({}));
      expect(renewals).to.be.at.least(2);
      client.destroy();
    });

    it('are as long as asked again when the scale is one', async () => {
      aws.sandbox.lifetimes(1);
      const { Credentials } = await aws
        .sts()
        .send(new AssumeRoleCommand({ RoleArn: roleArn('ByUser'), RoleSessionName: 'etl', DurationSeconds: 900 }));
      expect(Credentials!.Expiration!.getTime() - Date.now()).to.be.within(840_000, 901_000);
    });
  });

  describe('a clock that is wrong', () => {
    const post = async (skewSeconds: number, dateOffsetMs = 0): Promise<{ text: string; date: number }> => {
      aws.sandbox.clockSkew(skewSeconds);
      const body = 'Action=GetCallerIdentity&Version=2011-06-15';
      const url = `${aws.sandbox.awsEndpoint}/`;
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const date = new Date(Date.now() + dateOffsetMs);
      const signed = sign(ANN, { method: 'POST', url, service: 'sts', headers, body, date });
      const response = await fetch(url, { method: 'POST', headers: signed.headers, body });
      return { text: await response.text(), date: Date.parse(response.headers.get('date') ?? '') };
    };

    for (const [title, seconds, expected] of [
      ['four minutes ahead is none', 240, /<GetCallerIdentityResult>/],
      ['six minutes ahead of the client', 360, /Signature expired: \d{8}T\d{6}Z is now earlier than .* - 5 min\.\)/],
      [
        'six minutes behind the client',
        -360,
        /Signature not yet current: \d{8}T\d{6}Z is still later than .* \+ 5 min\.\)/,
      ],
    ] as const) {
      it(`${title}, and the answer's date tells it`, async () => {
        const { text, date } = await post(seconds);
        expect(text).to.match(expected);
        expect(date - Date.now()).to.be.within(seconds * 1000 - 30_000, seconds * 1000 + 1000);
      });
    }

    it('is no matter to a client that follows it', async () => {
      expect((await post(7200, 7_200_000)).text).to.include('<GetCallerIdentityResult>');
    });

    it('is a quarter of an hour for S3', async () => {
      const list = () => aws.s3().send(new ListObjectsV2Command({ Bucket: 'home-data' }));
      aws.sandbox.clockSkew(800);
      await list();
      aws.sandbox.clockSkew(1000);
      expect(await refusalOf(list())).to.deep.include({ code: 'RequestTimeTooSkewed', status: 403 });
    });

    it('is mended by an SDK that may try again', async () => {
      aws.sandbox.clockSkew(3600);
      const client = new STSClient({ region: 'us-east-1', endpoint: aws.sandbox.awsEndpoint, credentials: ANN });
      expect((await client.send(new GetCallerIdentityCommand({}))).Arn).to.match(/user\/ann$/);
      client.destroy();
    });

    it('shows in the expiry of what it issues', async () => {
      aws.sandbox.lifetimes(1);
      aws.sandbox.clockSkew(240);
      const { Credentials } = await aws
        .sts()
        .send(new AssumeRoleCommand({ RoleArn: roleArn('ByUser'), RoleSessionName: 'etl', DurationSeconds: 900 }));
      expect(Credentials!.Expiration!.getTime() - Date.now()).to.be.within(1_080_000, 1_141_000);
    });
  });

  describe('sessions that end before their time', () => {
    beforeEach(() => aws.sandbox.lifetimes(1));

    for (const [as, ofSts, ofS3] of [
      ['expired', 'ExpiredToken', 'ExpiredToken'],
      ['invalid', 'InvalidClientTokenId', 'InvalidToken'],
    ] as const) {
      it(`answer ${ofSts} at STS and ${ofS3} at S3`, async () => {
        const keys = await aws.assume(roleArn('ByUser'));
        const other = await aws.assume(roleArn('ByAccount'));
        await aws.sts(keys).send(new GetCallerIdentityCommand({}));
        expect(aws.sandbox.expireEarly({ role: roleArn('ByUser'), as }).sessions).to.be.at.least(1);
        expect((await refusalOf(aws.sts(keys).send(new GetCallerIdentityCommand({})))).code).to.equal(ofSts);
        expect((await refusalOf(aws.s3(keys).send(new ListObjectsV2Command({ Bucket: 'home-data' })))).code).to.equal(
          ofS3,
        );
        await aws.sts(other).send(new GetCallerIdentityCommand({}));
        await aws.sts(await aws.assume(roleArn('ByUser'))).send(new GetCallerIdentityCommand({}));
      });
    }
  });
});
