import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { createServer as createTlsServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect, promisify } from 'node:util';
import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import type { AwsCredentials } from '../../src/auth/access.ts';
import { type AwsHandler, awsHandler } from '../../src/auth/aws-handler.ts';
import { issueLogin } from '../../src/auth/issue-login.ts';
import { isReachedDirectly } from '../../src/auth/no-proxy.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { AWS_CALL_LIMITS } from '../../src/core/retry.ts';
import { openRun } from '../../src/core/run.ts';
import { Secret } from '../../src/core/secret.ts';
import { serverCertificate } from '../../src/sandbox/pg/wire/certificates.ts';
import { openStagingArea } from '../../src/staging/open-staging-area.ts';
import { accessOptions } from '../access/options.ts';
import { callerIs, clusterLogin, openCannedAws, roleSession, USER_ARN } from './canned-aws.ts';
import { type ConnectProxy, openConnectProxy, type ProxyVerdict } from './connect-proxy.ts';

const ONCE = { ...AWS_CALL_LIMITS, attempts: 1 };

describe('hosts without the proxy', () => {
  for (const [host, noProxy, isDirect] of [
    ['sts.us-east-1.amazonaws.com', [], false],
    ['sts.us-east-1.amazonaws.com', ['sts.us-east-1.amazonaws.com'], true],
    ['STS.us-east-1.amazonaws.com.', ['sts.US-east-1.amazonaws.com'], true],
    ['sts.us-east-1.amazonaws.com', ['amazonaws.com', 'us-east-1.amazonaws.com'], false],
    ['sts.us-east-1.amazonaws.com', ['.amazonaws.com'], true],
    ['amazonaws.com', ['.amazonaws.com'], true],
    ['evilamazonaws.com', ['.amazonaws.com'], false],
    ['sts.us-east-1.amazonaws.com', ['sts.*.amazonaws.com'], true],
    ['sts-us-east-1xamazonaws.com', ['sts*.amazonaws.com'], false],
    ['bucket.s3.us-east-1.amazonaws.com', ['*.s3.us-east-1.amazonaws.com'], true],
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8'], false],
    ['10.1.2.3', ['10.1.2.3'], true],
    ['10.1.2.30', ['10.1.2.3'], false],
    ['[fd00::1]', ['fd00::/8'], true],
    ['10.example.com', ['10.0.0.0/8'], false],
    ['10.1.2.3', ['fd00::/8', '10.0.0.0/99', 'ten.example.com'], false],
    ['localhost', [], true],
    ['aws.localhost', [], true],
    ['127.0.0.2', [], true],
    ['[::1]', [], true],
    ['169.254.169.254', [], true],
    ['169.254.170.23', [], true],
    ['[fd00:ec2::254]', [], true],
  ] as const) {
    it(`${host} is reached ${isDirect ? 'directly' : 'through it'} with [${noProxy.join(', ')}]`, () => {
      expect(isReachedDirectly(host, noProxy)).to.equal(isDirect);
    });
  }
});

describe('a pattern of hosts without the proxy', () => {
  it('is judged at once, however many ways it could fit', () => {
    // In exponential time it would never end.
    const pattern = `${'*a'.repeat(60)}*b`;
    expect(isReachedDirectly(`${'a'.repeat(63)}.s3.us-east-1.amazonaws.com`, [pattern])).to.equal(false);
  });
});

describe('an endpoint that the environment names', () => {
  const before = process.env['AWS_ENDPOINT_URL'];
  afterEach(() => {
    if (before === undefined) delete process.env['AWS_ENDPOINT_URL'];
    else process.env['AWS_ENDPOINT_URL'] = before;
  });

  it('is not asked unencrypted, but for this machine', async () => {
    await using aws = await openCannedAws();
    aws.answer('GetCallerIdentity', callerIs(USER_ARN));
    const identify = async (endpoint: string) => {
      process.env['AWS_ENDPOINT_URL'] = endpoint; // the SDK reads it where it stands
      await using access = openAccess(planAccess(accessOptions()), { environment: {}, limits: ONCE });
      return await access.identity(openRun());
    };
    expect(await identify(aws.url)).to.include({ principalArn: USER_ARN });
    const failure: unknown = await identify('http://aws.invalid').catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ConnectorError).and.include({ code: 'RS_CONFIG_INVALID' });
    expect((failure as ConnectorError).message).to.equal('AWS would be asked unencrypted, at http://aws.invalid');
  });
});

