import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { attachedFinding, openFinding } from '../../src/operations/check/copy-role.ts';
import { pinFinding } from '../../src/operations/check/login-pin.ts';
import { byReading } from '../../src/operations/check/machine-rights.ts';
import { reachFinding } from '../../src/operations/check/reach.ts';
import { servicesOf } from '../../src/operations/check/services.ts';
import { keyFinding } from '../../src/operations/check/staging.ts';
import { diagnosisOf } from '../../src/operations/diagnosis-of.ts';
import { placeOf } from '../../src/policies/place.ts';
import { failureOf } from '../failure.ts';

const ROLE = 'arn:aws:iam::111122223333:role/Login';
const COPY = 'arn:aws:iam::111122223333:role/Copy';
const PLACE = { partition: 'aws', region: 'us-east-1' };
const document = (...Statement: readonly object[]) => ({
  name: 'policy',
  text: JSON.stringify({ Version: '2012-10-17', Statement }),
});
const optionsOf = (values: object) =>
  resolveOptions({
    authType: 'assumeRole',
    database: 'dev',
    region: 'us-east-1',
    roleArn: ROLE,
    useEc2Role: true,
    ...values,
  });

describe('which endpoints of AWS a check reaches', () => {
  const hosts = (values: object): readonly string[] => {
    const options = optionsOf(values);
    return servicesOf(planAccess(options), options).map(({ id, url, override }) =>
      `${id} ${url.host} ${override ?? ''}`.trim(),
    );
  };
  const cluster = { clusterIdentifier: 'warehouse', username: 'etl' };
  const staging = { useStaging: true, stagingBucket: 'acme', copyRole: COPY };

  for (const [title, values, expected] of [
    ['a cluster', cluster, ['sts sts.us-east-1.amazonaws.com', 'redshift redshift.us-east-1.amazonaws.com']],
    [
      'a workgroup, staging',
      { workgroup: 'analytics', ...staging },
      [
        'sts sts.us-east-1.amazonaws.com',
        'redshift-serverless redshift-serverless.us-east-1.amazonaws.com',
        's3 acme.s3.us-east-1.amazonaws.com',
      ],
    ],
    [
      'private link, a bucket with dots',
      {
        ...cluster,
        ...staging,
        stagingBucket: 'acme.files',
        stagingRegion: 'eu-west-1',
        stsEndpoint: 'https://vpce-1.sts.us-east-1.vpce.amazonaws.com',
      },
      [
        'sts vpce-1.sts.us-east-1.vpce.amazonaws.com stsEndpoint',
        'redshift redshift.us-east-1.amazonaws.com',
        's3 s3.eu-west-1.amazonaws.com',
      ],
    ],
    [
      'China',
      { ...cluster, region: 'cn-north-1', roleArn: 'arn:aws-cn:iam::111122223333:role/Login' },
      ['sts sts.cn-north-1.amazonaws.com.cn', 'redshift redshift.cn-north-1.amazonaws.com.cn'],
    ],
  ] as const) {
    it(`of ${title}`, () => {
      expect(hosts(values)).to.deep.equal(expected);
    });
  }

  it('and none of a stored password without staging', () => {
    const options = resolveOptions({ host: 'db.example', database: 'dev', username: 'u', password: 'p' });
    expect(servicesOf(planAccess(options), options)).to.deep.equal([]);
  });
});

describe('an answer of an endpoint', () => {
  const finding = (host: string, issuer: string | undefined, more: object = {}) =>
    reachFinding(
      { id: 'sts', title: 'STS', url: new URL(`https://${host}/`) },
      { host, isProxied: false, durationMs: 7, ...(issuer === undefined ? {} : { issuer }), ...more },
      { partition: 'aws', timeoutMs: 1, connectTimeoutMs: 1 },
    );

  it('names the address and the proxy', () => {
    expect(finding('sts.us-east-1.amazonaws.com', 'Amazon', { address: '54.1.2.3' }).evidence).to.equal(
      'sts.us-east-1.amazonaws.com at 54.1.2.3, answers in 7 ms',
    );
    expect(finding('sts.us-east-1.amazonaws.com', 'Amazon', { isProxied: true }).evidence).to.match(
      /through the proxy/,
    );
  });

  for (const [host, issuer, isIntercepted] of [
    ['sts.us-east-1.amazonaws.com', 'Amazon', false],
    ['sts.us-east-1.amazonaws.com', 'Acme Inspection CA', true],
    ['sts.us-east-1.amazonaws.com', undefined, false],
    ['aws.proxy.acme.example', 'Acme CA', false],
  ] as const) {
    it(`${isIntercepted ? 'warns' : 'does not warn'} of a certificate of ${host} by ${issuer ?? 'nobody'}`, () => {
      expect(finding(host, issuer).warning !== undefined).to.equal(isIntercepted);
    });
  }
});

