import { WireText } from '../types/wire-text.ts';

/** Takes rows: the body of a DataRow message each, from `start` to `end`. */
export interface RowSink {
  row(text: WireText, start: number, end: number): void;
}

/** Of a message: its code, and four bytes of its length, which counts itself. */
const HEADER_BYTES = 5;
const DATA_ROW = 0x44;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Stands between the socket and the driver's parser, and hands the rows of the statement that asked for them to its sink. All
 * else goes to the parser, which makes a string of each value, an array of each row and an event of that.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class RowTap {
  readonly #parse: (data: Buffer) => void;
  #sink: RowSink | undefined;
  /** Bytes that are still to come of the message under way. */
  #missing = 0;
  /** What is there of a row that comes in several pieces. */
  #row: Buffer[] = [];
  /** What is there of a header that comes in two. */
  #header: Buffer = NOTHING;

  constructor(parse: (data: Buffer) => void) {
    this.#parse = parse;
  }

  /** From the next message on rows go to this sink. */
  divert(sink: RowSink): void {
    this.#sink = sink;
  }

  /** They go to the parser again, unless another sink has taken over. */
  restore(sink: RowSink): void {
    if (this.#sink === sink) this.#sink = undefined;
  }

  take(received: Buffer): void {
    const data = this.#header.length === 0 ? received : Buffer.concat([this.#header, received]);
    let at = Math.min(this.#missing, data.length);
    let passedTo = 0;
    this.#missing -= at;
    if (this.#row.length > 0) {
      this.#takeRest(data.subarray(0, at));
      passedTo = at;
    }
    let text: WireText | undefined;
    while (data.length - at >= HEADER_BYTES) {
      const end = at + 1 + data.readUInt32BE(at + 1);
      if (this.#sink !== undefined && data[at] === DATA_ROW) {
        this.#pass(data, passedTo, at);
        text ??= new WireText(data);
        if (end <= data.length) this.#sink.row(text, at + HEADER_BYTES, end);
        else this.#row.push(data.subarray(at));
        passedTo = Math.min(end, data.length);
      }
      this.#missing = Math.max(0, end - data.length);
      at = Math.min(end, data.length);
    }
    this.#pass(data, passedTo, at);
    this.#header = data.subarray(at);
  }

  #pass(data: Buffer, from: number, to: number): void {
    if (from < to) this.#parse(from === 0 && to === data.length ? data : data.subarray(from, to));
  }

  #takeRest(piece: Buffer): void {
    this.#row.push(piece);
    if (this.#missing > 0) return;
    const message = Buffer.concat(this.#row);
    this.#row = [];
    this.#sink?.row(new WireText(message), HEADER_BYTES, message.length);
  }
}
