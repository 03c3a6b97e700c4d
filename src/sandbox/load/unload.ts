import type { UnloadProgress } from '../pg/activity.ts';
import type { CommandResult, StatementContext } from '../pg/statement-handler.ts';
import { type S3Location, s3Location } from './authorization.ts';
import { DuckDb } from './duckdb.ts';
import { parseUnload } from './parse-unload.ts';
import { openParquetPart, openTextPart, type PartStore, type WrittenPart } from './part-files.ts';
import { refuse } from './refusal.ts';
import { resolvePrincipal, S3Access } from './s3-access.ts';
import { SliceWriter } from './slice-writer.ts';
import type { UnloadStatement } from './statement.ts';
import { markStatement, recordUnload } from './system-tables.ts';
import { parquetWriter } from './to-parquet.ts';
import { manifestText } from './unload-manifest.ts';
import {
  headerLine,
  jsonCopySql,
  openQuery,
  parquetCopySql,
  quoteByte,
  textCopySql,
  type UnloadQuery,
} from './unload-query.ts';

/** Runs an UNLOAD to S3 under the snapshot of the client's transaction. A failure leaves the files written by then. */
export async function runUnload(context: StatementContext, sql: string): Promise<CommandResult> {
  const { backend, cluster, sessionState, activity } = context;
  const statement = parseUnload(sql);
  const query = await openQuery(backend, statement);
  const { queryId, transactionId } = activity;
  const mark = await markStatement(backend, { queryId, transactionId, startMs: cluster.clock.now() });
  activity.unload = beginProgress(statement);
  let written: readonly WrittenPart[] = [];
  const writeDown = (status: 'completed' | 'aborted', errorMessage: string): Promise<void> => {
    delete activity.unload;
    return recordUnload(backend, mark, cluster.clock.now(), {
      status,
      format: statement.format === 'delimited' ? 'text' : statement.format,
      compression: statement.format === 'parquet' ? 'snappy' : statement.compression,
      location: statement.target,
      rows: total(written, 'rows'),
      files: written.length,
      bytes: total(written, 'bytes'),
      errorMessage,
    });
  };
  try {
    const access = new S3Access(
      cluster,
      await resolvePrincipal(context, statement.authorization, 'UNLOAD'),
      statement.region,
    );
    const target = s3Location(statement.target, 'UNLOAD');
    await clearTarget(statement, access, target);
    written = await writeParts(context, statement, query, access, target);
    await writeManifest(statement, query, access, target, written);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // What failed first is what the client shall hear of.
    await Promise.allSettled([writeDown('aborted', message)]);
    throw error;
  }
  await writeDown('completed', '');
  // Header lines are in the files' counts, not in this one.
  sessionState.lastUnloadCount = total(written, 'rows');
  sessionState.lastUnloadId = mark.queryId;
  backend.notice('INFO', `UNLOAD completed, ${total(written, 'rows')} record(s) unloaded successfully.`);
  return { tag: 'UNLOAD' };
}

function beginProgress({ target, format, compression }: UnloadStatement): UnloadProgress {
  return {
    location: target,
    format: format === 'delimited' ? 'text' : format,
    compression: format === 'parquet' ? 'snappy' : compression,
    rows: 0,
    files: 0,
    bytes: 0,
  };
}

function total(parts: readonly WrittenPart[], of: 'rows' | 'bytes'): number {
  return parts.reduce((sum, part) => sum + part[of], 0);
}

/** Names that an UNLOAD to this prefix may write. */
const PART_NAME = /^(\d{4}_part_\d{2,}|\d{3,4})(\..*)?$/;

async function clearTarget(statement: UnloadStatement, access: S3Access, target: S3Location): Promise<void> {
  const there = await access.list(target);
  if (statement.cleanPath) {
    for (const { key } of there) await access.delete({ bucket: target.bucket, key });
    return;
  }
  if (statement.allowOverwrite) return;
  const inTheWay = there.some(({ key }) => {
    const rest = key.slice(target.key.length);
    return rest === 'manifest' || PART_NAME.test(rest);
  });
  if (inTheWay) {
    throw refuse(
      'XX000',
      'Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually removing the target files in S3, or using the ALLOWOVERWRITE option.',
    );
  }
}

