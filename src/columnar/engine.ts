import { realpath } from 'node:fs/promises';
import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import { ConnectorError } from '../core/errors.ts';
import { type Run, sleep } from '../core/run.ts';
import { duckText } from '../sql/duckdb.ts';
import { join, type Sql, sql } from '../sql/sql.ts';
import { classifyEngineError } from './classify-error.ts';
import { Semaphore } from './semaphore.ts';

export interface EngineInit {
  /** The run's own folder: the engine sees no file outside. */
  readonly folder: string;
  /** Default: 2. Each holds a row group of its own: 1 where memory counts and JavaScript is the slower side. */
  readonly threads?: 1 | 2;
  /** What the engine's buffers may take. The process grows by up to 250 MB more. */
  readonly memoryLimitBytes?: number;
}

const DEFAULT_MEMORY_BYTES = 150 * 1024 * 1024;
// Four concurrent statements fill libuv's threads and stall every file read of the process.
const STATEMENTS_AT_ONCE = 2;
const REPEAT_INTERRUPT_MS = 50;
const DISPOSE_MS = 5_000;

/** The embedded DuckDB of one run. Dispose ends it and whatever still runs in it. */
export class Engine implements AsyncDisposable {
  /** Resolved path of the run's folder. */
  readonly folder: string;
  readonly #instance: DuckDBInstance;
  readonly #slots = new Semaphore(STATEMENTS_AT_ONCE);
  readonly #allowed: string[] = [];
  #locked: Promise<void> | undefined;
  readonly #connections = new Set<DuckDBConnection>();

  private constructor(instance: DuckDBInstance, folder: string) {
    this.#instance = instance;
    this.folder = folder;
  }

  /** Loads DuckDB ahead of need, while something else is waited for. What fails here fails again in `open`. */
  static prepare(): void {
    importDuckDb().catch(() => undefined);
  }

  /** Throws RS_PACKAGE_MISSING where DuckDB is not installed. */
  static async open({ folder, threads = 2, memoryLimitBytes = DEFAULT_MEMORY_BYTES }: EngineInit): Promise<Engine> {
    const resolved = await realpath(folder);
    if (/[*?[\]{}]/.test(resolved)) {
      throw new ConnectorError('RS_CONFIG_INVALID', 'The work directory has one of * ? [ ] { } in its path', {
        action: 'Choose another work directory.',
      });
    }
    const { DuckDBInstance } = await importDuckDb();
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(threads),
      memory_limit: `${Math.floor(memoryLimitBytes / 1024)}KiB`,
      temp_directory: resolved,
      preserve_insertion_order: 'false',
      allow_community_extensions: 'false',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    return new Engine(instance, resolved);
  }

