import { ConnectorError } from '../core/errors.ts';
import {
  binary,
  CHUNK,
  changed,
  FILE,
  type Fields,
  fieldsOf,
  int64,
  listAt,
  MAGIC,
  META,
  numberAt,
  ROW_GROUP,
  readFooter,
  SCHEMA,
  structs,
  unexpected,
} from './parquet-footer.ts';
import { type Thrift, writeThrift } from './thrift-compact.ts';

/** Bytes of a file from `first` up to `end`. */
export interface FileRange {
  readonly path: string;
  readonly first: number;
  readonly end: number;
}

/** A file whose columns are carried over as they are, but for some that were written anew. */
export interface MixedPart {
  readonly path: string;
  /** Positions of the columns that were written anew. */
  readonly anew: readonly number[];
  /** Those columns, a file of one row group for each row group, rows in the same order; none where `anew` is empty. */
  readonly pieces: readonly string[];
  /** What the columns are once they are mixed. */
  readonly schema: readonly Thrift[];
}

/**
 * Several Parquet files of one schema as one, without decoding: their row groups one after the other, and an end that
 * lists them all. Columns get the names given here, whatever they were called in the parts.
 */
export class ParquetParts {
  readonly #names: readonly string[];
  readonly #rowGroups: Thrift[] = [];
  #footer: Fields | undefined;
  #schema: readonly Thrift[] = [];
  #rows = 0n;
  #written = 0;

