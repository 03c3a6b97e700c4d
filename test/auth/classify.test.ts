import { inspect } from 'node:util';
import { expect } from 'chai';
import type { AccessOptions } from '../../src/access/access-options.ts';
import { planAccess } from '../../src/access/plan-access.ts';
import { type AwsService, serviceHost } from '../../src/auth/aws-call.ts';
import { classifyAwsError } from '../../src/auth/classify.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import type { Run } from '../../src/core/run.ts';
import { Secret } from '../../src/core/secret.ts';
import { accessOptions, accessOptionsWithout, ROLE_ARN } from '../access/options.ts';
import { type CannedAnswer, type CannedAws, callerIs, openCannedAws, roleSession, USER_ARN } from './canned-aws.ts';
import { recordedRun } from './fakes.ts';

const ONCE = { attempts: 1, totalMs: 5_000, attemptMs: 5_000, firstDelayMs: 1 };
const ROLE_SESSION_ARN = 'arn:aws:sts::111122223333:assumed-role/RedshiftLogin/roleshift';
const DBUSER = 'arn:aws:redshift:us-east-1:111122223333:dbuser:warehouse/etl';
const DBNAME = 'arn:aws:redshift:us-east-1:111122223333:dbname:warehouse/dev';

/** What AWS says: code, message and status as its services send them. */
const says = (status: number, code: string, message: string): CannedAnswer => ({ status, code, message });

/** The same, as the serverless API sends it. */
const saysJson = (status: number, type: string, message: string): CannedAnswer => ({
  status,
  body: JSON.stringify({ __type: type, message }),
  headers: { 'content-type': 'application/x-amz-json-1.1' },
});

interface Case {
  readonly title: string;
  readonly on:
    | 'GetCallerIdentity'
    | 'AssumeRole'
    | 'GetClusterCredentials'
    | 'GetClusterCredentialsWithIAM'
    | 'GetCredentials'
    | 'DescribeClusters'
    | 'GetWorkgroup';
  readonly answer: CannedAnswer;
  readonly options?: Partial<AccessOptions>;
  readonly code: ConnectorError['code'];
  readonly message: RegExp;
  readonly action: RegExp;
  readonly details?: Readonly<Record<string, string | number>>;
}

const TAGGED = { sessionTags: [{ key: 'team', value: 'sales' }] };
const DOMAIN = { clusterIdentifier: undefined, host: 'warehouse.example.com' } as unknown as Partial<AccessOptions>;
const IAM = { loginMethod: 'iamIdentity' } as const;
const WORKGROUP = { clusterIdentifier: undefined, workgroup: 'analytics' } as unknown as Partial<AccessOptions>;
const WORKGROUP_ARN =
  'arn:aws:redshift-serverless:us-east-1:111122223333:workgroup/0a1b2c3d-1111-2222-3333-444455556666';

const NOT_AUTHORIZED = `User: ${USER_ARN} is not authorized to perform: sts:AssumeRole on resource: ${ROLE_ARN}`;

