import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Candidate } from '../../../src/operations/diagnose/diagnosis.ts';
import { commandToAdd } from '../../../src/operations/diagnose/mends.ts';
import { roleHolder } from '../../../src/policies/holders.ts';
import { INSTALL_LIMIT_MS } from '../../clients/install.ts';
import { pythonWithClients } from '../../clients/python.ts';
import { type Finished, runCommand } from '../../clients/run-command.ts';
import { openWorld, type TestWorld } from '../../harness.ts';
import { AppliedWorld } from '../../policies/applied-world.ts';
import { AWAY, HOME, STORE, TOPOLOGIES } from '../../policies/topologies.ts';
import { reportOf, type Variant, variantsOf } from '../../policies/variants.ts';
import { Way } from '../../policies/walk.ts';

/** Users, groups, an external id, a source identity; an intermediate role, another account's bucket, chained COPY roles. */
const WAYS = TOPOLOGIES.filter(({ title }) => /^IAM user, another|^EC2 role/.test(title));

/** What the comment of a bucket's command asks of a person: `add the statement to the list in FILE`. */
function merging(command: string, statement: string): string {
  const merge = `const fs = require('fs'); const [file, statement] = process.argv.slice(1); const policy = JSON.parse(fs.readFileSync(file)); policy.Statement = [policy.Statement].flat().concat(JSON.parse(statement)); fs.writeFileSync(file, JSON.stringify(policy));`;
  return command.replace(
    /^# add the statement to the list in ([a-z]+\.json).*$/m,
    (_, file: string) => `'${process.execPath}' -e "${merge.replaceAll('"', '\\"')}" ${file} '${statement}'`,
  );
}

describe('What the doctor prints, done as printed', () => {
  const applied = new AppliedWorld({ readsIam: true });
  const variants = WAYS.flatMap((topology, at) => variantsOf(topology, `m${at}`, applied, { parts: false }));
  const administrators = new Map([HOME, AWAY, STORE].map((account) => [account, applied.administrator(account)]));
  let world: TestWorld;
  let folder: string;
  let python: string;
  before(async function () {
    this.timeout(INSTALL_LIMIT_MS);
    expect(WAYS).to.have.length(2);
    python = await pythonWithClients();
    world = await openWorld(applied.world(AWAY));
    folder = await mkdtemp(join(tmpdir(), 'roleshift-mends-'));
    await writeFile(join(folder, 'aws'), `#!/bin/sh\nexec '${python}' -m awscli --region us-east-1 "$@"\n`, {
      mode: 0o755,
    });
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  /** A machine tells its role without the account. */
  function done({ command, holder, statement }: Candidate): Promise<Finished> {
    const { accessKeyId, secretAccessKey } = administrators.get(holder.account) ?? administrators.get(HOME)!;
    const script = `set -e\ncd '${folder}'\n${merging(command, JSON.stringify(statement))}\n`;
    return runCommand('bash', ['-c', script], {
      limitMs: 60_000,
      environment: {
        PATH: `${folder}:${process.env['PATH'] ?? ''}`,
        HOME: folder,
        AWS_ENDPOINT_URL: world.awsEndpoint,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_EC2_METADATA_DISABLED: 'true',
      },
    });
  }

  async function firstFailure(variant: Variant) {
    await using way = new Way(world, variant);
    return await way.firstFailure();
  }

  const statement = (Sid: string, more: object = {}) => ({ Sid, Effect: 'Allow' as const, ...more });
  const added = statement('TrustAgent', { Action: 'sts:AssumeRole', Principal: { AWS: "it's `odd`" } });
  for (const [title, before, after] of [
    ['one of the same Sid goes', [statement('TrustAgent'), statement('Other')], [statement('Other'), added]],
    ['one without a Sid stays', [{ Effect: 'Deny' }], [{ Effect: 'Deny' }, added]],
    ['one that stands without a list stays', statement('Other'), [statement('Other'), added]],
    ['the only one goes', statement('TrustAgent'), [added]],
    ['none is there', [], [added]],
  ] as const) {
    it(`adds a statement to a trust policy: ${title}`, async () => {
      const holder = roleHolder('arn:aws:iam::111122223333:role/Login');
      const command = commandToAdd(holder, 'trust', added, { policyName: 'p', partition: 'aws' });
      const existing = JSON.stringify({ Role: { AssumeRolePolicyDocument: { Statement: before } } });
      // An AWS CLI of two commands: the query is that of its own library, the update is what is looked at.
      const aws = `aws() { if [ "$2" = get-role ]; then '${python}' -c 'import jmespath,json,sys; print(json.dumps(jmespath.search(sys.argv[2], json.loads(sys.argv[1]))))' "$existing" "$8"; else echo "$6"; fi; }`;
      const { stdout, stderr } = await runCommand('bash', ['-c', `${aws}\n${command}`], {
        limitMs: 10_000,
        environment: { PATH: process.env['PATH'] ?? '', existing },
      });
      expect(JSON.parse(stdout || '{}'), stderr).to.deep.equal({ Version: '2008-10-17', Statement: after });
    });
  }

  for (const variant of variants.filter(({ dropped }) => dropped !== undefined)) {
    it(`makes the check green again: ${variant.title}`, async function () {
      this.timeout(90_000);
      const failed = await firstFailure(variant);
      if (failed === undefined) {
        expect(reportOf(variant).missing[0]?.effect).to.equal('redundant');
        return;
      }
      const [candidate, ...others] = failed.error?.diagnosis?.candidates ?? [];
      expect(others).to.deep.equal([]);
      const { status, stderr } = await done(candidate!);
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
      const again = await firstFailure(variant);
      expect(again && `${again.id}: ${again.error?.message}`).to.equal(undefined);
    });
  }
});
