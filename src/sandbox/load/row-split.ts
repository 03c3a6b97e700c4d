const NEWLINE = 10;
const QUOTE = 34;

/** Rows in a stretch of CSV that begins and ends with a row. */
export function countRows(bytes: Buffer): number {
  let rows = 0;
  if (!bytes.includes(QUOTE)) {
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) rows += 1;
    return rows;
  }
  let inQuotes = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    // A doubled quote turns twice.
    if (byte === QUOTE) inQuotes = !inQuotes;
    else if (byte === NEWLINE && !inQuotes) rows += 1;
  }
  return rows;
}

/** Cuts a stretch of whole rows into at most `pieces` stretches of whole rows, of like size. */
export function splitRows(bytes: Buffer, pieces: number): Buffer[] {
  const cut: Buffer[] = [];
  let from = 0;
  let inQuotes = false;
  for (let at = 0; at < bytes.length && cut.length < pieces - 1; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) inQuotes = !inQuotes;
    else if (byte === NEWLINE && !inQuotes && at + 1 - from >= (bytes.length - from) / (pieces - cut.length)) {
      cut.push(bytes.subarray(from, at + 1));
      from = at + 1;
    }
  }
  if (from < bytes.length) cut.push(bytes.subarray(from));
  return cut;
}