async function writeParts(
  context: StatementContext,
  statement: UnloadStatement,
  query: UnloadQuery,
  access: S3Access,
  target: S3Location,
): Promise<readonly WrittenPart[]> {
  const { backend, cluster, signal, activity } = context;
  const headers = encryptionHeaders(statement);
  const isParquet = statement.format === 'parquet';
  await using duck = isParquet ? await DuckDb.open(cluster.dataDir) : undefined;
  const store: PartStore = { access, headers, folder: duck?.folder ?? cluster.dataDir };
  const slices = statement.parallel ? Math.max(1, cluster.cluster.slices ?? 2) : 1;
  const writer = new SliceWriter({
    slices,
    maxFileBytes: isParquet ? wholeRowGroups(statement.maxFileBytes) : statement.maxFileBytes,
    header: statement.header ? Buffer.from(headerLine(query.columns, statement)) : undefined,
    quote: quoteByte(statement),
    onRows: (rows, bytes) => {
      if (!activity.unload) return;
      activity.unload.rows += rows;
      activity.unload.bytes += bytes;
    },
    dropsQuotes: statement.format === 'delimited' || statement.format === 'json',
    open: (slice, part) => {
      if (activity.unload) activity.unload.files += 1;
      const location = { bucket: target.bucket, key: target.key + partName(statement, slice, part) };
      return duck === undefined
        ? Promise.resolve(openTextPart(store, location, statement.compression))
        : openParquetPart(store, location, parquetWriter(duck, query.columns, statement.rowGroupBytes));
    },
  });
  try {
    const restore = isParquet ? await exactText(context) : undefined;
    for await (const rows of backend.copyOut(copyOutSql(query, statement))) {
      signal.throwIfAborted();
      await writer.write(rows);
    }
    await restore?.();
    // Text leaves an empty object where there was nothing to write, Parquet and JSON leave none.
    return await writer.finish({ atLeastOne: statement.format === 'csv' || statement.format === 'delimited' });
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

function copyOutSql(query: UnloadQuery, statement: UnloadStatement): string {
  if (statement.format === 'parquet') return parquetCopySql(query);
  return statement.format === 'json' ? jsonCopySql(query) : textCopySql(query, statement);
}

const MB = 1024 * 1024;

/** Parquet files end at a multiple of 32 MB. */
function wholeRowGroups(bytes: number): number {
  return Math.max(1, Math.floor(bytes / (32 * MB))) * 32 * MB;
}

/** What Parquet holds must not hang on how the session likes its text. */
const EXACT = { extra_float_digits: '1', datestyle: 'ISO' } as const;

async function exactText({ backend }: StatementContext): Promise<() => Promise<void>> {
  const names = Object.keys(EXACT);
  const { rows } = await backend.query(`SELECT ${names.map((name) => `current_setting('${name}')`).join(', ')}`);
  const set = async (values: readonly (string | null)[]): Promise<void> => {
    const calls = names.map((name, index) => `set_config('${name}', '${values[index] ?? ''}', true)`);
    await backend.query(`SELECT ${calls.join(', ')}`);
  };
  await set(Object.values(EXACT));
  return () => set(rows[0] ?? []);
}

function encryptionHeaders({ encrypted, kmsKeyId }: UnloadStatement): Readonly<Record<string, string>> {
  if (kmsKeyId !== undefined) {
    return {
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': kmsKeyId,
    };
  }
  return encrypted ? { 'x-amz-server-side-encryption': 'AES256' } : {};
}

function partName(statement: UnloadStatement, slice: number, part: number): string {
  const name = statement.parallel
    ? `${String(slice).padStart(4, '0')}_part_${String(part).padStart(2, '0')}`
    : String(part).padStart(3, '0');
  return name + suffix(statement);
}

function suffix({ extension, format, compression }: UnloadStatement): string {
  if (extension !== undefined) return `.${extension.replace(/^\./, '')}`;
  if (format === 'parquet') return '.parquet';
  if (format === 'json') return `.json${{ none: '', gzip: '.gz', zstd: '.zst' }[compression]}`;
  return { none: '', gzip: '.gz', zstd: '.zst' }[compression];
}

/**
 * What Redshift writes for no rows of Parquet is not documented, so both are here: no manifest at all, and with PARALLEL
 * OFF one without entries.
 */
async function writeManifest(
  statement: UnloadStatement,
  query: UnloadQuery,
  access: S3Access,
  target: S3Location,
  parts: readonly WrittenPart[],
): Promise<void> {
  if (statement.manifest === 'none' || (parts.length === 0 && statement.parallel)) return;
  const text = manifestText(statement, query.columns, target.bucket, parts);
  await access.put({ bucket: target.bucket, key: `${target.key}manifest` }, bytesOf(text), {
    'content-type': 'application/json',
    ...encryptionHeaders(statement),
  });
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(text);
}
