import { isAscii } from 'node:buffer';
import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import type { DuckDBDataChunk } from '@duckdb/node-api';
import type duckdb from '@duckdb/node-bindings';
import type { Value } from '../types/batch.ts';
import type { StagedKind } from '../types/codec-shape.ts';

/** Appends the values of a column, of rows from `start` to `end`, and answers how many characters of text they are. */
export type ColumnReader = (
  chunk: DuckDBDataChunk,
  position: number,
  start: number,
  end: number,
  into: Value[],
) => number;

/** Where its strings are longer than this, a vector holds pointers to them. */
const INLINE_BYTES = 12;
const STRING_BYTES = 16;
const NON_ASCII = 0x80808080 | 0;
/** Of two strings that lie closer than this, what is between them lies in the memory page of one or the other: it may be read. */
const MAX_GAP_BYTES = 2048;
/** More than a few wide values at once would only be held for longer. */
const MAX_RUN_BYTES = 256 * 1024;

/**
 * How a column of this kind is read: straight from the engine's own vectors, three times as quick as by its getters, which make a
 * view, a decoder's call and arithmetic of bigints for each value. The forms are those of the C API (`duckdb_string_t`, validity
 * masks). The caller holds the chunk meanwhile: nothing that is read outlasts the call.
 */
export function columnReader(kind: StagedKind, fromText: (text: string) => Value): ColumnReader {
  return canReadVectors() ? vectorReader(kind, fromText) : getterReader(fromText);
}

/** The same by the getters of the package, where its inner parts are not those that are known. */
export function getterReader(fromText: (text: string) => Value): ColumnReader {
  return (chunk, position, start, end, into) => {
    const vector = chunk.getColumnVector(position);
    let chars = 0;
    for (let row = start; row < end; row += 1) {
      const value = vector.getItem(row) as Value; // the kinds of a staged column are values as they are
      if (typeof value === 'string') chars += value.length;
      into.push(typeof value === 'string' ? fromText(value) : value);
    }
    return chars;
  };
}

type Bindings = Pick<
  typeof duckdb,
  'data_chunk_get_vector' | 'vector_get_data' | 'vector_get_validity' | 'get_data_from_pointer'
>;

let loaded: Bindings | undefined;

/** The binding below the package, wherever a package manager has put it. */
function bindings(): Bindings {
  const require = createRequire(import.meta.url);
  loaded ??= createRequire(require.resolve('@duckdb/node-api'))('@duckdb/node-bindings') as Bindings;
  return loaded;
}

/** The package that the engine runs in: who comes here has a chunk of it. */
function required(): typeof import('@duckdb/node-api') {
  return createRequire(import.meta.url)('@duckdb/node-api') as typeof import('@duckdb/node-api');
}

let isKnown: boolean | undefined;

function canReadVectors(): boolean {
  isKnown ??= readsVectors(bindings);
  return isKnown;
}

/** Whether inner parts of the package are there, and a string in line, one out of line and none are read as they are. */
export function readsVectors(load: () => Partial<Bindings>): boolean {
  if (endianness() !== 'LE') return false;
  const values = ['in line', null, `out of line, ${'ü'.repeat(INLINE_BYTES)}`];
  try {
    const parts = load();
    const names = ['data_chunk_get_vector', 'vector_get_data', 'vector_get_validity', 'get_data_from_pointer'] as const;
    if (names.some((name) => typeof parts[name] !== 'function')) return false;
    const { DuckDBDataChunk, VARCHAR } = required();
    const chunk = DuckDBDataChunk.create([VARCHAR], values.length);
    chunk.setColumnValues(0, values);
    const read: Value[] = [];
    vectorReader('VARCHAR', (text) => text)(chunk, 0, 0, chunk.rowCount, read);
    return read.every((value, row) => value === values[row]);
  } catch {
    return false; // the getters do it then
  }
}

type NumberArray = Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array;

function vectorReader(kind: StagedKind, fromText: (text: string) => Value): ColumnReader {
  switch (kind) {
    case 'SMALLINT':
      return numbers(Int16Array);
    case 'INTEGER':
      return numbers(Int32Array);
    case 'BIGINT':
      return numbers(BigInt64Array);
    case 'FLOAT':
      return numbers(Float32Array);
    case 'DOUBLE':
      return numbers(Float64Array);
    case 'BOOLEAN':
      return booleans;
    case 'VARCHAR':
      return (chunk, position, start, end, into) => texts(chunk, position, start, end, into, fromText);
  }
}

