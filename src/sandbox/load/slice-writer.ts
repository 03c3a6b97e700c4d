import type { OpenPart, WrittenPart } from './part-files.ts';
import { splitRows, wholeRows, withoutQuotes } from './row-split.ts';

export interface SliceWriterInit {
  readonly slices: number;
  readonly maxFileBytes: number;
  /** Goes first into each file. */
  readonly header: Buffer | undefined;
  /** The quote character of the rows given. */
  readonly quote: number;
  /** The quotes are not to be seen in the files. */
  readonly dropsQuotes: boolean;
  /** Told of what a file was given. */
  readonly onRows: (rows: number, bytes: number) => void;
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

  /** Takes bytes cut anywhere. */
  async write(bytes: Buffer): Promise<void> {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes < STRETCH_BYTES) return;
    const stretch = Buffer.concat(this.#pending);
    const { end, rows } = wholeRows(stretch, this.#init.quote);
    this.#pending = [stretch.subarray(end)];
    // A row longer than a stretch: wait for as much again.
    this.#pendingBytes = end === 0 ? 0 : stretch.length - end;
    if (end > 0) await this.#deal(stretch.subarray(0, end), rows);
  }

  /** The files, in order of their names. */
  async finish({ atLeastOne }: { readonly atLeastOne: boolean }): Promise<readonly WrittenPart[]> {
    const rest = Buffer.concat(this.#pending);
    const { quote, slices } = this.#init;
    // A small result is spread, too, so that readers of several files are put to the test.
    for (const piece of splitRows(rest, slices, quote)) await this.#deal(piece, wholeRows(piece, quote).rows);
    if (atLeastOne && this.#written.length === 0 && this.#open.every((part) => part === undefined)) await this.#part(0);
    for (let slice = 0; slice < this.#open.length; slice += 1) await this.#close(slice);
    return this.#written.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Ends what is open after a failure. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#open.flatMap((part) => (part === undefined ? [] : [part.abandon()])));
  }

  async #deal(bytes: Buffer, rows: number): Promise<void> {
    const slice = this.#turn;
    this.#turn = (this.#turn + 1) % this.#init.slices;
    const part = await this.#part(slice);
    const { dropsQuotes, quote } = this.#init;
    await part.write(dropsQuotes ? withoutQuotes(bytes, quote) : bytes, rows);
    this.#init.onRows(rows, bytes.length);
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
