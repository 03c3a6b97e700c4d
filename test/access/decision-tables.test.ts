import { expect } from 'chai';
import type { AccessPlan } from '../../src/access/plan.ts';
import { planAccess } from '../../src/access/plan-access.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import type { HostPolicy, IdentityKind } from '../../src/manifest/host-policy.ts';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';

// Every combination of the choices goes the whole way, from a form to a plan. What is expected is written down anew here,
// as a person would say it: form, host policy and plan decide in places of their own, and must agree.

type Choices<T> = { readonly [K in keyof T]: readonly T[K][] };

/** Every combination. */
function combine<T extends object>(choices: Choices<T>): readonly T[] {
  return Object.entries(choices as Record<string, readonly unknown[]>).reduce<readonly object[]>(
    (made, [key, values]) => made.flatMap((one) => values.map((value) => ({ ...one, [key]: value }))),
    [{}],
  ) as readonly T[];
}

const HOST = 'warehouse.abc123.us-west-2.redshift.amazonaws.com';
const ROLE = 'arn:aws:iam::111122223333:role/RedshiftLogin';
const HUB = 'arn:aws:iam::222233334444:role/Hub';
const STAGING = 'arn:aws:iam::333344445555:role/Staging';
const BUCKET = { useStaging: true, stagingBucket: 'acme-staging', copyRole: 'default' };

/** The plan, or the code of the refusal: that of the form, before any plan. */
function outcome(input: object, policy?: HostPolicy): AccessPlan | string {
  try {
    const options = resolveOptions(input as ConnectionInput, policy === undefined ? {} : { policy });
    return planOf(options, input);
  } catch (error) {
    if (error instanceof ConnectorError && error.code !== 'RS_INTERNAL') return error.code;
    throw error;
  }
}

function planOf(options: Parameters<typeof planAccess>[0], input: object): AccessPlan {
  try {
    return planAccess(options);
  } catch (cause) {
    throw new Error(`accepted as a form, and refused as a plan: ${JSON.stringify(input)}: ${String(cause)}`, { cause });
  }
}

function kindOf(plan: AccessPlan | string): string {
  return typeof plan === 'string' ? plan : (plan.identity?.kind ?? 'none');
}

