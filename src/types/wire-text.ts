import { isAscii } from 'node:buffer';

/** Engines copy a part of a string that is shorter; a longer one would keep all of the string in memory. */
const COPIED_CHARS = 13;
/** Of larger pieces no second form is made: they are wide values for the most part. */
const MAX_LATIN1_BYTES = 256 * 1024;

/** A piece of what the server sent, from which texts are taken: a call into the engine for each short one would be dear. */
export class WireText {
  readonly bytes: Buffer;
  readonly #latin1: string;
  readonly #isAscii: boolean;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#latin1 = bytes.length > MAX_LATIN1_BYTES ? '' : bytes.toString('latin1');
    this.#isAscii = isAscii(bytes);
  }

  /** Text of which it is known that a character is a byte. */
  ascii(start: number, end: number): string {
    return end - start < COPIED_CHARS && this.#latin1 !== ''
      ? this.#latin1.substring(start, end)
      : this.bytes.toString('latin1', start, end);
  }

  /** The same, for a text that is not kept. */
  passing(start: number, end: number): string {
    return this.#latin1 === '' ? this.bytes.toString('latin1', start, end) : this.#latin1.substring(start, end);
  }

  utf8(start: number, end: number): string {
    return this.#isAscii || (end - start < COPIED_CHARS && this.#isAsciiFrom(start, end))
      ? this.ascii(start, end)
      : this.bytes.toString('utf8', start, end);
  }

  #isAsciiFrom(start: number, end: number): boolean {
    for (let at = start; at < end; at += 1) if ((this.bytes[at] ?? 0) >= 0x80) return false;
    return true;
  }
}
