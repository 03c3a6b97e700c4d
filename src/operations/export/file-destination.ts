import type { ExportFormat } from '../../columnar/export-expression.ts';
import type { ExportCompression, ExportForm } from '../../columnar/export-file.ts';
import { invalidField } from '../../core/invalid-field.ts';
import { integerAttribute } from '../../manifest/attributes.ts';
import type { ObjectPlace } from '../../manifest/object-places.ts';
import { numbered } from './export-target.ts';

/** Where a read's rows go as files, and what the files are like. */
export interface FileDestination {
  /**
   * A local file; or `s3://bucket/key`, where a slash at the end means a folder, for which the names are ours. A function
   * gets the bytes of one file as they are made, and is never asked to give them back.
   */
  readonly to: string | ((bytes: AsyncIterable<Uint8Array>) => Promise<void>);
  /** Default: by the name, `.parquet`, `.csv`, `.jsonl` or `.ndjson`, with `.gz` or `.zst` behind it. */
  readonly format?: ExportFormat | undefined;
  /** Default: by the name; of Parquet `snappy`, in which Redshift unloads, so that columns can be taken as they are. */
  readonly compression?: ExportCompression | undefined;
  /** Several files of about this size: bytes, or a text like `256MB`. */
  readonly splitBytes?: number | string | undefined;
  /** Several files of this many rows at most. */
  readonly splitRows?: number | undefined;
  /** Whether files that are there are replaced; without it they are refused. */
  readonly replace?: boolean | undefined;
  /** CSV: one character between values. Default: a comma. */
  readonly delimiter?: string | undefined;
  /** CSV: no line of names. */
  readonly withoutHeader?: boolean | undefined;
  /** CSV: what stands for NULL. Default: nothing at all; an empty text is then `""`. */
  readonly nullMarker?: string | undefined;
  /** Whether the report tells the SHA-256 of each file. */
  readonly checksums?: boolean | undefined;
  /** Several files: one more that lists them, `_manifest.json`, written when all others are complete. */
  readonly manifest?: boolean | undefined;
}

/** A place for files. */
export type ExportPlace =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string }
  | { readonly kind: 'stream'; readonly consume: (bytes: AsyncIterable<Uint8Array>) => Promise<void> };

/** A destination, checked. */
export interface ExportPlan {
  readonly place: ExportPlace;
  readonly form: ExportForm;
  readonly hasHeader: boolean;
  /** Absent: one file. */
  readonly split?: { readonly bytes: number; readonly rows: number } | undefined;
  readonly replace: boolean;
  readonly checksums: boolean;
  readonly manifest: boolean;
}

const NAME = /\.(parquet|csv|jsonl|ndjson)(?:\.(gz|zst))?$/i;
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};
const MIN_SPLIT_BYTES = 1024;

/** Pure. Throws RS_CONFIG_INVALID for a destination that contradicts itself. */
export function planExport(destination: FileDestination): ExportPlan {
  const place = placeOf(destination.to);
  const name = place.kind === 'local' ? place.path : place.kind === 's3' ? place.key : '';
  const [, extension, packed] = NAME.exec(name) ?? [];
  const format = destination.format ?? formatOf(extension);
  if (format === undefined) {
    throw invalidField(
      'format',
      'The name does not say which format the file has',
      'Give format, or a name that ends in .parquet, .csv or .jsonl.',
    );
  }
  const compression = compressionOf(format, destination.compression, packed?.toLowerCase());
  const split = splitOf(destination);
  if (place.kind === 'stream' && split !== undefined) {
    throw invalidField('splitBytes', 'A stream is one file', 'Leave splitBytes and splitRows out, or name a file.');
  }
  if (destination.manifest === true && (place.kind === 'stream' || (split === undefined && !isFolder(place)))) {
    throw invalidField('manifest', 'One file needs no list of files', 'Leave manifest out, or split the output.');
  }
  const { delimiter, nullMarker } = dialectOf(format, destination);
  return {
    place,
    form: { format, compression, delimiter, nullMarker },
    hasHeader: format === 'csv' && destination.withoutHeader !== true,
    split,
    replace: destination.replace === true,
    checksums: destination.checksums === true,
    manifest: destination.manifest === true,
  };
}

/** Whether the names of files are ours. */
export function isFolder(place: ExportPlace): boolean {
  return place.kind === 's3' && (place.key === '' || place.key.endsWith('/'));
}

