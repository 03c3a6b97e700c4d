import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type ActualFile, readActualPolicies } from '../../src/policies/actual-policies.ts';
import { type PolicySet, policies, renderPolicies } from '../../src/policies/policies.ts';
import { verifyPolicies } from '../../src/policies/verify.ts';
import type { World, WorldRole } from '../../src/sandbox/world.ts';
import { INSTALL_LIMIT_MS } from '../clients/install.ts';
import { pythonWithClients } from '../clients/python.ts';
import { type Finished, runCommand } from '../clients/run-command.ts';
import { openWorld, type TestWorld } from '../harness.ts';
import { AWAY, HOME, LOGINS, MORE_LOGINS, STORE, TOPOLOGIES, type Topology, WORKGROUP_ID } from './topologies.ts';
import { walk } from './walk.ts';

const ACCOUNTS = [HOME, AWAY, STORE];
/** The one thing that is there besides: a key, whose policy leaves it to IAM who uses it, as a new key's does. */
const KEY_ID = '1234abcd-12ab-34cd-56ef-1234567890ab';

const WITH_KEY: Topology = {
  title: 'a KMS key for the staged files, IAM user, same account',
  clusterAccount: HOME,
  bucketAccount: HOME,
  connection: (tag) => ({ ...TOPOLOGIES[0]!.connection(tag), kmsKeyId: KEY_ID }),
  extras: (tag) => TOPOLOGIES[0]!.extras(tag),
};

const ALL: readonly Topology[] = [
  WITH_KEY,
  ...TOPOLOGIES,
  ...MORE_LOGINS,
  ...LOGINS.filter(({ title }) => /^machine, (?:same account, no|other account, an) external id$/.test(title)),
];

