import { open } from 'node:fs/promises';
import { ConnectorError } from '../core/errors.ts';
import { readThrift, type Thrift } from './thrift-compact.ts';

// Numbers of fields in https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
export const FILE = { schema: 2, rows: 3, rowGroups: 4, metadata: 5 } as const;
export const SCHEMA = {
  type: 1,
  length: 2,
  repetition: 3,
  name: 4,
  children: 5,
  converted: 6,
  scale: 7,
  precision: 8,
} as const;
export const ROW_GROUP = { columns: 1, bytes: 2, rows: 3, offset: 5, packedBytes: 6, ordinal: 7 } as const;
export const CHUNK = {
  path: 1,
  offset: 2,
  meta: 3,
  offsetIndex: 4,
  offsetIndexBytes: 5,
  columnIndex: 6,
  columnIndexBytes: 7,
  crypto: 8,
} as const;
export const META = {
  path: 3,
  codec: 4,
  values: 5,
  bytes: 6,
  packedBytes: 7,
  dataPage: 9,
  indexPage: 10,
  dictionaryPage: 11,
  bloomFilter: 14,
  bloomFilterBytes: 15,
} as const;

export const MAGIC = Buffer.from('PAR1');
const TAIL_BYTES = 8;

export type Fields = ReadonlyMap<number, Thrift>;

export interface ParquetFooter {
  readonly footer: Fields;
  /** Where the row groups end and the footer begins. */
  readonly end: number;
}

/** The end of a Parquet file, which says where everything is. Throws RS_INTERNAL for what is none. */
export async function readFooter(path: string): Promise<ParquetFooter> {
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

/** A struct with some fields set, and those that are `undefined` taken out. */
export function changed(struct: Thrift, changes: readonly (readonly [number, Thrift | undefined])[]): Thrift {
  const fields = new Map(fieldsOf(struct));
  for (const [id, value] of changes) {
    if (value === undefined) fields.delete(id);
    else fields.set(id, value);
  }
  return { kind: 'struct', fields };
}

export function fieldsOf(value: Thrift | undefined): Fields {
  if (value?.kind === 'struct') return value.fields;
  throw unexpected();
}

export function listAt(fields: Fields, id: number): readonly Thrift[] {
  const value = fields.get(id);
  if (value?.kind === 'list') return value.values;
  throw unexpected();
}

/** `absent` where the field is not there; without it that is an error. */
export function numberAt(fields: Fields, id: number, absent?: bigint): bigint {
  const value = fields.get(id);
  if (value?.kind === 'int') return value.value;
  if (absent !== undefined && value === undefined) return absent;
  throw unexpected();
}

export function int64(value: bigint): Thrift {
  return { kind: 'int', width: 6, value };
}

export function structs(values: readonly Thrift[]): Thrift {
  return { kind: 'list', element: 12, wireType: 9, values };
}

export function binary(text: string): Thrift {
  return { kind: 'binary', value: Buffer.from(text) };
}

export function unexpected(): ConnectorError {
  return new ConnectorError('RS_INTERNAL', 'A Parquet file has another end than the format says');
}
