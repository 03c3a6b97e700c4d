import { expect } from 'chai';
import { type LoadWorld, openLoadWorld, ROLES } from './load-world.ts';

const ROLE = `IAM_ROLE '${ROLES.copy}'`;

describe("Redshift's own types", () => {
  let load: LoadWorld;
  before(async () => {
    load = await openLoadWorld();
  });
  after(() => load[Symbol.asyncDispose]());

  const texts: readonly [sql: string, text: string | null, oid: number][] = [
    [
      `SELECT JSON_PARSE('{"b": 1, "a": [1.50, 2e3, 12345678901234567890123], "t": "x y"}')`,
      '{"b":1,"a":[1.50,2e3,12345678901234567890123],"t":"x y"}',
      4000,
    ],
    [`SELECT JSON_PARSE('["\\\\u00e9", "a\\\\/b", "q\\\\"\\\\n"]')`, '["é","a/b","q\\"\\n"]', 4000],
    [`SELECT JSON_PARSE('null')`, 'null', 4000],
    [`SELECT '{"a":1}'::super`, '"{\\"a\\":1}"', 4000],
    [`SELECT 5::super`, '5', 4000],
    [`SELECT JSON_SERIALIZE(JSON_PARSE('[1, 2]'))`, '[1,2]', 1043],
    [`SELECT JSON_SERIALIZE(NULL::super)`, 'null', 1043],
    [`SELECT JSON_PARSE('{"a":1}')::varchar`, null, 1043],
    [`SELECT JSON_PARSE('"text"')::varchar`, 'text', 1043],
    [`SELECT JSON_PARSE('12')::int`, '12', 23],
    [`SELECT JSON_PARSE('"no number"')::int`, null, 23],
    [`SELECT JSON_TYPEOF(JSON_PARSE('[1]'))`, 'array', 1043],
    [`SELECT 'abc'::varbyte`, '616263', 6551],
    [`SELECT CAST('abc' AS varbyte(2))`, '6162', 6551],
    [`SELECT FROM_HEX('00FFab')`, '00ffab', 6551],
    [`SELECT TO_HEX(FROM_HEX('00FF'))`, '00ff', 1043],
    [`SELECT TO_VARBYTE('é', 'utf8')`, 'c3a9', 6551],
    [`SELECT TO_VARBYTE('AQI=', 'base64')`, '0102', 6551],
    [`SELECT FROM_VARBYTE(FROM_HEX('c3a9'), 'utf-8')`, 'é', 1043],
    [`SELECT FROM_VARBYTE(FROM_HEX('0102'), 'hex')`, '0102', 1043],
    [`SELECT 5::smallint::varbyte`, '0005', 6551],
    [`SELECT OCTET_LENGTH(FROM_HEX('0102'))`, '2', 23],
    [
      `SELECT ST_GeomFromEWKB('0101000020e6100000000000000000f03f0000000000000040')`,
      '0101000020E6100000000000000000F03F0000000000000040',
      3000,
    ],
    [
      `SELECT ST_AsEWKB(ST_GeomFromEWKB('0101000000000000000000F03F0000000000000040'))`,
      '0101000000000000000000f03f0000000000000040',
      6551,
    ],
    [`SELECT INTERVAL '1-2' YEAR TO MONTH`, '1 year 2 mons', 1188],
    [`SELECT INTERVAL '1 2:3:4.5678' DAY TO SECOND`, '1 day 02:03:04.5678', 1190],
    [`SELECT DATE '0044-03-15 BC'`, '0044-03-15 BC', 1082],
    [`SELECT TIMESTAMP '0001-01-01 00:00:00 BC'`, '0001-01-01 00:00:00 BC', 1114],
    [`SELECT TIME '24:00:00'`, '24:00:00', 1083],
    [`SELECT 'NaN'::float8`, 'NaN', 701],
    [`SELECT '-Infinity'::real`, '-Infinity', 700],
    [
      `SELECT -0.1234567890123456789012345678901234567::decimal(38,37)`,
      '-0.1234567890123456789012345678901234567',
      1700,
    ],
  ];
  for (const [sql, text, oid] of texts) {
    it(`gives the text and type of ${sql}, in a cursor too`, async () => {
      const direct = await load.client.query({ text: sql, rowMode: 'array', types: { getTypeParser: () => String } });
      expect([direct.rows[0]![0], direct.fields[0]!.dataTypeID]).to.deep.equal([text, oid]);
      await load.client.query(`BEGIN; DECLARE c CURSOR FOR ${sql}`);
      const fetched = await load.client.query({
        text: 'FETCH ALL FROM c',
        rowMode: 'array',
        types: { getTypeParser: () => String },
      });
      await load.client.query('ROLLBACK');
      expect([fetched.rows[0]![0], fetched.fields[0]!.dataTypeID]).to.deep.equal([text, oid]);
    });
  }

  const refused: readonly [sql: string, code: string, message: RegExp][] = [
    [`SELECT JSON_PARSE('{nope')`, 'XX000', /JSON parsing error/],
    [`SELECT FROM_HEX('0')`, '22023', /Invalid hexadecimal string/],
    [`SELECT FROM_VARBYTE(FROM_HEX('ff'), 'utf8')`, '22021', /not valid UTF-8/],
    [`CREATE TABLE refused (i interval)`, '42601', /YEAR TO MONTH or DAY TO SECOND/],
    [`CREATE TABLE refused (b varbyte(16777217))`, '22023', /cannot exceed 16777216/],
    [`SELECT JSON_SERIALIZE(JSON_PARSE('"' || repeat('x', 65534) || '"'))`, 'XX000', /maximum length of VARCHAR/],
  ];
  for (const [sql, code, message] of refused) {
    it(`refuses ${sql.slice(0, 60)}`, async () => {
      const refusal = await load.refusal(sql);
      expect(refusal).to.include({ code });
      expect(refusal.message).to.match(message);
    });
  }

  it('keeps a literal as it was given: text in SUPER, bytes of the text in VARBYTE', async () => {
    await load.query('CREATE TABLE given (id int, s super, b varbyte(8))');
    await load.query(
      `INSERT INTO given VALUES (1, '{"a":1}', 'ab'), (2, JSON_PARSE('{"a":1}'), FROM_HEX('ab')), (3, NULL, NULL)`,
    );
    await load.client.query(`INSERT INTO given (b, id, s) VALUES ($1, $2, $3), ($4, $5, JSON_PARSE($6))`, [
      'ab',
      4,
      'x',
      'é',
      5,
      '[1]',
    ]);
    expect(await load.query('SELECT * FROM given ORDER BY id')).to.deep.equal([
      ['1', '"{\\"a\\":1}"', '6162'],
      ['2', '{"a":1}', 'ab'],
      ['3', null, null],
      ['4', '"x"', '6162'],
      ['5', '[1]', 'c3a9'],
    ]);
    await load.query(`UPDATE given SET s = '[1]', b = 'c' WHERE id = 1`);
    expect(await load.query('SELECT s, b FROM given WHERE id = 1')).to.deep.equal([['"[1]"', '63']]);
    expect((await load.refusal(`INSERT INTO given (b) VALUES ('123456789')`)).message).to.match(
      /too long for type varbyte\(8\)/,
    );
  });

  it('reads a literal for a shape as hex, and refuses what is none', async () => {
    await load.query('CREATE TABLE shapes (g geometry, p geography)');
    const point = '0101000000000000000000f03f0000000000000040';
    await load.query(`INSERT INTO shapes VALUES ('${point}', '${point}')`);
    expect(await load.query('SELECT g, p FROM shapes')).to.deep.equal([[point.toUpperCase(), point.toUpperCase()]]);
    expect(await load.refusal("INSERT INTO shapes (g) VALUES ('POINT(1 2)')")).to.include({ code: '22023' });
  });

  it('shows the types by the names of the information schema', async () => {
    await load.query(
      'CREATE TABLE named (s super, b varbyte(16), g geometry, h hllsketch, y interval year to month, d interval day to second(3))',
    );
    expect(
      await load.query(
        `SELECT column_name, data_type, character_maximum_length FROM svv_all_columns WHERE table_name = 'named' ORDER BY ordinal_position`,
      ),
    ).to.deep.equal([
      ['s', 'super', null],
      ['b', 'binary varying', '16'],
      ['g', 'geometry', null],
      ['h', 'hllsketch', null],
      ['y', 'interval year to month', null],
      ['d', 'interval day to second', null],
    ]);
  });

  const COLUMNS =
    'id int, s super, b varbyte(8), g geometry, h hllsketch, y interval year to month, d interval day to second, t time, f float8, n decimal(38,37), day date';
  const POINT = '0101000000000000000000F03F0000000000000040';
  const SKETCH = '{"logm":15,"sparse":{"idx":[1],"val":[2]}}';
  const csv = (value: string) => `"${value.replaceAll('"', '""')}"`;
  const ROWS = [
    [
      '1',
      '{"a":[1,"x, y"]}',
      '00ff',
      POINT,
      SKETCH,
      '1 year 2 mons',
      '1 day 02:03:04.5',
      '24:00:00',
      'nan',
      '-0.1234567890123456789012345678901234567',
      '0044-03-15 BC',
    ],
    ['2', 'null', '', POINT, SKETCH, '', '', '', '-inf', '', ''],
  ];

  it('loads and unloads them as CSV; NULL AS is not for SUPER', async () => {
    await load.query(`CREATE TABLE all_types (${COLUMNS})`);
    const file = ROWS.map((row) => row.map((value) => (value === '' ? '\\N' : csv(value))).join(',')).join('\n');
    await load.put('types/in.csv', `${file}\n`);
    await load.query(`COPY all_types FROM 's3://acme-staging/types/in.csv' ${ROLE} CSV DATEFORMAT 'auto'`);
    await load.query(
      `UNLOAD ('SELECT * FROM all_types ORDER BY id') TO 's3://acme-staging/types/out_' ${ROLE} CSV NULL AS '\\N' PARALLEL OFF`,
    );
    expect(String(await load.get('types/out_000'))).to.equal(
      [
        `1,"{""a"":[1,""x, y""]}",00ff,${POINT},${csv(SKETCH)},1 year 2 mons,1 day 02:03:04.5,24:00:00,nan,-0.1234567890123456789012345678901234567,0044-03-15 BC`,
        `2,null,\\N,${POINT},${csv(SKETCH)},\\N,\\N,\\N,-inf,\\N,\\N`,
        '',
      ].join('\n'),
    );
  });

  it('refuses values that are none of their type, with a reason each', async () => {
    await load.query('CREATE TABLE strict_types (s super, b varbyte(2), g geometry)');
    await load.put('types/bad.csv', `word,00,${POINT}\n1,0,${POINT}\n1,000102,${POINT}\n1,00,xyz\n1,00,${POINT}\n`);
    await load.query(`COPY strict_types FROM 's3://acme-staging/types/bad.csv' ${ROLE} CSV MAXERROR 9`);
    expect(
      await load.query(
        "SELECT trim(colname), err_code FROM stl_load_errors WHERE filename LIKE '%bad.csv%' ORDER BY line_number",
      ),
    ).to.deep.equal([
      ['s', '1224'],
      ['b', '1223'],
      ['b', '1204'],
      ['g', '1223'],
    ]);
  });

  it('loads nested JSON into SUPER, and unloads JSON', async () => {
    await load.query('CREATE TABLE documents (id int, s super, v varchar(20), ok boolean, n decimal(10,2))');
    await load.put(
      'types/in.json',
      '{"id": 1, "s": {"k": [1, "two"]}, "v": "a\\"b", "ok": true, "n": 1.5}\n{"id": 2, "s": "plain"}\n',
    );
    await load.query(`COPY documents FROM 's3://acme-staging/types/in.json' ${ROLE} JSON 'auto'`);
    await load.query(
      `UNLOAD ('SELECT * FROM documents ORDER BY id') TO 's3://acme-staging/types/json_' ${ROLE} FORMAT JSON PARALLEL OFF`,
    );
    expect(String(await load.get('types/json_000.json'))).to.equal(
      '{"id":1,"s":{"k":[1,"two"]},"v":"a\\"b","ok":"t","n":1.50}\n{"id":2,"s":"plain","v":null,"ok":null,"n":null}\n',
    );
  });

  it('writes SUPER to Parquet as JSON and reads it back; VARBYTE and shapes are refused there', async () => {
    await load.query(
      `CREATE TABLE to_parquet AS SELECT 1 AS id, JSON_PARSE('{"a": [1, 2]}') AS s UNION ALL SELECT 2, NULL`,
    );
    await load.query(
      `UNLOAD ('SELECT * FROM to_parquet') TO 's3://acme-staging/types/pq_' ${ROLE} FORMAT PARQUET MANIFEST`,
    );
    await load.query('CREATE TABLE from_parquet (id int, s super)');
    await load.query(`COPY from_parquet FROM 's3://acme-staging/types/pq_manifest' ${ROLE} FORMAT PARQUET MANIFEST`);
    expect(await load.query('SELECT * FROM from_parquet ORDER BY id')).to.deep.equal([
      ['1', '{"a":[1,2]}'],
      ['2', null],
    ]);
    const refusal = await load.refusal(
      `UNLOAD ('SELECT b FROM given') TO 's3://acme-staging/types/no_' ${ROLE} FORMAT PARQUET`,
    );
    expect(refusal.message).to.match(/does not support column "b" of type VARBYTE/);
  });
});
