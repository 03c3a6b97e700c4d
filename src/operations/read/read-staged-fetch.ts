import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { StagingArea } from '../../staging/staging-area.ts';
import type { UnloadedFile } from './read-staged-manifest.ts';

/** A staged file on the local disk. */
export interface FetchedFile {
  readonly path: string;
  /** Deletes it; tells how many rows were read by then. */
  readonly done: (rowsSoFar: number) => Promise<void>;
}

/**
 * Fetches files one ahead of the reader: at most two are on the disk. Leaving the loop stops the one on its way. Throws
 * RS_COUNT_MISMATCH for a file of another size than the manifest says.
 */
export async function* fetchFiles(
  area: StagingArea,
  files: readonly UnloadedFile[],
  folder: string,
  totalRows: number,
  run: Run,
): AsyncGenerator<FetchedFile, void, undefined> {
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let bytesRead = 0;
  const totals = { totalRows, totalBytes, totalFiles: files.length };
  if (files.length > 0) run.publish({ type: 'progress', phase: 'fetch', rows: 0, ...totals });
  const start = (position: number): Promise<string> | undefined => {
    const file = files[position];
    if (file === undefined) return undefined;
    // A name of our own: an S3 key never becomes a local one.
    const fetching = fetchFile(area, file, join(folder, `file-${position}.parquet`), signal);
    fetching.catch(() => undefined); // met by the await below, or of no interest once the loop is left
    return fetching;
  };
  let next = start(0);
  try {
    for (const [position, { bytes }] of files.entries()) {
      const path = await next;
      if (path === undefined) return;
      next = start(position + 1);
      yield {
        path,
        done: async (rows) => {
          await rm(path);
          bytesRead += bytes;
          run.publish({ type: 'progress', phase: 'fetch', rows, bytes: bytesRead, files: position + 1, ...totals });
        },
      };
    }
  } finally {
    stop.abort(new Error('The reader has left'));
    await Promise.allSettled([next]);
  }
}

async function fetchFile(area: StagingArea, file: UnloadedFile, path: string, signal: AbortSignal): Promise<string> {
  const partial = `${path}.partial`;
  await area.getFile(file.name, partial, file.bytes, signal);
  const { size } = await stat(partial);
  if (size !== file.bytes) {
    throw new ConnectorError('RS_COUNT_MISMATCH', 'A staged file has another size than its manifest says', {
      action: 'Read again.',
      details: { expectedBytes: file.bytes, bytes: size },
    });
  }
  await rename(partial, path);
  return path;
}