describe('the roles of a cluster', () => {
  const cluster = { clusterIdentifier: 'warehouse' };

  it('hold the one that COPY names, or its default', () => {
    expect(attachedFinding({ roles: [{ arn: COPY, status: 'in-sync' }] }, COPY, cluster, PLACE).evidence).to.equal(
      COPY,
    );
    const found = attachedFinding({ roles: [{ arn: COPY }], defaultRoleArn: COPY }, undefined, cluster, PLACE);
    expect(found).to.deep.equal({ evidence: `${COPY}, as the default`, warning: undefined });
    const adding = attachedFinding({ roles: [{ arn: COPY, status: 'adding' }] }, COPY, cluster, PLACE);
    expect(adding.warning).to.match(/adding/);
  });

  it('lack it, and the command attaches it', () => {
    const onCluster = failureOf(() => attachedFinding({ roles: [] }, COPY, cluster, PLACE));
    expect(onCluster.message).to.equal(`Cluster warehouse does not have the role ${COPY} (attached: none)`);
    expect(diagnosisOf(onCluster)?.candidates[0]?.command).to.match(/modify-cluster-iam-roles.*--add-iam-roles/);
    const serverless = failureOf(() => attachedFinding({ roles: [] }, COPY, { workgroup: 'analytics' }, PLACE));
    expect(diagnosisOf(serverless)?.candidates[0]?.command).to.match(
      /get-namespace.*\n# the list that is given replaces the one that is there.*\naws redshift-serverless update-namespace/,
    );
  });

  it('lack one that is misspelt, and have its neighbour', () => {
    const roles = [{ arn: COPY }, { arn: `${ROLE}Elsewhere` }];
    expect(failureOf(() => attachedFinding({ roles }, COPY.replace('Copy', 'Coyp'), cluster, PLACE)).action).to.equal(
      `Correct copyRole: did you mean ${COPY}? Or attach the role.`,
    );
    const other = failureOf(() => attachedFinding({ roles }, `${ROLE}ForAnalysts`, cluster, PLACE));
    expect(other.action).to.equal('Attach the role to it.');
  });

  it('have no default', () => {
    for (const [asked, command] of [
      [cluster, /modify-cluster-iam-roles --cluster-identifier warehouse --default-iam-role-arn/],
      [{ workgroup: 'analytics' }, /update-namespace .*--default-iam-role-arn/],
    ] as const) {
      const error = failureOf(() => attachedFinding({ roles: [{ arn: COPY }] }, undefined, asked, PLACE));
      expect(error.action).to.match(command);
      expect(diagnosisOf(error)?.candidates).to.deep.equal([]);
    }
  });
});

describe('the key of a staged object', () => {
  const ID = '1234abcd-12ab-34cd-56ef-1234567890ab';
  const ARN = `arn:aws:kms:us-east-1:111122223333:key/${ID}`;
  for (const wanted of [ID, ARN]) {
    it(`is what S3 tells, asked for as ${wanted}`, () => {
      expect(keyFinding(ARN, wanted)).to.deep.equal({ evidence: `encrypted with ${ARN}` });
      expect(keyFinding(ARN.replace('1234abcd', 'ffffffff'), wanted).warning).to.include(`not with ${wanted}`);
      expect(keyFinding(undefined, wanted).warning).to.include('no KMS key');
    });
  }
});

