import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { columnsAnew, schemaAnew, writeAnew } from '../../src/columnar/carry-columns.ts';
import { Engine } from '../../src/columnar/engine.ts';
import { exportFile } from '../../src/columnar/export-file.ts';
import {
  CHUNK,
  changed,
  FILE,
  fieldsOf,
  int64,
  listAt,
  META,
  numberAt,
  ROW_GROUP,
  readFooter,
  structs,
} from '../../src/columnar/parquet-footer.ts';
import { isPlain } from '../../src/columnar/parquet-layout.ts';
import { type FileRange, ParquetParts } from '../../src/columnar/parquet-parts.ts';
import type { Thrift } from '../../src/columnar/thrift-compact.ts';
import { openRun } from '../../src/core/run.ts';
import { Sql } from '../../src/sql/sql.ts';
import type { SupportedField } from '../../src/types/field.ts';

const FIELDS: readonly SupportedField[] = [
  { name: 'id', type: { kind: 'integer' } },
  { name: 'day', type: { kind: 'date' } },
  { name: 'a "b".c', type: { kind: 'varchar', bytes: 60 } },
  { name: 'amount', type: { kind: 'decimal', precision: 10, scale: 2 } },
];
const SELECT = `range::INTEGER AS c1, CASE WHEN range % 7 > 0 THEN (DATE '2024-01-01' + (range % 900)::INTEGER)::VARCHAR END AS c2,
  'tëxt' || range % 11 AS c3, (range / 100.0)::DECIMAL(10,2) AS c4`;
/** Files of UNLOAD, each by what is peculiar about it. */
const FILES = {
  plain: `(SELECT ${SELECT} FROM range(0, 30000)), COMPRESSION snappy, ROW_GROUP_SIZE 10240`,
  zstd: `(SELECT ${SELECT} FROM range(30000, 31000)), COMPRESSION zstd`,
  bytes: `(SELECT * REPLACE (encode(c3) AS c3) FROM (SELECT ${SELECT} FROM range(31000, 32000))), COMPRESSION snappy`,
  wider: `(SELECT * REPLACE (c4::DECIMAL(30,2) AS c4) FROM (SELECT ${SELECT} FROM range(32000, 33000))), COMPRESSION snappy`,
  version2: `(SELECT ${SELECT} FROM range(33000, 34000)), COMPRESSION snappy, PARQUET_VERSION v2`,
} as const;

/** As if the head of a column's dictionary were left out. */
function shortened(chunks: readonly Thrift[], short: number): readonly Thrift[] {
  return chunks.map((chunk, position) => {
    const meta = fieldsOf(chunk).get(CHUNK.meta);
    if (position !== short || meta === undefined) return chunk;
    const bytes = int64(numberAt(fieldsOf(meta), META.packedBytes) - 14n);
    return changed(chunk, [[CHUNK.meta, changed(meta, [[META.packedBytes, bytes]])]]);
  });
}

/** Twelve rows by pyarrow 15, which repeats behind each column what the footer says of it. */
const REPEATED = gunzipSync(
  Buffer.from(
    [
      'H4sIAAAAAAACA5WVz2sTQRTH32yy27jZpkH6hqwEycEMEZKyu9ltU0wPXnoKkqa/0jSXEAJ60MY0avEvCMWDlCI99eBJFIpH6cFLwIMnCeKf4F',
      'E8igfxTTQxxYR0Yb+PffOSed+Z+UxSvF2yMYgWugU0EK4CxKrFLsAaqURaJ22QNkkIyPFamj4XRQ21OACEUwpFgwUCnQ+KOGFxVEwPtKgZU+o2',
      'KtzgHcafM1EWoZtp6gOoyGmiKL9G+TOGlQLq/carrk6DjuV4GcvL2J4TAViSIUchtzxadKyJXgIr5GUVxNtAHI2hF6fv5Svj75j4rogfbKybp3',
      'hnsAsrNzQaa3ffHLQ91GGRtETKoZ5enhlUbGvqlrxXR21k+zZ6jL9m4ldQHAfH2shjfmDjepSGukWmwhpT8yWZrMuwIcPm1O7nM3GMDLu7/e7H',
      'jJ8w8VMTL7Wx3S+gsEXHvk0qk3ZIFdLuZVA4uzIJhW8hceoXBseWHDgyuBIG70JxcTIMt/7A8DE8CYbDsDjSx7o5wMJgH/L/YLAIApvkkLKop9',
      'wRTKbtyZfZ/1n4xPgrJl7MijPjcixsEQvbxEJZJjsyVGTYndq9NzeJhaM5cR4Z192sehDT9ut3G/drGKJiUpGHCWj0X5wkFGSfv2l2kEboDOWA',
      'm9Rpzvl0VUYq8JiZNgt+fyX832T/l87/ReGfVW6IED9UaWW0KN+8+2fSPz/+z5z35LJOQ7yjziuQSjRrrYePGu1MvdnM1FqtvSeJx43W/r29Bw',
      'nbW7AWHFOe+PCBLM1RpH+U372mNiZWBgAA',
    ].join(''),
    'base64',
  ),
);

