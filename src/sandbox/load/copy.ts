import type { LoadProgress } from '../pg/activity.ts';
import type { CommandResult, StatementContext } from '../pg/statement-handler.ts';
import { type CopyTarget, openTarget } from './columns.ts';
import { decompress } from './compression.ts';
import { type CopySource, copySources } from './copy-sources.ts';
import { copyInSql, RENDERED, verbatimDialect } from './dialect.ts';
import { loadJson } from './json-load.ts';
import { ErrorLedger, TooManyErrors } from './load-errors.ts';
import { parquetAsText } from './parquet-load.ts';
import { parseCopy } from './parse-copy.ts';
import { PlainScanner } from './plain-scan.ts';
import { recordReader } from './record.ts';
import { internalFailure, refuse } from './refusal.ts';
import { RowLoader } from './row-loader.ts';
import { resolvePrincipal, S3Access } from './s3-access.ts';
import type { CopyStatement } from './statement.ts';
import { markStatement, recordLoad, recordLoadErrors, recordLoadFiles, type StatementMark } from './system-tables.ts';
import { type LoadFile, loadText } from './text-load.ts';

/** Runs a COPY from S3 on the client's own connection, inside its transaction: all rows or none. */
export async function runCopy(context: StatementContext, sql: string): Promise<CommandResult> {
  const { backend, cluster } = context;
  const statement = parseCopy(sql);
  const target = await openTarget(backend, statement);
  const { queryId, transactionId } = context.activity;
  const mark = await markStatement(backend, { queryId, transactionId, startMs: cluster.clock.now() });
  const ledger = new ErrorLedger(statement.ignoreAllErrors ? Number.POSITIVE_INFINITY : statement.maxErrors);
  const progress = beginProgress(context, statement, target);
  const load: Load = { context, statement, target, ledger, mark, progress, sources: [] };
  try {
    const access = new S3Access(
      cluster,
      await resolvePrincipal(context, statement.authorization, 'COPY'),
      statement.region,
    );
    load.sources = await copySources(statement, access);
    progress.totalFiles = load.sources.length;
    progress.totalBytes = load.sources.reduce((sum, { bytes }) => sum + bytes, 0);
    const rows = await loadRows(load, access);
    await writeDown(load, 'completed', rows);
    announce(load, rows);
    return { tag: 'COPY' };
  } catch (error) {
    // What failed first is what the client shall hear of.
    await Promise.allSettled([writeDown(load, 'aborted', 0)]);
    throw error instanceof TooManyErrors ? failure(load) : error;
  }
}

interface Load {
  readonly context: StatementContext;
  readonly statement: CopyStatement;
  readonly target: CopyTarget;
  readonly ledger: ErrorLedger;
  readonly mark: StatementMark;
  readonly progress: LoadProgress;
  sources: readonly CopySource[];
}

function beginProgress(
  { activity }: StatementContext,
  { source, format }: CopyStatement,
  { name }: CopyTarget,
): LoadProgress {
  activity.load = {
    table: name,
    source,
    format: format === 'delimited' ? 'text' : format,
    rows: 0,
    bytes: 0,
    totalFiles: 0,
    totalBytes: 0,
    errors: 0,
    files: [],
  };
  return activity.load;
}

async function loadRows(load: Load, access: S3Access): Promise<number> {
  const { context, statement, target } = load;
  const dialect = verbatimDialect(statement) ?? RENDERED;
  const rows = untilAborted(rowsOf(load, access), context.signal);
  if (!statement.noLoad) return context.backend.copyIn(copyInSql(target, dialect), rows);
  for await (const _chunk of rows);
  return 0;
}

function rowsOf(load: Load, access: S3Access): AsyncGenerator<Buffer, void, undefined> {
  const { context, statement, target, ledger, sources, progress } = load;
  const { columns } = target;
  const onRows = (rows: number): void => {
    progress.rows += rows;
    progress.errors = ledger.count;
  };
  if (statement.format === 'json') {
    const loader = new RowLoader(columns, statement, RENDERED, ledger);
    const files = noted(load, filesOf(sources, access, statement));
    return loadJson({ files, columns, loader, ignoreCase: statement.jsonIgnoreCase, onRows });
  }
  const isParquet = statement.format === 'parquet';
  const read = isParquet ? asRendered(statement) : statement;
  const verbatim = isParquet ? RENDERED : verbatimDialect(statement);
  return loadText({
    files: noted(
      load,
      isParquet
        ? parquetAsText(sources, columns, access, context.cluster.dataDir, statement)
        : filesOf(sources, access, statement),
    ),
    onRows,
    scanner: verbatim === undefined ? undefined : new PlainScanner(columns, verbatim, read),
    readRecord: recordReader(read, !isParquet),
    loader: new RowLoader(columns, read, verbatim ?? RENDERED, ledger),
    ignoreHeader: read.ignoreHeader,
    ignoreBlankLines: read.ignoreBlankLines,
  });
}

