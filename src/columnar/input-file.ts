import { createReadStream, type Stats } from 'node:fs';
import { access, constants, rename, rm, stat, symlink } from 'node:fs/promises';
import { join as joinPath, resolve } from 'node:path';
import { ConnectorError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import { duckText, keptMark } from '../sql/duckdb.ts';
import { type Sql, sql } from '../sql/sql.ts';
import { parseCsvHeader, readFirstLine } from './csv-header.ts';
import { compressionOf, decompressed, type InputCompression } from './decompress.ts';
import type { Engine } from './engine.ts';

const FORMATS = ['parquet', 'csv', 'jsonl'] as const;

export type InputFormat = (typeof FORMATS)[number];

/** A local file to load, looked at but not yet read through. */
export interface InputFile {
  readonly format: InputFormat;
  /** What the engine reads: a link in the run's folder, whatever the file's own name. */
  readonly path: string;
  readonly bytes: number;
  /** Of text; that of Parquet is its own. */
  readonly compression: InputCompression;
  /** Only with CSV. */
  readonly delimiter: string;
  /** In the order of the file; for JSON Lines in the order of the names. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Known for Parquet only. */
  readonly rowCount?: number;
}

export interface InputSpec {
  readonly file: string;
  /** Default: by the file's extension. */
  readonly format?: InputFormat | undefined;
  /** Only with CSV; default: a comma. */
  readonly delimiter?: string | undefined;
}

/** A file that the engine may read, before anything in it was looked at. */
export type AdmittedFile = Omit<InputFile, 'columns' | 'rowCount'>;

/**
 * Looks at a Parquet, CSV (first line: names) or JSON Lines file: its columns, and whether it is one at all. JSON Lines
 * are read through once, since a name may turn up in any line. Throws RS_CONFIG_OBJECT_MISSING, RS_INPUT_INVALID.
 */
export async function openInputFile(engine: Engine, spec: InputSpec, run: Run): Promise<InputFile> {
  return lookAtFile(engine, await admitFile(engine, spec), run);
}

/**
 * Lets the engine read a file; to be called for all files before the first is looked at. `position` tells files of one
 * input apart. Throws RS_CONFIG_OBJECT_MISSING, RS_INPUT_INVALID.
 */
export async function admitFile(engine: Engine, { file, ...form }: InputSpec, position = 0): Promise<AdmittedFile> {
  const bytes = await requireFile(file);
  const { format, delimiter } = formOf(file, form);
  requireBytes(`The file ${JSON.stringify(file)}`, format, bytes);
  const compression = format === 'parquet' ? 'none' : await compressionOf(file);
  const path = pathFor(engine, { format, compression }, position);
  await rm(path, { force: true });
  // The engine sees no other folder, and takes * and [ in a path for patterns.
  await engine.allow(file);
  await symlink(resolve(file), path);
  return { format, path, bytes, compression, delimiter };
}

/**
 * The same for a file in the engine's folder, which gets another name there. `name`: what it is called where it comes from.
 */
export async function adoptFile(
  engine: Engine,
  path: string,
  name: string,
  form: Omit<InputSpec, 'file'>,
  position: number,
): Promise<AdmittedFile> {
  const { format, delimiter } = formOf(name, form);
  const bytes = await requireFile(path);
  requireBytes(name, format, bytes);
  const compression = format === 'parquet' ? 'none' : await compressionOf(path);
  const target = pathFor(engine, { format, compression }, position);
  await rename(path, target);
  return { format, path: target, bytes, compression, delimiter };
}

/** What a file of this name is. Throws RS_INPUT_INVALID where that cannot be told. */
export function formOf(
  name: string,
  { format, delimiter = ',' }: Omit<InputSpec, 'file'>,
): Pick<AdmittedFile, 'format' | 'delimiter'> {
  const kind = format ?? formatOf(name);
  // It becomes part of a path below, and may come out of a form.
  if (!FORMATS.includes(kind)) throw invalid('The format of the file is not known', `Give ${FORMATS.join(', ')}.`);
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
    throw invalid('The delimiter must be one character, and no quote or newline', 'Set another delimiter.');
  }
  return { format: kind, delimiter };
}

function pathFor(
  { folder }: Engine,
  { format, compression }: Pick<AdmittedFile, 'format' | 'compression'>,
  position: number,
): string {
  const number = position === 0 ? '' : `-${position}`;
  return joinPath(folder, `input${number}.${format}${EXTENSIONS[compression]}`);
}

/** The columns of a file. Throws RS_INPUT_INVALID. */
export async function lookAtFile(engine: Engine, file: AdmittedFile, run: Run): Promise<InputFile> {
  const found = await lookAt(engine, file, run);
  if (found.columns.length > MAX_COLUMNS) {
    throw invalid(`The file has ${found.columns.length} columns`, `Give a file with at most ${MAX_COLUMNS} of them.`);
  }
  return { ...file, ...found };
}

/** How the engine tells it. */
const EXTENSIONS: Readonly<Record<InputCompression, string>> = { none: '', gzip: '.gz', zstd: '.zst' };

/** Far more than a table of Redshift can have; each is looked for there by its name. */
const MAX_COLUMNS = 10_000;

async function lookAt(
  engine: Engine,
  { format, path, compression, delimiter }: AdmittedFile,
  run: Run,
): Promise<Pick<InputFile, 'columns' | 'rowCount'>> {
  switch (format) {
    case 'parquet':
      return lookAtParquet(engine, path, run);
    case 'csv':
      return { columns: await csvColumns(engine, path, compression, delimiter, run) };
    case 'jsonl':
      return await lookAtJson(engine, path, compression, run);
  }
}

/** How the engine reads JSON Lines as objects. */
export function jsonObjects(path: string): Sql {
  return sql`read_json_objects(${duckText(path)}, format = 'newline_delimited', maximum_object_size = 8388608)`;
}

