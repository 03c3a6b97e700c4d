import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { openRun } from '../../src/core/run.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { check } from '../../src/operations/check/check.ts';
import { groupFinding } from '../../src/operations/check/groups.ts';
import type { CheckInit, CheckReport, CheckStep } from '../../src/operations/check/report.ts';
import { failureOf } from '../failure.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';

const ARN = 'arn:aws:iam::111122223333';
const IAM_READS = { Effect: 'Allow', Action: ['iam:Get*', 'iam:List*'], Resource: '*' } as const;
const ASSUME = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: `${ARN}:role/Redshift*` } as const;

const KEY_ID = '1234abcd-12ab-34cd-56ef-1234567890ab';

const policy = (...Statement: readonly object[]) => ({ Version: '2012-10-17' as const, Statement: [...Statement] });
const trust = (Principal: object, more: object = {}) =>
  policy({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more });

describe('what a check finds besides failures', () => {
  let world: TestWorld;
  const validate = (() => {
    const ajv = new Ajv2020({ allErrors: true, strictRequired: false, strictTypes: false });
    ajvFormats.default(ajv);
    return ajv.compile(JSON.parse(readFileSync('schemas/check-report.v1.json', 'utf8')) as object);
  })();

  before(async function () {
    this.timeout(60_000);
    world = await openWorld(
      standardWorld((all, account, cluster) => {
        const login = account.roles!.find(({ name }) => name === 'RedshiftLogin')!;
        login.trust.Statement = [
          {
            Effect: 'Allow',
            Principal: {
              AWS: [
                ...['etl-agent', 'reader'].map((name) => `${ARN}:user/${name}`),
                ...['AgentMachine', 'WorkerNode', 'RichMachine', 'SeenMachine'].map((name) => `${ARN}:role/${name}`),
              ],
            },
            Action: 'sts:AssumeRole',
          },
        ];
        account.users!.push({
          name: 'reader',
          accessKeys: [{ id: 'AKIASANDBOXREADER0001', secret: 'sandbox+reader+not+a+real+secret+0001' }],
          policies: [policy(ASSUME, IAM_READS)],
        } as never);
        const own = [ASSUME, { Effect: 'Allow', Action: 'redshift:Get*', Resource: '*' }];
        account.roles!.push(
          { name: 'RichMachine', trust: trust({ Service: 'ec2.amazonaws.com' }), policies: [policy(...own)] } as never,
          {
            name: 'SeenMachine',
            trust: trust({ Service: 'ec2.amazonaws.com' }),
            policies: [policy(...own, IAM_READS)],
          } as never,
          {
            name: 'RedshiftPinned',
            trust: trust({ AWS: `${ARN}:user/reader` }),
            policies: [
              policy({
                Effect: 'Allow',
                Action: 'redshift:GetClusterCredentials',
                Resource: '*',
                // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable of IAM
                Condition: { StringLike: { 'aws:userid': '*:${redshift:DbUser}' } },
              }),
            ],
          } as never,
          {
            name: 'RedshiftJoiner',
            trust: trust({ AWS: `${ARN}:user/reader` }),
            policies: [
              policy({
                Effect: 'Allow',
                Action: ['redshift:GetClusterCredentials', 'redshift:JoinGroup'],
                Resource: '*',
              }),
            ],
          } as never,
          {
            name: 'CopyForEtl',
            trust: trust(
              { Service: 'redshift.amazonaws.com' },
              {
                Condition: {
                  StringEquals: { 'sts:ExternalId': 'arn:aws:redshift:us-east-1:111122223333:dbuser:warehouse/etl' },
                },
              },
            ),
            policies: [
              policy({
                Effect: 'Allow',
                Action: 's3:*',
                Resource: ['arn:aws:s3:::acme-staging', 'arn:aws:s3:::acme-staging/*'],
              }),
            ],
          } as never,
        );
        account.kmsKeys = [
          { id: KEY_ID, policy: policy({ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }) },
        ] as never;
        cluster.iamRoles = [...cluster.iamRoles!, `${ARN}:role/CopyForEtl`];
        all.instances!.push(
          { name: 'rich', kind: 'ec2', role: `${ARN}:role/RichMachine` },
          { name: 'seen', kind: 'ec2', role: `${ARN}:role/SeenMachine` },
        );
      }),
    );
    await world.sql(
      `CREATE SCHEMA sales; CREATE SCHEMA closed;
       CREATE TABLE sales.orders (id INTEGER); CREATE VIEW sales.late AS SELECT 1 AS n; CREATE TABLE closed.secret (id INTEGER);
       GRANT USAGE ON SCHEMA sales TO etl; GRANT SELECT, INSERT ON sales.orders TO etl;`,
    );
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  async function checkWith(
    name: string,
    changes: Record<string, unknown> = {},
    init: CheckInit = {},
    clock = world.clock,
  ): Promise<CheckReport> {
    const { values, environment } = world.connection(name);
    const given = Object.entries({ ...values, iamEndpoint: world.awsEndpoint, ...changes });
    const options = resolveOptions(Object.fromEntries(given.filter(([, value]) => value !== undefined)));
    await using access = openAccess(planAccess(options), { environment, clock });
    await using database = openDatabase(access, options);
    const connection = { options, access, database, workDirectory: tmpdir() };
    const report = await check(connection, { environment: {}, ...init }, openRun({ clock }));
    expect(validate(JSON.parse(JSON.stringify(report))), JSON.stringify(validate.errors)).to.equal(true);
    for (const { id } of report.steps) {
      const known = MANIFEST.operations['check']?.checks?.map((each) => each.id);
      expect(known).to.include(id.split(':')[0]);
    }
    return report;
  }
  const stepOf = ({ steps }: CheckReport, id: string): CheckStep => steps.find((step) => step.id === id)!;
  const WITHOUT_STAGING = { useStaging: false };

  it('says how long each session lasts, and which hop ends when', async () => {
    const { steps, forecast } = await checkWith('ec2-agent', WITHOUT_STAGING);
    const lifetime = steps.find(({ id }) => id === 'lifetime:redshift');
    expect(lifetime?.evidence).to.match(/^3600 s asked for, ends in 3\d{3} s, at most 3600 s, as it is assumed from/);
    expect(forecast?.map(({ id, renewal, cap }) => [id, renewal, cap.kind])).to.deep.equal([
      ['identity', 'automatic', 'source'],
      ['redshift', 'automatic', 'roleChaining'],
      ['login', 'automatic', 'login'],
    ]);
    const { forecast: none } = await checkWith('ec2-agent', WITHOUT_STAGING, { only: ['options'] });
    expect(none).to.equal(undefined);
  });

  it('warns of a certificate that ends within a month', async () => {
    const days = (count: number) => ({ now: () => Date.now() + count * 86_400_000 });
    const password = { authType: 'password', username: 'reporting', password: 'Sandbox-Passw0rd', useStaging: false };
    const early = await checkWith('keys-etl-agent', password, { only: ['tls'] }, days(50));
    expect(stepOf(early, 'tls').verdict).to.equal('pass');
    const late = await checkWith('keys-etl-agent', password, { only: ['tls'] }, days(70));
    expect(stepOf(late, 'tls')).to.include({ verdict: 'warn' });
    expect(stepOf(late, 'tls').because).to.match(/^The certificate ends in (?:19|20) days/);
  });

  describe('of a machine that holds Redshift rights itself', () => {
    it('by a login that it is given, where IAM may not be read', async () => {
      const report = await checkWith('ec2-rich', WITHOUT_STAGING);
      expect(stepOf(report, 'identity:rights')).to.include({ verdict: 'warn' });
      expect(stepOf(report, 'identity:rights').because).to.match(
        /itself may redshift:GetClusterCredentials: every program/,
      );
      expect(stepOf(report, 'identity:rights').evidence).to.match(/went through \(thrown away\)$/);
      expect(report.ok).to.equal(true);
    });

    it('by its policies, where IAM may be read, and then asks for no login', async () => {
      const before = (await world.calls('redshift:GetClusterCredentials')).length;
      const report = await checkWith('ec2-seen', WITHOUT_STAGING);
      const { verdict, because, evidence } = stepOf(report, 'identity:rights');
      expect(verdict).to.equal('warn');
      expect(because).to.match(/may redshift:GetClusterCredentials, redshift:GetClusterCredentialsWithIAM: every/);
      expect(evidence).to.match(/role\/SeenMachine, by its policies, as IAM shows them$/);
      expect((await world.calls('redshift:GetClusterCredentials')).length).to.equal(before + 1);
    });

    it('and not of one that does not, nor of a user', async () => {
      const agent = stepOf(await checkWith('ec2-agent', WITHOUT_STAGING), 'identity:rights');
      expect(agent).to.include({
        verdict: 'pass',
        evidence: 'redshift:GetClusterCredentials as the machine itself was refused',
      });
      const user = await checkWith('keys-etl-agent', WITHOUT_STAGING);
      expect(user.steps.map(({ id }) => id)).to.not.include('identity:rights');
    });
  });

  describe('of the COPY role', () => {
    const only = { only: ['copy-role'] };

    it('that it is open to every database user, where its trust policy may be read', async () => {
      const report = await checkWith('keys-reader', {}, only);
      expect(stepOf(report, 'copy-role:open')).to.include({ verdict: 'warn' });
      expect(stepOf(report, 'copy-role:open').because).to.match(/unless ASSUMEROLE was revoked from PUBLIC/);
      const unread = await checkWith('keys-etl-agent', {}, only);
      expect(stepOf(unread, 'copy-role:open')).to.include({ verdict: 'skipped' });
    });

    it('that it is kept for a user', async () => {
      const report = await checkWith('keys-reader', { copyRole: `${ARN}:role/CopyForEtl` });
      expect(stepOf(report, 'copy-role:open').evidence).to.match(/asks for the database user/);
      expect(stepOf(report, 'staging:unload').verdict).to.equal('pass');
    });

    it('which one the default is', async () => {
      const report = await checkWith('keys-reader', { copyRole: 'default' }, only);
      expect(stepOf(report, 'copy-role:attached').evidence).to.equal(`${ARN}:role/WarehouseCopy, as the default`);
      expect(stepOf(report, 'copy-role:open').verdict).to.equal('warn');
    });

    it('that it is not attached, with the command that attaches it', async () => {
      const report = await checkWith('keys-etl-agent', { copyRole: `${ARN}:role/RedshiftAudit` }, only);
      const { error } = stepOf(report, 'copy-role:attached');
      expect(error).to.include({ code: 'RS_AUTH_ROLE_DENIED' });
      expect(error?.diagnosis).to.include({ decided: true });
      expect(error?.diagnosis?.candidates[0]?.command).to.equal(
        `aws redshift modify-cluster-iam-roles --cluster-identifier 'warehouse' --add-iam-roles '${ARN}:role/RedshiftAudit' --region us-east-1`,
      );
    });
  });

  it('finds a database user who may not use the COPY role, with the GRANT', async () => {
    await world.sql('REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL');
    const report = await checkWith('keys-reader');
    await world.sql(`GRANT ASSUMEROLE ON '${ARN}:role/WarehouseCopy' TO etl FOR COPY, UNLOAD`);
    const granted = await checkWith('keys-reader');
    await world.sql(`REVOKE ASSUMEROLE ON '${ARN}:role/WarehouseCopy' FROM etl FOR COPY, UNLOAD`);
    await world.sql('GRANT ASSUMEROLE ON ALL TO PUBLIC FOR ALL');
    expect(stepOf(report, 'copy-role:user').error).to.include({ code: 'RS_AUTH_PERMISSION' });
    const grant = stepOf(report, 'copy-role:user').error?.details?.['grantStatement'];
    expect(grant).to.equal(`GRANT ASSUMEROLE ON '${ARN}:role/WarehouseCopy' TO "etl" FOR COPY, UNLOAD;`);
    expect(stepOf(report, 'staging:copy').verdict).to.equal('fail');
    expect(granted.ok).to.equal(true);
    expect(stepOf(granted, 'copy-role:user').verdict).to.equal('pass');
    expect(stepOf(granted, 'copy-role:open').evidence).to.match(/^other database users have no ASSUMEROLE/);
  });

  it('warns of a login that is tied to a session name that the connection does not use', async () => {
    const pinned = { roleArn: `${ARN}:role/RedshiftPinned`, useStaging: false };
    const other = await checkWith('keys-reader', pinned);
    expect(stepOf(other, 'login:pin')).to.include({
      verdict: 'warn',
      evidence: 'the session is named roleshift, the user is etl',
    });
    expect(stepOf(other, 'login:pin').because).to.match(/set roleSessionName to etl/);
    expect(stepOf(other, 'login').verdict).to.equal('fail');
    const same = await checkWith('keys-reader', { ...pinned, roleSessionName: 'etl' });
    expect(stepOf(same, 'login:pin').evidence).to.match(/asks for the session name etl$/);
    expect(stepOf(same, 'session').verdict).to.equal('pass');
    const free = await checkWith('keys-reader', WITHOUT_STAGING);
    expect(stepOf(free, 'login:pin').evidence).to.match(/^no policy ties/);
  });

  describe('of groups', () => {
    it('that are joined', async () => {
      const report = await checkWith('keys-etl-agent', { ...WITHOUT_STAGING, dbGroups: ['loaders'] });
      expect(stepOf(report, 'groups')).to.include({ verdict: 'pass', evidence: 'etl is a member of loaders' });
    });

    it('that the database does not have', async () => {
      const report = await checkWith('keys-reader', {
        ...WITHOUT_STAGING,
        roleArn: `${ARN}:role/RedshiftJoiner`,
        dbGroups: ['nobodys'],
      });
      expect(stepOf(report, 'session').error).to.include({ code: 'RS_CONFIG_OBJECT_MISSING' });
      expect(stepOf(report, 'session').error?.action).to.match(/Create the group/);
      expect(stepOf(report, 'groups').because).to.equal('session failed');
    });

    const joins = { user: 'etl', loginName: 'IAM:etl:loaders' };
    const found = (...groups: readonly string[]) =>
      groupFinding(
        { groups },
        [
          { name: 'loaders', isMember: false },
          { name: 'staff', isMember: true },
        ],
        joins,
      );

    it('as the catalog and the name of the login show them', () => {
      expect(found('staff', 'loaders')).to.deep.equal({
        evidence: 'etl is a member of staff; the login was issued with loaders',
        warning: undefined,
      });
      const { warning } = groupFinding({ groups: ['loaders'] }, [{ name: 'loaders', isMember: false }], {
        ...joins,
        loginName: 'IAM:etl',
      });
      expect(warning).to.match(/shows a membership in loaders/);
      const { code, details } = failureOf(() => found('readers'));
      expect({ code, statement: details['grantStatement'] }).to.deep.equal({
        code: 'RS_CONFIG_OBJECT_MISSING',
        statement: 'CREATE GROUP "readers";',
      });
    });
  });

  describe('of rights in the database', () => {
    const rights = async (init: CheckInit): Promise<CheckStep> => {
      const report = await checkWith('keys-etl-agent', WITHOUT_STAGING, { only: ['rights'], ...init });
      return report.steps.at(-1)!;
    };

    it('that a read has', async () => {
      expect(await rights({ read: 'sales.orders' })).to.include({
        id: 'rights:read',
        verdict: 'pass',
        evidence: 'etl has USAGE on schema sales; SELECT on sales.orders',
      });
    });

    const CASES: readonly (readonly [title: string, CheckInit, code: string, message: RegExp, grant?: string])[] = [
      [
        'a read lacks',
        { read: 'sales.late' },
        'RS_AUTH_PERMISSION',
        /^etl has no SELECT on sales\.late$/,
        'GRANT SELECT ON TABLE "sales"."late" TO "etl";',
      ],
      [
        'a read lacks already on the schema',
        { read: 'closed.secret' },
        'RS_AUTH_PERMISSION',
        /^etl has no USAGE on schema closed$/,
        'GRANT USAGE ON SCHEMA "closed" TO "etl";',
      ],
      [
        'a first insert lacks for its ledger',
        { write: 'sales.orders' },
        'RS_AUTH_PERMISSION',
        /^etl has no CREATE on schema sales$/,
        'GRANT CREATE ON SCHEMA "sales" TO "etl";',
      ],
      [
        'an upsert lacks',
        { write: ['sales', 'orders'], operation: 'upsert' },
        'RS_AUTH_PERMISSION',
        /^etl has no CREATE on schema sales; UPDATE on sales\.orders$/,
        'GRANT CREATE ON SCHEMA "sales" TO "etl"; GRANT UPDATE ON TABLE "sales"."orders" TO "etl";',
      ],
      ['no view can be written', { write: 'sales.late' }, 'RS_FEATURE_UNSUPPORTED', /sales\.late is a view/],
      ['of nothing', { read: 'sales.order' }, 'RS_CONFIG_OBJECT_MISSING', /no table or view "order"/],
    ];
    for (const [title, init, code, message, grant] of CASES) {
      it(`that ${title}, with the GRANT`, async () => {
        const { verdict, error } = await rights(init);
        expect(verdict).to.equal('fail');
        expect(error?.code).to.equal(code);
        expect(error?.message).to.match(message);
        expect(error?.details?.['grantStatement']).to.equal(grant);
      });
    }

    it('that most work needs, as a warning where nothing was asked for', async () => {
      const report = await checkWith('keys-etl-agent', { ...WITHOUT_STAGING, defaultSchema: 'sales' });
      expect(stepOf(report, 'rights:schema')).to.include({ verdict: 'warn' });
      expect(stepOf(report, 'rights:schema').because).to.equal(
        'etl has no CREATE on schema sales; where it is needed: GRANT CREATE ON SCHEMA "sales" TO "etl";',
      );
      const nowhere = await checkWith('keys-etl-agent', { ...WITHOUT_STAGING, defaultSchema: 'nowhere' });
      expect(stepOf(nowhere, 'rights:schema').because).to.match(/no schema nowhere/);
      expect(nowhere.ok).to.equal(true);
    });
  });

  it('leaves UNLOAD out where only a write was asked for', async () => {
    const report = await checkWith('keys-etl-agent', {}, { write: 'sales.orders' });
    expect(report.steps.map(({ id }) => id)).to.not.include('staging:unload');
    expect(stepOf(report, 'staging:copy').verdict).to.equal('pass');
  });

  it('tells the KMS key of a staged object as S3 does', async () => {
    const report = await checkWith('keys-etl-agent', { kmsKeyId: KEY_ID }, { only: ['staging:get'] });
    expect(stepOf(report, 'staging:get')).to.include({ verdict: 'pass' });
    expect(stepOf(report, 'staging:get').evidence).to.match(
      new RegExp(`bytes, encrypted with arn:aws:kms:us-east-1:111122223333:key/${KEY_ID}$`),
    );
  });

  for (const [skewSeconds, verdict, told] of [
    [-120, 'warn', /12[01] s ahead of 127\.0\.0\.1/],
    [400, 'fail', /(?:399|400|401) s behind 127\.0\.0\.1/],
  ] as const) {
    it(`tells a clock that is off by ${-skewSeconds} s, and goes on by AWS's time`, async () => {
      await using skewed = await openWorld({ ...standardWorld(), clockSkewSeconds: skewSeconds }, { databases: false });
      const { values, environment } = skewed.connection('keys-etl-agent');
      const options = resolveOptions(values);
      await using access = openAccess(planAccess(options), { environment });
      await using database = openDatabase(access, options);
      const connection = { options, access, database, workDirectory: tmpdir() };
      const report = await check(
        connection,
        { environment: {}, only: ['clock', 'login', 'copy-role:attached'] },
        openRun(),
      );
      const step = stepOf(report, 'clock');
      expect(step.verdict).to.equal(verdict);
      expect(step.evidence ?? step.error?.message).to.match(told);
      expect(stepOf(report, 'login').verdict).to.equal('pass');
      expect(stepOf(report, 'copy-role:attached').verdict).to.equal('pass');
    });
  }

  it('takes a second or two, and waits for nothing even on a busy machine', async () => {
    expect((await checkWith('ec2-agent')).durationMs).to.be.lessThan(10_000);
  });
});
