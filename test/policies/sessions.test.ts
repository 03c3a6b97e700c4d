import { expect } from 'chai';
import type { PolicyStatement } from '../../src/policies/document.ts';
import { type PolicySet, policies, readActualPolicies, verifyPolicies } from '../../src/policies/policies.ts';
import { AGENT, byRole, SETS, STAGING } from './sets.ts';

const GATE = 'arn:aws:iam::111122223333:role/Gate';
const HUB = 'arn:aws:iam::111122223333:role/Hub';

const find = ({ documents }: PolicySet, name: string, sid: string): PolicyStatement | undefined =>
  documents.find((each) => each.name.endsWith(name))?.document.Statement.find(({ Sid }) => Sid === sid);

const allow = (...statements: Partial<PolicyStatement>[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((each) => ({ Effect: 'Allow', Resource: '*', ...each })),
  });

describe('Policies of sessions', () => {
  const [, chain] = SETS.find(([title]) => title.startsWith('tags, source identity'))!;

  it('let a session be tagged with its values only, on both sides', () => {
    const condition = {
      StringEquals: { 'aws:RequestTag/team': 'sales', 'aws:RequestTag/stage': 'prod' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'stage'], 'sts:TransitiveTagKeys': ['team'] },
    };
    expect(find(chain, 'etl-agent-permissions', 'TagIntermediateRole1')).to.deep.include({
      Action: 'sts:TagSession',
      Resource: GATE,
      Condition: condition,
    });
    expect(find(chain, 'Gate-trust', 'TrustAgentUserTags')).to.deep.include({
      Principal: { AWS: AGENT },
      Condition: condition,
    });
  });

  it('let a transitive tag go along to every later role, and others not', () => {
    expect(find(chain, 'Hub-trust', 'TrustIntermediateRole1Tags')?.Condition).to.deep.equal({
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'], 'sts:TransitiveTagKeys': ['team'] },
    });
    expect(find(chain, 'RedshiftLogin-trust', 'TrustIntermediateRole2Tags')?.Condition).to.deep.equal({
      StringEquals: { 'aws:RequestTag/use': 'load' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['use', 'team'], 'sts:TransitiveTagKeys': ['team'] },
    });
  });

  it('ask for the source identity from the role that sets it on, and not before', () => {
    expect(find(chain, 'Gate-trust', 'TrustAgentUserSourceIdentity')).to.equal(undefined);
    expect(find(chain, 'Hub-trust', 'TrustIntermediateRole1SourceIdentity')?.Condition).to.deep.equal({
      StringEquals: { 'sts:SourceIdentity': 'person' },
    });
    expect(find(chain, 'RedshiftLogin-trust', 'TrustIntermediateRole2SourceIdentity')).to.include({
      Action: 'sts:SetSourceIdentity',
    });
  });

  it("carry each role's own session name and external id", () => {
    const set = policies(
      byRole({
        roleSessionName: 'load',
        externalId: 'own-1',
        intermediateRoles: [{ roleArn: HUB, externalId: 'hub-7', roleSessionName: 'gate' }],
      }),
      { identityArn: AGENT },
    );
    const asked = set.documents
      .filter(({ kind }) => kind === 'trust')
      .map(({ statements }) => statements[0]?.requests[0]?.context);
    expect(asked).to.deep.equal([
      { 'sts:RoleSessionName': 'gate', 'sts:ExternalId': 'hub-7' },
      { 'sts:RoleSessionName': 'load', 'sts:ExternalId': 'own-1' },
    ]);
  });

  it('are as their own evaluator wants them, and verify misses each when it is gone', () => {
    const files = [{ name: 'a.json', text: JSON.stringify({ documents: chain.documents }) }];
    const { ok, missing, excess } = verifyPolicies(chain, readActualPolicies(files, chain.documents));
    expect({ ok, missing, excess }).to.deep.equal({ ok: true, missing: [], excess: [] });
    for (const sid of ['TrustAgentUserTags', 'TrustIntermediateRole1SourceIdentity', 'TagRedshiftRole']) {
      const documents = chain.documents.map((each) => ({
        ...each,
        document: { ...each.document, Statement: each.document.Statement.filter(({ Sid }) => Sid !== sid) },
      }));
      const text = JSON.stringify({ documents });
      const report = verifyPolicies(chain, readActualPolicies([{ name: 'a.json', text }], chain.documents));
      expect(report.missing.map((each) => each.sid)).to.deep.equal([sid]);
    }
  });
});