  /** Names of the columns, which are flat, in their order. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  get rows(): number {
    return Number(this.#rows);
  }

  /** What to write for one more part: `head`, then the ranges. */
  async add(path: string): Promise<{ readonly head: Buffer; readonly ranges: readonly FileRange[] }> {
    const { footer, end } = await readFooter(path);
    const head = this.#begin(footer, listAt(footer, FILE.schema));
    if (numberAt(footer, FILE.rows) === 0n) return { head, ranges: [] };
    const shift = BigInt(this.#written - MAGIC.length);
    for (const group of listAt(footer, FILE.rowGroups)) this.#addGroup(moved(group, shift));
    this.#written += end - MAGIC.length;
    return { head, ranges: [{ path, first: MAGIC.length, end }] };
  }

  /** The same for a part whose columns come out of several files. */
  async mix({
    path,
    anew,
    pieces,
    schema,
  }: MixedPart): Promise<{ readonly head: Buffer; readonly ranges: readonly FileRange[] }> {
    const { footer } = await readFooter(path);
    const groups = listAt(footer, FILE.rowGroups);
    const others = await Promise.all(pieces.map(async (piece) => ({ piece, ...(await readFooter(piece)) })));
    if (anew.length > 0 && others.length !== groups.length) throw unexpected();
    const made = others.map((other) => listAt(other.footer, FILE.schema).slice(1));
    const wanted = fingerprint(anew.flatMap((position) => schema[position + 1] ?? []));
    if (made.some((leaves) => !fingerprint(leaves).equals(wanted))) throw otherSchema();
    const head = this.#begin(footer, schema);
    const ranges: FileRange[] = [];
    for (const [ordinal, group] of groups.entries()) {
      const other = others[ordinal];
      const [otherGroup, ...more] = other === undefined ? [] : listAt(other.footer, FILE.rowGroups);
      const rows = numberAt(fieldsOf(group), ROW_GROUP.rows);
      if (more.length > 0) throw unexpected();
      if (otherGroup !== undefined && numberAt(fieldsOf(otherGroup), ROW_GROUP.rows) !== rows) throw unexpected();
      const columns = listAt(fieldsOf(group), ROW_GROUP.columns).map((chunk, position) => {
        const at = anew.indexOf(position);
        const from = at < 0 ? path : (other?.piece ?? '');
        const taken = at < 0 ? chunk : listAt(fieldsOf(otherGroup), ROW_GROUP.columns)[at];
        const { first, end } = chunkRange(fieldsOf(taken));
        ranges.push({ path: from, first, end });
        const shift = BigInt(this.#written - first);
        this.#written += end - first;
        return bare(movedChunk(taken, shift));
      });
      this.#addGroup(groupOf(columns, rows));
    }
    return { head, ranges };
  }

  /** What to write last. */
  end(): Buffer {
    if (this.#footer === undefined) throw new ConnectorError('RS_INTERNAL', 'A Parquet file was ended without a part');
    const schema = this.#schema.map((element, position) => {
      const name = this.#names[position - 1];
      return name === undefined ? element : changed(element, [[SCHEMA.name, binary(name)]]);
    });
    const footer = writeThrift(
      changed({ kind: 'struct', fields: this.#footer }, [
        [FILE.schema, structs(schema)],
        [FILE.rows, int64(this.#rows)],
        [FILE.rowGroups, structs(this.#rowGroups)],
        // What a writer adds there tells of names and types that the file no longer has.
        [FILE.metadata, undefined],
      ]),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    return Buffer.concat([footer, length, MAGIC]);
  }

  /** Every part must have the schema of the first: columns would be read as what they are not. */
  #begin(footer: Fields, schema: readonly Thrift[]): Buffer {
    if (this.#footer !== undefined) {
      if (!fingerprint(schema).equals(fingerprint(this.#schema))) throw otherSchema();
      return Buffer.alloc(0);
    }
    this.#footer = footer;
    this.#schema = schema;
    this.#written += MAGIC.length;
    return MAGIC;
  }

  #addGroup(group: Thrift): void {
    const ordinal = this.#rowGroups.length;
    const columns = listAt(fieldsOf(group), ROW_GROUP.columns).map((chunk, position) => {
      const path = {
        kind: 'list',
        element: 8,
        wireType: 9,
        values: [binary(this.#names[position] ?? '')],
      } as const;
      const meta = fieldsOf(chunk).get(CHUNK.meta);
      return changed(chunk, [[CHUNK.meta, meta && changed(meta, [[META.path, path]])]]);
    });
    const hasOrdinal = fieldsOf(group).has(ROW_GROUP.ordinal);
    this.#rowGroups.push(
      changed(group, [
        [ROW_GROUP.columns, structs(columns)],
        ...(hasOrdinal ? [[ROW_GROUP.ordinal, { kind: 'int', width: 4, value: BigInt(ordinal) }] as const] : []),
      ]),
    );
    this.#rows += numberAt(fieldsOf(group), ROW_GROUP.rows);
  }
}

/** Where a column of a row group lies in its file. */
export function chunkRange(chunk: Fields): { readonly first: number; readonly end: number } {
  const meta = fieldsOf(chunk.get(CHUNK.meta));
  const dictionary = numberAt(meta, META.dictionaryPage, 0n);
  const data = numberAt(meta, META.dataPage);
  const first = Number(dictionary > 0n && dictionary < data ? dictionary : data);
  return { first, end: first + Number(numberAt(meta, META.packedBytes)) };
}

/** A row group that lies `shift` bytes further on. */
function moved(group: Thrift, shift: bigint): Thrift {
  const fields = fieldsOf(group);
  const columns = listAt(fields, ROW_GROUP.columns).map((chunk) => movedChunk(chunk, shift));
  return changed(group, [[ROW_GROUP.columns, structs(columns)], ...offsets(fields, [ROW_GROUP.offset], shift)]);
}

function movedChunk(chunk: Thrift | undefined, shift: bigint): Thrift {
  const fields = fieldsOf(chunk);
  const meta = fieldsOf(fields.get(CHUNK.meta));
  const inMeta = offsets(meta, [META.dataPage, META.indexPage, META.dictionaryPage, META.bloomFilter], shift);
  return changed({ kind: 'struct', fields }, [
    [CHUNK.meta, changed({ kind: 'struct', fields: meta }, inMeta)],
    ...offsets(fields, [CHUNK.offset, CHUNK.offsetIndex, CHUNK.columnIndex], shift),
  ]);
}

/** A chunk without what lies elsewhere in its file: indexes and filters, which readers do without. */
function bare(chunk: Thrift): Thrift {
  const meta = changed({ kind: 'struct', fields: fieldsOf(fieldsOf(chunk).get(CHUNK.meta)) }, [
    [META.bloomFilter, undefined],
    [META.bloomFilterBytes, undefined],
  ]);
  return changed(chunk, [
    [CHUNK.meta, meta],
    [CHUNK.offsetIndex, undefined],
    [CHUNK.offsetIndexBytes, undefined],
    [CHUNK.columnIndex, undefined],
    [CHUNK.columnIndexBytes, undefined],
  ]);
}

function groupOf(columns: readonly Thrift[], rows: bigint): Thrift {
  const sum = (id: number): bigint =>
    columns.reduce((total, chunk) => total + numberAt(fieldsOf(fieldsOf(chunk).get(CHUNK.meta)), id), 0n);
  return {
    kind: 'struct',
    fields: new Map([
      [ROW_GROUP.columns, structs(columns)],
      [ROW_GROUP.bytes, int64(sum(META.bytes))],
      [ROW_GROUP.rows, int64(rows)],
      [ROW_GROUP.packedBytes, int64(sum(META.packedBytes))],
    ]),
  };
}

/** Zero stands for "not told" in a place that a writer had to fill. */
function offsets(fields: Fields, ids: readonly number[], shift: bigint): readonly (readonly [number, Thrift])[] {
  return ids.flatMap((id) => {
    const found = fields.get(id);
    if (found?.kind !== 'int' || found.value === 0n) return [];
    return [[id, { ...found, value: found.value + shift }] as const];
  });
}

function fingerprint(schema: readonly Thrift[]): Buffer {
  return writeThrift({
    kind: 'struct',
    fields: new Map([[1, structs(schema.map((element) => changed(element, [[SCHEMA.name, undefined]])))]]),
  });
}

function otherSchema(): ConnectorError {
  return new ConnectorError('RS_INTERNAL', 'Parts of one Parquet file have different columns', {
    action: 'Set compression to zstd, which writes every column anew, and report it.',
  });
}
