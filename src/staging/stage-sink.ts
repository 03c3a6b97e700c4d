import type { StagedFile } from './staged-file.ts';

/** Where the files go that an input becomes: a folder in S3, or one on this machine. */
export interface StageSink {
  /** Streams bytes into a new file, no faster than it takes them. */
  put(name: string, source: AsyncIterable<Uint8Array>, onBytes?: (bytes: number) => void): Promise<StagedFile>;
  /** Takes over what a local file holds. */
  putFile(name: string, path: string, onBytes?: (bytes: number) => void): Promise<StagedFile>;
}

/** Files that were staged, to be had again as long as the run goes on. */
export interface StagedFiles {
  getFile(name: string, path: string, maxBytes: number, signal: AbortSignal): Promise<void>;
}
