import type { OpenPart, WrittenPart } from './part-files.ts';
import { countRows, splitRows } from './row-split.ts';

export interface SliceWriterInit {
  readonly slices: number;
  readonly maxFileBytes: number;
  /** Goes first into each file. */
  readonly header: Buffer | undefined;
  readonly countsRows: boolean;
  open(slice: number, part: number): Promise<OpenPart>;
}

const STRETCH_BYTES = 256 * 1024;

/** Deals stretches of whole rows to the slices in turn, each of which writes file after file. */
export class SliceWriter {
  readonly #init: SliceWriterInit;
  readonly #open: (OpenPart | undefined)[];
  readonly #partNumbers: number[];
  readonly #written: WrittenPart[] = [];
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #turn = 0;

  constructor(init: SliceWriterInit) {
    this.#init = init;
    this.#open = Array.from({ length: init.slices }, () => undefined);
    this.#partNumbers = Array.from({ length: init.slices }, () => 0);
  }

  /** `rows` is copied before this returns. */
  async write(rows: Buffer): Promise<void> {
    this.#pending.push(Buffer.from(rows));
    this.#pendingBytes += rows.length;
    if (this.#pendingBytes >= STRETCH_BYTES) await this.#deal(this.#takePending());
  }

  /** The files, in order of their names. */
  async finish({ atLeastOne }: { readonly atLeastOne: boolean }): Promise<readonly WrittenPart[]> {
    const rest = this.#takePending();
    // A small result is spread, too, so that readers of several files are put to the test.
    for (const piece of splitRows(rest, this.#init.slices)) await this.#deal(piece);
    if (atLeastOne && this.#written.length === 0 && this.#open.every((part) => part === undefined)) await this.#part(0);
    for (let slice = 0; slice < this.#open.length; slice += 1) await this.#close(slice);
    return this.#written.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Ends what is open after a failure. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#open.flatMap((part) => (part === undefined ? [] : [part.abandon()])));
  }

  #takePending(): Buffer {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    return bytes;
  }

  async #deal(rows: Buffer): Promise<void> {
    const slice = this.#turn;
    this.#turn = (this.#turn + 1) % this.#init.slices;
    const part = await this.#part(slice);
    await part.write(rows, this.#init.countsRows ? countRows(rows) : 0);
    if (part.rawBytes >= this.#init.maxFileBytes) await this.#close(slice);
  }

  async #part(slice: number): Promise<OpenPart> {
    const existing = this.#open[slice];
    if (existing !== undefined) return existing;
    const number = this.#partNumbers[slice] ?? 0;
    this.#partNumbers[slice] = number + 1;
    const part = await this.#init.open(slice, number);
    this.#open[slice] = part;
    if (this.#init.header !== undefined) await part.write(this.#init.header, 0);
    return part;
  }

  async #close(slice: number): Promise<void> {
    const part = this.#open[slice];
    if (part === undefined) return;
    this.#open[slice] = undefined;
    this.#written.push(await part.finish());
  }
}
