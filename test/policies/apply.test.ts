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
import { listOf, type PolicyStatement } from '../../src/policies/document.ts';
import { type PolicySet, policies } from '../../src/policies/policies.ts';
import { verifyPolicies } from '../../src/policies/verify.ts';
import { openWorld, type TestWorld } from '../harness.ts';
import { AppliedWorld, type Dropped, statementsWithout } from './applied-world.ts';
import { LOGINS, stopsAt, TOPOLOGIES, type Topology, trustStopsAt } from './topologies.ts';

/** One way in with everything, or with one statement, action or resource less. */
interface Variant {
  readonly title: string;
  readonly set: PolicySet;
  readonly dropped?: Dropped;
  readonly values: ConnectionInput;
  readonly machine?: string;
}

function variantsOf(topology: Topology, at: string, applied: AppliedWorld): readonly Variant[] {
  const whole = policies(topology.connection('x'), topology.extras('x'));
  const statements = whole.documents.flatMap((document, index) =>
    document.statements.flatMap(({ statement }) => [
      { index, Sid: statement.Sid, part: undefined },
      ...partsOf(statement).map((part) => ({ index, Sid: statement.Sid, part })),
    ]),
  );
  return [undefined, ...statements].map((drop, number) => {
    const tag = `t${at}v${number}`;
    const connection = topology.connection(tag);
    const extras = topology.extras(tag);
    const set = policies(connection, extras);
    const document = drop && set.documents[drop.index];
    const dropped = drop && document && { document, sid: drop.Sid, ...(drop.part && { part: drop.part }) };
    if (topology.bucketAccount !== undefined) applied.bucket(topology.bucketAccount, `bucket-${tag}`);
    applied.apply(set, dropped);
    const identity = extras.identityArn ?? '';
    const keys = identity.includes(':user/') ? applied.user(identity.split(':')[4]!, identity.split('/')[1]!) : {};
    const machineRole = topology.machineRole?.(tag);
    if (machineRole !== undefined) applied.machine(tag, machineRole);
    return {
      title: dropped === undefined ? 'is enough' : titleOf(dropped, tag),
      set,
      ...(dropped === undefined ? {} : { dropped }),
      values: { ...connection, ...keys },
      ...(machineRole === undefined ? {} : { machine: tag }),
    };
  });
}

function partsOf(statement: PolicyStatement): readonly NonNullable<Dropped['part']>[] {
  return (['Action', 'Resource'] as const).flatMap((element) => {
    const values = listOf(statement[element]);
    return values.length < 2 ? [] : values.map((_, at) => ({ element, at }));
  });
}

function droppedValue({ document, sid, part }: Dropped): string | undefined {
  const statement = document.document.Statement.find(({ Sid }) => Sid === sid);
  return part && listOf(statement?.[part.element])[part.at];
}

function titleOf(dropped: Dropped, tag: string): string {
  const { document, sid } = dropped;
  const part = droppedValue(dropped)?.split(':').slice(-2).join(':');
  const place = `${document.holder.kind} ${document.holder.name} (${document.kind})`;
  return `without ${part === undefined ? '' : `${part} in `}${sid} of ${place}`.replaceAll(`-${tag}`, '');
}

/** Where it stops without what was dropped. Parts of a statement may be missed later than the whole. */
function stopOf(dropped: Dropped): string {
  const { document, sid } = dropped;
  const later = LATER[`${sid} ${droppedValue(dropped)}`];
  if (later !== undefined) return later;
  return document.kind === 'trust' && stopsAt(sid) === '' ? trustStopsAt(document.holder.name) : stopsAt(sid);
}

const LATER: Readonly<Record<string, string>> = {
  'StagingFiles s3:GetObject': 'staging:get',
  'StagingFiles s3:DeleteObject': 'staging:delete',
  // Used when an upload breaks off, and the sandbox tells the region of a bucket without being asked.
  'StagingFiles s3:AbortMultipartUpload': 'the end',
  'CopyBucket s3:GetBucketLocation': 'the end',
};

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

/** A world each, and one for the plain logins together. */
const WORLDS: ReadonlyArray<readonly Topology[]> = [...TOPOLOGIES.map((topology) => [topology]), LOGINS];

for (const [at, topologies] of WORLDS.entries()) {
  const [{ title: only, clusterAccount }] = topologies as [Topology];
  describe(`Policies applied to an empty world: ${topologies.length === 1 ? only : 'plain logins'}`, () => {
    const applied = new AppliedWorld();
    const variants = topologies.flatMap((topology, index) =>
      variantsOf(topology, `${at}-${index}`, applied).map((variant) =>
        topologies.length === 1 ? variant : { ...variant, title: `${topology.title}: ${variant.title}` },
      ),
    );
    let world: TestWorld;
    before(async function () {
      this.timeout(60_000);
      world = await openWorld(applied.world(clusterAccount));
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
          document: { Statement: statementsWithout(each, dropped) },
        }));
        const report = verifyPolicies(set, { policies: actual, listedAccounts: new Set(), unread: [] });
        expect(report.missing.map((missing) => [missing.holder, missing.sid])).to.deep.equal([
          [document.holder.arn, sid],
        ]);
        expect(report.excess).to.deep.equal([]);
        const [{ effect } = { effect: '' }] = report.missing;
        expect({ effect, reached }).to.deep.equal(
          effect === 'redundant' ? { effect, reached: 'the end' } : { effect: 'breaks', reached: stopOf(dropped) },
        );
      });
    }
  });
}