describe('every combination of the choices about', () => {
  describe('the identity', () => {
    const PAIR = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'canary-secret' };
    const cases = combine({
      authType: ['password', 'assumeRole'] as const,
      useStaging: [false, true],
      useEc2Role: [false, true],
      identitySource: ['accessKeys', 'workerRole', 'profile', 'environment'] as const,
      loginIdentity: ['agent', 'worker'] as const,
      keys: [{}, { accessKeyId: PAIR.accessKeyId }, PAIR, { ...PAIR, sessionToken: 'canary-token' }],
      profile: [undefined, 'etl'],
    });
    type Case = (typeof cases)[number];

    const inputOf = ({ keys, useStaging, ...rest }: Case): object => ({
      host: HOST,
      database: 'dev',
      username: 'etl',
      ...(rest.authType === 'password' ? { password: 'canary' } : { roleArn: ROLE }),
      ...(useStaging ? BUCKET : {}),
      ...rest,
      ...keys,
    });

    /** Who the agent is in AWS, as docs/access.md says it; `none` where it asks nothing of AWS. */
    function expected({
      authType,
      useStaging,
      useEc2Role,
      identitySource,
      loginIdentity,
    }: Case): IdentityKind | 'none' {
      const isLogin = authType === 'assumeRole';
      if (!isLogin && !useStaging) return 'none';
      if (isLogin && loginIdentity === 'worker') return 'workerRole';
      return useEc2Role ? 'machineRole' : identitySource;
    }

    function isComplete(one: Case): boolean {
      const identity = expected(one);
      if (identity === 'accessKeys') return 'secretAccessKey' in one.keys;
      return identity !== 'profile' || one.profile !== undefined;
    }

    it(`gives one identity, or says what it lacks (${cases.length})`, () => {
      for (const one of cases) {
        const wanted = isComplete(one) ? expected(one) : 'RS_CONFIG_INVALID';
        expect(kindOf(outcome(inputOf(one))), JSON.stringify(one)).to.equal(wanted);
      }
    });

    it('is judged by the host as the identity that it gives, and no other', () => {
      const all = ['accessKeys', 'machineRole', 'workerRole', 'profile', 'environment'] as const;
      for (const one of cases.filter(isComplete)) {
        const identity = expected(one);
        const others = all.filter((kind) => kind !== identity);
        const under = (identities: readonly IdentityKind[]): string => kindOf(outcome(inputOf(one), { identities }));
        const allowed = identity === 'none' ? [] : [identity];
        expect(under(allowed), `allowed ${JSON.stringify(one)}`).to.equal(identity);
        const refused = identity === 'none' ? 'none' : 'RS_CONFIG_FORBIDDEN';
        expect(under(others), `refused ${JSON.stringify(one)}`).to.equal(refused);
      }
    });

    it('never lets keys go further than the identity that uses them', () => {
      for (const one of cases.filter(isComplete)) {
        const plan = outcome(inputOf(one));
        const identity = typeof plan === 'string' ? undefined : plan.identity;
        const holdsKeys = identity !== undefined && 'accessKeyId' in identity;
        expect(holdsKeys, JSON.stringify(one)).to.equal(expected(one) === 'accessKeys');
      }
    });
  });

  describe('the login', () => {
    /** Each kind of host, and what its name tells. */
    const HOSTS = [
      { host: undefined },
      { host: HOST, region: 'us-west-2', cluster: 'warehouse' },
      { host: 'wg-1.111122223333.us-west-2.redshift-serverless.amazonaws.com', region: 'us-west-2', workgroup: 'wg-1' },
      { host: 'mine-endpoint-x1.abc.us-west-2.redshift.amazonaws.com', region: 'us-west-2' },
      {
        host: 'mine-endpoint-x1.abc.us-west-2.redshift-serverless.amazonaws.com',
        region: 'us-west-2',
        isServerless: true,
      },
      { host: 'dwh.example.com', isDomain: true },
      { host: '10.1.2.3' },
      { host: 'tunnel' },
    ] as const;
    const cases = combine({
      authType: ['password', 'assumeRole'] as const,
      at: HOSTS,
      clusterIdentifier: [undefined, 'warehouse'],
      workgroup: [undefined, 'wg-1'],
      region: [undefined, 'us-west-2'],
      loginMethod: ['databaseUser', 'iamIdentity'] as const,
      username: [undefined, 'etl'],
      password: [undefined, 'canary'],
    });
    type Case = (typeof cases)[number];

    const inputOf = ({ at, ...rest }: Case): object => ({
      database: 'dev',
      roleArn: ROLE,
      useEc2Role: true,
      ...rest,
      ...(at.host === undefined ? {} : { host: at.host }),
    });

    /** The kind of the login and whom it asks, as docs/access.md says it; undefined where something is missing. */
    function expected(one: Case): string | undefined {
      const { authType, at, loginMethod, username, password } = one;
      if (authType === 'password') {
        return at.host !== undefined && username !== undefined && password !== undefined ? 'password' : undefined;
      }
      const cluster = one.clusterIdentifier ?? ('cluster' in at ? at.cluster : undefined);
      const workgroup = one.workgroup ?? ('workgroup' in at ? at.workgroup : undefined);
      if ((one.region ?? ('region' in at ? at.region : undefined)) === undefined) return undefined;
      if (cluster !== undefined && workgroup !== undefined) return undefined;
      if (workgroup !== undefined) return `serverlessCredentials ${workgroup}`;
      if ('isServerless' in at) return undefined;
      const target = cluster ?? ('isDomain' in at ? at.host : undefined);
      if (target === undefined) return undefined;
      if (loginMethod === 'iamIdentity') return `clusterCredentialsWithIam ${target}`;
      return username === undefined ? undefined : `clusterCredentials ${target}`;
    }

    function told(plan: AccessPlan | string): string {
      if (typeof plan === 'string') return plan;
      const { login } = plan;
      if (login.kind === 'password') return login.kind;
      const target =
        login.kind === 'serverlessCredentials' ? login.workgroup : (login.clusterIdentifier ?? login.customDomain);
      return `${login.kind} ${target}`;
    }

    it(`gives one login, or says what it lacks (${cases.length})`, () => {
      for (const one of cases) {
        expect(told(outcome(inputOf(one))), JSON.stringify(one)).to.equal(expected(one) ?? 'RS_CONFIG_INVALID');
      }
    });
  });

  describe('the roles', () => {
    const cases = combine({
      authType: ['password', 'assumeRole'] as const,
      useStaging: [false, true],
      useEc2Role: [false, true],
      intermediateRoles: [[], [{ roleArn: HUB, durationSeconds: 7200 }]],
      stagingRoleArn: [undefined, ROLE, STAGING],
      roleDurationSeconds: [900, 43_200],
    });
    type Case = (typeof cases)[number];

    const planned = ({ useStaging, ...rest }: Case): AccessPlan => {
      const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'canary-secret' };
      const login = rest.authType === 'password' ? { password: 'canary' } : { roleArn: ROLE };
      const form = { host: HOST, database: 'dev', username: 'etl', ...keys, ...login };
      const plan = outcome({ ...form, ...(useStaging ? BUCKET : {}), ...rest });
      if (typeof plan === 'string') throw new Error(plan);
      return plan;
    };

    it(`lead over the intermediate ones to the login and to S3 (${cases.length})`, () => {
      for (const one of cases) {
        const { roles, stagingRoles } = planned(one);
        const first = one.intermediateRoles.map(({ roleArn }) => roleArn);
        const byPassword = one.authType === 'password';
        const toS3 = one.stagingRoleArn ?? (byPassword ? undefined : ROLE);
        const said = JSON.stringify(one);
        expect(
          roles.map(({ roleArn }) => roleArn),
          said,
        ).to.deep.equal(byPassword ? [] : [...first, ROLE]);
        expect(
          stagingRoles.map(({ roleArn }) => roleArn),
          said,
        ).to.deep.equal(one.useStaging ? [...first, ...(toS3 === undefined ? [] : [toS3])] : []);
      }
    });

    it('last an hour at most where they are assumed from a role, and as long as asked elsewhere', () => {
      for (const one of cases) {
        const { roles, stagingRoles } = planned(one);
        for (const path of [roles, stagingRoles]) {
          for (const [index, { chained, durationSeconds, roleArn }] of path.entries()) {
            const asked = roleArn === HUB ? 7200 : one.roleDurationSeconds;
            expect(chained, JSON.stringify(one)).to.equal(one.useEc2Role || index > 0);
            expect(durationSeconds, JSON.stringify(one)).to.equal(chained ? Math.min(3600, asked) : asked);
          }
        }
      }
    });
  });
});
