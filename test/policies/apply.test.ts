import { expect } from 'chai';
import { openWorld, type TestWorld } from '../harness.ts';
import { AppliedWorld } from './applied-world.ts';
import { AWAY, ENCRYPTED, HOME, LOGINS, MORE_LOGINS, TOPOLOGIES } from './topologies.ts';
import { reportOf, type Variant, variantsOf } from './variants.ts';
import { walk } from './walk.ts';

const ALL = [...TOPOLOGIES, ...ENCRYPTED, ...MORE_LOGINS, ...LOGINS];

for (const account of [HOME, AWAY]) {
  describe(`Policies applied to an empty world, cluster of account ${account}`, () => {
    const applied = new AppliedWorld();
    const ways = ALL.filter(({ clusterAccount }) => clusterAccount === account).map((topology, at) => ({
      title: topology.title,
      variants: variantsOf(topology, `${at}`, applied),
    }));
    let world: TestWorld;
    before(async function () {
      this.timeout(60_000);
      world = await openWorld(applied.world(account));
    });
    after(async () => {
      await world?.[Symbol.asyncDispose]();
    });

    for (const { title, variants } of ways) {
      const [whole, ...others] = variants as [Variant, ...Variant[]];

      it(`are enough: ${title}`, async function () {
        this.timeout(30_000);
        expect(await walk(world, whole)).to.equal('the end');
      });

      // What really stops is walked in apply.full.test.ts.
      it(`are missed by verify, one by one and nothing else: ${title}`, () => {
        for (const variant of others) {
          const { missing, excess, ok } = reportOf(variant);
          const { document, sid } = variant.dropped!;
          expect(missing, variant.title).to.have.length(1);
          expect(missing[0], variant.title).to.deep.include({ holder: document.holder.arn, sid });
          expect(ok, variant.title).to.equal(missing[0]?.effect === 'redundant');
          expect(excess, variant.title).to.deep.equal([]);
        }
      });
    }
  });
}