describe('the AWS proxy', () => {
  const HOST = 'sts.us-east-1.amazonaws.com';
  const certificate = serverCertificate('*.us-east-1.amazonaws.com');
  const aws = createTlsServer({ cert: certificate.certificatePem, key: certificate.keyPem }, (_, response) =>
    response.end('from AWS'),
  );
  let port = 0;
  before(async () => {
    await new Promise<void>((resolve) => aws.listen(0, '127.0.0.1', resolve));
    port = (aws.address() as AddressInfo).port;
  });
  after(async () => {
    aws.closeAllConnections();
    await new Promise((resolve) => aws.close(resolve));
  });

  const handlerOf = (url: string, noProxy: readonly string[] = [], connectTimeoutMs = 2000): AwsHandler =>
    awsHandler({ proxy: { url: new Secret(url), noProxy }, connectTimeoutMs });

  function get({ httpsAgent }: AwsHandler, host = HOST, ca: string | undefined = certificate.caPem): Promise<string> {
    return new Promise((resolve, reject) => {
      request({ host, path: '/', ...(ca === undefined ? {} : { ca }), agent: httpsAgent }, (response) =>
        resolve(readText(response)),
      )
        .on('error', reject)
        .end();
    });
  }

  async function failureOf(work: Promise<unknown>): Promise<ConnectorError> {
    const failure: unknown = await work.then(
      () => new Error('it worked'),
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(ConnectorError);
    expect(inspect(failure, { depth: 9 }) + JSON.stringify(failure)).to.not.include('canary');
    return failure as ConnectorError;
  }

  it('leads to AWS, one tunnel for calls that follow each other', async () => {
    await using proxy = await openConnectProxy(() => ({ port }));
    const handler = handlerOf(`http://${proxy.host}`);
    expect(await get(handler)).to.equal('from AWS');
    await new Promise((resolve) => setImmediate(resolve));
    expect(await get(handler)).to.equal('from AWS');
    expect(proxy.authorities).to.deep.equal([`${HOST}:443`]);
    expect(proxy.authorizations).to.deep.equal([undefined]);
    handler.httpsAgent?.destroy();
  });

  it('keeps a tunnel that was made in time, whatever time its calls take', async () => {
    await using proxy = await openConnectProxy(() => ({ port }));
    const handler = handlerOf(`http://${proxy.host}`, [], 200);
    expect(await get(handler)).to.equal('from AWS');
    await sleep(400);
    expect(await get(handler)).to.equal('from AWS');
    expect(proxy.authorities).to.deep.equal([`${HOST}:443`]);
    handler.httpsAgent?.destroy();
  });

  it('gets its user and password, decoded', async () => {
    await using proxy = await openConnectProxy(() => ({ port }));
    const handler = handlerOf(`http://et%3Al:p%40ss%20w@${proxy.host}`);
    expect(await get(handler)).to.equal('from AWS');
    expect(proxy.authorizations).to.deep.equal([`Basic ${Buffer.from('et:l:p@ss w').toString('base64')}`]);
    handler.httpsAgent?.destroy();
  });

  it('is no end of the encryption: the certificate must be that of AWS', async () => {
    await using proxy = await openConnectProxy(() => ({ port }));
    const handler = handlerOf(`http://${proxy.host}`);
    const failures = await Promise.allSettled([get(handler, 'sts.eu-west-1.amazonaws.com'), get(handler, HOST, '')]);
    expect(failures.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    handler.httpsAgent?.destroy();
  });

  const refusals: readonly {
    readonly title: string;
    readonly verdict: ProxyVerdict;
    readonly user?: string;
    readonly code: string;
    readonly message: RegExp;
    readonly action: RegExp;
  }[] = [
    {
      title: 'wants a user and gets none',
      verdict: { status: 407 },
      code: 'RS_CONFIG_INVALID',
      message: /asks for a user and password \(HTTP 407\)/,
      action: /awsProxyUrl/,
    },
    {
      title: 'refuses user and password',
      verdict: { status: 407 },
      user: 'etl:canary-proxy@',
      code: 'RS_CONFIG_INVALID',
      message: /refuses the user and password of awsProxyUrl/,
      action: /%40/,
    },
    {
      title: 'does not let calls through',
      verdict: { status: 403 },
      user: 'etl:canary-proxy@',
      code: 'RS_CONFIG_INVALID',
      message: /does not let calls through to sts\.us-east-1\.amazonaws\.com:443 \(HTTP 403\)/,
      action: /allow CONNECT to sts\.us-east-1.*awsNoProxy/,
    },
    {
      title: 'cannot reach AWS itself',
      verdict: { status: 502 },
      code: 'RS_CONN_UNREACHABLE',
      message: /cannot reach sts\.us-east-1\.amazonaws\.com:443 \(HTTP 502\)/,
      action: /awsNoProxy/,
    },
    {
      title: 'says nothing',
      verdict: 'silent',
      code: 'RS_CONN_UNREACHABLE',
      message: /did not connect within 0\.3 s/,
      action: /awsConnectTimeoutSeconds/,
    },
  ];
  for (const { title, verdict, user = '', code, message, action } of refusals) {
    it(`that ${title} is told apart`, async () => {
      await using proxy = await openConnectProxy(() => verdict);
      const failure = await failureOf(get(handlerOf(`http://${user}${proxy.host}`, [], 300)));
      expect(failure.code).to.equal(code);
      expect(failure.message).to.match(message).and.include(proxy.host);
      expect(failure.action).to.match(action);
    });
  }

  it('that is not there is told apart', async () => {
    const proxy = await openConnectProxy(() => 'silent');
    await proxy[Symbol.asyncDispose]();
    const failure = await failureOf(get(handlerOf(`http://etl:canary@${proxy.host}`)));
    expect(failure.code).to.equal('RS_CONN_UNREACHABLE');
    expect(failure.message).to.equal(`The AWS proxy ${proxy.host} cannot be reached: ECONNREFUSED`);
  });

  it('that is no HTTP proxy is told apart', async () => {
    const server = createTcpServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('SSH-2.0-OpenSSH_9.6\r\n'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port: other } = server.address() as AddressInfo;
      for (const scheme of ['http', 'https']) {
        const failure = await failureOf(get(handlerOf(`${scheme}://127.0.0.1:${other}`)));
        expect(failure.code, scheme).to.equal('RS_CONFIG_INVALID');
        expect(failure.message, scheme).to.match(/does not answer as the AWS proxy/);
      }
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('with a certificate of nobody is refused before it hears the password', async () => {
    const tls = { cert: certificate.certificatePem, key: certificate.keyPem };
    await using proxy = await openConnectProxy(() => ({ port }), tls);
    const failure = await failureOf(get(handlerOf(`https://etl:canary@${proxy.host}`)));
    expect(failure.code).to.equal('RS_CONN_TLS');
    expect(proxy.authorizations).to.deep.equal([]);
  });

  for (const { title, status, isTriedAgain } of [
    { title: 'tries again to reach S3 when that may help', status: 503, isTriedAgain: true },
    { title: 'does not try again to reach S3 when it is not let through', status: 403, isTriedAgain: false },
  ]) {
    it(title, async () => {
      await using proxy = await openConnectProxy(() => ({ status }));
      const plan = planAccess(accessOptions({ awsProxyUrl: new Secret(`http://${proxy.host}`) }));
      const staging = async () => ({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: new Secret('x'), source: 'a test' });
      const access = { plan, staging, awsHandler: () => awsHandler(plan.aws) };
      const options = { useStaging: true, stagingBucket: 'acme', stagingPrefix: 'x/' };
      await failureOf(openStagingArea(access, options, openRun()));
      expect(proxy.authorities.length > 1).to.equal(isTriedAgain);
    });
  }

  it('has a limit for connecting, as calls without it have', () => {
    const direct = awsHandler({ connectTimeoutMs: 3000 });
    expect(direct).to.include({ connectionTimeout: 3000 }).and.to.not.have.property('httpsAgent');
    expect(handlerOf('http://proxy.example.com', [], 3000).connectionTimeout).to.be.greaterThan(3000);
  });

  it('stays out of calls to this machine', async () => {
    await using canned = await openCannedAws();
    canned.answer('GetCallerIdentity', callerIs(USER_ARN));
    await using proxy = await openConnectProxy(() => ({ status: 403 }));
    const awsProxyUrl = new Secret(`http://${proxy.host}`);
    await using access = openAccess(planAccess(accessOptions({ stsEndpoint: canned.url, awsProxyUrl })));
    expect((await access.identity(openRun())).principalArn).to.equal(USER_ARN);
    expect(proxy.authorities).to.deep.equal([]);
  });

  it('leads from an identity to a login', async () => {
    await using canned = await openCannedAws();
    canned.answer('GetCallerIdentity', callerIs(USER_ARN));
    canned.answer('AssumeRole', roleSession(new Date(Date.now() + 3_600_000)));
    canned.answer('GetClusterCredentialsWithIAM', clusterLogin(new Date(Date.now() + 900_000), 'IAMR:RedshiftLogin'));
    const front = createTlsServer(
      { cert: certificate.certificatePem, key: certificate.keyPem },
      (incoming, outgoing) => {
        const onward = requestHttp(canned.url, { method: 'POST', headers: incoming.headers }, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(outgoing);
        });
        incoming.pipe(onward);
      },
    );
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    const authority = `Basic ${Buffer.from('etl:canary').toString('base64')}`;
    await using proxy = await openConnectProxy((_, authorization) =>
      authorization === authority ? { port: (front.address() as AddressInfo).port } : { status: 407 },
    );
    const folder = await mkdtemp(join(tmpdir(), 'roleshift-proxy-'));
    try {
      const authorities = join(folder, 'ca.pem');
      await writeFile(authorities, certificate.caPem);
      const { stdout, stderr } = await promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', 'test/auth/proxied-process.ts', `http://etl:canary@${proxy.host}`],
        { env: { ...process.env, NODE_EXTRA_CA_CERTS: authorities }, timeout: 15_000 },
      );
      expect(stdout, stderr).to.equal('IAMR:RedshiftLogin');
      expect(proxy.authorities).to.deep.equal([
        'sts.us-east-1.amazonaws.com:443',
        'sts.us-east-1.amazonaws.com:443',
        'redshift.us-east-1.amazonaws.com:443',
      ]);
    } finally {
      await rm(folder, { recursive: true });
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
    }
  });

  describe('shows which hosts are asked', () => {
    let proxy: ConnectProxy;
    beforeEach(async () => {
      proxy = await openConnectProxy(() => ({ status: 403 }));
    });
    afterEach(() => proxy[Symbol.asyncDispose]());

    const CALLER: AwsCredentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: new Secret('x'), source: 'a test' };
    const login = { database: 'dev', lifetimeSeconds: 900 };

    for (const { region, partition, suffix } of [
      { region: 'us-east-1', partition: 'aws', suffix: 'amazonaws.com' },
      { region: 'cn-north-1', partition: 'aws-cn', suffix: 'amazonaws.com.cn' },
      { region: 'us-gov-west-1', partition: 'aws-us-gov', suffix: 'amazonaws.com' },
    ]) {
      it(`in ${region}: those of the region`, async () => {
        const plan = planAccess(
          accessOptions({
            host: 'localhost',
            clusterIdentifier: 'warehouse',
            region,
            roleArn: `arn:${partition}:iam::111122223333:role/RedshiftLogin`,
            awsProxyUrl: new Secret(`http://${proxy.host}`),
          }),
        );
        const wire = { target: plan.aws, signal: AbortSignal.timeout(10_000), limits: ONCE };
        const place = { partition, region, account: '111122223333' };
        await using access = openAccess(plan, { limits: ONCE });
        const tokenFile = { AWS_WEB_IDENTITY_TOKEN_FILE: 'package.json', AWS_ROLE_ARN: plan.roles[0]?.roleArn };
        await using pod = openAccess(
          { ...plan, identity: { kind: 'machineRole' } },
          { limits: ONCE, environment: tokenFile },
        );
        const asks: readonly (() => Promise<unknown>)[] = [
          () => pod.identity(openRun()),
          () => access.identity(openRun()),
          () =>
            issueLogin(CALLER, { kind: 'clusterCredentialsWithIam', clusterIdentifier: 'c', ...login }, place, wire),
          () => issueLogin(CALLER, { kind: 'serverlessCredentials', workgroup: 'wg', ...login }, place, wire),
          () =>
            openStagingArea(
              { plan, staging: async () => CALLER, awsHandler: () => access.awsHandler() },
              { useStaging: true, stagingBucket: 'acme', stagingPrefix: 'x/' },
              openRun(),
            ),
        ];
        for (const ask of asks) expect((await failureOf(ask())).message).to.match(/does not let calls through/);
        expect([...new Set(proxy.authorities)].sort()).to.deep.equal([
          `acme.s3.${region}.${suffix}:443`,
          `redshift-serverless.${region}.${suffix}:443`,
          `redshift.${region}.${suffix}:443`,
          `sts.${region}.${suffix}:443`,
        ]);
      });
    }
  });
});