describe('A session policy', () => {
  const gapsOf = (connection: Parameters<typeof byRole>[0]) =>
    policies(byRole(connection), { identityArn: AGENT }).sessionGaps.map(({ hop, sid, verdict }) => [
      hop,
      sid,
      verdict,
    ]);

  it('that leaves what the session needs is no gap', () => {
    expect(gapsOf({ sessionPolicy: allow({ Action: 'redshift:GetClusterCredentials' }) })).to.deep.equal([]);
    expect(gapsOf({})).to.deep.equal([]);
  });

  it('that takes away the login, a group or the staging bucket is said, with what to add', () => {
    const set = policies(
      byRole({ ...STAGING, dbGroups: ['loaders'], sessionPolicy: allow({ Action: 'redshift:GetClusterCredentials' }) }),
      { identityArn: AGENT },
    );
    expect(set.sessionGaps.map(({ sid, verdict }) => [sid, verdict])).to.deep.equal([
      ['JoinGroups', 'denied'],
      ['StagingBucket', 'denied'],
      ['StagingFiles', 'denied'],
    ]);
    expect(set.sessionGaps[0]).to.deep.include({
      hop: 'redshift',
      requests: [
        { action: 'redshift:JoinGroup', resource: 'arn:aws:redshift:us-west-2:111122223333:dbgroup:warehouse/loaders' },
      ],
    });
    expect(set.notes.join('\n')).to.include('takes away redshift:JoinGroup on').and.include('statement JoinGroups');
    const report = verifyPolicies(
      set,
      readActualPolicies([{ name: 'a.json', text: JSON.stringify({ documents: set.documents }) }], set.documents),
    );
    expect([report.ok, report.missing, report.sessionGaps.length]).to.deep.equal([false, [], 3]);
  });

  it('of an intermediate role that does not let it go on is said, for the next role, its tags and its source identity', () => {
    const sessionPolicy = allow({ Action: 'sts:AssumeRole', Resource: HUB });
    const intermediateRoles = [{ roleArn: HUB, sessionPolicy, sourceIdentity: 'person' }];
    expect(gapsOf({ intermediateRoles, sessionTags: [{ key: 'use', value: 'load' }] })).to.deep.equal([
      ['intermediate-1', 'AssumeRedshiftRole', 'denied'],
      ['intermediate-1', 'SetSourceIdentityOfRedshiftRole', 'denied'],
      ['intermediate-1', 'TagRedshiftRole', 'denied'],
    ]);
  });

  it('with a Deny, or with a condition that only the request answers', () => {
    const everything = { Action: '*' };
    expect(
      gapsOf({ sessionPolicy: allow(everything, { Effect: 'Deny', Action: 'redshift:GetClusterCredentials' }) }),
    ).to.deep.equal([['redshift', 'Login', 'denied']]);
    const Condition = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } };
    expect(gapsOf({ sessionPolicy: allow({ ...everything, Condition }) })).to.deep.equal([
      ['redshift', 'Login', 'undecided'],
    ]);
  });

  it('that names a workgroup whose id is a placeholder here is left open', () => {
    const Resource =
      'arn:aws:redshift-serverless:us-west-2:111122223333:workgroup/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
    const connection = byRole({ host: 'lake.111122223333.us-west-2.redshift-serverless.amazonaws.com' });
    const set = policies({ ...connection, sessionPolicy: allow({ Action: 'redshift-serverless:*', Resource }) });
    expect(set.sessionGaps.map(({ verdict }) => verdict)).to.deep.equal(['undecided']);
  });
});
