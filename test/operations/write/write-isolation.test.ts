import { expect } from 'chai';
import { openRun } from '../../../src/core/run.ts';
import { sql } from '../../../src/sql/sql.ts';
import { openWriteWorld, sharedWriteWorld, type WriteWorld } from './write-world.ts';

for (const isolation of ['snapshot', 'serializable'] as const) {
  describe(`write: several at once under ${isolation.toUpperCase()}`, () => {
    let on: WriteWorld;
    before(async () => {
      on =
        isolation === 'snapshot'
          ? await sharedWriteWorld()
          : await openWriteWorld((_world, _account, cluster) => {
              cluster.isolation = isolation;
            });
    });
    after(async () => {
      if (isolation === 'serializable') await on[Symbol.asyncDispose]();
    });

    it('runs of their own into one table are all applied', async () => {
      await on.table('shared', 'id INTEGER PRIMARY KEY, writer INTEGER');
      const upsert = (writer: number) =>
        on.write(
          { object: 'sales.shared', operation: 'upsert' },
          Array.from({ length: 20 }, (_, index) => ({ id: writer * 10 + index, writer })),
        );
      const reports = await Promise.all([0, 1, 2, 3].map(upsert));
      expect(reports.map(({ rows }) => rows.loaded)).to.deep.equal([20, 20, 20, 20]);
      // Each overlaps the next by ten keys: whoever came second found the first one's rows.
      expect(await on.rows('SELECT COUNT(*), COUNT(DISTINCT id) FROM sales.shared')).to.deep.equal([['50', '50']]);
      expect(reports.reduce((sum, { rows }) => sum + rows.inserted, 0)).to.equal(50);
    });

    it('attempts of one run are applied once', async () => {
      await on.table('once_only', 'id INTEGER');
      const attempt = () => on.write({ object: 'sales.once_only' }, [{ id: 1 }, { id: 2 }], { runId: 'same at once' });
      const reports = await Promise.all([attempt(), attempt(), attempt()]);
      expect(reports.filter(({ alreadyApplied }) => alreadyApplied)).to.have.length(2);
      expect(await on.rows('SELECT COUNT(*) FROM sales.once_only')).to.deep.equal([['2']]);
    });

    it('a reader in its own transaction keeps nobody waiting', async () => {
      await on.table('read_by_others', 'id INTEGER');
      await using reader = await on.session();
      const run = openRun();
      const count = sql`SELECT COUNT(*) FROM sales.read_by_others`;
      await reader.run(sql`BEGIN`, run);
      expect((await reader.run(count, run)).rows).to.deep.equal([['0']]);
      // A write that waited for the reader would wait in vain: its transaction ends after the write.
      const report = await on.write({ object: 'sales.read_by_others', lockTimeoutSeconds: 5 }, [{ id: 1 }]);
      expect(report.outcome).to.equal('committed');
      expect((await reader.run(count, run)).rows).to.have.length(1); // it is still there
      await reader.run(sql`COMMIT`, run);
    });
  });
}
