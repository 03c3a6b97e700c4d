import { expect } from 'chai';
import { judge } from '../../../src/operations/diagnose/judge.ts';
import { commandToAdd, commandToLook } from '../../../src/operations/diagnose/mends.ts';
import type { Refusal } from '../../../src/operations/diagnose/refusal.ts';
import { suspectsOf } from '../../../src/operations/diagnose/suspects.ts';
import { policies } from '../../../src/policies/policies.ts';
import { AGENT, byRole, LOGIN_ROLE, STAGING } from '../../policies/sets.ts';

const SET = policies(byRole({ ...STAGING, dbGroups: ['readers'], autoCreateDbUser: true }), { identityArn: AGENT });
const ACTORS = { copyRoles: ['arn:aws:iam::111122223333:role/WarehouseCopy'], stagingPrincipal: AGENT };

function judged(refusal: Refusal, knowledge: Parameters<typeof judge>[2] = {}) {
  return judge({ set: SET, suspects: suspectsOf(SET, refusal, ACTORS) }, refusal, knowledge);
}

describe('A judgement knows its limits', () => {
  it("leaves the connection's own policies alone where AWS says that the policy of a VPC endpoint refuses", () => {
    for (const effect of ['silent', 'deny'] as const) {
      const { candidates, decided } = judged({
        work: 'login',
        action: 'redshift:GetClusterCredentials',
        said: 'not authorized',
        hint: { effect, policy: 'endpoint', words: 'VPC endpoint policy' },
      });
      expect(candidates.map(({ mend, document }) => ({ mend, document }))).to.deep.equal([
        { mend: 'widenEndpoint', document: 'endpoint' },
      ]);
      expect(candidates[0]?.command).to.match(/describe-vpc-endpoints/);
      expect(candidates[0]?.reason).to.match(/^The policy of the VPC endpoint on the way of role RedshiftLogin /);
      expect(decided).to.equal(true);
    }
  });

  it('looks for a resource control policy above the account of the resource', () => {
    const far = policies(byRole({ roleArn: 'arn:aws:iam::444455556666:role/RedshiftLogin' }), { identityArn: AGENT });
    for (const [words, account] of [
      ['service control policy', '111122223333'],
      ['resource control policy', '444455556666'],
    ] as const) {
      const roleArn = 'arn:aws:iam::444455556666:role/RedshiftLogin';
      const hint = { effect: 'deny', policy: 'organization', words } as const;
      const refusal: Refusal = { work: 'role', roleArn, callerArn: AGENT, said: 'not authorized', hint };
      const { candidates } = judge({ set: far, suspects: suspectsOf(far, refusal, { copyRoles: [] }) }, refusal);
      const filter = words.toUpperCase().replaceAll(' ', '_');
      expect(candidates[0]?.command).to.include(`--target-id '${account}' --filter ${filter}`);
      expect(candidates[0]?.reason).to.include(`above account ${account} denies`);
    }
  });

  it('is not certain of a policy of a kind that it does not know', () => {
    const { decided } = judged({
      work: 'login',
      action: 'redshift:JoinGroup',
      said: 'not authorized',
      hint: { effect: 'silent', policy: 'other', words: 'moon phase policy' },
    });
    expect(decided).to.equal(false);
  });

  for (const [named, resource] of [
    ['iam:CreateUser', 'arn:aws:iam::111122223333:user/mallory'],
    ['s3:PutObjectTagging', 'arn:aws:s3:::*'],
  ] as const) {
    it(`proposes nothing for ${named} on ${resource}, whatever an endpoint answers`, () => {
      const said = `not authorized to perform: ${named} on resource: ${resource}`;
      const { candidates } = judged({ work: 'staging', action: named, named, resource, said });
      for (const { statement } of candidates) expect(JSON.stringify(statement)).not.to.include(named);
    });
  }

  for (const [action, resource, wanted] of [
    ['s3:PutObject', 'arn:aws:s3:::acme-staging/out/part-00001.csv', 'arn:aws:s3:::acme-staging/out/*'],
    ['s3:GetObject', 'arn:aws:s3:::acme-landing/orders.csv', 'arn:aws:s3:::acme-landing/*'],
    ['s3:ListBucket', 'arn:aws:s3:::acme-landing', 'arn:aws:s3:::acme-landing'],
  ] as const) {
    it(`proposes ${wanted} for ${action} outside of the staging prefix, and not the staging prefix again`, () => {
      const said = `not authorized to perform: ${action} on resource: ${resource}`;
      for (const named of [action, undefined]) {
        const refusal: Refusal = { work: 'staging', action, resource, said, ...(named === undefined ? {} : { named }) };
        const suspects = suspectsOf(SET, refusal, { ...ACTORS, stagingPrincipal: LOGIN_ROLE });
        const { candidates } = judge({ set: SET, suspects }, refusal);
        expect(candidates.map(({ statement }) => statement?.Resource)).to.deep.equal([wanted]);
        expect(candidates[0]?.statement?.Action).to.include(action);
      }
    });
  }

  it('is not certain where a policy of the caller may not be read', () => {
    const [caller] = SET.documents.filter(({ kind, holder }) => kind === 'permissions' && holder.arn === AGENT);
    const own = { kind: 'permissions' as const, holder: AGENT, source: 'own', document: caller!.document };
    const refusal: Refusal = { work: 'role', roleArn: LOGIN_ROLE, callerArn: AGENT, said: 'not authorized' };
    const boundary = { holder: AGENT, policy: 'arn:aws:iam::111122223333:policy/Boundary' };
    for (const [unread, certain] of [
      [[], true],
      [[boundary], false],
    ] as const) {
      const { candidates, decided } = judged(refusal, { state: { policies: [own], listed: new Set(), unread } });
      expect(candidates.map(({ sid }) => sid)).to.deep.equal(['TrustAgentUser']);
      expect(decided).to.equal(certain);
    }
  });

  it('says of a right that was not looked for that something above may refuse as well', () => {
    const refusal: Refusal = { work: 'login', action: 'redshift:JoinGroup', said: 'not authorized' };
    expect(judged(refusal).candidates[0]?.reason).to.match(/allows redshift:JoinGroup, or one above it refuses/);
    const hint = { effect: 'silent', policy: 'identity', words: 'identity-based policy' } as const;
    expect(judged({ ...refusal, hint }).candidates[0]?.reason).to.match(/allows redshift:JoinGroup\. /);
  });

  it('asks KMS for a key where the key is', () => {
    const arn = 'arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const key = { kind: 'key', arn, account: '111122223333', name: arn.slice(-36), path: '/' } as const;
    const [first = ''] = commandToAdd(key, 'key', { Effect: 'Allow' }, SET).split('\n');
    expect(first).to.match(/^aws kms get-key-policy --key-id '\S+' --region 'cn-north-1' /);
    expect(commandToLook(key, 'key')).to.include(" --region 'cn-north-1' ");
  });

  it('says how many statements are missing where it shows but two', () => {
    const nothing = {
      kind: 'permissions' as const,
      holder: LOGIN_ROLE,
      source: 'no policy',
      document: { Statement: [] },
    };
    const { candidates, evidence } = judged(
      { work: 'login', said: '' },
      { state: { policies: [nothing], listed: new Set(), unread: [] } },
    );
    expect(candidates).to.have.length(2);
    expect(evidence.at(-1)).to.match(/^3 statements are missing, and all have to be added/);
  });
});
