import type { CommandResult, StatementContext } from '../pg/statement-handler.ts';
import { type CopyTarget, openTarget } from './columns.ts';
import { decompress } from './compression.ts';
import { type CopySource, copySources } from './copy-sources.ts';
import { copyInSql, RENDERED, verbatimDialect } from './dialect.ts';
import { strikeFault } from './faults.ts';
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
import { markStatement, recordLoad, recordLoadErrors, type StatementMark } from './system-tables.ts';
import { type LoadFile, loadText } from './text-load.ts';

/** Runs a COPY from S3 on the client's own connection, inside its transaction: all rows or none. */
export async function runCopy(context: StatementContext, sql: string): Promise<CommandResult> {
  const { backend, cluster, sessionState } = context;
  const statement = parseCopy(sql);
  await strikeFault(context, 'pg:copy', sql);
  const target = await openTarget(backend, statement);
  const mark = await markStatement(backend, { queryId: sessionState.nextQueryId(), startMs: cluster.clock.now() });
  const ledger = new ErrorLedger(statement.ignoreAllErrors ? Number.POSITIVE_INFINITY : statement.maxErrors);
  const load: Load = { context, statement, target, ledger, mark, sources: [] };
  try {
    const access = new S3Access(
      cluster,
      await resolvePrincipal(context, statement.authorization, 'COPY'),
      statement.region,
    );
    load.sources = await copySources(statement, access);
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
  sources: readonly CopySource[];
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
  const { context, statement, target, ledger, sources } = load;
  const { columns } = target;
  if (statement.format === 'json') {
    const loader = new RowLoader(columns, statement, RENDERED, ledger);
    const files = filesOf(sources, access, statement);
    return loadJson({ files, columns, loader, ignoreCase: statement.jsonIgnoreCase });
  }
  const isParquet = statement.format === 'parquet';
  const read = isParquet ? asRendered(statement) : statement;
  const verbatim = isParquet ? RENDERED : verbatimDialect(statement);
  return loadText({
    files: isParquet
      ? parquetAsText(sources, columns, access, context.cluster.dataDir, statement)
      : filesOf(sources, access, statement),
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
  { context, statement, target, ledger, mark, sources }: Load,
  status: 'completed' | 'aborted',
  rows: number,
): Promise<void> {
  const { backend, cluster } = context;
  if (statement.format !== 'parquet') await recordLoadErrors(backend, mark, target.oid, ledger.errors);
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
