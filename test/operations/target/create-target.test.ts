import { expect } from 'chai';
import { openTargetWorld, type TargetWorld } from './target-world.ts';

describe('A target that is made', () => {
  let world: TargetWorld;
  before(async () => {
    world = await openTargetWorld();
  });
  after(() => world[Symbol.asyncDispose]());

  it('has the types of a CSV file, read through to its last row', async () => {
    const file = await world.file(
      'types.csv',
      [
        'id,code,price,at,day,flag,ratio,name,note',
        '1,007,1.50,2026-01-02 03:04:05,2026-01-02,true,1e3,Ann,',
        '-9000000000,008,-22.125,2026-01-02T03:04:05.123456,2025-12-31,FALSE,0.5,Ünï,',
      ].join('\n'),
    );
    const report = await world.write({ object: 'sales.made', createTarget: true }, { file });
    expect(report.rows).to.include({ read: 2, inserted: 2 });
    expect(report.ddl?.[0]).to.match(/^CREATE TABLE IF NOT EXISTS "sales"."made" \("id" BIGINT, /);
    const shown = await world.shown('made');
    for (const column of [
      'id bigint',
      'code character varying(256)',
      'price numeric(18,3)',
      '"at" timestamp without time zone|at timestamp without time zone',
      'day date',
      'flag boolean',
      'ratio double precision',
      'name character varying(256)',
      'note character varying(256)',
    ]) {
      expect(shown).to.match(new RegExp(column.replaceAll(/[()]/g, '\\$&')));
    }
    const rows = await world.rows('SELECT id, code, price FROM sales.made ORDER BY id');
    expect(rows).to.deep.equal([
      ['-9000000000', '008', '-22.125'],
      ['1', '007', '1.500'],
    ]);
  });

  it('has what is defined: types, keys, encodings, an identity, comments, distribution and sorting', async () => {
    const report = await world.write(
      {
        object: 'sales.defined',
        createTarget: true,
        columnDefinitions:
          "nr BIGINT IDENTITY(5,2), id integer NOT NULL ENCODE zstd, name VARCHAR(40) COMMENT 'it''s a name', price DECIMAL(10, 2), PRIMARY KEY (id)",
        distributionKey: 'ID',
        sortKeys: ['name', 'id'],
        tableComment: 'all of them',
      },
      [{ id: 1, name: 'a', price: '1.25' }],
    );
    expect(report.outcome).to.equal('committed');
    const shown = await world.shown('defined');
    expect(shown).to.match(/nr bigint identity\(5,2\) NOT NULL/);
    expect(shown).to.match(/id integer NOT NULL ENCODE zstd distkey/);
    expect(shown).to.match(/PRIMARY KEY \(id\)/);
    expect(shown).to.match(/DISTSTYLE KEY\nSORTKEY \( name, id \)/);
    const comments = await world.rows(
      "SELECT obj_description('sales.defined'::regclass), col_description('sales.defined'::regclass, 2)",
    );
    expect(comments).to.deep.equal([['all of them', "it's a name"]]);
    expect(await world.rows('SELECT nr, id, name, price FROM sales.defined')).to.deep.equal([['5', '1', 'a', '1.25']]);
  });

  for (const [distribution, shown] of [
    ['auto', 'DISTSTYLE AUTO'],
    ['even', 'DISTSTYLE EVEN'],
    ['all', 'DISTSTYLE ALL'],
  ] as const) {
    it(`is distributed as told: ${distribution}`, async () => {
      const object = `sales.spread_${distribution}`;
      await world.write({ object, createTarget: true, columnDefinitions: 'id INT, n INT', distribution }, [{ id: 1 }]);
      expect(await world.shown(`spread_${distribution}`)).to.include(shown);
    });
  }

  for (const [sortStyle, shown] of [
    ['compound', '\nSORTKEY ( id, n )'],
    ['interleaved', 'INTERLEAVED SORTKEY ( id, n )'],
  ] as const) {
    it(`is sorted as told: ${sortStyle}`, async () => {
      const spec = { createTarget: true, columnDefinitions: 'id INT, n INT', sortKeys: ['id', 'n'], sortStyle };
      await world.write({ object: `sales.sorted_${sortStyle}`, ...spec }, [{ id: 1 }]);
      expect(await world.shown(`sorted_${sortStyle}`)).to.include(shown);
    });
  }

  it('is made once: a second load finds it, and a run that is repeated loads nothing', async () => {
    const spec = { object: 'sales.twice', createTarget: true, columnDefinitions: 'id INTEGER' } as const;
    await world.write(spec, [{ id: 1 }], { runId: 'twice-1' });
    const again = await world.write(spec, [{ id: 1 }], { runId: 'twice-1' });
    expect(again).to.include({ alreadyApplied: true }).and.not.have.property('ddl');
    const more = await world.write(spec, [{ id: 2 }]);
    expect(more).to.not.have.property('ddl');
    expect(await world.rows('SELECT id FROM sales.twice ORDER BY id')).to.deep.equal([['1'], ['2']]);
  });

  it('is not made of rows that tell no types, and not unless asked for', async () => {
    const untold = await world.refusal({ object: 'sales.untold', createTarget: true }, [{ id: 1 }]);
    expect(untold).to.include({ code: 'RS_INPUT_INVALID' });
    expect(untold.message).to.equal('Nothing tells the type of the new column "id"');
    expect(await world.refusal({ object: 'sales.untold' }, [{ id: 1 }])).to.include({
      code: 'RS_CONFIG_OBJECT_MISSING',
    });
  });

  it('has the types of batches that tell them, such as those of a read', async () => {
    const fields = [
      { name: 'id', type: { kind: 'integer' } },
      { name: 'text', type: { kind: 'varchar', bytes: 7 } },
    ] as const;
    await world.write({ object: 'sales.batched', createTarget: true }, [
      { fields, rows: () => [{ id: 1, text: 'x' }] },
    ]);
    expect(await world.shown('batched')).to.match(/id integer.*\n.*text character varying\(7\)/);
  });

  it('has SUPER for objects and lists of JSON Lines, and DECIMAL for their numbers', async () => {
    const file = await world.file('made.jsonl', '{"a": {"b": 1}, "n": 1.25, "t": "12"}\n{"a": [1], "n": 2, "i": 7}\n');
    await world.write({ object: 'sales.json', createTarget: true }, { file });
    const shown = await world.shown('json');
    for (const column of ['a super', 'i bigint', 'n numeric(18,2)', 't character varying(256)']) {
      expect(shown).to.contain(column);
    }
  });

  for (const [definitions, why] of [
    ['id', /a type that is not known: ""/],
    ['id NUMBER', /not known: "NUMBER"/],
    ['id INT ENCODE zip', /the encodings are az64/],
    ['id INT, ID BIGINT', /defined twice/],
    ['id INT DEFAULT 1', /goes on with "DEFAULT"|not known/],
    ['id INT); DROP TABLE x; --', /cannot be read/],
    ['id DECIMAL(18,2', /bracket/],
  ] as const) {
    it(`refuses the definition ${definitions}`, async () => {
      const refused = await world.refusal(
        { object: 'sales.refused', createTarget: true, columnDefinitions: definitions },
        [{ id: 1 }],
      );
      expect(refused).to.include({ code: 'RS_CONFIG_INVALID' });
      expect(refused.message).to.match(why);
    });
  }
});
