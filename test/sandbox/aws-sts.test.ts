import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
} from '@aws-sdk/client-sts';
import { expect } from 'chai';
import { ANN, AWAY, AwsWorld, BOB, HOME, type Keys, refusalOf, roleArn } from './aws-world.ts';
import { sign } from './sign.ts';

describe('STS of the sandbox', () => {
  let aws: AwsWorld;
  before(async () => {
    aws = await AwsWorld.open();
  });
  after(async () => {
    await aws[Symbol.asyncDispose]();
  });

  const assume = (input: Partial<AssumeRoleCommandInput>, by: Keys = ANN): Promise<unknown> =>
    aws.sts(by).send(new AssumeRoleCommand({ RoleArn: roleArn('ByUser'), RoleSessionName: 'etl', ...input }));

  it('tells who calls, without any permission', async () => {
    const { Arn, Account, UserId } = await aws.sts(BOB).send(new GetCallerIdentityCommand({}));
    expect([Arn, Account]).to.deep.equal([`arn:aws:iam::${HOME}:user/bob`, HOME]);
    expect(UserId).to.match(/^AIDA[A-Z2-7]{17}$/);
  });

  it('knows the tags of the role that is asked for', async () => {
    await assume({ RoleArn: roleArn('Tagged') });
    expect((await refusalOf(assume({ RoleArn: roleArn('TaggedOtherwise') }))).code).to.equal('AccessDenied');
  });

  it('answers AssumeRole with keys that work and say who they are', async () => {
    const started = Date.now();
    const { Credentials, AssumedRoleUser } = await aws
      .sts()
      .send(new AssumeRoleCommand({ RoleArn: roleArn('ByUser'), RoleSessionName: 'etl', DurationSeconds: 7200 }));
    expect(AssumedRoleUser?.Arn).to.equal(`arn:aws:sts::${HOME}:assumed-role/ByUser/etl`);
    expect(AssumedRoleUser?.AssumedRoleId).to.match(/^AROA[A-Z2-7]{17}:etl$/);
    expect(Credentials!.Expiration!.getTime() - started).to.be.within(7_198_000, 7_260_000);
    const keys = await aws.assume(roleArn('ByUser'));
    expect((await aws.sts(keys).send(new GetCallerIdentityCommand({}))).Arn).to.equal(AssumedRoleUser?.Arn);
  });

  describe('trust', () => {
    const denied = (who: string, target: string): string =>
      `User: ${who} is not authorized to perform: sts:AssumeRole on resource: ${target}`;
    const ann = `arn:aws:iam::${HOME}:user/ann`;
    const bob = `arn:aws:iam::${HOME}:user/bob`;
    const cases: readonly (readonly [
      title: string,
      by: Keys,
      input: Partial<AssumeRoleCommandInput>,
      refusal: string | undefined,
    ])[] = [
      [
        'a role that names the user, whose own policy is then not needed',
        BOB,
        { RoleArn: roleArn('ByBob') },
        undefined,
      ],
      ['a role that names the account, to a user who may', ANN, { RoleArn: roleArn('ByAccount') }, undefined],
      [
        'a role that names the account, but not to a user who may not',
        BOB,
        { RoleArn: roleArn('ByAccount') },
        `${denied(bob, roleArn('ByAccount'))} because no identity-based policy allows the sts:AssumeRole action`,
      ],
      ['a role that names somebody else', ANN, { RoleArn: roleArn('ByBob') }, denied(ann, roleArn('ByBob'))],
      ['a role that is not there', ANN, { RoleArn: roleArn('Nothing') }, denied(ann, roleArn('Nothing'))],
      [
        'a role with the right external id',
        ANN,
        { RoleArn: roleArn('WithExternalId'), ExternalId: 'tenant-7' },
        undefined,
      ],
      [
        'a role with a wrong external id',
        ANN,
        { RoleArn: roleArn('WithExternalId'), ExternalId: 'tenant-8' },
        denied(ann, roleArn('WithExternalId')),
      ],
      [
        'a role without its external id',
        ANN,
        { RoleArn: roleArn('WithExternalId') },
        denied(ann, roleArn('WithExternalId')),
      ],
      ['a session name the role asks for', ANN, { RoleArn: roleArn('BySession'), RoleSessionName: 'etl-1' }, undefined],
      ['another session name', ANN, { RoleArn: roleArn('BySession') }, denied(ann, roleArn('BySession'))],
      ['a role of an account that trusts ours', ANN, { RoleArn: roleArn('AwayTrustsHome', AWAY) }, undefined],
      [
        'the same to a user whose own policy does not allow it',
        BOB,
        { RoleArn: roleArn('AwayTrustsHome', AWAY) },
        denied(bob, roleArn('AwayTrustsHome', AWAY)),
      ],
      [
        'a role of an account that does not trust ours',
        ANN,
        { RoleArn: roleArn('AwayTrustsNobody', AWAY) },
        denied(ann, roleArn('AwayTrustsNobody', AWAY)),
      ],
    ];
    for (const [title, by, input, refusal] of cases) {
      it(`${refusal === undefined ? 'gives' : 'refuses'} ${title}`, async () => {
        if (refusal === undefined) await assume(input, by);
        else
          expect(await refusalOf(assume(input, by))).to.deep.equal({
            code: 'AccessDenied',
            status: 403,
            message: refusal,
          });
      });
    }
  });

  describe('input', () => {
    const cases: readonly (readonly [Partial<AssumeRoleCommandInput>, string])[] = [
      [
        { DurationSeconds: 899 },
        "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
      ],
      [
        { DurationSeconds: 43_201 },
        "Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
      ],
      [{ DurationSeconds: 7201 }, 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.'],
      [
        { RoleSessionName: 'a b' },
        "Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
      ],
      [{ RoleSessionName: 'a' }, 'Member must have length greater than or equal to 2'],
      [{ RoleSessionName: 'a'.repeat(65) }, 'Member must have length less than or equal to 64'],
      [{ ExternalId: 'x' }, "at 'externalId' failed"],
      [{ RoleArn: 'arn:aws:iam::role' }, 'Member must have length greater than or equal to 20'],
      [{ RoleArn: 'arn:aws:iam::111122223333:user/ann' }, 'is invalid'],
      [
        { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }] },
        'does not imitate the parameter PolicyArns',
      ],
      [{ SerialNumber: 'arn:aws:iam::111122223333:mfa/x', TokenCode: '123456' }, 'the parameter SerialNumber'],
      [{ TransitiveTagKeys: ['team'] }, 'transitive tag key team is not among the tags'],
    ];
    for (const [input, message] of cases) {
      it(`refuses ${JSON.stringify(input).slice(0, 60)}`, async () => {
        const refusal = await refusalOf(assume(input));
        expect([refusal.code, refusal.status]).to.deep.equal(['ValidationError', 400]);
        expect(refusal.message).to.include(message);
      });
    }
    it('refuses a session policy that is none', async () => {
      expect((await refusalOf(assume({ Policy: '{"Statement":[{}]}' }))).code).to.match(/^MalformedPolicyDocument/);
    });
  });

  it('holds a chained session to one hour, whatever the role allows', async () => {
    const first = await aws.assume(roleArn('ByUser'));
    expect(await refusalOf(assume({ RoleArn: roleArn('Chained'), DurationSeconds: 3601 }, first))).to.deep.equal({
      code: 'ValidationError',
      status: 400,
      message: 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    });
    await assume({ RoleArn: roleArn('Chained'), DurationSeconds: 3600 }, first);
  });

  it('passes tags and a source identity on, and asks for their permissions', async () => {
    await assume({ Tags: [{ Key: 'team', Value: 'etl' }], SourceIdentity: 'ann' });
    const session = await aws.assume(roleArn('ByUser'), { SourceIdentity: 'ann' });
    const change = await refusalOf(assume({ RoleArn: roleArn('Chained'), SourceIdentity: 'bob' }, session));
    expect(change.code).to.equal('AccessDenied');
  });

  describe('signatures', () => {
    const identify = (keys: Keys): Promise<unknown> => aws.sts(keys).send(new GetCallerIdentityCommand({}));
    it('refuses a wrong secret', async () => {
      const { code, status, message } = await refusalOf(identify({ ...ANN, secretAccessKey: 'wrong' }));
      expect([code, status]).to.deep.equal(['SignatureDoesNotMatch', 403]);
      expect(message).to.match(/^The request signature we calculated does not match/);
    });
    it('refuses an unknown key', async () => {
      const { code, status, message } = await refusalOf(identify({ ...ANN, accessKeyId: 'AKIANOBODYNOBODYNOBO' }));
      expect([code, status, message]).to.deep.equal([
        'InvalidClientTokenId',
        403,
        'The security token included in the request is invalid.',
      ]);
    });
    it('refuses session keys with a changed token, without it, and plain keys with one', async () => {
      const session = await aws.assume(roleArn('ByUser'));
      const { sessionToken, ...bare } = session;
      const changed = `${sessionToken!.slice(0, -4)}AAAA`;
      for (const keys of [{ ...session, sessionToken: changed }, bare, { ...ANN, sessionToken: changed }]) {
        expect((await refusalOf(identify(keys))).code).to.equal('InvalidClientTokenId');
      }
    });
    it('refuses a request of another time', async () => {
      const send = async (minutes: number): Promise<string> => {
        const body = 'Action=GetCallerIdentity&Version=2011-06-15';
        const url = `${aws.sandbox.awsEndpoint}/`;
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const date = new Date(Date.now() + minutes * 60_000);
        const signed = sign(ANN, { method: 'POST', url, service: 'sts', headers, body, date });
        const response = await fetch(url, { method: 'POST', headers: signed.headers, body });
        return response.text();
      };
      expect(await send(-4)).to.include('GetCallerIdentityResult');
      const late = await send(-6);
      expect(late).to.include('<Code>SignatureDoesNotMatch</Code>');
      expect(late).to.match(
        /Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)/,
      );
      expect(await send(6)).to.include('Signature not yet current');
    });
    it('refuses a version of the API that is none', async () => {
      for (const version of ['', '&Version=2012-12-01']) {
        const body = `Action=GetCallerIdentity${version}`;
        const url = `${aws.sandbox.awsEndpoint}/`;
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const signed = sign(ANN, { method: 'POST', url, service: 'sts', headers, body });
        const answer = await (await fetch(url, { method: 'POST', headers: signed.headers, body })).text();
        expect(answer).to.match(/<Code>InvalidAction<.*for version (?:NO_VERSION_SPECIFIED|2012-12-01)</s);
      }
    });
    it('refuses an unsigned and a badly signed request in XML', async () => {
      const post = async (headers: Record<string, string>): Promise<[number, string]> => {
        const body = 'Action=GetCallerIdentity&Version=2011-06-15';
        const response = await fetch(aws.sandbox.awsEndpoint, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
          body,
        });
        return [response.status, (await response.text()).match(/<Code>(.*)<\/Code>/)?.[1] ?? ''];
      };
      expect(await post({})).to.deep.equal([403, 'MissingAuthenticationToken']);
      expect(await post({ authorization: 'Basic eDp5' })).to.deep.equal([400, 'IncompleteSignature']);
      expect(await post({ authorization: 'AWS4-HMAC-SHA256 Credential=x/y' })).to.deep.equal([
        400,
        'IncompleteSignature',
      ]);
      expect(
        await post({
          authorization:
            'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0',
        }),
      ).to.deep.equal([400, 'IncompleteSignature']);
    });
  });

  it('refuses what it does not have by name', async () => {
    const refusal = await refusalOf(aws.sts().send(new GetSessionTokenCommand({})));
    expect(refusal.code).to.equal('InvalidAction');
    expect(refusal.message).to.include('GetSessionToken');
  });

  it('remembers each call with principal and outcome, and no secret', async () => {
    await refusalOf(assume({ RoleArn: roleArn('ByBob') }));
    const entry = aws.sandbox.log().at(-1)!;
    expect(entry).to.include({
      kind: 'aws',
      service: 'sts',
      action: 'AssumeRole',
      principal: `arn:aws:iam::${HOME}:user/ann`,
      resource: roleArn('ByBob'),
      allowed: false,
      errorCode: 'AccessDenied',
    });
    const text = JSON.stringify(aws.sandbox.log());
    for (const secret of [ANN.secretAccessKey, BOB.secretAccessKey, 'tenant-7']) expect(text).not.to.include(secret);
  });

  it('strikes with the faults of the world, each as often as it says', async () => {
    const { faults } = aws.sandbox;
    faults.add(
      { on: 'sts:AssumeRole', times: 2, effect: { kind: 'throttle' } },
      { on: 'sts:AssumeRole', effect: { kind: 'error' } },
      { on: 'sts:AssumeRole', effect: { kind: 'drop' } },
      { on: 'sts:AssumeRole', effect: { kind: 'drop', when: 'after' } },
      { on: 'sts:AssumeRole', effect: { kind: 'delay', ms: 150 } },
    );
    const codes = [];
    for (let call = 0; call < 5; call++) codes.push((await refusalOf(assume({}))).code);
    expect(codes.slice(0, 3)).to.deep.equal(['Throttling', 'Throttling', 'ServiceUnavailable']);
    expect(codes.slice(3)).to.deep.equal(['TimeoutError', 'TimeoutError']); // the SDK's name for a cut connection
    const started = Date.now();
    await assume({});
    expect(Date.now() - started).to.be.at.least(140);
    await assume({});
  });

  describe('expiry', () => {
    it('refuses session keys once they have expired, and only then', async () => {
      const session = await aws.assume(roleArn('ByUser'), { DurationSeconds: 900 });
      aws.sandbox.advance(890);
      await aws.sts(session).send(new GetCallerIdentityCommand({}));
      aws.sandbox.advance(20);
      expect(await refusalOf(aws.sts(session).send(new GetCallerIdentityCommand({})))).to.deep.equal({
        code: 'ExpiredToken',
        status: 403,
        message: 'The security token included in the request is expired',
      });
      await aws.sts().send(new GetCallerIdentityCommand({}));
    });
  });
});
