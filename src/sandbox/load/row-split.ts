const NEWLINE = 10;

/** The whole rows at the beginning of a stretch of text. */
export interface WholeRows {
  /** Byte after the last whole row. */
  readonly end: number;
  readonly rows: number;
}

/** Finds the whole rows in bytes that begin with one. A line end between two of `quote` belongs to its row. */
export function wholeRows(bytes: Buffer, quote: number): WholeRows {
  let rows = 0;
  let end = 0;
  if (!bytes.includes(quote)) {
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, end)) {
      rows += 1;
      end = at + 1;
    }
    return { end, rows };
  }
  let inQuotes = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    // A doubled quote turns twice.
    if (byte === quote) inQuotes = !inQuotes;
    else if (byte === NEWLINE && !inQuotes) {
      rows += 1;
      end = at + 1;
    }
  }
  return { end, rows };
}

/** Cuts a stretch of whole rows into at most `pieces` stretches of whole rows, of like size. */
export function splitRows(bytes: Buffer, pieces: number, quote: number): Buffer[] {
  const cut: Buffer[] = [];
  let from = 0;
  let inQuotes = false;
  for (let at = 0; at < bytes.length && cut.length < pieces - 1; at += 1) {
    const byte = bytes[at];
    if (byte === quote) inQuotes = !inQuotes;
    else if (byte === NEWLINE && !inQuotes && at + 1 - from >= (bytes.length - from) / (pieces - cut.length)) {
      cut.push(bytes.subarray(from, at + 1));
      from = at + 1;
    }
  }
  if (from < bytes.length) cut.push(bytes.subarray(from));
  return cut;
}

/** The bytes without any `quote`: delimited text has none, the database insists on some. */
export function withoutQuotes(bytes: Buffer, quote: number): Buffer {
  return bytes.includes(quote) ? Buffer.from(bytes.filter((byte) => byte !== quote)) : bytes;
}
