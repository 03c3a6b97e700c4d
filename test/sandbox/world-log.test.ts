import { expect } from 'chai';
import { maskSecrets } from '../../src/sandbox/mask-secrets.ts';
import { createWorldLog, type SessionEntry } from '../../src/sandbox/world-log.ts';

describe('Secrets in statements', () => {
  for (const [sql, shown] of [
    [
      `copy t from 's3://a/b' credentials 'aws_access_key_id=AKIA1;aws_secret_access_key=can''ary' csv`,
      `copy t from 's3://a/b' credentials '***' csv`,
    ],
    [
      `COPY t FROM 's3://a/b' ACCESS_KEY_ID 'AKIA1' SECRET_ACCESS_KEY AS 'canary' SESSION_TOKEN 'canary' CSV`,
      `COPY t FROM 's3://a/b' ACCESS_KEY_ID '***' SECRET_ACCESS_KEY AS '***' SESSION_TOKEN '***' CSV`,
    ],
    [
      `copy t from 's3://a/b' with credentials as 'aws_iam_role=arn;aws_secret_access_key=canary'`,
      `copy t from 's3://a/b' with credentials as '***'`,
    ],
    [`copy t secret_access_key /* a */ -- b\n 'canary'`, `copy t secret_access_key /* a */ -- b\n '***'`],
    [`copy t secret_access_key'canary`, `copy t secret_access_key'***'`],
    [`create user ann password 'Canary-1' in group g`, `create user ann password '***' in group g`],
    [`copy t from 's3://a/b' iam_role 'arn'`, `copy t from 's3://a/b' iam_role 'arn'`],
    [`copy t from 's3://a/b' credentials 'aws_iam_role=arn'`, `copy t from 's3://a/b' credentials 'aws_iam_role=arn'`],
    [`select tokens, 'x' from password_rules`, `select tokens, 'x' from password_rules`],
  ] as const) {
    it(`are not shown: ${shown}`, () => {
      expect(maskSecrets(sql)).to.equal(shown);
    });
  }
});

describe('The log of a world', () => {
  const statement = (text: string): Omit<SessionEntry, 'time'> => ({
    kind: 'statement',
    cluster: 'c',
    database: 'd',
    user: 'u',
    allowed: true,
    text,
  });
  const open = () => createWorldLog({ now: () => 0 });

  it('keeps a long statement in part, and no secret where it is cut', () => {
    const log = open();
    log.add(statement(`copy t ${' '.repeat(262_110)} secret_access_key 'canary-canary'`));
    const [entry] = log.entries();
    expect(JSON.stringify(entry)).to.contain("secret_access_key '***'").and.not.contain('canary');
  });

  it('lets the oldest entries go', () => {
    const log = open();
    for (let count = 0; count <= 20_000; count++) log.add(statement(String(count)));
    const entries = log.entries() as readonly SessionEntry[];
    expect([entries.length, entries[0]?.text, entries.at(-1)?.text]).to.deep.equal([18_001, '2000', '20000']);
  });
});
