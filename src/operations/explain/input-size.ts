import { open, readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { FILE, numberAt, readFooter } from '../../columnar/parquet-footer.ts';
import type { WriteInput } from '../write-spec.ts';

/** How much an input of local files holds, from their sizes, the end of Parquet files, and the head of text files. */
export interface InputSize {
  readonly files: number;
  readonly bytes: number;
  /** Absent for Arrow and compressed text, but for short gzip files: they would have to be read through. */
  readonly rows?: number;
  /** Whether the rows were counted; else they are reckoned from the head of a file. */
  readonly isCounted: boolean;
  readonly form: 'parquet' | 'text' | 'packed';
}

/** Of a text file: one that is no longer is counted. */
const HEAD_BYTES = 1024 * 1024;
const NEWLINE = 10;

/** The local files of an input that can be looked at: a program's rows, a stream and S3 are left alone. */
export function localFiles(input: WriteInput): readonly string[] {
  const named = 'files' in input ? input.files : 'file' in input ? [input.file] : [];
  const places = named.filter((place): place is string => typeof place === 'string');
  const areLocal = places.length === named.length && places.every((place) => place !== '-' && !/^s3:/i.test(place));
  return areLocal ? places : [];
}

/** `undefined` where there are no local files to look at. */
export async function inputSize(input: WriteInput): Promise<InputSize | undefined> {
  const files = localFiles(input);
  const format = 'format' in input ? input.format : undefined;
  let bytes = 0;
  let rows: number | undefined = 0;
  let isCounted = true;
  const forms = new Set<InputSize['form']>();
  for (const file of files) {
    const { size } = await stat(file);
    const form = formOf(file, format);
    bytes += size;
    forms.add(form);
    isCounted &&= form === 'parquet' || size <= HEAD_BYTES;
    const own = await rowsOf(file, form, size, /\.csv(?:\.gz)?$/i.test(file) || format === 'csv');
    rows = rows === undefined || own === undefined ? undefined : rows + own;
  }
  const [first] = forms;
  if (first === undefined) return undefined;
  return {
    files: files.length,
    bytes,
    ...(rows === undefined ? {} : { rows: isCounted ? rows : Number(rows.toPrecision(2)) }),
    isCounted,
    form: forms.size === 1 ? first : 'packed',
  };
}

function formOf(file: string, format: unknown): InputSize['form'] {
  if (format === 'parquet' || /\.parquet$/i.test(file)) return 'parquet';
  return /\.(?:gz|zst|arrows?|feather|ipc)$/i.test(file) || format === 'arrow' ? 'packed' : 'text';
}

async function rowsOf(
  file: string,
  form: InputSize['form'],
  size: number,
  hasHeader: boolean,
): Promise<number | undefined> {
  if (form === 'packed') return /\.gz$/i.test(file) && size <= HEAD_BYTES ? unpackedRows(file, hasHeader) : undefined;
  if (form === 'parquet') return Number(numberAt((await readFooter(file)).footer, FILE.rows));
  await using opened = await open(file);
  const { buffer, bytesRead } = await opened.read(Buffer.alloc(Math.min(size, HEAD_BYTES)), 0);
  const head = buffer.subarray(0, bytesRead);
  let lines = bytesRead > 0 && head.at(-1) !== NEWLINE ? 1 : 0;
  for (const byte of head) if (byte === NEWLINE) lines += 1;
  const all = bytesRead === 0 ? 0 : (lines * size) / bytesRead;
  return Math.max(0, Math.round(all) - (hasHeader ? 1 : 0));
}

const UNPACKED_BYTES = 16 * HEAD_BYTES;

/** Of a short gzip file; `undefined` where it holds much, or is damaged, which the write itself will tell. */
async function unpackedRows(file: string, hasHeader: boolean): Promise<number | undefined> {
  const text = await promisify(gunzip)(await readFile(file), { maxOutputLength: UNPACKED_BYTES }).catch(
    () => undefined,
  );
  if (text === undefined) return undefined;
  let lines = text.length > 0 && text.at(-1) !== NEWLINE ? 1 : 0;
  for (const byte of text) if (byte === NEWLINE) lines += 1;
  return Math.max(0, lines - (hasHeader ? 1 : 0));
}
