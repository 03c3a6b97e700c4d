import { expect } from 'chai';
import type { ConnectorError } from '../../src/core/errors.ts';
import type { PolicyStatement } from '../../src/policies/document.ts';
import { type PolicySet, policies } from '../../src/policies/policies.ts';
import { AGENT, byRole, LOGIN_ROLE, SETS, STAGING, WORKGROUP_ID } from './sets.ts';

const { host: _, username: __, ...WITHOUT } = byRole();
const withIam = {
  ...WITHOUT,
  clusterIdentifier: 'warehouse',
  region: 'us-west-2',
  loginMethod: 'iamIdentity',
} as const;
const serverless = { ...WITHOUT, workgroup: 'lake', region: 'us-west-2' } as const;
const HOST = 'lake.111122223333.us-west-2.redshift-serverless.amazonaws.com';

const ofRole = ({ documents }: PolicySet): readonly PolicyStatement[] =>
  documents.find(({ holder, kind }) => holder.arn === LOGIN_ROLE && kind === 'permissions')?.document.Statement ?? [];
const requestsOf = ({ documents }: PolicySet, sid: string) =>
  documents.flatMap(({ statements }) =>
    statements.filter(({ statement }) => statement.Sid === sid).flatMap(({ requests }) => requests),
  );

describe('Policies of the login', () => {
  it('by GetClusterCredentialsWithIAM: the database alone, and the cluster where no host is given', () => {
    expect(ofRole(policies(withIam, { identityArn: AGENT }))).to.deep.equal([
      {
        Sid: 'Login',
        Effect: 'Allow',
        Action: 'redshift:GetClusterCredentialsWithIAM',
        Resource: 'arn:aws:redshift:us-west-2:111122223333:dbname:warehouse/dev',
      },
      {
        Sid: 'FindEndpoint',
        Effect: 'Allow',
        Action: 'redshift:DescribeClusters',
        Resource: 'arn:aws:redshift:us-west-2:111122223333:cluster:warehouse',
      },
    ]);
    const given = policies({ ...withIam, host: 'warehouse.abc123.us-west-2.redshift.amazonaws.com' });
    expect(ofRole(given).map(({ Sid }) => Sid)).to.deep.equal(['Login']);
    expect(given.notes.join()).to.include('IAMR:RedshiftLogin').and.include('RedshiftDbRoles');
    expect(given.policyName).to.equal('roleshift-warehouse-dev-IAMR_RedshiftLogin');
  });

  it('to a workgroup: its ARN by id, and GetWorkgroup where no host is given', () => {
    const arn = `arn:aws:redshift-serverless:us-west-2:111122223333:workgroup/${WORKGROUP_ID}`;
    expect(ofRole(policies(serverless, { identityArn: AGENT, workgroupId: WORKGROUP_ID }))).to.deep.equal([
      { Sid: 'Login', Effect: 'Allow', Action: 'redshift-serverless:GetCredentials', Resource: arn },
      { Sid: 'FindEndpoint', Effect: 'Allow', Action: 'redshift-serverless:GetWorkgroup', Resource: arn },
    ]);
    const given = policies({ ...serverless, host: HOST, workgroup: undefined }, { workgroupId: WORKGROUP_ID });
    expect(ofRole(given).map(({ Action }) => Action)).to.deep.equal(['redshift-serverless:GetCredentials']);
  });

  it('to a workgroup whose id nobody told: a placeholder, never a wildcard', () => {
    const set = policies({ ...serverless, host: HOST }, { identityArn: AGENT });
    expect(ofRole(set)[0]?.Resource).to.equal(
      'arn:aws:redshift-serverless:us-west-2:111122223333:workgroup/<WORKGROUP_ID>',
    );
    expect(set.placeholders.map(({ text, remedy }) => [text, /--workgroup-id/.test(remedy)])).to.deep.equal([
      ['<WORKGROUP_ID>', true],
    ]);
  });

  it('takes the account of the workgroup from the last role, as for a cluster', () => {
    const roleArn = 'arn:aws:iam::444455556666:role/Partner';
    const set = policies({ ...serverless, roleArn }, { workgroupId: WORKGROUP_ID });
    expect(requestsOf(set, 'Login').map(({ resource }) => resource.split(':')[4])).to.deep.equal(['444455556666']);
  });

  it('behind a custom domain name: the identifier of the cluster is given, or a placeholder', () => {
    const custom = byRole({ host: 'dwh.acme.example', region: 'us-west-2' });
    expect(ofRole(policies(custom))).to.deep.equal([
      {
        Sid: 'Login',
        Effect: 'Allow',
        Action: 'redshift:GetClusterCredentials',
        Resource: [
          'arn:aws:redshift:us-west-2:111122223333:dbuser:<CLUSTER>/etl',
          'arn:aws:redshift:us-west-2:111122223333:dbname:<CLUSTER>/dev',
        ],
      },
    ]);
    expect(policies(custom).placeholders.map(({ text }) => text)).to.include('<CLUSTER>');
    const [, known] = SETS.find(([title]) => title === 'a custom domain name')!;
    expect(JSON.stringify(ofRole(known)))
      .to.include('dbuser:warehouse/etl')
      .and.not.include('<');
  });

  it('that names no user has none to pin', () => {
    for (const connection of [withIam, serverless]) {
      for (const pin of [{ pinDbUser: true }, { pinSessionName: true }]) {
        expect(() => policies(connection, pin))
          .to.throw()
          .that.satisfies(({ code, action }: ConnectorError) => {
            return code === 'RS_CONFIG_INVALID' && action!.includes(Object.keys(pin)[0]!);
          });
      }
    }
  });

  it('asks with the condition keys that AWS fills in, and with no others', () => {
    expect(requestsOf(policies(withIam), 'Login')[0]?.context).to.deep.equal({
      'redshift:DbName': 'dev',
      'redshift:DurationSeconds': '900',
    });
    expect(requestsOf(policies(serverless), 'Login')[0]?.context).to.deep.equal({});
  });

  it('of a role makes COPY roles for one user name that user, and says what AWS does not', () => {
    const set = policies({ ...withIam, ...STAGING }, { copyForUserOnly: true });
    const trust = set.documents.find(({ name }) => name.endsWith('WarehouseCopy-trust'))?.document.Statement[0];
    expect(trust?.Condition).to.deep.equal({
      StringEquals: {
        'sts:ExternalId': 'arn:aws:redshift:us-west-2:111122223333:dbuser:warehouse/IAMR:RedshiftLogin',
      },
    });
    expect(set.grants[1]?.statement).to.include('TO "IAMR:RedshiftLogin" FOR COPY, UNLOAD');
    expect(set.notes.join()).to.include('roleshift check passes COPY');
    const workgroup = policies({ ...serverless, ...STAGING }, { copyForUserOnly: true, workgroupId: WORKGROUP_ID });
    expect(JSON.stringify(workgroup.documents)).to.include(
      `dbuser:serverless-111122223333-${WORKGROUP_ID}/IAMR:RedshiftLogin`,
    );
    expect(workgroup.attach).to.deep.include({ cluster: 'lake', isServerless: true });
  });
});