function numbers(Type: {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, offset: number, length: number): NumberArray;
}): ColumnReader {
  return (chunk, position, start, end, into) => {
    const { data, validity } = vectorOf(chunk, position, Type.BYTES_PER_ELEMENT);
    const items = new Type(data.buffer, data.byteOffset, end);
    for (let row = start; row < end; row += 1) into.push(isValid(validity, row) ? (items[row] ?? null) : null);
    return 0;
  };
}

const booleans: ColumnReader = (chunk, position, start, end, into) => {
  const { data, validity } = vectorOf(chunk, position, 1);
  for (let row = start; row < end; row += 1) into.push(isValid(validity, row) ? data[row] === 1 : null);
  return 0;
};

function texts(
  chunk: DuckDBDataChunk,
  position: number,
  start: number,
  end: number,
  into: Value[],
  fromText: (text: string) => Value,
): number {
  const { data, validity } = vectorOf(chunk, position, STRING_BYTES);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const words = new Uint32Array(data.buffer, data.byteOffset, end * 4);
  const long = new LongTexts(data, words, validity, end);
  let chars = 0;
  for (let row = start; row < end; row += 1) {
    if (!isValid(validity, row)) {
      into.push(null);
      continue;
    }
    const length = words[row * 4] ?? 0;
    const text = length <= INLINE_BYTES ? inlineText(bytes, words, row, length) : long.text(row, length);
    chars += text.length;
    into.push(fromText(text));
  }
  return chars;
}

function inlineText(bytes: Buffer, words: Uint32Array, row: number, length: number): string {
  const at = row * 4;
  const from = row * STRING_BYTES + 4;
  // What an inline string leaves of its place is zero.
  const all = (words[at + 1] ?? 0) | (words[at + 2] ?? 0) | (words[at + 3] ?? 0);
  return bytes.toString((all & NON_ASCII) === 0 ? 'latin1' : 'utf8', from, from + length);
}

/** Strings out of line, fetched in runs of those that lie close together: each fetch costs as much as many strings. */
class LongTexts {
  readonly #data: Uint8Array;
  readonly #words: Uint32Array;
  readonly #validity: Uint8Array | null;
  readonly #end: number;
  #run: Buffer = Buffer.alloc(0);
  #isAscii = true;
  #runStart = 0;
  #runEnd = 0;

  constructor(data: Uint8Array, words: Uint32Array, validity: Uint8Array | null, end: number) {
    this.#data = data;
    this.#words = words;
    this.#validity = validity;
    this.#end = end;
  }

  text(row: number, length: number): string {
    const address = this.#addressOf(row);
    if (address < this.#runStart || address + length > this.#runEnd) this.#fetch(row, address, length);
    const from = address - this.#runStart;
    return this.#run.toString(this.#isAscii ? 'latin1' : 'utf8', from, from + length);
  }

  /** Addresses have 48 bits on every machine that the engine runs on. */
  #addressOf(row: number): number {
    return (this.#words[row * 4 + 2] ?? 0) + (this.#words[row * 4 + 3] ?? 0) * 2 ** 32;
  }

  /** From this string on as far as the next ones follow close by. */
  #fetch(row: number, address: number, length: number): void {
    let end = address + length;
    for (let next = row + 1; next < this.#end && end - address < MAX_RUN_BYTES; next += 1) {
      const nextLength = this.#words[next * 4] ?? 0;
      if (nextLength <= INLINE_BYTES || !isValid(this.#validity, next)) continue;
      const nextAddress = this.#addressOf(next);
      if (nextAddress < address || nextAddress > end + MAX_GAP_BYTES) break;
      end = Math.max(end, nextAddress + nextLength);
    }
    const { buffer, byteOffset } = this.#data;
    const run = bindings().get_data_from_pointer(
      buffer as ArrayBuffer,
      byteOffset + row * STRING_BYTES + 8,
      end - address,
    );
    this.#run = Buffer.from(run.buffer, run.byteOffset, run.byteLength);
    this.#isAscii = isAscii(this.#run);
    this.#runStart = address;
    this.#runEnd = end;
  }
}

function vectorOf(
  { chunk, rowCount }: DuckDBDataChunk,
  position: number,
  itemBytes: number,
): { readonly data: Uint8Array; readonly validity: Uint8Array | null } {
  const { data_chunk_get_vector, vector_get_data, vector_get_validity } = bindings();
  const vector = data_chunk_get_vector(chunk, position);
  return {
    data: vector_get_data(vector, rowCount * itemBytes),
    // Nothing at all where every row has a value, whatever its type says.
    validity: vector_get_validity(vector, Math.ceil(rowCount / 64) * 8) as Uint8Array | null,
  };
}

function isValid(validity: Uint8Array | null, row: number): boolean {
  return validity === null || ((validity[row >> 3] ?? 0) & (1 << (row & 7))) !== 0;
}