const CASES: readonly Case[] = [
  {
    title: 'a role that does not let the caller in, both sides named',
    on: 'AssumeRole',
    answer: says(403, 'AccessDenied', NOT_AUTHORIZED),
    code: 'RS_AUTH_ROLE_DENIED',
    message: new RegExp(`^AWS does not let ${USER_ARN} assume the role ${ROLE_ARN}$`),
    action:
      /IAM policy must allow sts:AssumeRole on .*trust policy must name .*user\/etl-agent as principal.*externalId.*trust policy alone is enough/,
    details: {
      callerArn: USER_ARN,
      roleArn: ROLE_ARN,
      hop: 'redshift',
      awsCode: 'AccessDenied',
      httpStatus: 403,
      callerStatement: `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"${ROLE_ARN}"}`,
      trustStatement: `{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"${USER_ARN}"}}`,
    },
  },
  {
    title: 'a role of another account, with external id and source identity',
    on: 'AssumeRole',
    answer: says(403, 'AccessDenied', NOT_AUTHORIZED),
    options: { roleArn: 'arn:aws:iam::999988887777:role/Far', externalId: 'acme-1', sourceIdentity: 'ann' },
    code: 'RS_AUTH_ROLE_DENIED',
    message: /999988887777:role\/Far$/,
    action: /sts:AssumeRole and sts:SetSourceIdentity.*accept the external id.*Across accounts both are needed/,
    details: {
      trustStatement:
        `{"Effect":"Allow","Action":["sts:AssumeRole","sts:SetSourceIdentity"],"Principal":{"AWS":"${USER_ARN}"},` +
        `"Condition":{"StringEquals":{"sts:ExternalId":"acme-1"}}}`,
    },
  },
  {
    title: 'the policy type that AWS hints at',
    on: 'AssumeRole',
    answer: says(
      403,
      'AccessDenied',
      `${NOT_AUTHORIZED} because no identity-based policy allows the sts:AssumeRole action`,
    ),
    code: 'RS_AUTH_ROLE_DENIED',
    message: /\(no identity-based policy allows it\)$/,
    action: /IAM policy must allow/,
    details: { hint: 'no identity-based policy allows it' },
  },
  {
    title: 'an explicit deny that AWS tells of',
    on: 'AssumeRole',
    answer: says(403, 'AccessDenied', `${NOT_AUTHORIZED} with an explicit deny in a service control policy`),
    code: 'RS_AUTH_ROLE_DENIED',
    message: /\(explicit deny in a service control policy\)$/,
    action: /trust policy/,
  },
  {
    title: 'a role whose session may not be tagged',
    on: 'AssumeRole',
    answer: says(403, 'AccessDenied', NOT_AUTHORIZED.replace('AssumeRole', 'TagSession')),
    options: TAGGED,
    code: 'RS_AUTH_ROLE_DENIED',
    message: new RegExp(`does not let ${USER_ARN} set session tags \\(sts:TagSession\\) for the role ${ROLE_ARN}$`),
    action: /IAM policy must allow sts:AssumeRole and sts:TagSession on/,
    details: {
      missingAction: 'sts:TagSession',
      callerStatement: `{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Resource":"${ROLE_ARN}"}`,
    },
  },
  {
    title: 'a role whose session may not be tagged, for tags that are handed on',
    on: 'AssumeRole',
    answer: says(403, 'AccessDenied', NOT_AUTHORIZED.replace('AssumeRole', 'TagSession')),
    code: 'RS_AUTH_ROLE_DENIED',
    message: /set session tags \(sts:TagSession\)/,
    action: /sts:AssumeRole and sts:TagSession/,
  },
  {
    title: 'a source identity that may not be set',
    on: 'AssumeRole',
    answer: says(403, 'AccessDenied', NOT_AUTHORIZED.replace('AssumeRole', 'SetSourceIdentity')),
    options: { sourceIdentity: 'ann' },
    code: 'RS_AUTH_ROLE_DENIED',
    message: /set the source identity \(sts:SetSourceIdentity\) for the role/,
    action: /sts:AssumeRole and sts:SetSourceIdentity on/,
    details: { missingAction: 'sts:SetSourceIdentity' },
  },
  {
    title: 'a session policy that is none',
    on: 'AssumeRole',
    answer: says(400, 'MalformedPolicyDocument', 'Syntax errors in policy.'),
    options: { sessionPolicy: '{"Statement":[]}' },
    code: 'RS_CONFIG_INVALID',
    message: /^The session policy for .*RedshiftLogin is not a policy that AWS takes: Syntax errors in policy\.$/,
    action: /^Correct sessionPolicy:/,
    details: { field: 'sessionPolicy' },
  },
  {
    title: 'a session policy of an intermediate role',
    on: 'AssumeRole',
    answer: says(400, 'MalformedPolicyDocument', 'Syntax errors in policy.'),
    options: {
      intermediateRoles: [{ roleArn: 'arn:aws:iam::111122223333:role/Hub', sessionPolicy: '{"Statement":[]}' }],
    },
    code: 'RS_CONFIG_INVALID',
    message: /^The session policy for .*role\/Hub is not a policy/,
    action: /^Correct intermediateRoles\[0\]\.sessionPolicy:/,
  },
  {
    title: 'more policy and tags than AWS packs',
    on: 'AssumeRole',
    answer: says(
      400,
      'PackedPolicyTooLarge',
      'Packed policy consumes 104% of allotted space, please use smaller policy.',
    ),
    options: TAGGED,
    code: 'RS_CONFIG_INVALID',
    message: /together more than AWS packs into a session: Packed policy consumes 104%/,
    action: /^Shorten sessionPolicy, or give fewer or shorter sessionTags/,
  },
  {
    title: 'an access key that AWS does not know',
    on: 'GetCallerIdentity',
    answer: says(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.'),
    code: 'RS_AUTH_KEYS_INVALID',
    message: /does not know the access key \(from access keys\)/,
    action: /Correct accessKeyId.*ASIA needs its sessionToken/,
    details: { field: 'accessKeyId' },
  },
  {
    title: 'a wrong secret access key, without what AWS echoes of the request',
    on: 'GetCallerIdentity',
    answer: says(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
        'and signing method.\n\nThe Canonical String for this request should have been\nx-amz-security-token:canary-token',
    ),
    options: { sessionToken: new Secret('canary-token') },
    code: 'RS_AUTH_KEYS_INVALID',
    message: /secret access key does not match its access key \(from access keys\)/,
    action: /Copy secretAccessKey again/,
    details: { field: 'secretAccessKey' },
  },
  {
    title: 'a clock that is off',
    on: 'GetCallerIdentity',
    answer: says(
      403,
      'SignatureDoesNotMatch',
      'Signature expired: 20261124T100000Z is now earlier than 20261124T110000Z (20261124T111500Z - 15 min.)',
    ),
    code: 'RS_AUTH_KEYS_INVALID',
    message: /clock is off/,
    action: /Set the clock/,
    details: { field: 'clock' },
  },
  {
    title: 'keys that have expired',
    on: 'GetCallerIdentity',
    answer: says(403, 'ExpiredToken', 'The security token included in the request is expired'),
    code: 'RS_AUTH_EXPIRED',
    message: /credentials from access keys have expired/,
    action: /^Fill in new ones: temporary keys in a form/,
  },
  {
    title: 'a role session that has expired',
    on: 'GetClusterCredentials',
    answer: says(403, 'ExpiredToken', 'The security token included in the request is expired'),
    code: 'RS_AUTH_EXPIRED',
    message: /credentials from sts:AssumeRole have expired \(redshift:GetClusterCredentials\)/,
    action: /^Renew them where they come from \(sts:AssumeRole\)\.$/,
  },
  {
    title: 'a session that AWS does not know, without a word of options that hold no key of it',
    on: 'GetClusterCredentials',
    answer: says(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.'),
    code: 'RS_AUTH_KEYS_INVALID',
    message: /does not know the access key \(from sts:AssumeRole\)/,
    action: /^Look where it comes from \(sts:AssumeRole\): .*region is enabled in its account\.$/,
  },
  {
    title: 'a secret that does not come from the form',
    on: 'GetClusterCredentials',
    answer: says(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match.'),
    code: 'RS_AUTH_KEYS_INVALID',
    message: /secret access key does not match its access key \(from sts:AssumeRole\)/,
    action: /^Correct the secret where it comes from \(sts:AssumeRole\)/,
  },
  {
    title: 'throttling',
    on: 'AssumeRole',
    answer: says(400, 'Throttling', 'Rate exceeded'),
    code: 'RS_THROTTLED',
    message: /slow down \(Throttling for sts:AssumeRole\)/,
    action: /fewer connectors/,
  },
  {
    title: 'a region that is switched off',
    on: 'AssumeRole',
    answer: says(403, 'RegionDisabledException', 'STS is not activated in this region for account:111122223333.'),
    code: 'RS_CONFIG_INVALID',
    message: /STS is not switched on/,
    action: /enabled in the account/,
  },
  {
    title: "AWS's own failure",
    on: 'AssumeRole',
    answer: says(503, 'ServiceUnavailable', 'Service unavailable'),
    code: 'RS_AWS_FAILED',
    message: /HTTP 503 for sts:AssumeRole/,
    action: /Try again/,
  },
  {
    title: 'a value that AWS does not accept',
    on: 'AssumeRole',
    answer: says(400, 'ValidationError', "1 validation error detected: Value 'x' at 'roleSessionName' failed"),
    code: 'RS_CONFIG_INVALID',
    message: /does not accept sts:AssumeRole: ValidationError: 1 validation error/,
    action: /Correct the option/,
  },
  {
    title: 'a refusal of a kind that we do not know',
    on: 'AssumeRole',
    answer: says(403, 'OptInRequired', 'You are not subscribed to this service'),
    code: 'RS_AUTH_PERMISSION',
    message: /AWS refused sts:AssumeRole: OptInRequired/,
    action: /Allow sts:AssumeRole/,
  },
  {
    title: 'a redirect, which is not followed',
    on: 'AssumeRole',
    answer: { status: 302, body: '', headers: { location: 'http://169.254.169.254/' } },
    code: 'RS_CONFIG_INVALID',
    message: /redirect \(302\).*not followed/,
    action: /Correct the endpoint/,
  },
  {
    title: 'an answer that is not from AWS',
    on: 'AssumeRole',
    answer: {
      status: 200,
      body: '<html><body>Welcome to the airport</body></html>',
      headers: { 'content-type': 'text/html' },
    },
    code: 'RS_AWS_FAILED',
    message: /127\.0\.0\.1/,
    action: /endpoint|Try again/,
  },
  {
    title: 'a missing permission for a login, as AWS names it',
    on: 'GetClusterCredentials',
    answer: says(
      403,
      'AccessDenied',
      `User: ${ROLE_SESSION_ARN} is not authorized to perform: redshift:CreateClusterUser on resource: ${DBUSER} because no identity-based policy allows the redshift:CreateClusterUser action`,
    ),
    options: { autoCreateDbUser: true, dbGroups: ['writers'] },
    code: 'RS_AUTH_LOGIN_DENIED',
    message: new RegExp(
      `${ROLE_SESSION_ARN} get a login for etl: redshift:CreateClusterUser on ${DBUSER} is not allowed`,
    ),
    action: new RegExp(
      `^Allow redshift:CreateClusterUser on ${DBUSER} in the policy of arn:aws:iam::111122223333:role/RedshiftLogin. ` +
        `All that this login needs: redshift:GetClusterCredentials on ${DBUSER}, ` +
        `redshift:GetClusterCredentials on ${DBNAME}, redshift:CreateClusterUser on ${DBUSER}, ` +
        'redshift:JoinGroup on arn:aws:redshift:us-east-1:111122223333:dbgroup:warehouse/writers.$',
    ),
    details: {
      missingAction: 'redshift:CreateClusterUser',
      missingResource: DBUSER,
      roleStatement:
        '{"Effect":"Allow","Action":["redshift:GetClusterCredentials","redshift:CreateClusterUser","redshift:JoinGroup"],' +
        `"Resource":["${DBUSER}","${DBNAME}","arn:aws:redshift:us-east-1:111122223333:dbgroup:warehouse/writers"]}`,
    },
  },
  {
    title: 'a missing permission for a login that AWS does not name',
    on: 'GetClusterCredentials',
    answer: says(403, 'AccessDenied', 'Access denied'),
    code: 'RS_AUTH_LOGIN_DENIED',
    message: new RegExp(`redshift:GetClusterCredentials on ${DBUSER} is not allowed`),
    action: new RegExp(`GetClusterCredentials on ${DBNAME}`),
  },
  {
    title: 'a cluster that does not exist',
    on: 'GetClusterCredentials',
    answer: says(404, 'ClusterNotFound', 'Cluster warehouse not found.'),
    code: 'RS_CONFIG_OBJECT_MISSING',
    message: /no cluster warehouse in us-east-1 of account 111122223333/,
    action: /Correct clusterIdentifier or region/,
  },
  {
    title: 'a cluster that cannot issue logins',
    on: 'GetClusterCredentials',
    answer: says(400, 'UnsupportedOperation', 'The requested operation isn’t supported.'),
    code: 'RS_CONFIG_INVALID',
    message: /does not accept redshift:GetClusterCredentials/,
    action: /Correct the option/,
  },
  {
    title: 'a login of the role that is not allowed',
    on: 'GetClusterCredentialsWithIAM',
    answer: says(403, 'AccessDenied', 'Access denied'),
    options: IAM,
    code: 'RS_AUTH_LOGIN_DENIED',
    message: new RegExp(`get a login: redshift:GetClusterCredentialsWithIAM on ${DBNAME} is not allowed$`),
    action: new RegExp(
      `All that this login needs: redshift:GetClusterCredentialsWithIAM on ${DBNAME}\\. Check the spelling`,
    ),
    details: {
      missingAction: 'redshift:GetClusterCredentialsWithIAM',
      roleStatement: `{"Effect":"Allow","Action":["redshift:GetClusterCredentialsWithIAM"],"Resource":["${DBNAME}"]}`,
    },
  },
  {
    title: 'a login of the role at a cluster that does not exist',
    on: 'GetClusterCredentialsWithIAM',
    answer: says(404, 'ClusterNotFound', 'Cluster warehouse not found.'),
    options: IAM,
    code: 'RS_CONFIG_OBJECT_MISSING',
    message: /no cluster warehouse/,
    action: /Correct clusterIdentifier/,
  },
  {
    title: 'a custom domain name that AWS does not know',
    on: 'GetClusterCredentials',
    answer: says(404, 'ClusterNotFound', 'Cluster warehouse.example.com not found.'),
    options: DOMAIN,
    code: 'RS_CONFIG_OBJECT_MISSING',
    message: /no cluster by the custom domain name warehouse\.example\.com in us-east-1 of account 111122223333/,
    action: /^Fill in clusterIdentifier/,
    details: { customDomain: 'warehouse.example.com' },
  },
  {
    title: 'an API that takes no custom domain name',
    on: 'GetClusterCredentialsWithIAM',
    answer: says(400, 'InvalidParameterCombination', 'ClusterIdentifier is required.'),
    options: { ...DOMAIN, ...IAM },
    code: 'RS_CONFIG_INVALID',
    message: /custom domain name warehouse\.example\.com: InvalidParameterCombination: ClusterIdentifier is required/,
    action: /^Fill in clusterIdentifier/,
  },
  {
    title: 'a login by custom domain name that is not allowed',
    on: 'GetClusterCredentials',
    answer: says(403, 'AccessDenied', 'Access denied'),
    options: DOMAIN,
    code: 'RS_AUTH_LOGIN_DENIED',
    message: /dbuser:<CLUSTER>\/etl is not allowed/,
    action: /<CLUSTER> is the cluster behind warehouse\.example\.com: fill in clusterIdentifier/,
  },
  {
    title: 'throttling of a login by custom domain name',
    on: 'GetClusterCredentials',
    answer: says(400, 'Throttling', 'Rate exceeded'),
    options: DOMAIN,
    code: 'RS_THROTTLED',
    message: /slow down/,
    action: /fewer/,
  },
  {
    title: 'a login at a workgroup that is not allowed, and whose ARN AWS names',
    on: 'GetCredentials',
    answer: saysJson(
      400,
      'AccessDeniedException',
      `User: ${ROLE_SESSION_ARN} is not authorized to perform: redshift-serverless:GetCredentials on resource: ${WORKGROUP_ARN} because no identity-based policy allows the redshift-serverless:GetCredentials action`,
    ),
    options: WORKGROUP,
    code: 'RS_AUTH_LOGIN_DENIED',
    message: new RegExp(`get a login: redshift-serverless:GetCredentials on ${WORKGROUP_ARN} is not allowed$`),
    action: new RegExp(`^Allow redshift-serverless:GetCredentials on ${WORKGROUP_ARN} in the policy of ${ROLE_ARN}`),
    details: { missingAction: 'redshift-serverless:GetCredentials', missingResource: WORKGROUP_ARN },
  },
  {
    title: 'a login at a workgroup that is not allowed',
    on: 'GetCredentials',
    answer: saysJson(400, 'AccessDeniedException', 'Access denied'),
    options: WORKGROUP,
    code: 'RS_AUTH_LOGIN_DENIED',
    message: /workgroup\/<WORKGROUP-ID> is not allowed$/,
    action: /spelling of workgroup.*<WORKGROUP-ID> is the id \(a UUID\)/,
  },
  {
    title: 'a workgroup that does not exist',
    on: 'GetCredentials',
    answer: saysJson(400, 'ResourceNotFoundException', 'Workgroup analytics does not exist.'),
    options: WORKGROUP,
    code: 'RS_CONFIG_OBJECT_MISSING',
    message: /no serverless workgroup analytics in us-east-1 of account 111122223333/,
    action: /Correct workgroup or region/,
  },
  {
    title: 'throttling of a workgroup',
    on: 'GetCredentials',
    answer: saysJson(429, 'ThrottlingException', 'Rate exceeded'),
    options: WORKGROUP,
    code: 'RS_THROTTLED',
    message: /ThrottlingException for redshift-serverless:GetCredentials/,
    action: /fewer/,
  },
  {
    title: "a workgroup's own failure",
    on: 'GetCredentials',
    answer: saysJson(500, 'InternalServerException', 'Internal failure'),
    options: WORKGROUP,
    code: 'RS_AWS_FAILED',
    message: /InternalServerException, HTTP 500/,
    action: /Try again/,
  },
  {
    title: 'a login at a workgroup with nothing in it',
    on: 'GetCredentials',
    answer: saysJson(200, '', ''),
    options: WORKGROUP,
    code: 'RS_AWS_FAILED',
    message: /answered redshift-serverless:GetCredentials with nothing in it/,
    action: /endpoint/,
  },
  {
    title: 'the lookup of a workgroup that is not allowed',
    on: 'GetWorkgroup',
    answer: saysJson(400, 'AccessDeniedException', 'Access denied'),
    options: WORKGROUP,
    code: 'RS_AUTH_LOGIN_DENIED',
    message: /redshift-serverless:GetWorkgroup on .*workgroup\/<WORKGROUP-ID> is not allowed/,
    action: /^Fill in host, or allow redshift-serverless:GetWorkgroup/,
  },
  {
    title: 'the lookup of a workgroup that does not exist',
    on: 'GetWorkgroup',
    answer: saysJson(400, 'ResourceNotFoundException', 'Not found.'),
    options: WORKGROUP,
    code: 'RS_CONFIG_OBJECT_MISSING',
    message: /no serverless workgroup analytics/,
    action: /Correct workgroup/,
  },
  {
    title: 'the lookup of a workgroup that is being made',
    on: 'GetWorkgroup',
    answer: { status: 200, body: '{"workgroup":{"workgroupName":"analytics","status":"CREATING"}}' },
    options: WORKGROUP,
    code: 'RS_CONN_UNREACHABLE',
    message: /Workgroup analytics has no endpoint: it is CREATING/,
    action: /Wait/,
  },
  {
    title: 'a host lookup that is not allowed',
    on: 'DescribeClusters',
    answer: says(403, 'AccessDenied', 'Access denied'),
    code: 'RS_AUTH_LOGIN_DENIED',
    message: /redshift:DescribeClusters on arn:aws:redshift:us-east-1:111122223333:cluster:warehouse is not allowed/,
    action: /Fill in host, or allow redshift:DescribeClusters/,
  },
  {
    title: 'a host lookup of a cluster that does not exist',
    on: 'DescribeClusters',
    answer: says(404, 'ClusterNotFound', 'Cluster warehouse not found.'),
    code: 'RS_CONFIG_OBJECT_MISSING',
    message: /no cluster warehouse/,
    action: /Correct/,
  },
  {
    title: 'a host lookup of a paused cluster',
    on: 'DescribeClusters',
    answer: { result: '<Clusters><Cluster><ClusterStatus>paused</ClusterStatus></Cluster></Clusters>' },
    code: 'RS_CONN_UNREACHABLE',
    message: /Cluster warehouse has no endpoint: it is paused/,
    action: /resume/,
  },
  {
    title: 'a host lookup with an empty answer',
    on: 'DescribeClusters',
    answer: { result: '<Clusters/>' },
    code: 'RS_AWS_FAILED',
    message: /answered redshift:DescribeClusters with nothing in it/,
    action: /endpoint/,
  },
  {
    title: 'a login with nothing in it',
    on: 'GetClusterCredentials',
    answer: { result: '' },
    code: 'RS_AWS_FAILED',
    message: /with nothing in it/,
    action: /endpoint/,
  },
  {
    title: 'a role session with nothing in it',
    on: 'AssumeRole',
    answer: { result: '' },
    code: 'RS_AWS_FAILED',
    message: /sts:AssumeRole without credentials/,
    action: /endpoint/,
  },
  {
    title: 'no answer in time',
    on: 'GetCallerIdentity',
    answer: { silent: true },
    options: { awsTimeoutSeconds: 0.1 },
    code: 'RS_CONN_UNREACHABLE',
    message: /127\.0\.0\.1:\d+ cannot be reached for sts:GetCallerIdentity: no answer in time/,
    action: /network path/,
  },
];

describe('AWS errors become ours', () => {
  let aws: CannedAws;
  before(async () => {
    aws = await openCannedAws();
  });
  after(async () => {
    await aws[Symbol.asyncDispose]();
  });

  async function failureOf(options: AccessOptions, attempt: Case['on'], run: Run): Promise<ConnectorError> {
    await using access = openAccess(planAccess(options), { environment: {}, limits: ONCE });
    const work =
      attempt === 'DescribeClusters' || attempt === 'GetWorkgroup' ? access.endpoint(run) : access.login(run);
    const failure: unknown = await work.then(
      () => new Error('it worked'),
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(ConnectorError);
    return failure as ConnectorError;
  }

  function localOptions(url: string, changes: Partial<AccessOptions> = {}): AccessOptions {
    const endpoints = { stsEndpoint: url, redshiftEndpoint: url, redshiftServerlessEndpoint: url };
    const base = { region: 'us-east-1', clusterIdentifier: 'warehouse', ...endpoints };
    return accessOptionsWithout(changes.host === undefined ? ['host'] : [], { ...base, ...changes });
  }

  for (const { title, on, answer, options, code, message, action, details = {} } of CASES) {
    it(title, async () => {
      aws.answer('GetCallerIdentity', callerIs(USER_ARN));
      aws.answer('AssumeRole', roleSession(new Date(Date.now() + 3_600_000)));
      aws.answer('DescribeClusters', says(403, 'AccessDenied', 'Access denied'));
      aws.answer('ListWorkgroups', saysJson(403, 'AccessDeniedException', 'Access denied'));
      aws.answer(on, answer);
      const run = recordedRun();
      const failure = await failureOf(localOptions(aws.url, options), on, run);
      expect(failure.message).to.match(message);
      expect(failure.code).to.equal(code);
      expect(failure.action).to.match(action);
      expect(failure.details).to.include(details);
      const everything =
        inspect([failure, failure.cause, run.events], { depth: 10, showHidden: true }) + JSON.stringify(failure);
      expect(everything).to.not.match(/canary|AKIAEXAMPLE/);
    });
  }

  describe('a refused login is looked into, where the clusters may be listed', () => {
    const clusters = (names: readonly string[], more = ''): CannedAnswer => ({
      result:
        `<Clusters>${names.map((name) => `<Cluster><ClusterIdentifier>${name}</ClusterIdentifier></Cluster>`).join('')}` +
        `</Clusters>${more}`,
    });
    const cases: readonly { title: string; list: CannedAnswer; code: string; action: RegExp }[] = [
      {
        title: 'a misspelt cluster is named as that, with the near name',
        list: clusters(['other', 'warehouse-1']),
        code: 'RS_CONFIG_OBJECT_MISSING',
        action: /^Correct clusterIdentifier: did you mean warehouse-1\?$/,
      },
      {
        title: 'a cluster unlike any other is named as missing',
        list: clusters(['x']),
        code: 'RS_CONFIG_OBJECT_MISSING',
        action: /^Correct clusterIdentifier or region\.$/,
      },
      {
        title: 'so is one where there are none at all',
        list: clusters([]),
        code: 'RS_CONFIG_OBJECT_MISSING',
        action: /^Correct clusterIdentifier or region\.$/,
      },
      {
        title: 'a cluster that exists leaves the missing permission',
        list: clusters(['warehouse']),
        code: 'RS_AUTH_LOGIN_DENIED',
        action: /^Allow redshift:GetClusterCredentials/,
      },
      {
        title: 'a list that goes on proves nothing',
        list: clusters(['x'], '<Marker>more</Marker>'),
        code: 'RS_AUTH_LOGIN_DENIED',
        action: /^Allow redshift:GetClusterCredentials/,
      },
    ];
    for (const { title, list, code, action } of cases) {
      it(title, async () => {
        aws.answer('GetCallerIdentity', callerIs(USER_ARN));
        aws.answer('AssumeRole', roleSession(new Date(Date.now() + 3_600_000)));
        aws.answer('GetClusterCredentials', says(403, 'AccessDenied', 'Access denied'));
        aws.answer('DescribeClusters', list);
        const failure = await failureOf(localOptions(aws.url), 'GetClusterCredentials', recordedRun());
        expect(failure.code).to.equal(code);
        expect(failure.action).to.match(action);
      });
    }
  });

  it('a port where nobody listens', async () => {
    const failure = await failureOf(localOptions('http://127.0.0.1:9'), 'AssumeRole', recordedRun());
    expect(failure.code).to.equal('RS_CONN_UNREACHABLE');
    expect(failure.message).to.match(/127\.0\.0\.1:9 cannot be reached for sts:GetCallerIdentity: ECONNREFUSED/);
  });

  it('a host that does not exist', async () => {
    const failure = await failureOf(localOptions('https://sts.invalid'), 'AssumeRole', recordedRun());
    expect(failure.message).to.match(/sts\.invalid cannot be reached.*: (ENOTFOUND|EAI_AGAIN)/);
  });

  const call = { action: 'sts:GetCallerIdentity', host: 'sts.example', source: 'access keys' } as const;

  it('a certificate that is not trusted', () => {
    const cause = Object.assign(new Error('unable to get local issuer certificate'), {
      code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    });
    const failure = classifyAwsError(cause, call);
    expect(failure.code).to.equal('RS_CONN_TLS');
    expect(failure.message).to.match(/certificate of sts\.example is not trusted/);
    expect(failure.action).to.match(/NODE_EXTRA_CA_CERTS/);
  });

  it('a permissions boundary that AWS tells of', () => {
    const roleArn = ROLE_ARN;
    const hop = {
      id: 'redshift',
      roleArn,
      account: '111122223333',
      sessionName: 's',
      durationSeconds: 900,
      chained: false,
    };
    const boundary = 'because no permissions boundary allows the sts:AssumeRole action';
    const cause = Object.assign(new Error(`${NOT_AUTHORIZED} ${boundary}`), { name: 'AccessDenied' });
    const failure = classifyAwsError(cause, { ...call, action: 'sts:AssumeRole', hop });
    expect(failure.message).to.match(/does not let the caller assume.*\(no permissions boundary allows it\)$/);
    expect(failure.details).to.not.have.property('trustStatement');
  });

  for (const [title, cause] of [
    ['something that is not an error', 'canary'],
    ['an error without a word', Object.assign(new Error(), { name: 'Odd' })],
  ] as const) {
    it(title, () => {
      const failure = classifyAwsError(cause, call);
      expect(failure.code).to.equal('RS_AWS_FAILED');
      expect(failure.cause).to.be.instanceOf(Error);
      expect(inspect(failure)).to.not.include('canary');
    });
  }

  it('one of ours stays as it is', () => {
    const ours = new ConnectorError('RS_TIMEOUT', 'late');
    expect(classifyAwsError(ours, call)).to.equal(ours);
  });

  it('tells the host of each region where no endpoint is given', () => {
    const hostOf = (changes: Partial<AccessOptions>, service: AwsService = 'sts') =>
      serviceHost(planAccess(accessOptions(changes)).aws, service);
    const china = { region: 'cn-north-1', roleArn: 'arn:aws-cn:iam::111122223333:role/R' };
    expect(hostOf({})).to.equal('sts.us-east-1.amazonaws.com');
    expect(hostOf(china)).to.equal('sts.cn-north-1.amazonaws.com.cn');
    expect(hostOf({}, 'redshift-serverless')).to.equal('redshift-serverless.us-east-1.amazonaws.com');
    expect(hostOf(china, 'redshift-serverless')).to.equal('redshift-serverless.cn-north-1.amazonaws.com.cn');
    const endpoint = { redshiftServerlessEndpoint: 'https://vpce-1.example:8443' };
    expect(hostOf(endpoint, 'redshift-serverless')).to.equal('vpce-1.example:8443');
  });
});
