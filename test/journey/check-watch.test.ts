import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { GetRoleCommand, IAMClient, PutUserPolicyCommand, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { expect } from 'chai';
import type { CheckReport } from '../../src/operations/check/report.ts';
import type { Candidate } from '../../src/operations/diagnose/diagnosis.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';

const ADMIN = { id: 'AKIASANDBOXADMIN00001', secret: 'sandbox+admin+not+a+real+secret+0001' };

interface Round {
  readonly ok: boolean;
  readonly changed: readonly string[];
  readonly report: CheckReport;
}

describe('a check that watches while an administrator mends', () => {
  let world: TestWorld;
  before(async function () {
    this.timeout(60_000);
    world = await openWorld({
      ...standardWorld((_, account) => {
        account.users!.push({
          name: 'admin',
          accessKeys: [ADMIN],
          policies: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'iam:*', Resource: '*' }] }],
        } as never);
        // Neither side: the user may assume nothing, and the role trusts the machines only.
        account.users!.find(({ name }) => name === 'etl-agent')!.policies = [];
        const { trust } = account.roles!.find(({ name }) => name === 'RedshiftLogin')!;
        trust.Statement = [
          { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'sts:AssumeRole' },
        ];
      }),
      iamPropagationSeconds: 1,
    });
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  /** Does what the doctor says, and nothing else. */
  async function apply({ document, holder, statement }: Candidate): Promise<void> {
    const iam = new IAMClient({
      endpoint: world.awsEndpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: ADMIN.id, secretAccessKey: ADMIN.secret },
    });
    try {
      if (document === 'trust') {
        const { Role } = await iam.send(new GetRoleCommand({ RoleName: holder.name }));
        const trust = JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')) as { Statement: unknown[] };
        trust.Statement.push(statement);
        const PolicyDocument = JSON.stringify(trust);
        await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: holder.name, PolicyDocument }));
        return;
      }
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
      await iam.send(new PutUserPolicyCommand({ UserName: holder.name, PolicyName: 'doctor', PolicyDocument }));
    } finally {
      iam.destroy();
    }
  }

  it('turns green by the first statement that it prints, a moment after it was applied', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roleshift-test-'));
    const file = join(folder, 'connection.json');
    const { values } = world.connection('keys-etl-agent');
    await writeFile(file, JSON.stringify({ ...values, iamEndpoint: world.awsEndpoint }), { mode: 0o600 });
    const args = ['dist/cli/main.js', 'check', '-c', file, '--watch', '--json', '--timeout', '40'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const rounds: Round[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        const round = JSON.parse(line) as Round;
        rounds.push(round);
        if (rounds.length > 1) continue;
        const { steps } = round.report;
        const [candidate] = steps.find(({ id }) => id === 'role:redshift')?.error?.diagnosis?.candidates ?? [];
        await apply(candidate!);
      }
      const [status] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
      expect(status).to.equal(0);
      expect(rounds[0]?.ok).to.equal(false);
      expect(rounds.some(({ changed }) => changed.includes('role:redshift') && changed.includes('session'))).to.equal(
        true,
      );
      expect(rounds.at(-1)?.report.steps.filter(({ verdict }) => verdict === 'fail')).to.deep.equal([]);
    } finally {
      child.kill();
      await rm(folder, { recursive: true });
    }
  });

  it('ends by Ctrl-C with status 130, and leaves no staged file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roleshift-test-'));
    const file = join(folder, 'connection.json');
    await writeFile(file, JSON.stringify({ ...world.connection('keys-etl-agent').values, port: 9 }), { mode: 0o600 });
    const child = spawn(process.execPath, ['dist/cli/main.js', 'check', '-c', file, '--watch'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        if (line.includes('looking again')) child.kill('SIGINT');
      }
      const [status] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
      expect(status).to.equal(130);
      const calls = async (action: string): Promise<number> => (await world.calls(action)).length;
      expect(await calls('s3:DeleteObjects')).to.be.at.least(1);
    } finally {
      child.kill();
      await rm(folder, { recursive: true });
    }
  });
});
