import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { describeReport, describeStep } from '../../src/cli/check-screen.ts';
import { describeDiagnosis } from '../../src/cli/describe-diagnosis.ts';
import type { Candidate, Diagnosis } from '../../src/operations/diagnose/diagnosis.ts';

const HOLDER = {
  kind: 'role',
  arn: 'arn:aws:iam::111122223333:role/Login',
  account: '111122223333',
  name: 'Login',
  path: '/',
} as const;

const candidate = (changes: Partial<Candidate> = {}): Candidate => ({
  mend: 'addStatement',
  principalArn: 'arn:aws:iam::111122223333:user/etl',
  holder: HOLDER,
  document: 'trust',
  sid: 'TrustAgent',
  statement: { Sid: 'TrustAgent', Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:user/etl' } },
  reason:
    'The trust policy of role Login does not let user etl become it, and so AWS refuses whatever else is allowed.',
  page: 'https://docs.aws.amazon.com/page',
  console: 'https://console.aws.amazon.com/iam/home#/roles/details/Login?section=trust_relationships',
  command: "aws iam get-role --role-name 'Login'\n# add the statement, then\naws iam update-assume-role-policy",
  ...changes,
});
const plain = (lines: readonly string[]): string[] => lines.map(stripVTControlCharacters);
const described = (diagnosis: Partial<Diagnosis>, width = 0): string[] =>
  plain(describeDiagnosis({ decided: true, candidates: [candidate()], evidence: [], ...diagnosis }, width));

describe('a diagnosis on the screen', () => {
  it('says what it means, where to put what, and how', () => {
    expect(described({ evidence: ['AWS said so.'] })).to.deep.equal([
      'Cause: The trust policy of role Login does not let user etl become it, and so AWS refuses whatever else is allowed.',
      '  -> Add to the trust policy of role Login',
      '     arn:aws:iam::111122223333:role/Login',
      '     {',
      '       "Sid": "TrustAgent",',
      '       "Effect": "Allow",',
      '       "Principal": {',
      '         "AWS": "arn:aws:iam::111122223333:user/etl"',
      '       }',
      '     }',
      '  With the AWS CLI:',
      "     aws iam get-role --role-name 'Login'",
      '     # add the statement, then',
      '     aws iam update-assume-role-policy',
      '  In the console: https://console.aws.amazon.com/iam/home#/roles/details/Login?section=trust_relationships',
      '  See https://docs.aws.amazon.com/page',
      'How this is known:',
      '  - AWS said so.',
    ]);
  });

  it('ranks two causes, and does not call one that is not decided the cause', () => {
    const two = described({ decided: false, candidates: [candidate(), candidate({ document: 'permissions' })] });
    expect(two.filter((line) => /cause/i.test(line)).map((line) => line.split(':')[0])).to.deep.equal([
      'Possible cause 1 of 2',
      'Possible cause 2 of 2',
    ]);
    expect(described({ decided: false })[0]).to.match(/^Likely cause: /);
  });

  for (const [mend, document, line] of [
    ['removeStatement', 'permissions', '-> Take the Deny out of the permissions policy of role Login'],
    ['widenBoundary', 'boundary', '-> Allow it in the permissions boundary of role Login'],
    ['widenSession', 'session', '-> Allow it in the session policy for role Login'],
    ['askOrganization', 'organization', '-> Ask whoever keeps a policy of the organization above account 111122223333'],
    ['createRole', 'trust', '-> Create the role Login with this trust policy'],
    ['attachRole', 'cluster', '-> Attach the role Login to the cluster'],
  ] as const) {
    it(`says what to do: ${mend}`, () => {
      const lines = described({ candidates: [candidate({ mend, document })] });
      expect(lines.map((each) => each.trim())).to.include(line);
    });
  }

  it('says what a person has to fill in before a statement or command does anything', () => {
    const Condition = { StringEquals: { 'aws:ResourceAccount': '<BUCKET_OWNER>' } };
    const lines = described({ candidates: [candidate({ statement: { Sid: 'Files', Effect: 'Allow', Condition } })] });
    expect(lines.filter((line) => line.includes('Fill in'))).to.deep.equal([
      '     Fill in <BUCKET_OWNER> first: account that owns the staging bucket',
    ]);
    expect(described({}).join('\n')).to.not.include('Fill in');
  });

  it('wraps sentences and never what is to be copied', () => {
    const lines = described({ evidence: ['word '.repeat(40)] }, 60).flatMap((text) => text.split('\n'));
    const long = lines.filter((line) => line.length > 60);
    expect(
      long.every((line) => /https?:|aws iam|^ {5}/.test(line)),
      long.join('\n'),
    ).to.equal(true);
    expect(lines.length).to.be.greaterThan(20);
  });
});

describe('a step on the screen', () => {
  it('names the step that it waited for by its title, and what it is needed by', () => {
    const step = { id: 'login', title: 'Get a login', verdict: 'skipped', durationMs: 0 } as const;
    const titles = new Map([['role:redshift', 'Assume it']]);
    expect(plain(describeStep({ ...step, because: 'role:redshift failed' }, titles))).to.deep.equal([
      '- Get a login  [login]',
      '    "Assume it" failed',
    ]);
    expect(plain(describeStep({ ...step, because: 'left out', neededBy: ['a', 'b', 'c'] }))[0]).to.equal(
      '- Get a login  [login]  (needed by a and 2 others)',
    );
  });

  it('shows the answer once, and the diagnosis in place of the instruction', () => {
    const said = 'User: etl is not authorized';
    const lines = plain(
      describeStep({
        id: 'role:redshift',
        title: 'Assume it',
        verdict: 'fail',
        durationMs: 3,
        error: {
          code: 'RS_AUTH_ROLE_DENIED',
          category: 'auth',
          message: 'AWS does not let etl',
          said,
          action: 'Do something.',
          details: { trustStatement: '{}' },
          diagnosis: { decided: true, candidates: [candidate()], evidence: [`AWS said: ${said}`, 'Read in IAM.'] },
        },
      }),
    );
    const text = lines.join('\n');
    expect(text.split(said)).to.have.length(2);
    expect(text).to.include('      -> Add to the trust policy of role Login');
    expect(text).to.include('- Read in IAM.');
    expect(text).to.not.include('Do something.');
    expect(text).to.not.include('for the role');
  });
});

describe('the end of a check on the screen', () => {
  it('sums up, and tells what ends when', () => {
    const text = stripVTControlCharacters(
      describeReport({
        reportVersion: 1,
        ok: true,
        durationMs: 1_200,
        steps: [{ id: 'options', title: 'Read', verdict: 'warn', because: 'look', durationMs: 0 }],
        forecast: [
          {
            id: 'identity',
            kind: 'identity',
            usedFor: ['login'],
            principal: 'arn',
            renewal: 'notNeeded',
            cap: { kind: 'none', reason: 'Long-lived keys do not end.' },
          },
          {
            id: 'redshift',
            kind: 'role',
            usedFor: ['login'],
            principal: 'arn',
            endsAt: '2026-11-24T15:04:05.000Z',
            remainingSeconds: 3_599,
            renewal: 'automatic',
            renewedBy: { call: 'sts:AssumeRole', from: 'identity' },
            cap: { kind: 'roleChaining', seconds: 3600, reason: 'One hour.' },
          },
          {
            id: 'login',
            kind: 'login',
            usedFor: ['login'],
            principal: 'etl',
            renewal: 'automatic',
            cap: { kind: 'login', reason: '' },
            missing: 'skipped',
          },
        ],
      }),
    );
    expect(text.split('\n')).to.deep.equal([
      '',
      'What ends when',
      '  identity        does not end',
      '    needs no renewal. Long-lived keys do not end.',
      '  redshift        15:04:05 UTC (in 59 min 59 s)',
      '    renewed ahead of its end by sts:AssumeRole from identity. One hour.',
      '',
      '0 passed, 1 to look at, 0 failed in 1.2 s',
    ]);
  });
});
