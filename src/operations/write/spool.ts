import { createReadStream } from 'node:fs';
import { copyFile, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Run } from '../../core/run.ts';
import { makeRunFolder } from '../../core/run-folder.ts';
import type { StagedFiles, StageSink } from '../../staging/stage-sink.ts';
import type { StagedFile } from '../../staging/staged-file.ts';
import type { StagingArea } from '../../staging/staging-area.ts';

/** What a spool may hold, and what happens past that. */
export interface SpoolInit {
  readonly workDirectory: string;
  readonly maxRows: number;
  /** Of the files as they are, compressed. */
  readonly maxBytes: number;
  /** Rows that were written to it so far. */
  readonly rows: () => number;
  /** Asked once, when the rows are too many: where all of them go instead. Throws where there is no such place. */
  readonly overflow: () => Promise<StagingArea>;
}

/**
 * The rows of a write on the local disk, bounded, in the files that would go to S3: what INSERT is made of, as often as an
 * attempt needs it. When they become too many they move to S3, and so does all that follows. Dispose removes the folder
 * and closes the staging area.
 */
export class Spool implements StageSink, StagedFiles, AsyncDisposable {
  /** The folder on the local disk. */
  readonly folder: string;
  readonly #init: SpoolInit;
  readonly #files = new Map<string, StagedFile>();
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #area: StagingArea | undefined;

  private constructor(folder: string, init: SpoolInit) {
    this.folder = folder;
    this.#init = init;
  }

  static async open(init: SpoolInit, run: Run): Promise<Spool> {
    return new Spool(await makeRunFolder(init.workDirectory, 'write', run), init);
  }

  /** Where the files are, once they were too many. */
  get area(): StagingArea | undefined {
    return this.#area;
  }

  /** A file that was put, where it is now. */
  file({ name }: StagedFile): StagedFile | undefined {
    return this.#files.get(name);
  }

  pathOf(name: string): string {
    return join(this.folder, name);
  }

  async put(name: string, source: AsyncIterable<Uint8Array>, onBytes?: (bytes: number) => void): Promise<StagedFile> {
    // A file whose end is still being written here moves with the others: the next one waits for it.
    if (this.#area === undefined) await this.#writing;
    if (this.#area !== undefined) return this.#keep(await this.#area.put(name, source, onBytes));
    const writing = this.#write(name, source, onBytes);
    this.#writing = writing.then(noMore, noMore);
    return await writing;
  }

  async #write(
    name: string,
    source: AsyncIterable<Uint8Array>,
    onBytes?: (bytes: number) => void,
  ): Promise<StagedFile> {
    const chunks = source[Symbol.asyncIterator]();
    const path = this.pathOf(name);
    let written = 0;
    const file = await open(path, 'wx', 0o600);
    try {
      for (;;) {
        const next = await chunks.next();
        if (next.done === true) break;
        await file.writeFile(next.value);
        written += next.value.length;
        this.#bytes += next.value.length;
        onBytes?.(next.value.length);
        if (!this.#isFull()) continue;
        const area = await this.#moveOut();
        return this.#keep(await area.put(name, both(path, chunks), after(written, onBytes)));
      }
    } finally {
      await file.close();
      await chunks.return?.();
    }
    return this.#keep({ name, url: pathToFileURL(path).href, bytes: written });
  }

  async putFile(name: string, path: string, onBytes?: (bytes: number) => void): Promise<StagedFile> {
    if (this.#area !== undefined) return this.#keep(await this.#area.putFile(name, path, onBytes));
    const { size } = await stat(path);
    this.#bytes += size;
    if (this.#isFull()) return this.#keep(await (await this.#moveOut()).putFile(name, path, onBytes));
    await copyFile(path, this.pathOf(name));
    onBytes?.(size);
    return this.#keep({ name, url: pathToFileURL(this.pathOf(name)).href, bytes: size });
  }

  async getFile(name: string, path: string, maxBytes: number, signal: AbortSignal): Promise<void> {
    if (this.#area !== undefined) await this.#area.getFile(name, path, maxBytes, signal);
    else await copyFile(this.pathOf(name), path);
  }

  /** Moves everything to S3: what came so far, and what will come. */
  async moveOut(): Promise<StagingArea> {
    return this.#area ?? (await this.#moveOut());
  }

  /** Removes the rows; idempotent. Of the staging area: see there. */
  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    await this.#area?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #isFull(): boolean {
    const { maxBytes, maxRows, rows } = this.#init;
    return this.#bytes > maxBytes || rows() > maxRows;
  }

  async #moveOut(): Promise<StagingArea> {
    const area = await this.#init.overflow();
    this.#area = area;
    for (const { name } of this.#files.values()) {
      this.#keep(await area.putFile(name, this.pathOf(name)));
      await rm(this.pathOf(name));
    }
    return area;
  }

  #keep(file: StagedFile): StagedFile {
    this.#files.set(file.name, file);
    return file;
  }
}

const noMore = (): void => undefined;

/** What a file holds, and then what is still to come. */
async function* both(path: string, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of createReadStream(path)) yield chunk as Buffer;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** Bytes that were told before are not told again. */
function after(told: number, onBytes: ((bytes: number) => void) | undefined): (bytes: number) => void {
  let left = told;
  return (bytes) => {
    const known = Math.min(left, bytes);
    left -= known;
    if (bytes > known) onBytes?.(bytes - known);
  };
}
