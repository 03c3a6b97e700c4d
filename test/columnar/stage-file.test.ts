import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { openInputFile } from '../../src/columnar/input-file.ts';
import { stageFile } from '../../src/columnar/stage-file.ts';
import { openRun } from '../../src/core/run.ts';
import { rejectionOf } from '../failure.ts';
import { type Fixture, fieldsOf, NULL_MARKER, openFixture, stageToLines } from './fixture.ts';

describe('staging a file', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await openFixture();
  });
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
  });

  const TWO = fieldsOf(['id', 'bigint'], ['name', 'varchar(20)']);

  it('numbers the rows of CSV and tells NULL, by its marker, from the empty string', async () => {
    const file = await fixture.write('a.csv', 'id,name\n1,"a ""q"""\n2,\n3,""\n4,"  x "\n');
    const { lines } = await stageToLines(fixture, { file }, TWO);
    expect(lines).to.deep.equal(['1,"a ""q""",1', `2,${NULL_MARKER},2`, '3,,3', '4,  x ,4']);
  });

  for (const [title, content] of [
    ['CRLF', 'id,name\r\n1,a\r\n2,b\r\n'],
    ['a byte order mark', '\uFEFFid,name\n1,a\n2,b\n'],
    ['no newline at the end', 'id,name\n1,a\n2,b'],
    ['a quoted header', '"id","name"\n1,a\n2,b\n'],
  ] as const) {
    it(`reads CSV with ${title}`, async () => {
      const file = await fixture.write('a.csv', content);
      expect((await stageToLines(fixture, { file }, TWO)).lines).to.deep.equal(['1,a,1', '2,b,2']);
    });
  }

  it('reads a delimiter that is said, gzip, and columns in another order', async () => {
    const file = await fixture.write('a.csv.gz', gzipSync('name;id\na;1\n"b;c";2\n'));
    const { lines } = await stageToLines(fixture, { file, delimiter: ';' }, TWO, { rowNumbers: false });
    expect(lines).to.deep.equal(['1,a', '2,b;c']);
  });

  it('reads files and columns with hostile names', async () => {
    const fields = fieldsOf(['Größe "x"', 'integer'], ['a;drop table t', 'varchar(9)'], ['select', 'varchar(9)']);
    const header = '"Größe ""x""",a;drop table t,select';
    const csv = await fixture.write(`we[ir]d * 'q' "d" ?.csv`, `${header}\n1,x,y\n`);
    expect((await stageToLines(fixture, { file: csv }, fields)).lines).to.deep.equal(['1,x,y,1']);
    const parquet = `${fixture.inputs}/[a] 'b'.parquet`;
    const json = await fixture.write("it's.jsonl", '{"Größe \\"x\\"":1,"a;drop table t":"x","select":"y"}\n');
    await fixture.outside(
      `COPY (SELECT 1 AS "Größe ""x""", 'x' AS "a;drop table t", 'y' AS "select") TO '${parquet.replaceAll("'", "''")}'`,
    );
    for (const file of [parquet, json]) {
      await using other = await openFixture();
      expect((await stageToLines(other, { file }, fields)).lines).to.deep.equal(['1,x,y,1']);
    }
  });

  it('reads JSON Lines: missing, null, nested, strings and numbers', async () => {
    const file = await fixture.write(
      'a.jsonl',
      '{"id":1,"name":"a\\"\\u00e9\\n"}\n{"name":null,"id":"2"}\n{"id":9223372036854775807}\n\n{"id":4,"name":{"x":[1]}}\n',
    );
    const { lines } = await stageToLines(fixture, { file }, TWO);
    expect(lines.join('|')).to.equal(
      `1,"a""é|",1|2,${NULL_MARKER},2|9223372036854775807,${NULL_MARKER},3|4,"{""x"":[1]}",4`,
    );
  });

  it('keeps every digit of JSON numbers, plain and compressed', async () => {
    const fields = fieldsOf(['d', 'decimal(38,20)'], ['b', 'bigint'], ['t', 'varchar(40)']);
    const text = [
      '{"d":1.25,"b":9007199254740993,"t":9007199254740993}',
      '{"d":0.10000000000000000001,"b":-9223372036854775808,"t":0.10000000000000000001}',
      '{"d":"123456789012345678.12345678901234567891","b":"1","t":1e2}',
      '{"d":123456789012345e-12,"b":1,"t":{"x":0.30000000000000004}}',
    ].join('\n');
    const expected = [
      '1.25,9007199254740993,9007199254740993,1',
      '0.10000000000000000001,-9223372036854775808,0.10000000000000000001,2',
      '123456789012345678.12345678901234567891,1,100.0,3',
      '123.456789012345,1,"{""x"":0.30000000000000004}",4',
    ];
    for (const [name, content] of [
      ['a.jsonl', text],
      ['b.jsonl.gz', gzipSync(text)],
    ] as const) {
      await using other = await openFixture();
      const file = await other.write(name, content);
      expect((await stageToLines(other, { file }, fields)).lines).to.deep.equal(expected);
    }
  });

  it('refuses a JSON number past BIGINT, whatever a parser makes of it', async () => {
    await using other = await openFixture();
    const file = await other.write('a.jsonl', '{"b":9223372036854775808}\n');
    const error = await rejectionOf(stageToLines(other, { file }, fieldsOf(['b', 'bigint'])));
    expect(error.message).to.equal('Row 1, column "b" (BIGINT): the value is out of the range of BIGINT');
  });

  it('writes every Parquet type exactly', async () => {
    const path = `${fixture.inputs}/types.parquet`;
    await fixture.outside(`COPY (SELECT 1::TINYINT AS si, 2::UBIGINT AS bi, 12345678901234567890.12::DECIMAL(38,2) AS de,
      0.1::FLOAT AS re, 0.1::DOUBLE AS dp, 'NaN'::DOUBLE AS nan, '-inf'::DOUBLE AS inf, true AS bo, DATE '0044-03-15 (BC)' AS da, TIME '24:00:00' AS ti,
      TIMESTAMP '12345-01-01 00:00:00.5' AS ts, TIMESTAMPTZ '2024-01-01 01:00:00+05:30' AS tz, TIMESTAMP_NS '2024-01-01 00:00:00.123456' AS ns,
      UUID '00000000-0000-0000-0000-000000000001' AS uu, 'x' AS ch, NULL::INTEGER AS nu, NULL::BOOLEAN AS nb) TO '${path}'`);
    const fields = fieldsOf(
      ['si', 'smallint'],
      ['bi', 'bigint'],
      ['de', 'decimal(38,2)'],
      ['re', 'real'],
      ['dp', 'double precision'],
      ['nan', 'double precision'],
      ['inf', 'double precision'],
      ['bo', 'boolean'],
      ['da', 'date'],
      ['ti', 'time'],
      ['ts', 'timestamp'],
      ['tz', 'timestamptz'],
      ['ns', 'timestamp'],
      ['uu', 'varchar(36)'],
      ['ch', 'char(3)'],
      ['nu', 'integer'],
      ['nb', 'boolean'],
    );
    const { lines } = await stageToLines(fixture, { file: path }, fields);
    expect(lines).to.deep.equal([
      `1,2,12345678901234567890.12,0.1,0.1,NaN,-Infinity,t,0044-03-15 BC,24:00:00,12345-01-01 00:00:00.5,2023-12-31 19:30:00+00,2024-01-01 00:00:00.123456,00000000-0000-0000-0000-000000000001,x,${NULL_MARKER},${NULL_MARKER},1`,
    ]);
  });

  for (const { type, value, good } of [
    { type: 'smallint', value: '32768', good: '32767' },
    { type: 'integer', value: '1.5', good: ' 1 ' },
    { type: 'bigint', value: '9223372036854775808', good: '-9223372036854775808' },
    { type: 'decimal(5,2)', value: '1000', good: '999.99' },
    { type: 'decimal(5,2)', value: '1.234', good: '1.2300' },
    { type: 'decimal(5,2)', value: 'x', good: '1.2e2' },
    { type: 'decimal(38,17)', value: '1.23456789012345678901e0', good: '1.23456789012345e2' },
    { type: 'decimal(19,0)', value: '9223372036854775808', good: '9223372036854775807' },
    { type: 'real', value: '1e39', good: '1e38' },
    { type: 'double precision', value: 'abc', good: 'NaN' },
    { type: 'boolean', value: 'maybe', good: 'Yes' },
    { type: 'char(3)', value: 'é', good: 'abc' },
    { type: 'char(3)', value: 'abcd', good: '' },
    { type: 'varchar(4)', value: '日本', good: '😀' },
    { type: 'date', value: '2023-02-29', good: '0044-03-15 BC' },
    { type: 'date', value: '2023-02-01 10:00:00', good: '2023-02-01T00:00:00Z' },
    { type: 'time', value: '24:00:01', good: '24:00:00' },
    { type: 'timetz', value: '10:00+99', good: '10:00:00-03:30' },
    { type: 'timestamp', value: '2024-01-01 00:00:00+02', good: '2024-01-01T00:00:00.123Z' },
    { type: 'timestamptz', value: 'yesterday', good: '2024-01-01 00:00:00+02' },
  ]) {
    it(`refuses ${JSON.stringify(value)} for ${type} by row, column and limit, and takes ${JSON.stringify(good)}`, async () => {
      const file = await fixture.write('a.csv', `k,v\n1,${good}\n2,${value}\n`);
      const fields = fieldsOf(['k', 'integer'], ['v', type]);
      const { code, message, details, cause } = await rejectionOf(stageToLines(fixture, { file }, fields));
      expect(code).to.equal('RS_VALUE_UNREPRESENTABLE');
      expect(details).to.include({ row: 2, column: 'v' });
      expect(message).to.match(/^Row 2, column "v"/);
      if (value.length > 3) expect(message + String(cause)).not.to.include(value);
      expect(await fixture.files()).to.deep.equal(['input.csv']);
    });
  }

  it('leaves to COPY what COPY refuses, never what COPY would change', async () => {
    const file = await fixture.write('a.csv', 'v,d\ntoolong,1\nok,2\n');
    const fields = fieldsOf(['v', 'varchar(3)'], ['d', 'decimal(5,2)']);
    const { lines } = await stageToLines(fixture, { file }, fields, { checked: false });
    expect(lines).to.deep.equal(['"toolong",1,1', '"ok",2,2']);
  });

  it('leaves out rows that COPY would change, where the others are left to it', async () => {
    await using other = await openFixture();
    const file = await other.write('b.csv', 'v,d\nok,1.999\ntoolong,1\nno,x\nok,3\n');
    const fields = fieldsOf(['v', 'varchar(3)'], ['d', 'decimal(5,2)']);
    const { lines } = await stageToLines(other, { file }, fields, { checked: false, mostRefused: 9 });
    expect(lines).to.deep.equal(['"toolong",1,2', '"no",x,3', '"ok",3,4']);
  });

  it('refuses a type that never fits', async () => {
    const path = `${fixture.inputs}/t.parquet`;
    await fixture.outside(`COPY (SELECT true AS a, [1] AS b) TO '${path}'`);
    for (const field of [
      ['a', 'integer'],
      ['b', 'varchar(9)'],
      ['a', 'date'],
    ] as const) {
      await using other = await openFixture();
      const { code, message } = await rejectionOf(stageToLines(other, { file: path }, fieldsOf(field)));
      expect(code).to.equal('RS_INPUT_INVALID');
      expect(message).to.include(`Column "${field[0]}" of the file holds`);
    }
  });

  for (const { title, name, content, code, says } of [
    { title: 'an empty file', name: 'a.csv', content: '', code: 'RS_INPUT_INVALID', says: 'is empty' },
    {
      title: 'a line with a column too many',
      name: 'a.csv',
      content: 'id,name\n1,a\n2,b,c\n',
      code: 'RS_INPUT_INVALID',
      says: 'Line 3 has 3 columns, the header has 2',
    },
    {
      title: 'a line with a column too few',
      name: 'a.csv',
      content: 'id,name\n1\n',
      code: 'RS_INPUT_INVALID',
      says: 'Line 2 has 1 columns',
    },
    {
      title: 'two columns of one name',
      name: 'a.csv',
      content: 'id,id\n',
      code: 'RS_INPUT_INVALID',
      says: 'two columns',
    },
    {
      title: 'a column without a name',
      name: 'a.csv',
      content: 'id,\n',
      code: 'RS_INPUT_INVALID',
      says: 'has no name',
    },
    {
      title: 'a quote that never ends',
      name: 'a.csv',
      content: 'id,name\n1,"abc\n',
      code: 'RS_INPUT_INVALID',
      says: 'CSV',
    },
    {
      title: 'bytes that are no UTF-8',
      name: 'a.csv',
      content: Buffer.from([0x69, 0x64, 0x0a, 0xff, 0xfe, 0x0a]),
      code: 'RS_INPUT_INVALID',
      says: 'CSV',
    },
    { title: 'broken JSON', name: 'a.jsonl', content: '{"id":1}\n{"id":\n', code: 'RS_INPUT_INVALID', says: 'JSON' },
    {
      title: 'a Parquet file that is none',
      name: 'a.parquet',
      content: 'PAR1nothing',
      code: 'RS_INPUT_INVALID',
      says: 'Parquet',
    },
    {
      title: 'a name that tells no format',
      name: 'a.txt',
      content: 'x',
      code: 'RS_INPUT_INVALID',
      says: 'cannot be told',
    },
  ]) {
    it(`refuses ${title}`, async () => {
      const file = await fixture.write(name, content);
      const failure = await rejectionOf(
        stageToLines(fixture, { file }, TWO.slice(0, title.startsWith('bytes') ? 1 : 2)),
      );
      expect(failure.code).to.equal(code);
      expect(failure.message).to.include(says);
      expect(failure.action).to.be.a('string');
    });
  }

  for (const [title, content, line] of [
    ['first', '{"id":oops}\n{"id":2}\n', 1],
    ['in the middle', `${'{"id":1}\n'.repeat(4999)}{"id":oops}\n{"id":2}\n`, 5000],
    ['last', '{"id":1}\n{"id":', 2],
  ] as const) {
    it(`names the line of JSON that is broken: ${title}`, async () => {
      const error = await rejectionOf(stageToLines(fixture, { file: await fixture.write('a.jsonl', content) }, TWO));
      expect(error.message).to.equal(`Line ${line} is not valid JSON`);
    });
  }

  for (const [title, content, line] of [
    ['at the start', `id,name\n1,${'x'.repeat(5 << 20)}\n2,b\n`, 2],
    ['past the first slice', `id,name\n${'1,a\n'.repeat(1000)}2,${'x'.repeat(20 << 20)}\n3,b\n`, 1002],
    ['for a quote that does not end', `id,name\n1,"${'x\n'.repeat(3 << 20)}`, 2],
    ['at the end, without a newline', `id,name\n1,a\n2,${'x'.repeat(40 << 20)}`, 3],
  ] as const) {
    it(`refuses a line longer than the engine reads, ${title}: it would be passed over`, async () => {
      const file = await fixture.write('a.csv', content);
      const error = await rejectionOf(stageToLines(fixture, { file }, TWO));
      expect(error).to.include({ code: 'RS_INPUT_INVALID', message: `Line ${line} is longer than 4 MiB` });
    });
  }

  it('refuses a file that is not there, and a folder', async () => {
    const missing = await rejectionOf(stageToLines(fixture, { file: `${fixture.inputs}/none.csv` }, TWO));
    expect(missing.code).to.equal('RS_CONFIG_OBJECT_MISSING');
    const folder = await rejectionOf(stageToLines(fixture, { file: fixture.inputs, format: 'csv' }, TWO));
    expect(folder.code).to.equal('RS_INPUT_INVALID');
  });

  for (const [name, content] of [
    ['a.csv', 'id,name\n'],
    ['a.csv', 'id,name'],
    ['a.jsonl', '\n\n'],
  ] as const) {
    it(`stages nothing for zero rows: ${JSON.stringify(content)}`, async () => {
      const file = await fixture.write(name, content);
      const fields = name === 'a.csv' ? TWO : [];
      if (fields.length > 0) expect((await stageToLines(fixture, { file }, fields)).rows).to.deep.equal([]);
      expect((await fixture.files()).filter((own) => own.startsWith('part-'))).to.deep.equal([]);
    });
  }

  it('splits by size, in whole records, numbered through', async () => {
    const rows = Array.from({ length: 5000 }, (_, index) => `${index},"line one\nline ""two"" ${index}"`);
    const file = await fixture.write('a.csv', `id,name\n${rows.join('\n')}\n`);
    const fields = fieldsOf(['id', 'integer'], ['name', 'varchar(60)']);
    const { lines, rows: counts } = await stageToLines(fixture, { file }, fields, { targetFileBytes: 5000 });
    expect(counts.length).to.be.greaterThan(2);
    expect(counts.reduce((sum, count) => sum + count, 0)).to.equal(5000);
    const numbers = lines.filter((line) => !line.includes('"line')).map((line) => line.split(',').at(-1));
    expect(numbers).to.deep.equal(Array.from({ length: 5000 }, (_, index) => String(index + 1)));
  });

  it('counts records from the start of the file, whatever part of it is read', async () => {
    const rows = Array.from({ length: 5000 }, (_, index) => (index === 3999 ? '1,two,three' : `${index},"a\nb"`));
    const file = await fixture.write('a.csv', `id,name\n${rows.join('\n')}\n`);
    const { message, details } = await rejectionOf(stageToLines(fixture, { file }, TWO, { targetFileBytes: 5000 }));
    expect(details).to.deep.equal({ line: 4001 });
    expect(message).to.equal('Line 4001 has 3 columns, the header has 2');
  });

  it('splits Parquet by size, every row once', async () => {
    const path = `${fixture.inputs}/big.parquet`;
    await fixture.outside(`COPY (SELECT range AS id, md5(range::VARCHAR) AS name FROM range(600000)) TO '${path}'`);
    const fields = fieldsOf(['id', 'integer'], ['name', 'varchar(32)']);
    const { lines, rows } = await stageToLines(fixture, { file: path }, fields, { targetFileBytes: 3_000_000 });
    expect(rows.length).to.be.greaterThan(3);
    expect(
      lines.every(
        (line) => Number(line.slice(0, line.indexOf(','))) + 1 === Number(line.slice(line.lastIndexOf(',') + 1)),
      ),
    ).to.equal(true);
    expect(new Set(lines).size).to.equal(600_000);
  });

  for (const name of ['a.csv', 'a.csv.gz', 'a.jsonl']) {
    it(`leaves no slice behind when the reader of ${name} leaves early`, async () => {
      const rows = Array.from({ length: 5000 }, (_, id) => (name.endsWith('l') ? `{"id":${id}}` : String(id)));
      const text = `${name.endsWith('l') ? '' : 'id\n'}${rows.join('\n')}\n`;
      const file = await fixture.write(name, name.endsWith('gz') ? gzipSync(text) : text);
      const input = await openInputFile(fixture.engine, { file }, fixture.run);
      const [field] = fieldsOf(['id', 'integer']);
      const columns = [{ source: 'id', sourceType: input.columns[0]!.type, field: field! }];
      const spec = { input, columns, dialect: { nullMarker: NULL_MARKER }, rowNumbers: true, targetFileBytes: 500 };
      for await (const part of stageFile(fixture.engine, spec, fixture.run)) {
        expect(part.rows).to.be.greaterThan(0);
        break;
      }
      expect((await fixture.files()).filter((own) => !own.startsWith('input'))).to.deep.equal(['part-00001.csv.zst']);
    });
  }

  it('stops at once when aborted, and leaves no partial file', async () => {
    const controller = new AbortController();
    await using aborted = await openFixture(openRun({ signal: controller.signal }));
    const path = `${aborted.inputs}/big.parquet`;
    await aborted.outside(`COPY (SELECT range AS id, md5(range::VARCHAR) AS name FROM range(3000000)) TO '${path}'`);
    const fields = fieldsOf(['id', 'integer'], ['name', 'varchar(32)']);
    const reason = new Error('Ctrl-C');
    setTimeout(() => controller.abort(reason), 60);
    let caught: unknown;
    await stageToLines(aborted, { file: path }, fields).catch((error: unknown) => {
      caught = error;
    });
    expect(caught).to.equal(reason);
    expect((await aborted.files()).filter((name) => name.includes('partial'))).to.deep.equal([]);
  });
});
