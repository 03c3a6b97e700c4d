import { open } from 'node:fs/promises';
import { ConnectorError } from '../core/errors.ts';
import { readThrift, type Thrift, writeThrift } from './thrift-compact.ts';

const MAGIC = Buffer.from('PAR1');
const TAIL_BYTES = 8;

// Numbers of fields in https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
const FILE = { schema: 2, rows: 3, rowGroups: 4 } as const;
const SCHEMA_NAME = 4;
const ROW_GROUP = { columns: 1, offset: 5, ordinal: 7 } as const;
const CHUNK = { offset: 2, meta: 3, offsetIndex: 4, columnIndex: 6 } as const;
const META = { path: 3, dataPage: 9, indexPage: 10, dictionaryPage: 11, bloomFilter: 14 } as const;

/**
 * Several Parquet files of one schema as one, without decoding: their row groups one after the other, and an end that
 * lists them all. Columns get the names given here, whatever they were called in the parts.
 */
export class ParquetParts {
  readonly #names: readonly string[];
  readonly #rowGroups: Thrift[] = [];
  #footer: ReadonlyMap<number, Thrift> | undefined;
  #rows = 0n;
  #written = 0;

  /** Names of the columns, which are flat, in their order. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  get rows(): number {
    return Number(this.#rows);
  }

  /** What to write for one more part: bytes of the part from `first` up to `end`, after `head`. */
  async add(path: string): Promise<{ readonly head: Buffer; readonly first: number; readonly end: number }> {
    const { footer, end } = await readFooter(path);
    const head = this.#footer === undefined ? MAGIC : Buffer.alloc(0);
    const isEmpty = numberAt(footer, FILE.rows) === 0n;
    if (this.#footer === undefined) this.#footer = footer;
    this.#written += head.length;
    if (isEmpty) return { head, first: end, end };
    const shift = BigInt(this.#written - MAGIC.length);
    for (const group of listAt(footer, FILE.rowGroups)) {
      this.#rowGroups.push(moved(group, shift, this.#rowGroups.length, this.#names));
    }
    this.#rows += numberAt(footer, FILE.rows);
    this.#written += end - MAGIC.length;
    return { head, first: MAGIC.length, end };
  }

  /** What to write last. */
  end(): Buffer {
    if (this.#footer === undefined) throw new ConnectorError('RS_INTERNAL', 'A Parquet file was ended without a part');
    const schema = listAt(this.#footer, FILE.schema).map((element, position) => {
      const name = this.#names[position - 1];
      return name === undefined ? element : changed(element, [[SCHEMA_NAME, binary(name)]]);
    });
    const footer = writeThrift(
      changed({ kind: 'struct', fields: this.#footer }, [
        [FILE.schema, structs(schema)],
        [FILE.rows, { kind: 'int', width: 6, value: this.#rows }],
        [FILE.rowGroups, structs(this.#rowGroups)],
      ]),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    return Buffer.concat([footer, length, MAGIC]);
  }
}

async function readFooter(
  path: string,
): Promise<{ readonly footer: ReadonlyMap<number, Thrift>; readonly end: number }> {
  await using file = await open(path);
  const { size } = await file.stat();
  const tail = Buffer.alloc(TAIL_BYTES);
  await file.read(tail, 0, TAIL_BYTES, Math.max(0, size - TAIL_BYTES));
  const length = tail.readUInt32LE(0);
  const end = size - TAIL_BYTES - length;
  if (!tail.subarray(4).equals(MAGIC) || end < MAGIC.length) throw unexpected();
  const bytes = Buffer.alloc(length);
  await file.read(bytes, 0, length, end);
  return { footer: fieldsOf(readThrift(bytes)), end };
}

/** A row group that lies `shift` bytes further on. */
function moved(group: Thrift, shift: bigint, ordinal: number, names: readonly string[]): Thrift {
  const columns = listAt(fieldsOf(group), ROW_GROUP.columns).map((chunk, position) => {
    const meta = fieldsOf(fieldsOf(chunk).get(CHUNK.meta));
    const path = { kind: 'list', element: 8, wireType: 9, values: [binary(names[position] ?? '')] } as const;
    const movedMeta = changed({ kind: 'struct', fields: meta }, [
      [META.path, path],
      ...offsets(meta, [META.dataPage, META.indexPage, META.dictionaryPage, META.bloomFilter], shift),
    ]);
    const fields = fieldsOf(chunk);
    return changed(chunk, [
      [CHUNK.meta, movedMeta],
      ...offsets(fields, [CHUNK.offset, CHUNK.offsetIndex, CHUNK.columnIndex], shift),
    ]);
  });
  const fields = fieldsOf(group);
  return changed(group, [
    [ROW_GROUP.columns, structs(columns)],
    ...offsets(fields, [ROW_GROUP.offset], shift),
    ...(fields.has(ROW_GROUP.ordinal)
      ? [[ROW_GROUP.ordinal, { kind: 'int', width: 4, value: BigInt(ordinal) }] as const]
      : []),
  ]);
}

/** Zero stands for "not told" in a place that a writer had to fill. */
function offsets(
  fields: ReadonlyMap<number, Thrift>,
  ids: readonly number[],
  shift: bigint,
): readonly (readonly [number, Thrift])[] {
  return ids.flatMap((id) => {
    const found = fields.get(id);
    if (found?.kind !== 'int' || found.value === 0n) return [];
    return [[id, { ...found, value: found.value + shift }] as const];
  });
}

function changed(struct: Thrift, changes: readonly (readonly [number, Thrift])[]): Thrift {
  return { kind: 'struct', fields: new Map([...fieldsOf(struct), ...changes]) };
}

function fieldsOf(value: Thrift | undefined): ReadonlyMap<number, Thrift> {
  if (value?.kind === 'struct') return value.fields;
  throw unexpected();
}

function listAt(fields: ReadonlyMap<number, Thrift>, id: number): readonly Thrift[] {
  const value = fields.get(id);
  if (value?.kind === 'list') return value.values;
  throw unexpected();
}

function numberAt(fields: ReadonlyMap<number, Thrift>, id: number): bigint {
  const value = fields.get(id);
  if (value?.kind === 'int') return value.value;
  throw unexpected();
}

function structs(values: readonly Thrift[]): Thrift {
  return { kind: 'list', element: 12, wireType: 9, values };
}

function binary(text: string): Thrift {
  return { kind: 'binary', value: Buffer.from(text) };
}

function unexpected(): ConnectorError {
  return new ConnectorError('RS_INTERNAL', 'A Parquet file has another end than the format says');
}
