import { randomBytes } from 'node:crypto';
import { lifeNeed } from '../../auth/life.ts';
import { stagedColumnName } from '../../columnar/read-parquet.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { parseCopyRole } from '../../sql/role.ts';
import { type Sql, sql } from '../../sql/sql.ts';
import { renderUnload, renderUnloadQuery } from '../../sql/unload.ts';
import type { StagingArea } from '../../staging/staging-area.ts';
import { codecFor } from '../../types/codec.ts';
import type { SupportedField } from '../../types/field.ts';
import { stagedFormat } from '../../types/staged-format.ts';
import { watchOf } from '../activity/watch.ts';
import type { Connection } from '../connection.ts';
import type { DescribedSource } from './read-describe.ts';
import { plainSelect } from './read-select.ts';
import { readUnloadManifest, type UnloadedFile } from './read-staged-manifest.ts';

/** Form of staged files: CSV where Parquet has none for a type. */
export type StagedFormat = { readonly kind: 'parquet' } | { readonly kind: 'csv'; readonly nullMarker: string };

/** Rows as Redshift wrote them below a run's folder. */
export interface Unloaded {
  readonly fields: readonly SupportedField[];
  readonly format: StagedFormat;
  /** As the server counted them. */
  readonly rows: number;
  readonly files: readonly UnloadedFile[];
}

/** Files of this size bound what lies on the disk: one being read, a few on their way. */
const MAX_FILE_MB = 64;
const FOLDER = 'unload/';
/** How many rows the UNLOAD of this session wrote, and the id of its query. */
export const UNLOADED = sql`SELECT pg_last_unload_count(), pg_last_unload_id()`;

/** The UNLOAD of a source. Pure but for the marker. */
export function unloadStatement(
  { access, options }: Pick<Connection, 'access' | 'options'>,
  { source, fields }: DescribedSource,
  format: StagedFormat,
  area: Pick<StagingArea, 'url' | 'region'>,
): Sql {
  const columns = fields.map(({ type }, position) => {
    const { unloadAs, unloadCsvAs } = codecFor(type);
    const form = format.kind === 'csv' ? (unloadCsvAs ?? unloadAs) : unloadAs;
    return { name: stagedColumnName(position), ...(form === undefined ? {} : { form }) };
  });
  const clusterRegion = access.plan.endpoint.region;
  return renderUnload({
    query: renderUnloadQuery(plainSelect(source).statement, columns),
    prefixUrl: area.url(FOLDER),
    role: parseCopyRole(options.copyRole ?? ''),
    format: format.kind,
    ...(format.kind === 'csv' ? { nullMarker: format.nullMarker } : {}),
    maxFileMb: MAX_FILE_MB,
    ...(clusterRegion === undefined || clusterRegion === area.region ? {} : { region: area.region }),
    ...(options.kmsKeyId === undefined ? {} : { kmsKeyId: options.kmsKeyId }),
  });
}

/**
 * Runs the UNLOAD and reads its manifest; `onBegin` runs before it in one transaction with it. Throws RS_COUNT_MISMATCH
 * where the two do not agree.
 */
export async function unload(
  connection: Connection,
  session: Session,
  described: DescribedSource,
  area: StagingArea,
  run: Run,
  onBegin?: () => Promise<void>,
): Promise<Unloaded> {
  const { access, options } = connection;
  const kind = stagedFormat(described.fields);
  const format: StagedFormat =
    kind === 'csv' ? { kind, nullMarker: `null-${randomBytes(12).toString('hex')}` } : { kind };
  const statement = unloadStatement(connection, described, format, area);
  const timeoutSeconds = options.statementTimeoutSeconds;
  await access.ensureLife(run, lifeNeed({ kind: 'statement', verb: 'UNLOAD', timeoutSeconds }));
  await area.verify();
  run.publish({ type: 'progress', phase: 'unload' });
  try {
    if (onBegin !== undefined) await session.run(sql`BEGIN`, run);
    await onBegin?.();
    await watchOf(connection).progress('unload', 'unload', session, run, () => session.run(statement, run));
  } catch (error) {
    keepWhileRunning(session, area, run);
    throw error;
  }
  const [counted] = (await session.run(UNLOADED, run, { queryIdAt: 1 })).rows;
  const rows = Number(counted?.[0]);
  if (onBegin !== undefined) await session.rollback(run);
  // Redshift writes no manifest for no rows; any other absence is a loss.
  const files = await readUnloadManifest(area, FOLDER);
  const listed = files.reduce((sum, file) => sum + file.rows, 0);
  if (listed !== rows) throw countMismatch(rows, listed);
  return { fields: described.fields, format, rows, files };
}

/** Whether the files of an UNLOAD before are all still there. */
export async function isStillStaged(area: StagingArea, files: readonly UnloadedFile[]): Promise<boolean> {
  const found = new Map<string, number>();
  for await (const { name, bytes } of area.list(FOLDER)) found.set(name, bytes);
  return files.every(({ name, bytes }) => found.get(name) === bytes);
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

export function countMismatch(unloaded: number, delivered: number): ConnectorError {
  return new ConnectorError('RS_COUNT_MISMATCH', `Redshift unloaded ${unloaded} rows and ${delivered} arrived`, {
    action: 'Read again; if it happens twice, read in direct mode and report it.',
    details: { unloaded, delivered },
  });
}
