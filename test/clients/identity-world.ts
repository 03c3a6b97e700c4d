import type { World } from '../../src/sandbox/world.ts';
import { standardWorld } from '../harness.ts';
import { ACCOUNT, REDSHIFT_ROLE, roleArn } from './client-desk.ts';

export const WORKGROUP = 'analytics';
export const WORKGROUP_ID = '5f0c6a52-0d0e-4c5b-9c57-2f6b7c1a9e10';
/** Of the cluster: it resolves anywhere, so that a client can really go there. */
export const CUSTOM_DOMAIN = 'localhost';

const REDSHIFT = `arn:aws:redshift:us-east-1:${ACCOUNT}`;
const SERVERLESS = `arn:aws:redshift-serverless:us-east-1:${ACCOUNT}`;

const statement = (Action: string | string[], Resource: string) => ({ Effect: 'Allow' as const, Action, Resource });
/** A document anew for each holder. */
const allow =
  (...Statement: ReturnType<typeof statement>[]) =>
  () => ({
    Version: '2012-10-17',
    Statement: structuredClone(Statement),
  });

/**
 * The standard world with all that logs in by what it is: a workgroup, a custom domain name, and a role beyond the Redshift
 * role, behind an external id.
 */
export function identityWorld(): World {
  return standardWorld((world, account) => {
    world.name = 'identity-logins';
    const logins = allow(
      statement('redshift:GetClusterCredentialsWithIAM', `${REDSHIFT}:dbname:warehouse/dev`),
      statement(['redshift:DescribeCustomDomainAssociations', 'redshift:DescribeClusters'], '*'),
      statement(
        [
          'redshift-serverless:GetCredentials',
          'redshift-serverless:GetWorkgroup',
          'redshift-serverless:GetCustomDomainAssociation',
        ],
        `${SERVERLESS}:workgroup/${WORKGROUP_ID}`,
      ),
    );
    const [login] = account.roles!.filter(({ name }) => name === 'RedshiftLogin');
    login!.policies!.push(logins(), allow(statement('sts:AssumeRole', roleArn('RedshiftBeyond')))());
    // The user may look anywhere: it is told what is not there, and not that it may not look.
    const anywhere = allow(statement('redshift-serverless:GetCredentials', '*'));
    account.users!.find(({ name }) => name === 'etl-agent')!.policies!.push(logins(), anywhere());
    account.roles!.push({
      name: 'RedshiftBeyond',
      trust: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: REDSHIFT_ROLE },
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'sts:ExternalId': 'tenant-7' } },
          },
        ],
      },
      policies: [logins()],
    });
    account.clusters![0]!.customDomain = CUSTOM_DOMAIN;
    account.workgroups = [
      {
        name: WORKGROUP,
        id: WORKGROUP_ID,
        namespace: { name: 'lake' },
        customDomain: 'lake.example.com',
        groups: ['readers'],
        users: [
          { name: 'admin', superuser: true },
          { name: 'IAMR:RedshiftLogin', groups: ['readers'] },
        ],
        databases: [
          {
            name: 'dev',
            setup: `create table shown (n integer); insert into shown values (7); grant select on shown to group readers;
              create table hidden (n integer);`,
          },
        ],
      },
    ];
  });
}

/** Beside the profiles of the desk: a role after a role. */
export const BEYOND_PROFILE = `[profile beyond]
region = us-east-1
role_arn = ${roleArn('RedshiftBeyond')}
role_session_name = beyond
external_id = tenant-7
source_profile = redshift
`;
