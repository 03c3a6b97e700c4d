import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import { call } from '../../../src/operations/call/call.ts';
import { preview } from '../../../src/operations/preview.ts';
import { read } from '../../../src/operations/read/read.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import { FILES_AHEAD } from '../../../src/operations/read/read-staged-fetch.ts';
import { write } from '../../../src/operations/write.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

/** Limits that connectors of this kind document, by their number in the list that we keep; each is shown not to hold here. */
describe('limits that other connectors document', () => {
  let world: ReadWorld;

  before(async function () {
    this.timeout(60_000);
    world = await openReadWorld({}, (_world, _account, cluster) => {
      cluster.slices = 16; // as many files of an UNLOAD
    });
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const MODES = ['direct', 'staged'] as const;

  async function firstOf(spec: ReadSpec): Promise<Record<string, unknown>> {
    for await (const batch of read(world.connection, spec, world.run())) return batch.rows()[0] ?? {};
    return {};
  }

  it('row 10: direct and staged reads agree on precision, trailing blanks and NULL beside the empty text', async () => {
    await world.table(
      'agreeing',
      'r REAL, d DOUBLE PRECISION, c CHAR(6), v VARCHAR(10), e VARCHAR(10), n VARCHAR(10), x DECIMAL(38,20)',
      "SELECT 0.12345678, 0.1234567890123456789, 'ab', 'cd  ', '', NULL, 123456789012345678.12345678901234567891",
    );
    const [direct, staged] = [
      await world.rows({ object: 'agreeing', mode: 'direct' }),
      await world.rows({ object: 'agreeing', mode: 'staged' }),
    ];
    expect(staged).to.deep.equal(direct);
    expect(direct).to.deep.equal([
      [
        Math.fround(0.12345678),
        0.12345678901234568,
        'ab    ',
        'cd  ',
        '',
        null,
        '123456789012345678.12345678901234567891',
      ],
    ]);
  });

  for (const mode of MODES) {
    it(`row 11: a time keeps its microseconds and stays a time, ${mode}`, async () => {
      const query = "SELECT CAST('23:59:59.999999' AS TIME) AS t";
      for await (const { fields, columns } of read(world.connection, { query, mode }, world.run())) {
        expect({ fields, columns }).to.deep.equal({
          fields: [{ name: 't', type: { kind: 'time' } }],
          columns: [['23:59:59.999999']],
        });
      }
    });
  }

  it('row 12: a preview shows booleans and dates as they are', async () => {
    const query =
      "SELECT TRUE AS yes, FALSE AS no, DATE '2026-11-24' AS day, CAST('2026-11-24 08:00:00' AS TIMESTAMP) AS at";
    expect((await preview(world.connection, { query }, world.run())).rows()).to.deep.equal([
      { yes: true, no: false, day: '2026-11-24', at: '2026-11-24 08:00:00' },
    ]);
  });

  for (const mode of MODES) {
    it(`row 13: schemas, tables and columns may have any name, ${mode}`, async () => {
      await world.world.sql('CREATE SCHEMA IF NOT EXISTS "a/b"; GRANT ALL ON SCHEMA "a/b" TO etl');
      await world.world.sql('DROP TABLE IF EXISTS "a/b"."größe.x-1"');
      await world.table('"a/b"."größe.x-1"', '"sélect" INTEGER, "日本" VARCHAR(9)', "SELECT 1, 'ü'");
      const expected = { sélect: 1, 日本: 'ü' };
      expect(await firstOf({ object: ['a/b', 'größe.x-1'], mode })).to.deep.equal(expected);
      expect(await firstOf({ object: 'a/b."größe.x-1"', columns: ['日本', 'sélect'], mode })).to.deep.equal(expected);
    });

    it(`row 14: a query may end with a semicolon and quote what it likes, ${mode}`, async () => {
      await world.world.sql('DROP TABLE IF EXISTS "My Table"');
      await world.table('"My Table"', '"a;b" INTEGER', 'SELECT 5');
      const query = `select "a;b" as n, 'it''s; fine' as t from "My Table"; -- ;`;
      expect(await firstOf({ query, mode })).to.deep.equal({ n: 5, t: "it's; fine" });
    });

    it(`row 15: values may hold every delimiter, quote and escape, ${mode}`, async () => {
      const texts = [
        'a|b',
        'say "x"',
        'back\\slash',
        "it's",
        'new\nline',
        'cr\r\nlf',
        '\t',
        ',',
        '\u001e\u001f',
        'NULL',
        '\\N',
        '@NULL@',
      ];
      await world.world.sql('DROP TABLE IF EXISTS delimited');
      await world.table('delimited', 'id INTEGER, t VARCHAR(40)');
      const rows = texts.map((t, id) => ({ id, t }));
      const report = await write(world.connection, { object: 'delimited' }, [rows], world.run());
      expect(report.rows.loaded).to.equal(texts.length);
      const found = await world.rows({ object: 'delimited', columns: ['id', 't'], mode });
      expect([...found].sort((a, b) => Number(a[0]) - Number(b[0])).map(([, t]) => t)).to.deep.equal(texts);
    });
  }

  it('row 16: rows that are told to have been updated were updated, by a time as their key too', async () => {
    await world.table(
      'timed',
      'at TIME, n INTEGER',
      "SELECT TIME '10:00:00.000001', 1 UNION ALL SELECT TIME '10:00:00.000002', 2",
    );
    const rows = [
      { at: '10:00:00.000002', n: 20 },
      { at: '11:00:00', n: 30 },
    ];
    const spec = { object: 'timed', operation: 'upsert', keys: ['at'] } as const;
    const { rows: counts } = await write(world.connection, spec, [rows], world.run());
    expect([counts.updated, counts.inserted]).to.deep.equal([1, 1]);
    expect((await world.world.sql('SELECT n FROM timed ORDER BY at')).rows).to.deep.equal([['1'], ['20'], ['30']]);
  });

  it('row 18: a read is cut by dates, decimals or texts, and the outer ranges are read as they are given', async () => {
    await world.table(
      'ranged',
      'id INTEGER, day DATE, price DECIMAL(10,2), name VARCHAR(10)',
      "SELECT n, DATE '2026-01-01' + n, n / 4.0, 'n' || n FROM generate_series(1, 40) AS n",
    );
    for (const [partitionColumn, partitionBoundaries] of [
      ['day', ['2026-01-10', '2026-01-20']],
      ['price', ['2.5', '7.25']],
      ['name', ['n2', 'n33']],
    ] as const) {
      const partitioned = {
        mode: 'partitioned',
        allowInconsistent: true,
        partitionColumn,
        partitionBoundaries,
      } as const;
      const rows = await world.rows({ object: 'ranged', columns: ['id'], ...partitioned });
      expect(
        rows
          .flat()
          .map(Number)
          .sort((a, b) => a - b),
      ).to.deep.equal(Array.from({ length: 40 }, (_, n) => n + 1));
    }
    // Who wants outer bounds says so: they are a condition, and hold.
    const filter = { column: 'day', operator: 'between', values: ['2026-01-05', '2026-01-25'] } as const;
    const spec = { mode: 'partitioned', allowInconsistent: true, partitionColumn: 'day', partitionCount: 3 } as const;
    expect(await world.rows({ object: 'ranged', columns: ['id'], filter, ...spec })).to.have.length(21);
  });

  it('row 19: a staged read needs disk for a few files, whatever the size of the table', async () => {
    await world.table('many', 'id INTEGER', 'SELECT n FROM generate_series(1, 20000) AS n');
    let most = 0;
    const seen = new Set<string>();
    for await (const _batch of read(
      world.connection,
      { object: 'many', mode: 'staged', batchRows: 500 },
      world.run(),
    )) {
      const folders = (await readdir(world.connection.workDirectory)).filter((name) =>
        name.startsWith('roleshift-read-'),
      );
      for (const folder of folders) {
        const names = await readdir(`${world.connection.workDirectory}/${folder}`);
        const files = names.filter((name) => name.includes('parquet'));
        most = Math.max(most, files.length);
        for (const name of files) seen.add(name);
      }
    }
    expect(most).to.be.within(1, FILES_AHEAD + 1);
    expect(seen.size, 'files').to.be.above(FILES_AHEAD + 1);
    expect(await world.leftovers()).to.deep.equal([]);
  });

  it('row 21: a procedure is found by its signature, keeps length, precision and fractions, and may give a cursor', async () => {
    for (const statement of [
      "CREATE PROCEDURE sized(t INOUT VARCHAR(65535), x INOUT DECIMAL(38,18), at INOUT TIME) AS $$ BEGIN t := t || '!'; END; $$ LANGUAGE plpgsql",
      'CREATE PROCEDURE sized(n IN INTEGER, out_rows INOUT REFCURSOR) AS $$ BEGIN OPEN out_rows FOR SELECT n AS id; END; $$ LANGUAGE plpgsql',
      'GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA public TO etl',
    ]) {
      await world.world.sql(statement);
    }
    const long = 'ä'.repeat(1_000);
    const values = [long, '0.000000000000000001', '12:00:00.654321'];
    const sized = await call(world.connection, { procedure: 'sized', arguments: values }, world.run());
    expect(sized.outputs).to.deep.equal({ t: `${long}!`, x: values[1], at: values[2] });
    const listed = await call(world.connection, { procedure: 'sized', arguments: [7, null] }, world.run());
    expect(listed.results.map(({ name, batch }) => [name, batch.rows()])).to.deep.equal([['out_rows', [{ id: 7 }]]]);
  });

  it('row 22: a table that was changed, or an object of another schema, is seen as it is at the time of the read', async () => {
    await world.table('changing', 'a INTEGER', 'SELECT 1');
    await world.world.sql('CREATE SCHEMA other; GRANT ALL ON SCHEMA other TO etl');
    await world.table('other.changing', 'z VARCHAR(5)', "SELECT 'zz'");
    expect(await firstOf({ object: 'changing' })).to.deep.equal({ a: 1 });
    await world.world.sql("ALTER TABLE changing ADD COLUMN b VARCHAR(10) DEFAULT 'new'");
    expect(await firstOf({ object: 'changing' })).to.deep.equal({ a: 1, b: 'new' });
    expect(await firstOf({ object: 'other.changing', mode: 'staged' })).to.deep.equal({ z: 'zz' });
    const failure = await world.refusal({ object: 'othr.changing' });
    expect([failure.code, failure.action]).to.deep.equal(['RS_CONFIG_OBJECT_MISSING', 'Did you mean "other"?']);
  });
});
