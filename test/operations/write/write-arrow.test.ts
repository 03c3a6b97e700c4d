import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  binary,
  bool,
  Column,
  columnFromArray,
  type DataType,
  dateDay,
  decimal,
  dictionary,
  duration,
  field,
  float64,
  int16,
  int32,
  int64,
  list,
  struct,
  tableFromColumns,
  tableToIPC,
  timeMicrosecond,
  timestamp,
  uint64,
  utf8,
} from '@uwdata/flechette';
import { expect } from 'chai';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

describe('write: Arrow', () => {
  let on: WriteWorld;
  let folder: string;
  before(async () => {
    on = await sharedWriteWorld();
    folder = await mkdtemp(join(tmpdir(), 'write-arrow-'));
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
    expect(await on.files(), 'local files').to.deep.equal([]);
  });

  const TIMESTAMP = timestamp(0).typeId;

  type Columns = Readonly<Record<string, readonly [type: DataType, values: readonly unknown[]]>>;

  function ipc(columns: Columns, format: 'stream' | 'file' = 'stream', maxBatchRows = 2): Buffer {
    const built = Object.entries(columns).map(([name, [type, values]]) => {
      const options = { useBigInt: true, useDecimalInt: true, useBigIntTimestamp: true, maxBatchRows };
      // The builder takes times in milliseconds only; as they are stored they are whole numbers.
      const stored = type.typeId === TIMESTAMP ? int64() : type;
      const column = columnFromArray([...values], stored, options);
      return [name, type === stored ? column : new Column([...column.data], type)] as const;
    });
    return Buffer.from(tableToIPC(tableFromColumns(Object.fromEntries(built)), { format })!);
  }

  const VALUES: Columns = {
    small: [int16(), [1, -32768, null]],
    big: [int64(), [9223372036854775807n, -9223372036854775808n, null]],
    huge: [uint64(), [18446744073709551615n, 0n, null]],
    price: [decimal(38, 10, 128), [12345678901234567890123456789n, -1n, null]],
    ratio: [float64(), [0.1, Number.NaN, null]],
    flag: [bool(), [true, false, null]],
    day: [dateDay(), [new Date('2024-02-29'), new Date('0001-01-01'), null]],
    clock: [timeMicrosecond(), [86_399_999_999n, 0n, null]],
    at: [timestamp(2), [1_709_164_800_123_456n, -1n, null]],
    instant: [timestamp(1, 'Europe/Berlin'), [1_709_164_800_123n, 0n, null]],
    note: [utf8(), ['\uFEFFé "x"\r\n', '', null]],
    word: [dictionary(utf8()), ['red', 'red', null]],
    raw: [binary(), [Uint8Array.of(0, 255), Uint8Array.of(1), null]],
    tags: [list(int64()), [[1n, null, 9007199254740993n], [], null]],
    nested: [struct([field('a', int32()), field('b', utf8())]), [{ a: 1, b: 'x' }, { a: null, b: '"' }, null]],
  };

  for (const format of ['stream', 'file'] as const) {
    it(`loads every value of a ${format} as it is, and makes a table for it`, async () => {
      const path = join(folder, `values.${format === 'file' ? 'arrow' : 'arrows'}`);
      await writeFile(path, ipc(VALUES, format));
      const table = `arrow_${format}`;
      const report = await on.write({ object: ['sales', table], createTarget: true, verify: true }, { file: path });
      expect(report.rows).to.include({ read: 3, loaded: 3 });
      const rows = await on.rows(
        `SELECT small, big, huge, price, ratio, flag, day, clock, at, instant, note, word, raw, tags, nested FROM sales.${table} ORDER BY small`,
      );
      expect(rows.map((row) => row.map((value) => value?.replaceAll(' ', '') ?? null))).to.deep.equal([
        [
          '-32768',
          '-9223372036854775808',
          '0',
          '-0.0000000001',
          'NaN',
          'f',
          '0001-01-01',
          '00:00:00',
          '1969-12-3123:59:59.999999',
          '1970-01-0100:00:00+00',
          '',
          'red',
          '01',
          '[]',
          '{"a":null,"b":"\\""}',
        ],
        [
          '1',
          '9223372036854775807',
          '18446744073709551615',
          '1234567890123456789.0123456789',
          '0.1',
          't',
          '2024-02-29',
          '23:59:59.999999',
          '2024-02-2900:00:00.123456',
          '2024-02-2900:00:00.123+00',
          '\uFEFFé"x"\r\n',
          'red',
          '00ff',
          '[1,null,9007199254740993]',
          '{"a":1,"b":"x"}',
        ],
        Object.keys(VALUES).map(() => null),
      ]);
    });
  }

  it('takes several, with columns in any order, skips loaded ones, and reads a stream', async () => {
    await on.table('arrows', 'id INTEGER, note VARCHAR(9)');
    const [one, two] = [join(folder, 'one.arrow'), join(folder, 'two.arrow')];
    await writeFile(one, ipc({ id: [int32(), [1, 2, 3]], note: [utf8(), ['a', 'b', 'c']] }, 'file'));
    await writeFile(two, ipc({ note: [utf8(), ['d']], id: [int32(), [4]] }));
    const spec = { object: 'sales.arrows', skipLoadedFiles: true } as const;
    expect((await on.write(spec, { file: one })).rows).to.include({ read: 3, loaded: 3 });
    expect((await on.write(spec, { files: [one, two] })).rows).to.include({ read: 4, loaded: 1, skipped: 3 });
    const stream = Readable.from([ipc({ id: [int32(), [5]] })]);
    expect((await on.write({ object: 'sales.arrows' }, { file: stream, format: 'arrow' })).rows.loaded).to.equal(1);
    expect(await on.rows('SELECT id, note FROM sales.arrows ORDER BY id')).to.deep.equal([
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'c'],
      ['4', 'd'],
      ['5', null],
    ]);
  });

  const good = (): Buffer => ipc({ id: [int32(), [1, 2, 3]] });

  /** The text's bytes are no UTF-8 any more. */
  function withBrokenText(): Buffer {
    const bytes = ipc({ note: [utf8(), ['MARK']] });
    bytes[bytes.indexOf('MARK')] = 0xff;
    return bytes;
  }

  for (const { title, files, code, words } of [
    {
      title: 'a stream without its end',
      files: { 'a.arrows': good().subarray(0, -8) },
      code: 'RS_INPUT_INVALID',
      words: 'its end is missing',
    },
    {
      title: 'a stream cut in a batch',
      files: { 'a.arrows': good().subarray(0, -40) },
      code: 'RS_INPUT_INVALID',
      words: 'its end is missing',
    },
    {
      title: 'a file without its end',
      files: { 'a.arrow': ipc({ id: [int32(), [1]] }, 'file').subarray(0, -9) },
      code: 'RS_INPUT_INVALID',
      words: 'its end is missing',
    },
    {
      title: 'something else',
      files: { 'a.arrow': Buffer.from('id,note\n1,a\n'.repeat(9)) },
      code: 'RS_INPUT_INVALID',
      words: 'no whole Arrow',
    },
    { title: 'an empty file', files: { 'a.arrow': Buffer.alloc(0) }, code: 'RS_INPUT_INVALID', words: 'is empty' },
    {
      title: 'a text that is no UTF-8',
      files: { 'a.arrow': withBrokenText() },
      code: 'RS_INPUT_INVALID',
      words: 'Column "note" holds a text that is not UTF-8',
    },
    {
      title: 'a type that no column has',
      files: { 'a.arrow': ipc({ id: [duration(1), [1n]] }) },
      code: 'RS_TYPE_UNSUPPORTED',
      words: 'Column "id"',
    },
    {
      title: 'files with other columns',
      files: { 'a.arrow': good(), 'b.arrow': ipc({ nr: [int32(), [1]] }) },
      code: 'RS_INPUT_INVALID',
      words: 'The file b.arrow lacks a column of the first file: "id"',
    },
    {
      title: 'Arrow beside CSV',
      files: { 'a.arrow': good(), 'b.csv': Buffer.from('id\n1\n') },
      code: 'RS_CONFIG_INVALID',
      words: 'cannot be written together',
    },
  ]) {
    it(`refuses ${title}`, async () => {
      const paths: string[] = [];
      for (const [name, content] of Object.entries(files)) {
        paths.push(join(folder, name));
        await writeFile(join(folder, name), content);
      }
      await on.world.sql(
        'CREATE TABLE IF NOT EXISTS sales.no_arrow (id INTEGER, note VARCHAR(9)); GRANT ALL ON sales.no_arrow TO etl',
      );
      const error = await on.refusal({ object: 'sales.no_arrow' }, { files: paths });
      expect([error.code, error.message.includes(words)], error.message).to.deep.equal([code, true]);
      expect(await on.rows('SELECT COUNT(*) FROM sales.no_arrow')).to.deep.equal([['0']]);
    });
  }

  it('refuses nanoseconds that no timestamp holds, by row and column', async () => {
    await on.table('nanos', 'at TIMESTAMP');
    const given = (values: readonly bigint[]) => ({
      file: Readable.from([ipc({ at: [timestamp(3), values] })]),
      format: 'arrow' as const,
    });
    const error = await on.refusal({ object: 'sales.nanos' }, given([1000n, 1001n]));
    expect([error.code, error.details['row'], error.details['column']]).to.deep.equal([
      'RS_VALUE_UNREPRESENTABLE',
      2,
      'at',
    ]);
    expect((await on.write({ object: 'sales.nanos' }, given([1_000_000_001_000n]))).rows.loaded).to.equal(1);
    expect(await on.rows('SELECT at FROM sales.nanos')).to.deep.equal([['1970-01-01 00:16:40.000001']]);
  });
});
