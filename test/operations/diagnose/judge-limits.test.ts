import { expect } from 'chai';
import { judge } from '../../../src/operations/diagnose/judge.ts';
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
