import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import type { AccessOptions } from '../../src/access/access-options.ts';
import { planAccess } from '../../src/access/plan-access.ts';
import type { AwsCredentials } from '../../src/auth/access.ts';
import type { Environment } from '../../src/auth/identity-sources.ts';
import { explainNoToken } from '../../src/auth/metadata-traps.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { SOURCE_TRAPS } from '../../src/auth/source-failure.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { accessOptionsWithout } from '../access/options.ts';
import { type CannedAws, callerIs, openCannedAws, roleSession } from './canned-aws.ts';
import { type FakeMetadata, machineKeys, openFakeMetadata, sendText } from './fake-metadata.ts';
import { recordedRun } from './fakes.ts';

const ONCE = { attempts: 1, totalMs: 5_000, attemptMs: 5_000, firstDelayMs: 1 };
const AGENT_ROLE = 'arn:aws:iam::111122223333:role/path/AgentRole';
const AGENT_SESSION = 'arn:aws:sts::111122223333:assumed-role/AgentRole/i-0123456789';

describe('identity', () => {
  let aws: CannedAws;
  let metadata: FakeMetadata;
  let folder: string;

  before(async () => {
    aws = await openCannedAws();
    metadata = await openFakeMetadata();
    folder = await mkdtemp(join(tmpdir(), 'roleshift-identity-'));
  });
  after(async () => {
    await aws[Symbol.asyncDispose]();
    await metadata[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    metadata.reset();
    aws.answer('GetCallerIdentity', callerIs(AGENT_SESSION));
  });

  const ec2 = (): Environment => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url });
  const container = (): Environment => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${metadata.url}/container` });
  const keys: Environment = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'canary-env-secret' };

  async function identify(changes: Partial<AccessOptions>, environment: Environment): Promise<AwsCredentials> {
    const options = accessOptionsWithout(['accessKeyId', 'secretAccessKey'], { stsEndpoint: aws.url, ...changes });
    await using access = openAccess(planAccess(options), { environment, limits: ONCE });
    return await access.identity(recordedRun());
  }

  async function failureOf(changes: Partial<AccessOptions>, environment: Environment): Promise<ConnectorError> {
    const failure: unknown = await identify(changes, environment).then(
      () => new Error('it worked'),
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(ConnectorError);
    expect(inspect(failure, { depth: 10, showHidden: true })).to.not.include('canary');
    return failure as ConnectorError;
  }

  const MACHINE = { useEc2Role: true };
  const WORKER = { identitySource: 'workerRole' } as const;
  const ENVIRONMENT = { identitySource: 'environment' } as const;

  describe("is the machine's role", () => {
    it('on EC2, by IMDSv2: a token first, then the role', async () => {
      const identity = await identify(MACHINE, ec2());
      expect(identity).to.deep.include({
        accessKeyId: 'ASIAMACHINE',
        principalArn: AGENT_SESSION,
        account: '111122223333',
        source: 'EC2 instance metadata (IMDSv2)',
        expiresAt: new Date('2033-01-01T00:00:00Z'),
      });
      expect(identity.secretAccessKey.reveal()).to.equal('canary-machine-secret');
      expect(identity.sessionToken?.reveal()).to.equal('canary-machine-token');
      expect(metadata.paths).to.deep.equal([
        'PUT /latest/api/token',
        'GET /latest/meta-data/iam/security-credentials/',
        'GET /latest/meta-data/iam/security-credentials/AgentRole',
      ]);
    });

    it('asked directly, and AWS too, whatever agent the process has for all others: a proxy has a role of its own', async () => {
      const { globalAgent } = http;
      const createConnection = (): never => {
        throw new Error('by way of a proxy');
      };
      http.globalAgent = Object.assign(new http.Agent(), { createConnection });
      try {
        expect(await identify(MACHINE, ec2())).to.include({ accessKeyId: 'ASIAMACHINE', principalArn: AGENT_SESSION });
        expect(await identify(MACHINE, container())).to.include({ accessKeyId: 'ASIAMACHINE' });
      } finally {
        http.globalAgent = globalAgent;
      }
    });

    it('on ECS and EKS, by the container endpoint, with the token that it asks for', async () => {
      const tokenFile = join(folder, 'token');
      await writeFile(tokenFile, 'canary-file-token');
      let sent: string | undefined;
      metadata.machine.container = (response, request) => {
        sent = request.headers.authorization;
        sendText(200, machineKeys())(response);
      };
      const identity = await identify(MACHINE, { ...container(), AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile });
      expect(identity.source).to.equal('container credentials endpoint (ECS, EKS)');
      expect(identity.accessKeyId).to.equal('ASIAMACHINE');
      expect(sent).to.equal('canary-file-token');
      expect(metadata.paths).to.deep.equal(['GET /container']);
    });

    it('on ECS, by the path that the task is given, which wins over an address', async () => {
      const failure = await failureOf(MACHINE, {
        AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/canary-task',
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${metadata.url}/container`,
      });
      expect(failure.message).to.match(/container credentials endpoint \(ECS, EKS\): /);
      expect(metadata.paths).to.deep.equal([]);
    });

    it('on EKS with Pod Identity, the token file read anew each time', async () => {
      const tokenFile = join(folder, 'pod-token');
      const sent: (string | undefined)[] = [];
      metadata.machine.container = (response, request) => {
        sent.push(request.headers.authorization);
        sendText(200, machineKeys())(response);
      };
      const environment = { ...container(), AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile };
      for (const token of ['canary-first', 'canary-second']) {
        await writeFile(tokenFile, token);
        expect(await identify(MACHINE, environment)).to.include({ accessKeyId: 'ASIAMACHINE' });
      }
      expect(sent).to.deep.equal(['canary-first', 'canary-second']);
    });

    for (const address of ['http://proxy.example.com/container', 'http://10.0.0.1/container']) {
      it(`never from ${address}: plain http goes to this machine and the metadata addresses only`, async () => {
        const failure = await failureOf(MACHINE, { AWS_CONTAINER_CREDENTIALS_FULL_URI: address });
        expect(failure.message).to.match(/container credentials endpoint \(ECS, EKS\): /);
      });
    }

    it('on EKS with a service account, by its web identity token, read anew each time', async () => {
      const tokenFile = join(folder, 'web-token');
      await writeFile(tokenFile, 'canary.web.token');
      const session = roleSession(new Date('2033-01-01T00:00:00Z'), 'PodRole');
      aws.answer('AssumeRoleWithWebIdentity', session);
      const identity = await identify(WORKER, { AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile, AWS_ROLE_ARN: AGENT_ROLE });
      expect(identity.source).to.equal('web identity token (EKS service account)');
      expect(identity.accessKeyId).to.equal('ASIAPodRole1');
      expect(aws.calls.at(-2)?.parameters.get('WebIdentityToken')).to.equal('canary.web.token');
    });
  });

  describe('says why a machine gives no credentials', () => {
    const silent = (): undefined => undefined;
    const cases: readonly {
      title: string;
      arrange?: () => void;
      environment?: () => Environment;
      reason: RegExp;
      trap?: string;
      action?: RegExp;
    }[] = [
      {
        title: 'metadata that is switched off',
        arrange: () => {
          metadata.machine.token = sendText(403, 'no');
        },
        reason: /IMDSv2\): no session token \(HTTP 403\): instance metadata is switched off/,
        trap: 'metadataDisabled',
        action: /--http-endpoint enabled/,
      },
      {
        title: 'a hop limit of 1, where version 2 is required: the token stays away, a plain GET is answered',
        arrange: () => {
          metadata.machine.token = silent;
        },
        reason:
          /no answer within 1500 ms .* plain GET is answered \(HTTP 401, version 2 is required\): the hop limit .* is 1/,
        trap: 'hopLimit',
        action: /--http-put-response-hop-limit 2;/,
      },
      {
        title: 'a hop limit of 1, where version 1 is allowed: it is not used',
        arrange: () => {
          metadata.machine.token = silent;
          metadata.machine.plain = sendText(200, 'iam/');
        },
        reason: /plain GET is answered \(HTTP 200\): the hop limit/,
        trap: 'hopLimit',
        action: /--http-put-response-hop-limit 2;/,
      },
      {
        title: 'a metadata service that takes connections and says nothing',
        arrange: () => {
          metadata.machine.token = silent;
          metadata.machine.plain = silent;
        },
        reason: /neither to a request for a session token nor to a plain GET, though it can be connected to/,
        trap: 'noMetadata',
        action: /network policy/,
      },
      {
        title: 'no metadata service: nothing can be connected to',
        environment: () => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://192.0.2.1' }),
        reason:
          /192\.0\.2\.1: (no answer within 1500 ms, not even a connection: this is not EC2|\w+: there is no instance metadata here)/,
        trap: 'noMetadata',
      },
      {
        title: 'a port where nobody listens',
        environment: () => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9' }),
        reason: /127\.0\.0\.1:9: (ECONNREFUSED|cannot be reached): there is no instance metadata here/,
        trap: 'noMetadata',
      },
      {
        title: 'a stand-in that speaks version 1 only',
        arrange: () => {
          metadata.machine.token = sendText(404, 'not found');
          metadata.machine.plain = sendText(200, 'iam/');
        },
        reason: /no session token \(HTTP 404\), while a plain GET is answered: only version 1/,
        trap: 'notImdsV2',
        action: /kube2iam/,
      },
      {
        title: 'a redirect, which is not followed',
        arrange: () => {
          metadata.machine.token = (response) => response.writeHead(302, { location: '/other' }).end();
        },
        reason: /no session token \(HTTP 302\)/,
        trap: 'notImdsV2',
        action: /something between answers/,
      },
      {
        title: 'an instance without a role',
        arrange: () => {
          metadata.machine.role = sendText(404, 'not found');
        },
        reason: /no IAM role is attached to the instance \(HTTP 404\)/,
        trap: 'noRoleAttached',
        action: /associate-iam-instance-profile/,
      },
      {
        title: 'an instance profile that was deleted',
        arrange: () => {
          metadata.machine.role = sendText(404, 'not found');
          metadata.machine.info = sendText(200, '{"Code":"InstanceProfileNotFound","Message":"gone"}');
        },
        reason: /its instance profile cannot be used \(Code InstanceProfileNotFound\)/,
        trap: 'instanceProfileBroken',
        action: /replace-iam-instance-profile-association/,
      },
      {
        title: 'an instance profile without a role',
        arrange: () => {
          metadata.machine.role = sendText(200, '');
          metadata.machine.info = sendText(200, '{"Code":"Success","InstanceProfileArn":"arn"}');
        },
        reason: /its instance profile holds none/,
        trap: 'instanceProfileBroken',
        action: /add-role-to-instance-profile/,
      },
      {
        title: 'an instance profile of which nothing sensible is told',
        arrange: () => {
          metadata.machine.role = sendText(404, 'not found');
          metadata.machine.info = sendText(200, '<canary>');
        },
        reason: /no IAM role is attached to the instance \(HTTP 404\)/,
        trap: 'noRoleAttached',
        action: /associate-iam-instance-profile/,
      },
      {
        title: 'a role that cannot be listed',
        arrange: () => {
          metadata.machine.role = sendText(500, 'oops');
        },
        reason: /the role's name was refused \(HTTP 500\)/,
      },
      {
        title: 'a role whose name does not come',
        arrange: () => {
          metadata.machine.role = silent;
        },
        reason: /127\.0\.0\.1:\d+: no answer in time, though it gave a session token/,
      },
      {
        title: 'credentials that are refused',
        arrange: () => {
          metadata.machine.credentials = sendText(500, 'oops');
        },
        reason: /credentials of role AgentRole were refused \(HTTP 500\)/,
      },
      {
        title: 'a role that does not trust EC2, an error dressed as a success',
        arrange: () => {
          const body = { Code: 'AssumeRoleUnauthorizedAccess', Message: 'canary' };
          metadata.machine.credentials = sendText(200, JSON.stringify(body));
        },
        reason: /no credentials for role AgentRole \(Code AssumeRoleUnauthorizedAccess\)/,
        trap: 'roleUnusable',
        action: /trust policy of AgentRole must allow sts:AssumeRole to the service ec2\.amazonaws\.com/,
      },
      {
        title: 'an answer without a code',
        arrange: () => {
          metadata.machine.credentials = sendText(200, 'null');
        },
        reason: /no credentials for role AgentRole \(Code absent\)/,
        trap: 'roleUnusable',
        action: /role AgentRole exists/,
      },
      {
        title: 'an answer without a date of expiry',
        arrange: () => {
          metadata.machine.credentials = sendText(200, machineKeys('soon'));
        },
        reason: /no credentials for role AgentRole \(Code Success\)/,
        trap: 'roleUnusable',
        action: /role AgentRole exists/,
      },
      {
        title: 'an answer that is not JSON',
        arrange: () => {
          metadata.machine.credentials = sendText(200, '<canary>');
        },
        reason: /credentials of role AgentRole are not JSON/,
      },
      {
        title: 'metadata that the environment switches off',
        environment: () => ({ AWS_EC2_METADATA_DISABLED: 'TRUE' }),
        reason: /AWS_EC2_METADATA_DISABLED is true/,
      },
      {
        title: 'a container endpoint that refuses; the instance is not asked instead, it is somebody else',
        arrange: () => {
          metadata.machine.container = sendText(403, '{"Code":"AccessDenied"}');
        },
        environment: () => ({ ...container(), ...ec2() }),
        reason: /container credentials endpoint \(ECS, EKS\): Server responded with status: 403$/,
      },
    ];
    for (const {
      title,
      arrange,
      environment = ec2,
      reason,
      trap,
      action = /Attach an IAM role.*give access keys/,
    } of cases) {
      it(title, async () => {
        arrange?.();
        const failure = await failureOf(MACHINE, environment());
        expect(failure.code).to.equal('RS_AUTH_NO_SOURCE');
        expect(failure.message).to.match(reason);
        expect(failure.message).to.match(
          /^No AWS credentials: web identity token .*not both set; container credentials endpoint/,
        );
        expect(failure.action).to.match(action);
        expect(failure.details['trap']).to.equal(trap);
      });
    }
  });

  describe("is the worker node's role", () => {
    it('when it is the expected one, whatever its path', async () => {
      expect((await identify({ ...WORKER, workerRoleArn: AGENT_ROLE }, ec2())).principalArn).to.equal(AGENT_SESSION);
    });

    for (const [title, arn] of [
      ['not when it is another role', 'arn:aws:iam::111122223333:role/Other'],
      ['not when it is that of another account', 'arn:aws:iam::999988887777:role/AgentRole'],
    ] as const) {
      it(title, async () => {
        const failure = await failureOf({ ...WORKER, workerRoleArn: arn }, ec2());
        expect(failure.code).to.equal('RS_AUTH_NO_SOURCE');
        expect(failure.message).to.include(AGENT_SESSION).and.include(arn);
        expect(failure.action).to.match(/correct workerRoleArn/);
      });
    }

    it('not when AWS would not say who it is', async () => {
      aws.answer('GetCallerIdentity', { status: 403, code: 'AccessDenied', message: 'by endpoint policy' });
      const failure = await failureOf({ ...WORKER, workerRoleArn: AGENT_ROLE }, ec2());
      expect(failure.message).to.match(/unknown identity/);
    });

    it('points to another identity source when there is none', async () => {
      expect((await failureOf(WORKER, { AWS_EC2_METADATA_DISABLED: 'true' })).action).to.match(
        /worker nodes, or choose another identitySource/,
      );
    });
  });

  describe('comes from the environment', () => {
    it('by keys in variables', async () => {
      const identity = await identify(ENVIRONMENT, keys);
      expect(identity).to.include({ accessKeyId: 'AKIAENV', source: 'environment variables' });
      expect(identity.sessionToken).to.equal(undefined);
    });

    it('by temporary keys in variables', async () => {
      const identity = await identify(ENVIRONMENT, { ...keys, AWS_SESSION_TOKEN: 'canary-env-token' });
      expect(identity.sessionToken?.reveal()).to.equal('canary-env-token');
    });

    it('by the profile that a variable names', async () => {
      const file = join(folder, 'named');
      await writeFile(file, '[nightly]\naws_access_key_id = AKIANIGHTLY\naws_secret_access_key = canary-nightly\n');
      const identity = await identify(ENVIRONMENT, { AWS_PROFILE: 'nightly', AWS_SHARED_CREDENTIALS_FILE: file });
      expect(identity).to.include({ accessKeyId: 'AKIANIGHTLY', source: 'profile nightly' });
    });

    it('by the container endpoint that a variable names', async () => {
      expect((await identify(ENVIRONMENT, container())).accessKeyId).to.equal('ASIAMACHINE');
    });

    it('or not at all, with each source and why', async () => {
      const failure = await failureOf(ENVIRONMENT, {});
      expect(failure.code).to.equal('RS_AUTH_NO_SOURCE');
      expect(failure.message).to.equal(
        'No AWS credentials: environment variables: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set; ' +
          'profile: AWS_PROFILE is not set; web identity token (EKS service account): AWS_WEB_IDENTITY_TOKEN_FILE and ' +
          'AWS_ROLE_ARN are not both set; container credentials endpoint (ECS, EKS): neither ' +
          'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set',
      );
      expect(failure.action).to.match(/^Set AWS_ACCESS_KEY_ID/);
    });
  });

  it("tells when a file of the agent's AWS settings sends its calls elsewhere", async () => {
    const config = join(folder, 'config');
    await writeFile(config, `[default]\nendpoint_url = ${aws.url}\n`);
    const { AWS_CONFIG_FILE: before } = process.env;
    process.env['AWS_CONFIG_FILE'] = config;
    try {
      const options = accessOptionsWithout(['accessKeyId', 'secretAccessKey', 'stsEndpoint'], ENVIRONMENT);
      await using access = openAccess(planAccess(options), { environment: keys, limits: ONCE });
      const run = recordedRun();
      expect((await access.identity(run)).note).to.match(/AWS settings send calls of STS to 127\.0\.0\.1/);
      expect(run.events[0]).to.have.property('note').that.includes('127.0.0.1');
    } finally {
      if (before === undefined) delete process.env['AWS_CONFIG_FILE'];
      else process.env['AWS_CONFIG_FILE'] = before;
    }
  });

  it('goes on without evidence where S3 is used as itself and the network does not lead to STS', async () => {
    const s3Only = {
      ...MACHINE,
      authType: 'password',
      password: new Secret('canary'),
      useStaging: true,
      stsEndpoint: 'http://127.0.0.1:1',
    } as const;
    const identity = await identify(s3Only, ec2());
    expect(identity).to.include({ accessKeyId: 'ASIAMACHINE' }).and.to.not.have.property('principalArn');
    const role = { stagingRoleArn: 'arn:aws:iam::111122223333:role/Staging' };
    expect((await failureOf({ ...s3Only, ...role }, ec2())).code).to.equal('RS_CONN_UNREACHABLE');
  });

  it('goes on without evidence when something in between refuses GetCallerIdentity', async () => {
    aws.answer('GetCallerIdentity', { status: 403, code: 'AccessDenied', message: 'by endpoint policy' });
    const identity = await identify(ENVIRONMENT, keys);
    expect(identity).to.include({ accessKeyId: 'AKIAENV' });
    expect(identity.principalArn).to.equal(undefined);
  });
});

describe('traps of a source', () => {
  it('tell a metadata address that nothing answers at from all else', async () => {
    const { signal } = new AbortController();
    const failure = await explainNoToken('http://169.254.169.254', { isConnected: false }, signal);
    expect(failure.trap).to.equal('noMetadata');
    expect(failure.message).to.match(
      /^169\.254\.169\.254: no answer within 1500 ms, not even a connection: this is not EC2/,
    );
    expect(failure.mend).to.equal(undefined);
  });

  it('are in the table of docs/errors.md, each and no other', () => {
    const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const [, section = ''] = text.split('## Why a source gives no credentials');
    const listed = [...section.matchAll(/^\| (\w+) \|/gm)].map(([, trap]) => trap).filter((trap) => trap !== 'Trap');
    expect(listed).to.deep.equal([...SOURCE_TRAPS]);
  });
});
