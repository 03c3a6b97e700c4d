import { expect } from 'chai';
import { judge } from '../../../src/operations/diagnose/judge.ts';
import type { Refusal } from '../../../src/operations/diagnose/refusal.ts';
import { isCause, NOTHING_READ, suspectsOf } from '../../../src/operations/diagnose/suspects.ts';
import type { ActualPolicy, ActualState } from '../../../src/policies/actual-policies.ts';
import type {
  AccessRequest,
  ExplainedStatement,
  PlannedDocument,
  PolicyStatement,
} from '../../../src/policies/document.ts';
import { listOf } from '../../../src/policies/document.ts';
import type { PolicySet } from '../../../src/policies/policies.ts';
import { SETS } from '../../policies/sets.ts';

/** The COPY roles of a set, from the one that is attached on. */
function copyRolesOf({ attach, documents }: PolicySet): readonly string[] {
  const chain = attach === undefined ? [] : [attach.role.arn];
  for (const { statements } of documents) {
    for (const { statement } of statements) {
      if (statement.Sid.startsWith('AssumeCopyRole')) chain.push(...listOf(statement.Resource));
    }
  }
  return chain;
}

/** What a failure would tell of this request, with no word on the kind of policy. */
function refusalOf({ principal, action, resource }: AccessRequest, copyRoles: readonly string[]): Refusal {
  const told = { action, resource, said: 'not authorized' };
  if (action.startsWith('redshift')) {
    return { ...told, work: /:(?:Describe|GetWorkgroup)/.test(action) ? 'lookup' : 'login' };
  }
  if (action.startsWith('sts:')) {
    if (copyRoles.includes(resource)) return { work: 'copyRole', said: '' };
    return /^arn:[^:]+:iam/.test(principal) && !principal.includes('oidc-provider')
      ? { ...told, work: 'role', roleArn: resource, callerArn: principal }
      : { work: 'identity', said: '' };
  }
  return principal === copyRoles.at(-1)
    ? { ...told, work: 'copyFiles', verb: action === 's3:PutObject' ? 'UNLOAD' : 'COPY' }
    : { ...told, work: 'staging' };
}

type Rewrite = (statement: PolicyStatement) => readonly PolicyStatement[];

/** Everything as planned but for one statement; the rest as `rewrite` says it. */
function stateWithout(set: PolicySet, left: ExplainedStatement | undefined, rewrite: Rewrite): ActualState {
  const policies = set.documents.flatMap((document): readonly ActualPolicy[] => [
    {
      kind: document.kind,
      holder: document.holder.arn,
      source: document.name,
      document: {
        Version: '2012-10-17',
        Statement: document.statements.filter((each) => each !== left).flatMap(({ statement }) => rewrite(statement)),
      },
    },
    ...(document.kind === 'permissions'
      ? [
          {
            kind: 'boundary' as const,
            holder: document.holder.arn,
            source: 'boundary',
            document: { Statement: { Effect: 'Allow' as const, NotAction: 'organizations:*', Resource: '*' } },
          },
        ]
      : []),
  ]);
  return { policies, listed: new Set(), unread: [] };
}

const AS_PLANNED: Rewrite = (statement) => [statement];

/** The same rights as administrators write them: wildcards, lists, a Deny for others, conditions that always hold. */
const ODDLY: Rewrite = (statement) => {
  const { Action, Resource, Principal } = statement;
  const wide = {
    ...statement,
    ...(Action === undefined ? {} : { Action: listOf(Action).map((action) => action.replace(/.{2}$/, '*')) }),
    ...(Resource === undefined || Principal !== undefined
      ? {}
      : { Resource: listOf(Resource).map((resource) => resource.replace(/[^*]$/, '?')) }),
  };
  const elsewhere: PolicyStatement = {
    Sid: 'NobodyElse',
    Effect: 'Deny',
    ...(Principal === undefined ? {} : { Principal: '*' }),
    NotAction: ['sts:*', 'redshift:*', 'redshift-serverless:*', 's3:*', 'kms:*'],
    ...(Resource === undefined ? {} : { Resource: '*' }),
  };
  return [wide, elsewhere];
};

function actorsOf(set: PolicySet, { principal }: AccessRequest) {
  return { copyRoles: copyRolesOf(set), stagingPrincipal: principal };
}

/** Every statement of a set with the document that it stands in. */
function everyStatement({ documents }: PolicySet): ReadonlyArray<readonly [PlannedDocument, ExplainedStatement]> {
  return documents.flatMap((document) => document.statements.map((explained) => [document, explained] as const));
}

describe('A judgement', () => {
  for (const [how, rewrite] of [
    ['as planned', AS_PLANNED],
    ['oddly but healthily', ODDLY],
  ] as const) {
    it(`names the statement that is missing, whatever the set, the others being written ${how}`, () => {
      let tried = 0;
      for (const [title, set] of SETS) {
        for (const [document, explained] of everyStatement(set)) {
          const [request] = explained.requests as [AccessRequest];
          if (!isCause(set, NOTHING_READ, { explained, requests: [request] })) continue;
          const refusal = refusalOf(request, copyRolesOf(set));
          const suspects = suspectsOf(set, refusal, actorsOf(set, request));
          const state = stateWithout(set, explained, rewrite);
          const { candidates, decided } = judge({ set, suspects }, refusal, { state });
          const found = candidates.map(({ mend, sid, holder, document: kind }) => ({ mend, sid, holder, kind }));
          const { Sid: sid } = explained.statement;
          const wanted = { mend: 'addStatement', sid, holder: document.holder, kind: document.kind };
          expect(found, `${title}: ${sid} of ${document.holder.arn}`).to.deep.equal([wanted]);
          expect(decided).to.equal(true);
          tried += 1;
        }
      }
      expect(tried).to.be.greaterThan(140);
    });
  }

  it('finds nothing where everything that is needed is there, in whatever words', () => {
    for (const [title, set] of SETS) {
      for (const [, explained] of everyStatement(set)) {
        const [request] = explained.requests as [AccessRequest];
        const refusal = refusalOf(request, copyRolesOf(set));
        const suspects = suspectsOf(set, refusal, actorsOf(set, request));
        const { candidates, decided, evidence } = judge({ set, suspects }, refusal, {
          state: stateWithout(set, undefined, ODDLY),
        });
        expect(candidates, `${title}: ${explained.statement.Sid}`).to.deep.equal([]);
        expect(decided).to.equal(false);
        expect(evidence.at(-1)).to.match(/All policies that were read allow this request/);
      }
    }
  });

  it('never shows more than two, and never is certain of two', () => {
    for (const [, set] of SETS) {
      for (const [, explained] of everyStatement(set)) {
        const [request] = explained.requests as [AccessRequest];
        const refusal = refusalOf(request, copyRolesOf(set));
        const { candidates, decided } = judge(
          { set, suspects: suspectsOf(set, refusal, actorsOf(set, request)) },
          refusal,
        );
        expect(candidates.length).to.be.within(1, 2);
        if (decided) expect(candidates).to.have.length(1);
      }
    }
  });
});
