/** Smallest file that AWS recommends, compressed: https://docs.aws.amazon.com/redshift/latest/dg/c_best-practices-use-multiple-files.html */
const MIN_FILE_BYTES = 1024 * 1024;

/** What is left of an input, in its own measure: rows, or bytes of text. */
export interface Remainder {
  readonly left: number;
  /** How much of it a file of the wished size takes, and one of the smallest size. */
  readonly perFile: number;
  readonly perSmallFile: number;
  /** Files that there are already. */
  readonly files: number;
  /** Of the cluster: each loads one file at a time. */
  readonly slices: number;
}

/** How much of what is left the next file takes, so that all files are of like size and their number is a multiple of the slices. */
export function nextFile({ left, perFile, perSmallFile, files, slices }: Remainder): number {
  const needed = Math.max(1, Math.ceil(left / Math.max(1, perFile)));
  const rounded = Math.ceil((files + needed) / slices) * slices - files;
  const most = Math.max(needed, Math.floor(left / Math.max(1, perSmallFile)));
  return Math.max(1, Math.ceil(left / Math.min(rounded, most)));
}

/** The measure of a file of so many bytes, from one that was made. */
export function measureOf(bytes: number, made: { readonly amount: number; readonly bytes: number }): number {
  return Math.max(1, Math.floor((bytes * made.amount) / Math.max(1, made.bytes)));
}

/** The measure of the smallest file. */
export function smallMeasure(made: { readonly amount: number; readonly bytes: number }): number {
  return measureOf(MIN_FILE_BYTES, made);
}
