import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { columnsAnew, schemaAnew, writeAnew } from '../../src/columnar/carry-columns.ts';
import { Engine } from '../../src/columnar/engine.ts';
import { exportFile } from '../../src/columnar/export-file.ts';
import { changed, FILE, int64, listAt, ROW_GROUP, readFooter, structs } from '../../src/columnar/parquet-footer.ts';
import { type FileRange, ParquetParts } from '../../src/columnar/parquet-parts.ts';
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

describe('columns carried over from unloaded files', () => {
  let folder: string;
  let engine: Engine;
  const run = openRun({});

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-carry-'));
    engine = await Engine.open({ folder, threads: 1 });
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
      const anew = columnsAnew(FIELDS, await readFooter(path), schema);
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
    const { footer, end } = await readFooter(pathOf('plain'));
    const groups = listAt(footer, FILE.rowGroups).map((group) => changed(group, [[ROW_GROUP.rows, int64(10n ** 7n)]]));
    const dense = new Map([...footer, [FILE.rowGroups, structs(groups)] as const]);
    expect(columnsAnew(FIELDS, { footer, end }, schema)).to.deep.equal([1]);
    expect(columnsAnew(FIELDS, { footer: dense, end }, schema)).to.equal(undefined);
  });

  it('stand beside those of files that are converted as a whole, in any order', async () => {
    const names = Object.keys(FILES);
    for (const [index, order] of [names, names.toReversed()].entries()) {
      const to = pathOf(`all-${index}`);
      const anew = await mix(order, to);
      expect(order.map((name, position) => [name, anew[position]])).to.have.deep.members([
        ['plain', [1]],
        ['zstd', undefined],
        ['bytes', undefined],
        ['wider', [1, 3]],
        ['version2', [1]],
      ]);
      const right = `"day" IS NOT DISTINCT FROM (CASE WHEN id % 7 > 0 THEN DATE '2024-01-01' + id % 900 END)
        AND "a ""b"".c" = 'tëxt' || id % 11 AND amount = (id / 100.0)::DECIMAL(10,2)`;
      const counted = await engine.query(
        Sql.trusted(`SELECT count(*), count(DISTINCT id), count(*) FILTER (${right}) FROM read_parquet('${to}')`),
        run,
      );
      expect(counted).to.deep.equal([['34000', '34000', '34000']]);
    }
  });
});
