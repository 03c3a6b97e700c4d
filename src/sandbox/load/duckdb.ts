import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { refuse } from './refusal.ts';

/** An embedded DuckDB and a folder for its files; both vanish on disposal. */
export class DuckDb implements AsyncDisposable {
  readonly folder: string;
  readonly #connection: DuckDBConnection;
  readonly #close: () => void;

  private constructor(folder: string, connection: DuckDBConnection, close: () => void) {
    this.folder = folder;
    this.#connection = connection;
    this.#close = close;
  }

  /** Throws 0A000 where `@duckdb/node-api` is not installed. */
  static async open(parentFolder: string): Promise<DuckDb> {
    const { DuckDBInstance } = await importDuckDb();
    const folder = await mkdtemp(join(parentFolder, 'columnar-'));
    try {
      const instance = await DuckDBInstance.create(':memory:', {
        memory_limit: '1GB',
        threads: '2',
        temp_directory: join(folder, 'spill'),
        autoinstall_known_extensions: 'false',
      });
      const connection = await instance.connect();
      await connection.run(`SET TimeZone = 'UTC'`);
      return new DuckDb(folder, connection, () => {
        connection.closeSync();
        instance.closeSync();
      });
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  /** A small answer, as text. */
  async rows(sql: string): Promise<readonly (readonly string[])[]> {
    const reader = await this.#connection.runAndReadAll(sql);
    return reader.getRows().map((row) => row.map(String));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function importDuckDb(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw refuse('0A000', 'Parquet and ZSTD need the package @duckdb/node-api, which is not installed', reason);
  }
}

/** A SQL literal of DuckDB. */
export function duckLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
