import { createHash, type Hash } from 'node:crypto';
import { type MixedPart, ParquetParts } from '../../columnar/parquet-parts.ts';
import type { SupportedField } from '../../types/field.ts';
import { BytePipe } from './byte-pipe.ts';
import { csvHeader } from './csv-header.ts';
import type { ExportedFile } from './export-report.ts';
import type { ExportTarget } from './export-target.ts';
import type { ExportPlan } from './file-destination.ts';

interface OpenFile {
  readonly file: string;
  readonly pipe: BytePipe;
  readonly hash: Hash | undefined;
  readonly parquet: ParquetParts | undefined;
  rows: number;
  bytes: number;
}

/** Rows of a first piece, when nothing is known of how many bytes a row takes. */
const FIRST_ROWS = 10_000;
/** A file this full is closed: the next piece might be a crumb. */
const FULL = 0.95;

/** The files of an export, one after the other, made of pieces. */
export class FileSeries {
  readonly #target: ExportTarget;
  readonly #plan: ExportPlan;
  readonly #fields: readonly SupportedField[];
  readonly #done: ExportedFile[] = [];
  #open: OpenFile | undefined;
  #rows = 0;
  #bytes = 0;

  constructor(target: ExportTarget, plan: ExportPlan, fields: readonly SupportedField[]) {
    this.#target = target;
    this.#plan = plan;
    this.#fields = fields;
  }

  /** Goes on behind complete files of an earlier attempt. */
  goOn(files: readonly Omit<ExportedFile, 'file'>[]): void {
    for (const one of files) {
      this.#done.push({ ...one, file: this.#target.open(this.#done.length + 1).file });
      this.#rows += one.rows;
      this.#bytes += one.bytes;
    }
  }

  get files(): readonly ExportedFile[] {
    return this.#done;
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many rows the next piece may have. */
  get room(): number {
    const { split } = this.#plan;
    if (split === undefined) return Number.POSITIVE_INFINITY;
    const { rows = 0, bytes = 0 } = this.#open ?? {};
    const byRows = split.rows - rows;
    if (!Number.isFinite(split.bytes)) return byRows;
    const rowBytes = this.#rows === 0 ? undefined : this.#bytes / this.#rows;
    const byBytes = rowBytes === undefined ? FIRST_ROWS : Math.floor((split.bytes - bytes) / rowBytes);
    return Math.max(1, Math.min(byRows, byBytes));
  }

  /** Adds rows: a file of the export's form, or a Parquet file mixed out of several. */
  async add(piece: string | MixedPart, rows: number): Promise<void> {
    this.#open ??= await this.#begin();
    const open = this.#open;
    const see = (bytes: Uint8Array): void => this.#count(open, bytes);
    const { parquet, pipe } = open;
    if (parquet !== undefined) {
      const { head, ranges } = await (typeof piece === 'string' ? parquet.add(piece) : parquet.mix(piece));
      see(head);
      await pipe.write(head);
      for (const { path, first, end } of ranges) await pipe.writeFile(path, see, first, end);
    } else if (typeof piece === 'string') await pipe.writeFile(piece, see);
    open.rows += rows;
    this.#rows += rows;
    const { split } = this.#plan;
    if (split !== undefined && (open.rows >= split.rows || open.bytes >= split.bytes * FULL)) await this.close();
  }

  /** Ends the file that is open, if one is. */
  async close(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    if (open.parquet !== undefined) {
      const end = open.parquet.end();
      this.#count(open, end);
      await open.pipe.write(end);
    }
    await open.pipe.end();
    this.#open = undefined;
    const { file, rows, bytes, hash } = open;
    this.#done.push({ file, rows, bytes, ...(hash === undefined ? {} : { sha256: hash.digest('hex') }) });
  }

  /** Stops what is open. Nothing of it stays. */
  async abort(reason: unknown): Promise<void> {
    await this.#open?.pipe.abort(reason instanceof Error ? reason : new Error('The export has failed'));
    this.#open = undefined;
  }

  async #begin(): Promise<OpenFile> {
    const { file, consume } = this.#target.open(this.#done.length + 1);
    const { form, hasHeader, checksums } = this.#plan;
    const names = this.#fields.map(({ name }) => name);
    const open: OpenFile = {
      file,
      pipe: new BytePipe(consume),
      hash: checksums ? createHash('sha256') : undefined,
      parquet: form.format === 'parquet' ? new ParquetParts(names) : undefined,
      rows: 0,
      bytes: 0,
    };
    this.#open = open;
    if (hasHeader) {
      const header = csvHeader(names, form);
      this.#count(open, header);
      await open.pipe.write(header);
    }
    return open;
  }

  #count(open: OpenFile, bytes: Uint8Array): void {
    open.hash?.update(bytes);
    open.bytes += bytes.length;
    this.#bytes += bytes.length;
  }
}
