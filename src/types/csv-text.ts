/** Blocks have this size unless a row is longer. */
const BLOCK_BYTES = 512 * 1024;
/** Longer values are left to the platform's own loops, which begin dearer and go faster. */
const SHORT_CHARACTERS = 64;
/** The blank; all characters below it are for control. */
const BLANK = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const LAST_PLAIN = 0x7e;
const NEWLINE = 0x0a;

// Blanks at an end are quoted too: COPY ignores white space between a delimiter and a quote.
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$|^$/;

/**
 * Text of staged CSV files as bytes of UTF-8, written value by value. Strings of millions of short values, joined and then
 * encoded, are more work for the garbage collector than all else that a load does on this machine.
 */
export class CsvText {
  #bytes = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #length = 0;

  /** Bytes that were written and not taken. */
  get length(): number {
    return this.#length;
  }

  /** Takes back what was written since there were so many bytes. */
  cutTo(length: number): void {
    this.#length = length;
  }

  /** Hands out what was written; these bytes are never written to again. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#length = 0;
    return taken;
  }

  /** One value, in quotes where it needs them. Half of a surrogate pair has no bytes: it is for the caller to refuse. */
  value(text: string): void {
    if (!this.#plain(text)) this.bare(NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  }

  /** Text that is never quoted. */
  bare(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** What lies between two values. */
  comma(): void {
    this.#byte(COMMA);
  }

  /** The end of a line. */
  newline(): void {
    this.#byte(NEWLINE);
  }

  /** Most values: short and of characters that need neither quotes nor several bytes. For others: false, and nothing is written. */
  #plain(text: string): boolean {
    const { length } = text;
    if (length === 0 || length > SHORT_CHARACTERS) return false;
    if (text.charCodeAt(0) === BLANK || text.charCodeAt(length - 1) === BLANK) return false;
    this.#reserve(length);
    const bytes = this.#bytes;
    const start = this.#length;
    for (let position = 0; position < length; position += 1) {
      const code = text.charCodeAt(position);
      if (code < BLANK || code > LAST_PLAIN || code === QUOTE || code === COMMA) return false;
      bytes[start + position] = code;
    }
    this.#length = start + length;
    return true;
  }

  #byte(code: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = code;
    this.#length += 1;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