  /** Lets the engine read one file outside of the folder. Call it before the first statement. */
  async allow(file: string): Promise<void> {
    if (this.#locked) throw new ConnectorError('RS_INTERNAL', 'The columnar engine is at work: no file can be added');
    // The engine looks through links before it decides.
    this.#allowed.push(await realpath(file));
  }

  /** Rows of a small result, as text. */
  async query(statement: Sql, { signal }: Pick<Run, 'signal'>): Promise<readonly (readonly (string | null)[])[]> {
    return this.#run(signal, async (connection) => {
      const reader = await connection.runAndReadAll(String(statement));
      return reader
        .getRowsJson()
        .map((row) =>
          row.map((value) => (value === null || typeof value === 'string' ? value : JSON.stringify(value))),
        );
    });
  }

  /** Runs a COPY and answers how many rows it wrote. `readOwn` finds errors that the statement itself raised. */
  async copy(
    statement: Sql,
    { signal }: Pick<Run, 'signal'>,
    readOwn: (message: string) => ConnectorError | undefined,
  ): Promise<number> {
    return this.#run(signal, async (connection) => {
      try {
        const result = await connection.run(String(statement));
        return result.rowsChanged;
      } catch (error) {
        throw (error instanceof Error ? readOwn(error.message) : undefined) ?? error;
      }
    });
  }

  /**
   * Chunks of results of any size, one statement after the other, in flat memory: the engine works ahead by a few chunks
   * only.
   */
  async *stream(
    statements: Iterable<Sql>,
    { signal }: Pick<Run, 'signal'>,
  ): AsyncGenerator<DuckDBDataChunk, void, undefined> {
    signal.throwIfAborted();
    const release = await this.#slots.acquire(signal);
    try {
      const connection = await this.#connect();
      let ahead: Promise<DuckDBDataChunk | null> | undefined;
      try {
        for (const statement of statements) {
          const result = await interruptible(connection, signal, () => connection.stream(String(statement)));
          const fetch = (): Promise<DuckDBDataChunk | null> => {
            const fetching = interruptible(connection, signal, () => result.fetchChunk());
            fetching.catch(() => undefined); // met by the await below, or of no interest once the loop is left
            return fetching;
          };
          ahead = fetch();
          for (;;) {
            const chunk = await ahead;
            if (chunk === null || chunk.rowCount === 0) break;
            // The engine works on the next chunk while JavaScript does on this one.
            ahead = fetch();
            yield chunk;
          }
        }
      } finally {
        connection.interrupt();
        await Promise.allSettled([ahead]);
        // A result holds its buffers until it is collected, or until its connection has another one.
        await Promise.allSettled([connection.run('SELECT 1')]);
        this.#close(connection);
      }
    } finally {
      release();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.interrupt();
    const timeout = new AbortController();
    // A stream that nobody reads on holds its place for ever.
    await Promise.race([this.#slots.drained(), sleep(DISPOSE_MS, timeout.signal)]);
    timeout.abort();
    this.#instance.closeSync();
  }

  async #connect(): Promise<DuckDBConnection> {
    this.#locked ??= this.#lock();
    await this.#locked;
    const connection = await this.#instance.connect();
    this.#connections.add(connection);
    return connection;
  }

  /** From here on the engine reaches its folder and the allowed files, and nothing can change that. */
  async #lock(): Promise<void> {
    const connection = await this.#instance.connect();
    try {
      const files = join(this.#allowed.map(duckText));
      for (const setting of [
        sql`SET allowed_directories = [${duckText(`${this.folder}/`)}]`,
        sql`SET allowed_paths = [${files}]`,
        sql`SET TimeZone = 'UTC'`,
        sql`SET enable_external_file_cache = false`,
        // Chunks that wait to be read lie outside of the memory limit.
        sql`SET streaming_buffer_size = '1KB'`,
        sql`SET enable_external_access = false`,
        sql`SET lock_configuration = true`,
      ]) {
        await connection.run(String(setting));
      }
    } catch (error) {
      throw classifyEngineError(error);
    } finally {
      connection.closeSync();
    }
  }

  #close(connection: DuckDBConnection): void {
    this.#connections.delete(connection);
    connection.closeSync();
  }

  async #run<T>(signal: AbortSignal, body: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const release = await this.#slots.acquire(signal);
    try {
      const connection = await this.#connect();
      try {
        return await interruptible(connection, signal, () => body(connection));
      } finally {
        this.#close(connection);
      }
    } finally {
      release();
    }
  }
}

/** Waits for a statement; an abort interrupts it, and the wait ends once it really has stopped. */
async function interruptible<T>(connection: DuckDBConnection, signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let repeat: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    connection.interrupt();
    // An interrupt that comes before the statement has begun is lost.
    repeat = setInterval(() => connection.interrupt(), REPEAT_INTERRUPT_MS);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await body();
  } catch (error) {
    signal.throwIfAborted();
    throw classifyEngineError(error);
  } finally {
    signal.removeEventListener('abort', onAbort);
    clearInterval(repeat);
  }
}

async function importDuckDb(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api');
  } catch (cause) {
    throw new ConnectorError('RS_PACKAGE_MISSING', 'Files and staged reads need the package @duckdb/node-api', {
      action: 'Run "npm install @duckdb/node-api" beside roleshift.',
      details: { package: '@duckdb/node-api' },
      cause,
    });
  }
}