const adminKey = (account: string) => ({ id: `AKIAADMIN${account.slice(0, 11)}`, secret: `not/a/secret/${account}` });
const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** Stands where a machine's role will be: a world wants it declared. The first thing that is done is to delete it. */
const nobodysRole = (name: string): WorldRole => ({
  name,
  trust: { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' }] },
});

/** An administrator in each account, a cluster, a workgroup, buckets and machines; no other user, no policy, no role attached. */
function emptyWorld(clusterAccount: string, ways: readonly (readonly [Topology, tag: string])[]): World {
  const machines = ways.flatMap(([{ machineRole }, tag]) => (machineRole ? [{ tag, role: machineRole(tag) }] : []));
  return {
    region: 'us-east-1',
    accounts: ACCOUNTS.map((id) => ({
      id,
      users: [
        {
          name: 'administrator',
          accessKeys: [adminKey(id)],
          managedPolicies: ['arn:aws:iam::aws:policy/AdministratorAccess'],
        },
      ],
      roles: machines.filter(({ role }) => role.split(':')[4] === id).map(({ role }) => nobodysRole(nameOf(role))),
      buckets: ways.filter(([{ bucketAccount }]) => bucketAccount === id).map(([, tag]) => ({ name: `bucket-${tag}` })),
      ...(id === HOME ? { kmsKeys: [{ id: KEY_ID }] } : {}),
      ...(id === clusterAccount
        ? {
            clusters: [
              {
                id: 'warehouse',
                groups: ['loaders', 'readers'],
                users: [
                  { name: 'awsuser', superuser: true },
                  { name: 'etl' },
                  { name: 'reporting', password: 'Sandbox-Passw0rd' },
                ],
                databases: [{ name: 'dev' }],
              },
            ],
            workgroups: [{ name: 'lake', id: WORKGROUP_ID, databases: [{ name: 'dev' }] }],
          }
        : {}),
    })),
    instances: machines.map(({ tag, role }) => ({ name: tag, kind: 'ec2' as const, role })),
  };
}

for (const clusterAccount of [HOME, AWAY]) {
  const ways = ALL.filter((each) => each.clusterAccount === clusterAccount).map(
    (topology, at) => [topology, `n${at}`] as const,
  );

  describe(`From nothing, by the printed scripts alone, cluster of account ${clusterAccount}`, () => {
    let world: TestWorld;
    let cli: string;
    let folder: string;
    before(async function () {
      this.timeout(INSTALL_LIMIT_MS);
      // Another AWS CLI, such as one of version 2, may be named; version 1 comes from PyPI.
      const command = process.env['ROLESHIFT_TEST_AWS_CLI'] ?? `'${await pythonWithClients()}' -m awscli`;
      folder = await mkdtemp(join(tmpdir(), 'roleshift-nothing-'));
      world = await openWorld(emptyWorld(clusterAccount, ways));
      cli = join(folder, 'aws');
      await writeFile(cli, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
    });
    after(async () => {
      await world?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    const run = (account: string, command: string, ...args: string[]): Promise<Finished> => {
      const { id, secret } = adminKey(account);
      return runCommand(command, args, {
        limitMs: 120_000,
        environment: {
          PATH: `${folder}:${process.env['PATH'] ?? ''}`,
          HOME: folder,
          AWS_ENDPOINT_URL: world.awsEndpoint,
          AWS_ACCESS_KEY_ID: id,
          AWS_SECRET_ACCESS_KEY: secret,
          AWS_EC2_METADATA_DISABLED: 'true',
        },
      });
    };
    const aws = async (account: string, ...args: string[]): Promise<string> => {
      const { status, stdout, stderr } = await run(account, cli, '--region', 'us-east-1', ...args);
      expect({ status, stderr }, args.join(' ')).to.deep.equal({ status: 0, stderr: '' });
      return stdout;
    };
    /** The scripts in their order, as they are printed. */
    async function apply(set: PolicySet, tag: string): Promise<readonly string[]> {
      const said: string[] = [];
      for (const { name, content } of renderPolicies(set, 'cli', { explain: true })) {
        if (!name.endsWith('.sh')) continue;
        const path = join(folder, `${tag}-${name}`);
        await writeFile(path, content);
        const { status, stderr } = await run(/-(\d{12})\.sh$/.exec(name)?.[1] ?? '', 'bash', path);
        expect({ status, stderr }, name).to.deep.equal({ status: 0, stderr: '' });
        said.push(name);
      }
      return said;
    }

    for (const [topology, tag] of ways) {
      it(`the check is green: ${topology.title}`, async function () {
        this.timeout(300_000);
        const connection = topology.connection(tag);
        const extras = topology.extras(tag);
        const set = policies(connection, extras);
        const machineRole = topology.machineRole?.(tag);
        if (machineRole !== undefined) {
          await aws(machineRole.split(':')[4]!, 'iam', 'delete-role', '--role-name', nameOf(machineRole));
        }
        expect(await apply(set, tag)).to.not.deep.equal([]);
        const variant = {
          title: '',
          set,
          values: { ...connection, ...(await keysOf(extras.identityArn)) },
          ends: topology.ends ?? 'warehouse',
          ...(machineRole === undefined ? {} : { machine: tag }),
        };
        expect(await walk(world, variant)).to.equal('the end');
        if (/KMS|EC2 role through/.test(topology.title)) {
          // A second run finds everything as it should be.
          await apply(set, tag);
          expect(await walk(world, variant)).to.equal('the end');
        }
      });
    }

    it('what the AWS CLI then lists of the accounts is all that policies verify asks for', async function () {
      this.timeout(120_000);
      const files: ActualFile[] = [];
      for (const account of ACCOUNTS) {
        const text = await aws(
          account,
          'iam',
          'get-account-authorization-details',
          '--page-size',
          '3',
          '--output',
          'json',
        );
        files.push({ name: `${account}.json`, text });
      }
      for (const [topology, tag] of ways) {
        const set = policies(topology.connection(tag), topology.extras(tag));
        const { missing, notGiven } = verifyPolicies(set, readActualPolicies(files, set.documents));
        const elsewhere = notGiven.filter(({ kind }) => kind === 'permissions' || kind === 'trust');
        expect({ missing, elsewhere }, topology.title).to.deep.equal({ missing: [], elsewhere: [] });
      }
    });

    /** The one thing that a policy does not make: keys for the user. */
    async function keysOf(identityArn = ''): Promise<{ accessKeyId?: string; secretAccessKey?: string }> {
      if (!identityArn.includes(':user/')) return {};
      const command = ['iam', 'create-access-key', '--output', 'json', '--user-name', nameOf(identityArn)];
      const answer = await aws(identityArn.split(':')[4]!, ...command);
      const { AccessKey } = JSON.parse(answer) as { AccessKey: Record<'AccessKeyId' | 'SecretAccessKey', string> };
      return { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
    }
  });
}