describe('the trust policy of a COPY role', () => {
  const service = { Service: 'redshift.amazonaws.com' };
  const forUser = { StringEquals: { 'sts:ExternalId': 'arn:aws:redshift:us-east-1:1:dbuser:warehouse/etl' } };
  const assume = { Effect: 'Allow', Action: 'sts:AssumeRole' };
  for (const [title, statements, outcome] of [
    ['open to Redshift', [{ ...assume, Principal: service }], 'warning'],
    ['for a user', [{ ...assume, Principal: service, Condition: forUser }], 'evidence'],
    [
      'for a user, and open',
      [
        { ...assume, Principal: service, Condition: forUser },
        { ...assume, Principal: service },
      ],
      'warning',
    ],
    ['open to everybody', [{ ...assume, Principal: '*' }], 'warning'],
    ['for another service', [{ ...assume, Principal: { Service: ['ec2.amazonaws.com'] } }], 'skipped'],
    ['a denial only', [{ ...assume, Effect: 'Deny', Principal: service }], 'skipped'],
  ] as const) {
    it(`is told: ${title}`, () => {
      expect(openFinding(document(...statements))).to.have.property(outcome);
    });
  }

  it('is skipped where it is none', () => {
    expect(openFinding({ name: 'trust', text: '{' })).to.have.property('skipped');
  });
});

describe('the rights of a machine itself', () => {
  const machine = 'arn:aws:iam::111122223333:role/Machine';
  const look = (values: object, statements: readonly object[], boundary?: object) => {
    const options = optionsOf(values);
    const plan = planAccess(options);
    if (plan.login.kind === 'password') throw new Error('not a bought login');
    const policies = {
      permissions: [document(...statements)],
      ...(boundary === undefined ? {} : { boundary: document(boundary) }),
    };
    return byReading(machine, policies, placeOf(plan, options, {}), plan.login);
  };
  const cluster = { clusterIdentifier: 'warehouse', username: 'etl' };
  const allow = (Action: string | readonly string[], Resource = '*') => ({ Effect: 'Allow', Action, Resource });

  for (const [title, values, statements, boundary, held] of [
    ['none', cluster, [allow('sts:AssumeRole', ROLE)], undefined, undefined],
    ['one by name', cluster, [allow('redshift:DescribeClusters')], undefined, /may redshift:DescribeClusters: every/],
    [
      'all by a pattern',
      cluster,
      [allow('*')],
      undefined,
      /GetClusterCredentials, redshift:GetClusterCredentialsWithIAM, r/,
    ],
    ['all but bounded', cluster, [allow('*')], allow('sts:*'), undefined],
    [
      'another cluster',
      cluster,
      [allow('redshift:*', 'arn:aws:redshift:us-east-1:111122223333:cluster:other')],
      undefined,
      undefined,
    ],
    ['a denial', cluster, [allow('*'), { Effect: 'Deny', Action: 'redshift:*', Resource: '*' }], undefined, undefined],
    [
      'a workgroup',
      { workgroup: 'analytics' },
      [allow('redshift-serverless:Get*')],
      undefined,
      /redshift-serverless:GetCredentials/,
    ],
  ] as const) {
    it(`are told: ${title}`, () => {
      const { warning } = look(values, statements, boundary);
      if (held === undefined) expect(warning).to.equal(undefined);
      else expect(warning).to.match(held);
    });
  }
});

describe('a login that is tied to the name of a session', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable of IAM
  const pattern = 'AROAEXAMPLE:${redshift:DbUser}@acme.example';
  const tied = (Action: string | readonly string[], operator = 'StringEquals', key = 'aws:userid') =>
    document({ Effect: 'Allow', Action, Resource: '*', Condition: { [operator]: { [key]: [pattern] } } });
  const named = (sessionName: string, ...permissions: ReturnType<typeof document>[]) =>
    pinFinding({ permissions }, { username: 'etl', sessionName });

  it('is fine where the session is named so', () => {
    expect(named('etl@acme.example', tied('redshift:GetClusterCredentials')).warning).to.equal(undefined);
  });

  it('is a warning where it is not, whatever case and operator', () => {
    for (const policy of [
      tied('redshift:GetClusterCredentials'),
      tied(['redshift:Get*', 's3:*'], 'ForAnyValue:StringLike', 'AWS:UserId'),
    ]) {
      expect(named('roleshift', policy).warning).to.match(/set roleSessionName to etl/);
    }
  });

  it('is nothing in a statement about something else, in a denial, and in a text that is no policy', () => {
    const denial = {
      Effect: 'Deny',
      Action: 'redshift:*',
      Resource: '*',
      Condition: { StringLike: { 'aws:userid': pattern } },
    };
    const found = named('roleshift', tied('s3:GetObject'), document(denial), { name: 'broken', text: '[' });
    expect(found).to.deep.equal({ evidence: 'no policy ties the database user to the name of the session' });
  });
});