/** Size of a local file that can be loaded. Throws RS_CONFIG_OBJECT_MISSING, RS_INPUT_INVALID. */
export async function requireFile(file: string): Promise<number> {
  let bytes: number;
  try {
    const found = await stat(file);
    if (!found.isFile()) throw noFile(file, found);
    await access(file, constants.R_OK);
    bytes = found.size;
  } catch (cause) {
    if (cause instanceof ConnectorError) throw cause;
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new ConnectorError('RS_CONFIG_OBJECT_MISSING', `The file ${JSON.stringify(file)} ${why}`, {
      action: 'Check the path and the rights on the file.',
      cause,
    });
  }
  return bytes;
}

/** Refuses what has nothing in it, but for JSON Lines, where that is no rows. Throws RS_INPUT_INVALID. */
export function requireBytes(name: string, format: InputFormat | 'arrow', bytes: number): void {
  if (bytes > 0 || format === 'jsonl') return;
  const action = format === 'csv' ? 'Give a file with at least a header.' : 'Look whether it was written in full.';
  throw invalid(`${name} is empty`, action);
}

/** Whether an input has no rows, nor a word on its columns. */
export function isNothing({ format, rowCount }: InputFile): boolean {
  return format === 'jsonl' && rowCount === 0;
}

function noFile(file: string, found: Stats): ConnectorError {
  const name = JSON.stringify(file);
  if (found.isDirectory()) return invalid(`${name} is a folder`, 'Name the files in it.');
  // Nothing is opened: a pipe would wait for its writer.
  return invalid(
    `${name} is a pipe or a device, not a file`,
    'Give the bytes as standard input (-), with their format.',
  );
}

function formatOf(file: string): InputFormat {
  const name = file.toLowerCase().replace(/\.(?:gz|zst)$/, '');
  if (name.endsWith('.parquet')) return 'parquet';
  if (name.endsWith('.csv')) return 'csv';
  if (name.endsWith('.jsonl') || name.endsWith('.ndjson')) return 'jsonl';
  throw invalid(
    `The kind of the file ${JSON.stringify(file)} cannot be told by its name`,
    'Name it .parquet, .csv or .jsonl (behind it .gz or .zst), or say the format.',
  );
}

async function lookAtParquet(engine: Engine, path: string, run: Run): Promise<Pick<InputFile, 'columns' | 'rowCount'>> {
  const described = await engine.query(
    sql`SELECT ${keptMark(sql`column_name`)}, column_type FROM (DESCRIBE SELECT * FROM read_parquet(${duckText(path)}))`,
    run,
  );
  const counted = await engine.query(sql`SELECT num_rows FROM parquet_file_metadata(${duckText(path)})`, run);
  return {
    columns: described.map(([name, type]) => ({ name: name ?? '', type: type ?? '' })),
    rowCount: Number(counted[0]?.[0]),
  };
}

async function csvColumns(
  engine: Engine,
  path: string,
  compression: InputCompression,
  delimiter: string,
  run: Run,
): Promise<InputFile['columns']> {
  if (compression === 'zstd') await checkSums(engine, path, run);
  const names = parseCsvHeader(await readFirstLine(path, compression, run.signal), delimiter);
  return names.map((name) => ({ name, type: 'VARCHAR' }));
}

/** The engine holds the checksums of zstd against what they say; the reader in JavaScript does not, but sees a cut end. */
async function checkSums(engine: Engine, path: string, run: Run): Promise<void> {
  const lines = sql`read_csv(${duckText(path)}, auto_detect = false, header = false, columns = {'line': 'VARCHAR'}, delim = ${duckText('\u0001')}, quote = '', escape = '', compression = 'zstd', strict_mode = false, max_line_size = 4194304, buffer_size = 16777216, ignore_errors = true)`;
  await engine.query(sql`SELECT COUNT(*) FROM ${lines}`, run);
}

/** Rows are counted where none of them names a column. */
async function lookAtJson(
  engine: Engine,
  path: string,
  compression: InputCompression,
  run: Run,
): Promise<Pick<InputFile, 'columns' | 'rowCount'>> {
  const columns = await jsonColumns(engine, path, compression, run);
  if (columns.length > 0) return { columns };
  const counted = await engine.query(sql`SELECT COUNT(*) FROM ${jsonObjects(path)}`, run);
  return { columns, rowCount: Number(counted[0]?.[0]) };
}

async function jsonColumns(
  engine: Engine,
  path: string,
  compression: InputCompression,
  run: Run,
): Promise<InputFile['columns']> {
  const names = sql`SELECT DISTINCT unnest(json_keys(json)) AS name FROM ${jsonObjects(path)}`;
  const keys = sql`SELECT ${keptMark(sql`name`)} FROM (${names}) ORDER BY name`;
  const rows = await engine.query(keys, run).catch(async (error: unknown) => {
    throw (await hasMark(path, compression, run)) ? marked(error) : error;
  });
  return rows.map(([name]) => ({ name: name ?? '', type: 'VARCHAR' }));
}

/** Whether a text file begins with a byte order mark. False for what cannot be told. */
async function hasMark(path: string, compression: InputCompression, { signal }: Run): Promise<boolean> {
  const source = createReadStream(path, { signal });
  try {
    for await (const chunk of decompressed(source, compression)) return chunk.indexOf('\uFEFF') === 0;
  } catch {
    signal.throwIfAborted(); // what is wrong with the file is being told
  }
  return false;
}

function marked(cause: unknown): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', 'The file begins with a byte order mark, which JSON does not have', {
    action: 'Save it as UTF-8 without a byte order mark.',
    cause,
  });
}

function invalid(message: string, action: string): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', message, { action });
}
