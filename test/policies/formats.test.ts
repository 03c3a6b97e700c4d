import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { policies } from '../../src/policies/policies.ts';
import { POLICY_FORMATS, renderPolicies } from '../../src/policies/render.ts';
import { AGENT, byRole, SETS, STAGING } from './sets.ts';

const [, SET] = SETS.find(([title]) => title === 'a key and a bucket of another account')!;
const [, UNKNOWN] = SETS.find(([title]) => title === 'nothing known')!;

describe('Formats of policies', () => {
  for (const format of POLICY_FORMATS) {
    it(`${format}: a README, and every document of every connection in some file`, () => {
      for (const [, set] of SETS) {
        const [readme, ...files] = renderPolicies(set, format);
        expect(readme?.name).to.equal('README.md');
        const all = files.map(({ content }) => content).join('\n');
        for (const { document, holder } of set.documents) {
          if (format === 'cloudformation' && (holder.kind === 'identity' || holder.kind === 'key')) continue;
          for (const { Sid } of document.Statement) expect(all, Sid).to.include(Sid);
          expect(readme?.content).to.include(`\`${holder.name}\``);
        }
      }
    });

    it(`${format}: reasons and pages where they are asked for, and only there`, () => {
      const texts = (explain: boolean): string =>
        renderPolicies(SET, format, { explain })
          .map(({ content }) => content)
          .join('\n');
      for (const { reason, page } of SET.documents.flatMap(({ statements }) => statements)) {
        expect(texts(true)).to.include(reason).and.include(page);
        expect(texts(false)).to.not.include(reason);
      }
    });
  }

  it('json: each file is the document itself', () => {
    const files = renderPolicies(SET, 'json').filter(({ name }) => name.endsWith('.json'));
    expect(files.map(({ content }) => JSON.parse(content))).to.deep.equal(
      SET.documents.map(({ document }) => document),
    );
  });

  it('cloudformation: one template an account; a policy waits for the role it belongs to', () => {
    const files = renderPolicies(SET, 'cloudformation').filter(({ name }) => name.endsWith('.json'));
    expect(files.map(({ name }) => name)).to.deep.equal(['111122223333-template.json', '444455556666-template.json']);
    const { Resources } = JSON.parse(files[0]!.content) as {
      Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
    };
    expect(Object.entries(Resources).map(([name, { Type }]) => [name, Type])).to.deep.equal([
      ['UserEtlAgentPolicy', 'AWS::IAM::UserPolicy'],
      ['RoleRedshiftLogin', 'AWS::IAM::Role'],
      ['RoleRedshiftLoginPolicy', 'AWS::IAM::RolePolicy'],
      ['RoleWarehouseCopy', 'AWS::IAM::Role'],
      ['RoleWarehouseCopyPolicy', 'AWS::IAM::RolePolicy'],
    ]);
    expect(Resources['RoleRedshiftLoginPolicy']?.Properties['RoleName']).to.deep.equal({ Ref: 'RoleRedshiftLogin' });
  });

  it('terraform: what is a template to Terraform is none to IAM', () => {
    const [, pinned] = SETS.find(([title]) => title.startsWith('EC2 role through'))!;
    const all = renderPolicies(pinned, 'terraform')
      .map(({ content }) => content)
      .join('\n');
    expect(all).to.include('"*:$${redshift:DbUser}"');
  });

  it('cli: scripts that a shell reads, and that stop at a placeholder before any call', () => {
    for (const [, set] of SETS) {
      for (const { name, content } of renderPolicies(set, 'cli', { explain: true })) {
        if (name.endsWith('.sh')) execFileSync('bash', ['-n'], { input: content });
      }
    }
    const [script] = renderPolicies(UNKNOWN, 'cli').filter(({ name }) => name.endsWith('.sh'));
    const aws = 'aws() { echo CALLED; }\n';
    expect(() => execFileSync('bash', ['-s'], { input: aws + script!.content, stdio: 'pipe' })).to.throw(
      /fill them in/,
    );
  });

  it('cli: an existing trust policy is replaced only when told to', () => {
    const [script] = renderPolicies(SET, 'cli').filter(({ name }) => name.endsWith('.sh'));
    const aws = 'aws() { echo "$2" >&2; echo "$ACCOUNT"; }\n'; // everything exists
    const run = (REPLACE: string, ACCOUNT = '111122223333'): { status: number; calls: string } => {
      try {
        const calls = execFileSync('bash', ['-s'], {
          input: `exec 2>&1\n${aws}${script!.content}`,
          env: { ...process.env, REPLACE, ACCOUNT },
          stdio: 'pipe',
        });
        return { status: 0, calls: calls.toString() };
      } catch (error) {
        const { status, stdout } = error as { status: number; stdout: Buffer };
        return { status, calls: stdout.toString() };
      }
    };
    const left = run('0');
    expect(left.status).to.equal(1);
    expect(left.calls).to.include('Role RedshiftLogin exists').and.not.include('update-assume-role-policy');
    expect(left.calls)
      .to.match(/Not done: trust of RedshiftLogin.*\.\n$/)
      .and.not.include('Done:');
    const done = run('1');
    expect(done.status).to.equal(0);
    expect(done.calls).to.match(/\nDone: account 111122223333 has what this script holds for it\.\n$/);
    const strange = run('1', '999999999999');
    expect(strange.status).to.equal(2);
    expect(strange.calls).to.include('credentials of account 999999999999').and.not.include('put-user-policy');
  });

  it('grants: a name with line breaks stays a name, and a comment a comment', () => {
    const username = 'e\ndrop table t; --\r\'"';
    const set = policies(
      { host: 'lake.abc123.us-west-2.redshift.amazonaws.com', database: 'dev', username, ...STAGING },
      { copyForUserOnly: true, identityArn: AGENT },
    );
    const grants = renderPolicies(set, 'cli').find(({ name }) => name === 'grants.sql')!.content;
    // Quoted names and comments away, the two statements are left.
    const rest = grants.replaceAll(/"(?:[^"]|"")*"|--[^\n\r]*/g, (text) => (text.startsWith('--') ? '' : '"name"'));
    expect(rest.split(/[\n\r]+/).filter((line) => line !== '')).to.deep.equal([
      'REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL;',
      'GRANT ASSUMEROLE ON \'arn:aws:iam::111122223333:role/WarehouseCopy\' TO "name" FOR COPY, UNLOAD;',
    ]);
  });

  it('inline policies of two connections with the same role do not replace each other', () => {
    const namesOf = (database: string): string[] => {
      const files = renderPolicies(policies(byRole({ database }), { identityArn: AGENT }), 'cli');
      return files.flatMap(({ content }) => [...content.matchAll(/--policy-name (\S+)/g)].map(([, name]) => name!));
    };
    expect(namesOf('dev')).to.deep.equal(Array(2).fill("'roleshift-warehouse-dev-etl'"));
    expect(namesOf('sales')).to.deep.equal(Array(2).fill("'roleshift-warehouse-sales-etl'"));
  });

  it('cli: what a shell would run is text to it', () => {
    const username = '$(touch x) `touch x` \' " ; touch x #';
    const set = policies(
      { host: 'lake.abc123.us-west-2.redshift.amazonaws.com', database: 'dev', username, ...STAGING },
      { copyForUserOnly: true, identityArn: AGENT, clusterAccount: '111122223333' },
    );
    const [script] = renderPolicies(set, 'cli', { explain: true }).filter(({ name }) => name.endsWith('.sh'));
    const stubs = 'exec 3>&1; aws() { printf "%s\\n" "$@" >&3; echo 111122223333; }; touch() { echo TOUCHED >&3; }\n';
    const out = execFileSync('bash', ['-s'], { input: stubs + script!.content, env: { ...process.env, REPLACE: '1' } });
    expect(out.toString()).to.include('dbuser:lake/$(touch x) `touch x`').and.not.include('TOUCHED');
  });
});
