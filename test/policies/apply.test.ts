import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { openRun } from '../../src/core/run.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { check } from '../../src/operations/check.ts';
import { read } from '../../src/operations/read.ts';
import { type PolicySet, policies } from '../../src/policies/policies.ts';
import { verifyPolicies } from '../../src/policies/verify.ts';
import { openWorld, type TestWorld } from '../harness.ts';
import { AppliedWorld, type Dropped } from './applied-world.ts';
import { stopsAt, TOPOLOGIES, type Topology, trustStopsAt } from './topologies.ts';

/** One way in with everything, or with one statement less. */
interface Variant {
  readonly title: string;
  readonly set: PolicySet;
  readonly dropped?: Dropped;
  readonly values: ConnectionInput;
  readonly machine?: string;
}

function variantsOf(topology: Topology, at: number, applied: AppliedWorld): readonly Variant[] {
  const whole = policies(topology.connection('x'), topology.extras('x'));
  const statements = whole.documents.flatMap((document, index) =>
    document.statements.map(({ statement: { Sid } }) => ({ index, Sid })),
  );
  return [undefined, ...statements].map((drop, number) => {
    const tag = `t${at}v${number}`;
    const connection = topology.connection(tag);
    const extras = topology.extras(tag);
    const set = policies(connection, extras);
    const document = drop && set.documents[drop.index];
    const dropped = drop && document && { document, sid: drop.Sid };
    if (topology.bucketAccount !== undefined) applied.bucket(topology.bucketAccount, `bucket-${tag}`);
    applied.apply(set, dropped);
    const identity = extras.identityArn ?? '';
    const keys = identity.includes(':user/') ? applied.user(identity.split(':')[4]!, identity.split('/')[1]!) : {};
    const machineRole = topology.machineRole?.(tag);
    if (machineRole !== undefined) applied.machine(tag, machineRole);
    return {
      title:
        dropped === undefined
          ? 'is enough'
          : `without ${dropped.sid} of ${dropped.document.holder.kind} ${dropped.document.holder.name.replace(`-${tag}`, '')} (${dropped.document.kind})`,
      set,
      ...(dropped === undefined ? {} : { dropped }),
      values: { ...connection, ...keys },
      ...(machineRole === undefined ? {} : { machine: tag }),
    };
  });
}

/** The first step that fails on the real way: every hop of the check, COPY among them, and an UNLOAD. */
async function walk(world: TestWorld, { values, machine }: Variant): Promise<string> {
  const cluster = world.clusters['warehouse']!;
  const options = resolveOptions({
    ...values,
    ...(values.host === undefined ? {} : { host: cluster.host }),
    port: cluster.port,
    caFile: cluster.caFile,
    stsEndpoint: world.awsEndpoint,
    ...(values.authType === 'assumeRole' ? { redshiftEndpoint: world.awsEndpoint } : {}),
    ...(values.useStaging === true ? { s3Endpoint: world.awsEndpoint } : {}),
  });
  const environment =
    machine === undefined ? {} : { AWS_EC2_METADATA_SERVICE_ENDPOINT: world.metadataEndpoints[machine]?.imds ?? '' };
  await using access = openAccess(planAccess(options), { environment, clock: world.clock });
  await using database = openDatabase(access, options);
  const connection = { options, access, database, workDirectory: tmpdir() };
  const run = openRun({ clock: world.clock });
  const { steps } = await check(connection, { environment: {} }, run);
  const failed = steps.find(({ verdict }) => verdict === 'fail');
  if (failed !== undefined) return failed.id;
  if (values.useStaging === true) {
    try {
      for await (const batch of read(connection, { query: 'select 1 as n', mode: 'staged' }, run))
        expect(batch.rowCount).to.equal(1);
    } catch {
      return 'unload';
    }
  }
  return 'the end';
}

for (const [at, topology] of TOPOLOGIES.entries()) {
  describe(`Policies applied to an empty world: ${topology.title}`, () => {
    const applied = new AppliedWorld();
    const variants = variantsOf(topology, at, applied);
    let world: TestWorld;
    before(async function () {
      this.timeout(60_000);
      world = await openWorld(applied.world(topology.clusterAccount));
    });
    after(async () => {
      await world?.[Symbol.asyncDispose]();
    });

    for (const variant of variants) {
      const { dropped, set, title } = variant;
      it(title, async function () {
        this.timeout(30_000);
        const reached = await walk(world, variant);
        if (dropped === undefined) {
          expect(reached).to.equal('the end');
          return;
        }
        const { document, sid } = dropped;
        const actual = set.documents.map((each) => ({
          kind: each.kind,
          holder: each.holder.arn,
          source: each.name,
          document: {
            ...each.document,
            Statement: each.document.Statement.filter(({ Sid }) => each !== document || Sid !== sid),
          },
        }));
        const report = verifyPolicies(set, { policies: actual, listedAccounts: new Set() });
        expect(report.missing.map((missing) => [missing.holder, missing.sid])).to.deep.equal([
          [document.holder.arn, sid],
        ]);
        expect(report.excess).to.deep.equal([]);
        const [{ effect } = { effect: '' }] = report.missing;
        const stop =
          document.kind === 'trust' && sid.startsWith('Trust') && stopsAt(sid) === ''
            ? trustStopsAt(document.holder.name)
            : stopsAt(sid);
        expect({ effect, reached }).to.deep.equal(
          effect === 'redundant' ? { effect, reached: 'the end' } : { effect: 'breaks', reached: stop },
        );
      });
    }
  });
}