describe('columns carried over from unloaded files', () => {
  let folder: string;
  let engine: Engine;
  const run = openRun({});

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-carry-'));
    engine = await Engine.open({ folder, threads: 1 });
    await writeFile(pathOf('repeated'), REPEATED);
    for (const [name, form] of Object.entries(FILES)) {
      const [select, options] = [form.slice(0, form.indexOf('), COMP') + 1), form.slice(form.indexOf('), COMP') + 3)];
      await engine.copy(
        Sql.trusted(`COPY ${select} TO '${pathOf(name)}' (FORMAT parquet, ${options})`),
        run,
        () => undefined,
      );
    }
  });
  after(async () => {
    await engine?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const pathOf = (name: string): string => join(engine.folder, `${name}.parquet`);

  /** One file of all; tells which columns of each were carried over. */
  async function mix(names: readonly string[], to: string): Promise<readonly (readonly number[] | undefined)[]> {
    const schema = await schemaAnew(engine, FIELDS, pathOf('schema'), run);
    const parts = new ParquetParts(FIELDS.map(({ name }) => name));
    const found: (readonly number[] | undefined)[] = [];
    const add = async (more: { readonly head: Buffer; readonly ranges: readonly FileRange[] }): Promise<void> => {
      await appendFile(to, more.head);
      for (const { path, first, end } of more.ranges) await appendFile(to, (await readFile(path)).subarray(first, end));
    };
    for (const name of names) {
      const path = pathOf(name);
      const end = await readFooter(path);
      const anew = (await isPlain(path, end, FIELDS.length)) ? columnsAnew(FIELDS, end, schema) : undefined;
      found.push(anew);
      if (anew === undefined) {
        const form = { format: 'parquet', compression: 'snappy', delimiter: ',', nullMarker: '' } as const;
        const piece = pathOf('piece');
        await exportFile(engine, { kind: 'unloaded', path }, { fields: FIELDS, form, acceptLoss: [], to: piece }, run);
        await add(await parts.add(piece));
      } else {
        const { part } = await writeAnew(engine, path, { fields: FIELDS, anew, schema, to: join(folder, 'anew') }, run);
        await add(await parts.mix(part));
      }
    }
    await appendFile(to, parts.end());
    return found;
  }

  it('are not taken where those beside them would fill the memory, however small the file', async () => {
    const schema = await schemaAnew(engine, FIELDS, pathOf('schema'), run);
    const { footer } = await readFooter(pathOf('plain'));
    const groups = listAt(footer, FILE.rowGroups).map((group) => changed(group, [[ROW_GROUP.rows, int64(10n ** 7n)]]));
    const dense = new Map([...footer, [FILE.rowGroups, structs(groups)] as const]);
    expect(columnsAnew(FIELDS, { footer }, schema)).to.deep.equal([1]);
    expect(columnsAnew(FIELDS, { footer: dense }, schema)).to.equal(undefined);
  });

  it('are not taken where a column is longer than its metadata says', async () => {
    for (const name of ['plain', 'repeated']) {
      const { footer, end } = await readFooter(pathOf(name));
      expect(await isPlain(pathOf(name), { footer, end }, FIELDS.length)).to.equal(true);
      for (let short = 0; short < FIELDS.length; short += 1) {
        const groups = listAt(footer, FILE.rowGroups).map((group) =>
          changed(group, [[ROW_GROUP.columns, structs(shortened(listAt(fieldsOf(group), ROW_GROUP.columns), short))]]),
        );
        const other = new Map([...footer, [FILE.rowGroups, structs(groups)] as const]);
        expect(await isPlain(pathOf(name), { footer: other, end }, FIELDS.length)).to.equal(false);
      }
    }
  });

  it('stand beside those of files that are converted as a whole, in any order', async () => {
    const names = [...Object.keys(FILES), 'repeated'];
    for (const [index, order] of [names, names.toReversed()].entries()) {
      const to = pathOf(`all-${index}`);
      const anew = await mix(order, to);
      expect(order.map((name, position) => [name, anew[position]])).to.have.deep.members([
        ['plain', [1]],
        ['zstd', undefined],
        ['bytes', undefined],
        ['wider', [1, 3]],
        ['version2', [1]],
        ['repeated', [1, 3]],
      ]);
      const right = `"day" IS NOT DISTINCT FROM (CASE WHEN id % 7 > 0 THEN DATE '2024-01-01' + id % 900 END)
        AND "a ""b"".c" = 'tëxt' || id % 11 AND amount = (id / 100.0)::DECIMAL(10,2)`;
      const counted = await engine.query(
        Sql.trusted(`SELECT count(*), count(DISTINCT id), count(*) FILTER (${right}) FROM read_parquet('${to}')`),
        run,
      );
      expect(counted).to.deep.equal([['34012', '34012', '34012']]);
    }
  });
});
