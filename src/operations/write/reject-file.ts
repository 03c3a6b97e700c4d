import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { classifyFileError } from '../../core/file-error.ts';

/** One row that was refused, with all that is needed to mend it. Its values are in this file alone, never in a message. */
export interface RejectedRow {
  /** Number of the row in the input, from 1. */
  readonly row: number;
  /** The file that the rows came from; absent for rows of a program. */
  readonly source?: string;
  /** Number of the row in that file, where there are several. */
  readonly sourceRow?: number;
  /** Line of that file that the row begins in, from 1; absent where there are no lines, or where they cannot be told. */
  readonly line?: number;
  /** Column at fault, as the table spells it; absent where Redshift did not tell. */
  readonly column?: string;
  readonly type?: string;
  /** Bytes that the column holds, where its type says. */
  readonly limitBytes?: number;
  /** Bytes of the value, as UTF-8. */
  readonly bytes?: number;
  /** Redshift's number (`1204`), or our code for a row that was never sent. */
  readonly code: string;
  readonly reason: string;
  /** The staged file that Redshift names, and its line there. */
  readonly stagedFile?: string;
  readonly stagedLine?: number;
  /** By the input's names of the columns; what a write takes them from again. */
  readonly values: Readonly<Record<string, string | null>>;
}

/**
 * A file of refused rows, one JSON document a line, open to its owner alone. It grows beside its name and gets it by
 * `publish`, complete; dispose removes it unless `keep` was called. Failures to write are RS_CONFIG_INVALID.
 */
export class RejectFile implements AsyncDisposable {
  readonly path: string;
  readonly #partial: string;
  readonly #file: FileHandle;
  #size = 0;
  #published = false;
  #kept = false;
  #closed = false;

  private constructor(path: string, partial: string, file: FileHandle) {
    this.path = path;
    this.#partial = partial;
    this.#file = file;
  }

  static async open(path: string): Promise<RejectFile> {
    const partial = `${path}.partial`;
    return await orNoFile(path, async () => {
      await rm(partial, { force: true });
      return new RejectFile(path, partial, await open(partial, 'wx', 0o600));
    });
  }

  /** Bytes so far: where to go back to when rows are found anew. */
  get size(): number {
    return this.#size;
  }

  async add(rows: readonly RejectedRow[]): Promise<void> {
    const bytes = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    await orNoFile(this.path, () => this.#file.write(bytes, 0, bytes.length, this.#size));
    this.#size += bytes.length;
  }

  /** Forgets what was added after `size`. */
  async rewind(size: number): Promise<void> {
    await orNoFile(this.path, () => this.#file.truncate(size));
    this.#size = size;
  }

  /** Gives the file its name, over what has it; durable when this returns. */
  async publish(): Promise<void> {
    await orNoFile(this.path, async () => {
      await this.#file.sync();
      if (!this.#published) await rename(this.#partial, this.path);
      this.#published = true;
    });
  }

  /** Lets the file stay: its rows are not in the table. */
  keep(): void {
    this.#kept = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close();
    if (this.#published && this.#kept) return;
    await rm(this.#published ? this.path : this.#partial, { force: true });
  }
}

async function orNoFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw classifyFileError(error, `The reject file ${JSON.stringify(path)}`, 'Choose another place for rejectFile.');
  }
}
