import { expect } from 'chai';
import { connector } from '../../src/connector.ts';
import type { OpenConnector } from '../../src/operations/calls/open-connector.ts';
import type { Row } from '../../src/types/batch.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';

/** Names that break what pastes SQL together; as Redshift stores them, where names fold to lower case. */
const NAMES = ['select', 'größe "x"', 'a;drop table t', "it's", 'a.b', '東京', 'x'.repeat(120)];

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

describe('names that are keywords, quotes and semicolons', () => {
  let sandbox: TestWorld;
  let redshift: OpenConnector;

  before(async function () {
    this.timeout(60_000);
    sandbox = await openWorld(standardWorld());
    redshift = connector.open(sandbox.connection('keys-etl-agent').values);
    // Made through the pg endpoint, as a user would: it knows names that are longer than PostgreSQL's.
    const { createPool } = await import('../../src/pool.ts');
    const pool = createPool(sandbox.connection('keys-etl-agent').values);
    try {
      await pool.query('create table public.t (id bigint)');
      for (const name of NAMES) {
        await pool.query(`create table public.${quoted(name)} (id bigint not null, ${quoted(name)} varchar(20))`);
      }
    } finally {
      await pool.end();
    }
  });
  after(async () => {
    await redshift?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });

  for (const name of NAMES) {
    it(`discovers, writes, upserts and reads ${name.slice(0, 20)} in both modes`, async function () {
      this.timeout(30_000);
      const object = ['public', name] as const;
      const found = await redshift.discover({ object });
      expect(found.kind === 'object' && found.object.columns.map((column) => column.name)).to.deep.equal(['id', name]);

      await redshift.write({ object }, [
        { id: 1n, [name]: 'one' },
        { id: 2n, [name]: 'two' },
      ]);
      await redshift.write({ object, operation: 'upsert', keys: ['id'] }, [
        { id: 2n, [name]: 'zwei' },
        { id: 3n, [name]: null },
      ]);
      for (const mode of ['direct', 'staged'] as const) {
        const rows: Row[] = [];
        for await (const batch of redshift.read({ object, mode })) rows.push(...batch.rows());
        rows.sort((a, b) => Number(a['id']) - Number(b['id']));
        expect(rows, mode).to.deep.equal([
          { id: 1n, [name]: 'one' },
          { id: 2n, [name]: 'zwei' },
          { id: 3n, [name]: null },
        ]);
      }
      const preview = await redshift.preview({ object, limit: 1 });
      expect(preview.rowCount).to.equal(1);
    });
  }

  it('leaves the table that a name wanted to drop', async () => {
    expect((await sandbox.sql('select count(*) from public.t')).rows).to.deep.equal([['0']]);
  });
});
