const ZERO = 48;
const SPACE = 32;

/** A sign, digits, a point, digits; no more of each than given, zeros before included. */
export function isNumber(bytes: Buffer, start: number, end: number, maxWhole: number, maxFraction: number): boolean {
  let at = start;
  const first = bytes[at] ?? 0;
  if (first === 45 || first === 43) at += 1;
  let whole = 0;
  while (at < end && isDigit(bytes[at] ?? 0)) {
    at += 1;
    whole += 1;
  }
  if (whole === 0 || (whole > maxWhole && !(whole === 1 && bytes[at - 1] === ZERO))) return false;
  if (at === end) return true;
  if (bytes[at] !== 46) return false;
  const fraction = end - at - 1;
  for (at += 1; at < end; at += 1) if (!isDigit(bytes[at] ?? 0)) return false;
  return fraction <= maxFraction;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte < ZERO + 10;
}

/** `t`, `f`, `0`, `1`, `true`, `false`: the others are looked at closely. */
export function isTruth(bytes: Buffer, start: number, length: number): boolean {
  if (length === 1) {
    const byte = bytes[start] ?? 0;
    return byte === 116 || byte === 102 || byte === ZERO || byte === ZERO + 1;
  }
  return (
    (length === 4 && bytes.toString('latin1', start, start + 4) === 'true') ||
    (length === 5 && bytes.toString('latin1', start, start + 5) === 'false')
  );
}

/** Two digits as a number, or 100. */
function pair(bytes: Buffer, at: number): number {
  const tens = bytes[at] ?? 0;
  const ones = bytes[at + 1] ?? 0;
  return isDigit(tens) && isDigit(ones) ? (tens - ZERO) * 10 + ones - ZERO : 100;
}

/** `YYYY-MM-DD` of a day that exists. */
export function isDate(bytes: Buffer, at: number): boolean {
  const century = pair(bytes, at);
  const years = pair(bytes, at + 2);
  const month = pair(bytes, at + 5);
  const day = pair(bytes, at + 8);
  if (century > 99 || years > 99 || bytes[at + 4] !== 45 || bytes[at + 7] !== 45) return false;
  const year = century * 100 + years;
  if (year === 0 || month < 1 || month > 12 || day < 1) return false;
  if (day <= 28) return true;
  if (month !== 2) return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
  return day === 29 && ((year % 4 === 0 && year % 100 !== 0) || year % 400 === 0);
}

export function isTimestamp(bytes: Buffer, start: number, end: number): boolean {
  if (end - start === 10) return isDate(bytes, start);
  return (
    end - start >= 19 &&
    isDate(bytes, start) &&
    bytes[start + 10] === SPACE &&
    pair(bytes, start + 11) < 24 &&
    isClock(bytes, start + 11, end)
  );
}

/** `HH:MM:SS`, with up to six digits of the second. */
export function isClock(bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (length < 8 || length > 15 || length === 9) return false;
  if (bytes[start + 2] !== 58 || bytes[start + 5] !== 58) return false;
  if (pair(bytes, start) > 23 || pair(bytes, start + 3) > 59 || pair(bytes, start + 6) > 59) return false;
  if (length === 8) return true;
  if (bytes[start + 8] !== 46) return false;
  for (let at = start + 9; at < end; at += 1) if (!isDigit(bytes[at] ?? 0)) return false;
  return true;
}

/** Where `+00`, `-05`, `+05:30` begins, or `end`. */
export function withoutZone(bytes: Buffer, start: number, end: number): number {
  for (const width of [3, 6]) {
    const at = end - width;
    const sign = bytes[at] ?? 0;
    if (at <= start + 7 || (sign !== 43 && sign !== 45)) continue;
    if (pair(bytes, at + 1) < 15 && (width === 3 || (bytes[at + 3] === 58 && pair(bytes, at + 4) < 60))) return at;
  }
  return end;
}
