import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { StagingArea } from '../../staging/staging-area.ts';
import type { UnloadedFile } from './read-staged-manifest.ts';
import type { ReadOutput } from './read-state.ts';

/** A staged file on the local disk. */
export interface FetchedFile {
  readonly path: string;
  /** From 0, in the order of the manifest. */
  readonly index: number;
  readonly rows: number;
  readonly bytes: number;
  /** Deletes it; tells how many rows were read by then. `output`: what was made of all files so far, for a later attempt. */
  readonly done: (rowsSoFar: number, output?: readonly ReadOutput[]) => Promise<void>;
}

export interface FetchInit {
  readonly files: readonly UnloadedFile[];
  /** Where they go. */
  readonly folder: string;
  readonly extension: string;
  readonly totalRows: number;
  /** How many files, from the first on, are left out. */
  readonly skip?: number;
}

/** How many files may be on their way while one is read. With one being read they bound what lies on the disk. */
export const FILES_AHEAD = 4;
/** A few large files are enough to keep the line busy. */
const BYTES_AHEAD = 192 * 1024 * 1024;

/**
 * Fetches several files at once, a bounded number and size of them ahead of the reader, and gives them in order. Leaving
 * the loop stops those on their way. Throws RS_COUNT_MISMATCH for a file of another size than the manifest says.
 */
export async function* fetchFiles(
  area: StagingArea,
  { files, folder, extension, totalRows, skip = 0 }: FetchInit,
  run: Run,
): AsyncGenerator<FetchedFile, void, undefined> {
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let bytesRead = files.slice(0, skip).reduce((sum, { bytes }) => sum + bytes, 0);
  const totals = { totalRows, totalBytes, totalFiles: files.length };
  if (files.length > 0) run.publish({ type: 'progress', phase: 'fetch', rows: 0, ...totals });
  const underWay = new Map<number, { readonly fetching: Promise<string>; readonly bytes: number }>();
  let next = skip;
  const startMore = (): void => {
    for (;;) {
      const file = files[next];
      const ahead = [...underWay.values()].reduce((sum, { bytes }) => sum + bytes, 0);
      if (file === undefined || underWay.size >= FILES_AHEAD) return;
      if (underWay.size > 0 && ahead + file.bytes > BYTES_AHEAD) return;
      // A name of our own: an S3 key never becomes a local one.
      const fetching = fetchFile(area, file, join(folder, `file-${next}.${extension}`), signal);
      fetching.catch(() => undefined); // met by the await below, or of no interest once the loop is left
      underWay.set(next, { fetching, bytes: file.bytes });
      next += 1;
    }
  };
  startMore();
  try {
    for (let index = skip; index < files.length; index += 1) {
      const { rows = 0, bytes = 0 } = files[index] ?? {};
      const path = await underWay.get(index)?.fetching;
      if (path === undefined) return;
      underWay.delete(index);
      startMore();
      yield {
        path,
        index,
        rows,
        bytes,
        done: async (rowsSoFar) => {
          await rm(path, { force: true });
          bytesRead += bytes;
          run.publish({
            type: 'progress',
            phase: 'fetch',
            rows: rowsSoFar,
            bytes: bytesRead,
            files: index + 1,
            ...totals,
          });
        },
      };
    }
  } finally {
    stop.abort(new Error('The reader has left'));
    await Promise.allSettled([...underWay.values()].map(({ fetching }) => fetching));
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