/** How the text made of Parquet files is read. */
function asRendered(statement: CopyStatement): CopyStatement {
  const { delimiter, quote, nullAs } = RENDERED;
  return { ...statement, format: 'csv', delimiter, quote, nullAs, dateFormat: 'auto', timeFormat: 'auto' };
}

async function* filesOf(
  sources: readonly CopySource[],
  access: S3Access,
  { compression }: CopyStatement,
): AsyncGenerator<LoadFile, void, undefined> {
  for (const { url, location } of sources) {
    yield { url, bytes: decompress(await access.get(location), compression, url) };
  }
}

/** The files as they come, each noted when it is opened and when the next one is. */
async function* noted(
  { context, progress, sources }: Load,
  files: AsyncIterable<LoadFile>,
): AsyncGenerator<LoadFile, void, undefined> {
  const { clock } = context.cluster;
  const sizes = new Map(sources.map(({ url, bytes }) => [url, bytes]));
  for await (const file of files) {
    const last = progress.files.at(-1);
    // A Parquet file comes in several steps.
    const isNext = last?.url !== file.url;
    const startRows = progress.rows;
    const entry = isNext ? { url: file.url, bytes: sizes.get(file.url) ?? 0, startMs: clock.now(), lines: 0 } : last;
    if (isNext) {
      progress.files.push(entry);
      progress.bytes += entry.bytes;
    }
    yield file;
    entry.lines += progress.rows - startRows;
    entry.endMs = clock.now();
  }
}

async function* untilAborted(
  rows: AsyncGenerator<Buffer, void, undefined>,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of rows) {
    signal.throwIfAborted();
    yield chunk;
  }
}

/** The system views learn of the load whatever becomes of its transaction. */
async function writeDown(
  { context, statement, target, ledger, mark, sources, progress }: Load,
  status: 'completed' | 'aborted',
  rows: number,
): Promise<void> {
  const { backend, cluster } = context;
  if (statement.format !== 'parquet') {
    const lag = cluster.faults.take('pg:loadErrors', target.name)?.effect;
    const record = (): Promise<void> => recordLoadErrors(backend, mark, target.oid, ledger.errors);
    // The views may lag behind the load.
    if (lag?.kind === 'delay') setTimeout(() => void record().catch(() => undefined), lag.ms).unref();
    else await record();
  }
  await recordLoadFiles(backend, mark, progress.files, cluster.clock.now());
  delete context.activity.load;
  await recordLoad(backend, mark, cluster.clock.now(), {
    status,
    table: target.name,
    source: statement.source,
    format: statement.format === 'delimited' ? 'text' : statement.format,
    rows,
    files: sources.length,
    bytes: sources.reduce((sum, { bytes }) => sum + bytes, 0),
    errors: ledger.count,
  });
}

function announce({ context, target, ledger, mark }: Load, rows: number): void {
  const { backend, sessionState } = context;
  sessionState.lastCopyCount = rows;
  sessionState.lastCopyId = mark.queryId;
  backend.notice('INFO', `Load into table '${target.name}' completed, ${rows} record(s) loaded successfully.`);
  if (ledger.count === 0) return;
  backend.notice(
    'INFO',
    `Load into table '${target.name}' completed, ${ledger.count} record(s) could not be loaded.  Check 'stl_load_errors' system table for details.`,
  );
}

function failure({ statement, target, ledger }: Load): Error {
  const [first] = ledger.errors;
  if (statement.format !== 'parquet' || first === undefined) {
    return refuse(
      'XX000',
      `Load into table '${target.name}' failed.  Check 'stl_load_errors' system table for details.`,
    );
  }
  return internalFailure('Spectrum Scan Error', {
    code: 15001,
    context: `${first.reason}. Column '${first.column}', type ${first.type}(${first.length}), file '${first.file}'`,
  });
}