/** What of S3 will be written: all below a key that ends with a slash, or objects, one of those that are numbered. */
export function writtenObjects({
  place,
  split,
  manifest,
}: Pick<ExportPlan, 'place' | 'split' | 'manifest'>): readonly ObjectPlace[] {
  if (place.kind !== 's3') return [];
  const { bucket, key } = place;
  if (isFolder(place)) return [{ bucket, key }];
  const beside = `${key.slice(0, key.lastIndexOf('/') + 1)}_manifest.json`;
  const keys = [key, ...(split === undefined ? [] : [numbered(key, 1)]), ...(manifest ? [beside] : [])];
  return keys.map((one) => ({ bucket, key: one }));
}

/** Whether there may be several files, each complete by itself. */
export function isNumbered({ place, split }: Pick<ExportPlan, 'place' | 'split'>): boolean {
  return split !== undefined || isFolder(place);
}

function placeOf(to: FileDestination['to']): ExportPlace {
  if (typeof to === 'function') return { kind: 'stream', consume: to };
  if (typeof to !== 'string' || to === '') {
    throw invalidField('to', 'It is not said where the rows go', 'Name a file or an S3 address.');
  }
  if (!/^s3:/i.test(to)) return { kind: 'local', path: to };
  const [, bucket, key = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/i.exec(to) ?? [];
  if (bucket === undefined || key.includes('//') || key.startsWith('/') || Buffer.byteLength(key) > 900) {
    throw invalidField(
      'to',
      'It is no address of a place in S3',
      'Write it as s3://bucket/folder/ or s3://bucket/key.',
    );
  }
  return { kind: 's3', bucket, key };
}

function formatOf(extension: string | undefined): ExportFormat | undefined {
  const lower = extension?.toLowerCase();
  if (lower === 'parquet' || lower === 'csv') return lower;
  return lower === undefined ? undefined : 'jsonl';
}

function compressionOf(
  format: ExportFormat,
  given: ExportCompression | undefined,
  packed: string | undefined,
): ExportCompression {
  if (format === 'parquet' && packed !== undefined) {
    throw invalidField(
      'to',
      'The name says that the file is compressed as a whole',
      `Leave .${packed} out: Parquet is compressed inside.`,
    );
  }
  if (format === 'parquet') return given ?? 'snappy';
  if (given === 'snappy') {
    throw invalidField('compression', 'Only Parquet is compressed by snappy', 'Choose gzip or zstd.');
  }
  return given ?? (packed === 'gz' ? 'gzip' : packed === 'zst' ? 'zstd' : 'none');
}

function dialectOf(format: ExportFormat, { delimiter, nullMarker, withoutHeader }: FileDestination) {
  if (format !== 'csv') {
    const path = delimiter !== undefined ? 'delimiter' : nullMarker !== undefined ? 'nullMarker' : undefined;
    const given = path ?? (withoutHeader === true ? 'withoutHeader' : undefined);
    if (given !== undefined) throw invalidField(given, `"${given}" is for CSV`, 'Leave it out, or choose CSV.');
  }
  if (delimiter !== undefined && !/^[^"\r\n\0\w]$/.test(delimiter)) {
    throw invalidField(
      'delimiter',
      'The delimiter is not one character that can stand between values',
      'Use , ; | or a tab.',
    );
  }
  if (nullMarker !== undefined && (/["\r\n\0]/.test(nullMarker) || nullMarker.includes(delimiter ?? ','))) {
    throw invalidField('nullMarker', 'The NULL marker holds a quote, a delimiter or a line end', 'Choose another one.');
  }
  return { delimiter: delimiter ?? ',', nullMarker: nullMarker ?? '' };
}

function splitOf({ splitBytes, splitRows }: FileDestination): ExportPlan['split'] {
  if (splitBytes === undefined && splitRows === undefined) return undefined;
  return {
    bytes: splitBytes === undefined ? Number.POSITIVE_INFINITY : bytesOf(splitBytes),
    rows: splitRows === undefined ? Number.POSITIVE_INFINITY : integerAttribute('readToFiles', 'splitRows', splitRows),
  };
}

/** `256MB` is 256 million bytes, `256MiB` 2^28. */
function bytesOf(size: number | string): number {
  const [, digits, unit = ''] = /^(\d{1,15})\s*([KMG]I?B)?$/i.exec(String(size).trim()) ?? [];
  const bytes = Number(digits) * (UNITS[unit.toUpperCase()] ?? Number.NaN);
  if (Number.isSafeInteger(bytes) && bytes >= MIN_SPLIT_BYTES) return bytes;
  throw invalidField('splitBytes', 'It is no size of at least 1 KiB', 'Write it like 256MB.');
}
