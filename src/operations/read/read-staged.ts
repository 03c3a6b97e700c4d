import { rm } from 'node:fs/promises';
import { lifeNeed } from '../../auth/life.ts';
import { Engine } from '../../columnar/engine.ts';
import { readParquet, stagedColumnName } from '../../columnar/read-parquet.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { makeRunFolder } from '../../core/run-folder.ts';
import type { Session } from '../../db/session.ts';
import { parseCopyRole } from '../../sql/role.ts';
import { sql } from '../../sql/sql.ts';
import { renderUnload, renderUnloadQuery } from '../../sql/unload.ts';
import { openStagingArea } from '../../staging/open-staging-area.ts';
import type { StagingArea } from '../../staging/staging-area.ts';
import { type Batch, openBatch } from '../../types/batch.ts';
import { codecFor } from '../../types/codec.ts';
import type { SupportedField } from '../../types/field.ts';
import type { Connection } from '../connection.ts';
import { describeSource } from './read-describe.ts';
import { plainSelect } from './read-select.ts';
import type { ReadSource } from './read-source.ts';
import { fetchFiles } from './read-staged-fetch.ts';
import { readUnloadManifest, type UnloadedFile } from './read-staged-manifest.ts';

/** Files of this size bound what lies on the disk: one being read, one on its way. */
const MAX_FILE_MB = 64;
const FOLDER = 'unload/';

export interface StagedReadOptions {
  readonly batchRows: number;
}

/**
 * Reads by UNLOAD: one statement writes Parquet files below the run's folder in S3, which are fetched one ahead, decoded
 * and deleted. The session is given back before the first row. The rows are one snapshot and come in no order. The first
 * batch is empty when there are no rows: it tells the fields. Throws RS_COUNT_MISMATCH when rows are missing, and what
 * staging, session and columnar engine throw.
 */
export async function* readStaged(
  connection: Connection,
  source: ReadSource,
  { batchRows }: StagedReadOptions,
  run: Run,
): AsyncGenerator<Batch, void, undefined> {
  const folder = await makeRunFolder(connection.workDirectory, 'read', run);
  try {
    await using engine = await Engine.open({ folder, threads: 1 });
    await using area = await openStagingArea(connection.access, connection.options, run);
    const { fields, rows, files } = await unload(connection, source, area, run);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    await connection.access.ensureLife(run, lifeNeed({ kind: 'download', bytes }));
    let delivered = 0;
    for await (const { path, done } of fetchFiles(area, files, folder, rows, run)) {
      for await (const batch of readParquet(engine, path, fields, { batchRows }, run)) {
        delivered += batch.rowCount;
        yield batch;
        run.publish({ type: 'progress', phase: 'fetch', rows: delivered, totalRows: rows });
      }
      await done(delivered);
    }
    if (delivered !== rows) throw countMismatch(rows, delivered);
    if (delivered === 0)
      yield openBatch(
        fields,
        fields.map(() => []),
        0,
      );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Unloaded {
  readonly fields: readonly SupportedField[];
  /** As the server counted them. */
  readonly rows: number;
  readonly files: readonly UnloadedFile[];
}

async function unload(
  { database, options, access }: Connection,
  source: ReadSource,
  area: StagingArea,
  run: Run,
): Promise<Unloaded> {
  await using session = await database.session(run);
  const { source: described, fields } = await describeSource(session, source, run);
  const columns = fields.map(({ type }, position) => {
    const form = codecFor(type).unloadAs;
    return { name: stagedColumnName(position), ...(form === undefined ? {} : { form }) };
  });
  const clusterRegion = access.plan.endpoint.region;
  const statement = renderUnload({
    query: renderUnloadQuery(plainSelect(described).statement, columns),
    prefixUrl: area.url(FOLDER),
    role: parseCopyRole(options.copyRole ?? ''),
    maxFileMb: MAX_FILE_MB,
    ...(clusterRegion === undefined || clusterRegion === area.region ? {} : { region: area.region }),
    ...(options.kmsKeyId === undefined ? {} : { kmsKeyId: options.kmsKeyId }),
  });
  const timeoutSeconds = options.statementTimeoutSeconds;
  await access.ensureLife(run, lifeNeed({ kind: 'statement', verb: 'UNLOAD', timeoutSeconds }));
  await area.verify();
  run.publish({ type: 'progress', phase: 'unload' });
  try {
    await session.run(statement, run);
  } catch (error) {
    keepWhileRunning(session, area, run);
    throw error;
  }
  const [counted] = (await session.run(sql`SELECT pg_last_unload_count()`, run)).rows;
  const rows = Number(counted?.[0]);
  // Redshift writes no manifest for no rows; any other absence is a loss.
  const files = await readUnloadManifest(area, FOLDER);
  const listed = files.reduce((sum, file) => sum + file.rows, 0);
  if (listed !== rows) throw countMismatch(rows, listed);
  return { fields, rows, files };
}

/** An UNLOAD whose end was not seen goes on writing: its files are left to the lease. */
function keepWhileRunning(session: Session, area: StagingArea, run: Run): void {
  if (!session.isBroken) return;
  area.keep();
  run.publish({
    type: 'warning',
    code: 'STAGED_FILES_LEFT',
    message: `Redshift may still be writing below ${area.url()}: delete what is there once the statement has ended`,
  });
}

function countMismatch(unloaded: number, delivered: number): ConnectorError {
  return new ConnectorError('RS_COUNT_MISMATCH', `Redshift unloaded ${unloaded} rows and ${delivered} arrived`, {
    action: 'Read again; if it happens twice, read in direct mode and report it.',
    details: { unloaded, delivered },
  });
}
