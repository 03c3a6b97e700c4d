import { expect } from 'chai';
import { openWorld, type TestWorld } from '../harness.ts';
import { AppliedWorld, type Dropped } from './applied-world.ts';
import { ENCRYPTED, LOGINS, MORE_LOGINS, stopsAt, TOPOLOGIES, type Topology, trustStopsAt } from './topologies.ts';
import { droppedValue, reportOf, variantsOf } from './variants.ts';
import { walk } from './walk.ts';

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
  'StagingKey kms:Decrypt': 'staging:get',
  'CopyKey kms:GenerateDataKey': 'staging:unload',
  // Used when an upload breaks off, and the sandbox tells the region of a bucket without being asked.
  'StagingFiles s3:AbortMultipartUpload': 'the end',
  'CopyBucket s3:GetBucketLocation': 'the end',
};

/** A world each, and one for the plain logins together. */
const WORLDS: ReadonlyArray<readonly Topology[]> = [
  ...[...TOPOLOGIES, ...ENCRYPTED, ...MORE_LOGINS].map((topology) => [topology]),
  LOGINS,
];

for (const [at, topologies] of WORLDS.entries()) {
  const [{ title: only, clusterAccount }] = topologies as [Topology];
  describe(`Without each statement, action and resource: ${topologies.length === 1 ? only : 'plain logins'}`, () => {
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
      it(variant.title, async function () {
        this.timeout(30_000);
        const { dropped } = variant;
        const reached = await walk(world, variant);
        const effect = dropped && reportOf(variant).missing[0]?.effect;
        const stops = dropped === undefined || effect === 'redundant' ? 'the end' : stopOf(dropped);
        expect({ effect, reached }).to.deep.equal({ effect, reached: stops });
      });
    }
  });
}
