import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Engine } from '../../src/columnar/engine.ts';
import { type InputSpec, openInputFile } from '../../src/columnar/input-file.ts';
import { type StageFileSpec, stageFile } from '../../src/columnar/stage-file.ts';
import { openRun, type Run } from '../../src/core/run.ts';
import type { SupportedField } from '../../src/types/field.ts';
import { requireSupported } from '../../src/types/field.ts';
import { typeFromName } from '../../src/types/parse-type.ts';

/** An engine in a folder of its own, and a second folder for inputs; both vanish. */
export interface Fixture extends AsyncDisposable {
  readonly engine: Engine;
  readonly inputs: string;
  readonly run: Run;
  write(name: string, content: string | Uint8Array): Promise<string>;
  /** Runs SQL in a DuckDB of its own, which may touch any file. */
  readonly outside: (sql: string) => Promise<readonly (readonly unknown[])[]>;
  /** Files in the engine's folder. */
  files(): Promise<readonly string[]>;
}

export async function openFixture(run: Run = openRun()): Promise<Fixture> {
  const inputs = await mkdtemp(join(tmpdir(), 'roleshift-inputs-'));
  const folder = await mkdtemp(join(tmpdir(), 'roleshift-engine-'));
  const engine = await Engine.open({ folder });
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  return {
    engine,
    inputs,
    run,
    write: async (name, content) => {
      const path = join(inputs, name);
      await writeFile(path, content);
      return path;
    },
    outside: async (sql) => (await connection.runAndReadAll(sql)).getRowsJson(),
    files: async () => (await readdir(folder)).sort(),
    [Symbol.asyncDispose]: async () => {
      connection.closeSync();
      instance.closeSync();
      await engine[Symbol.asyncDispose]();
      await rm(inputs, { recursive: true });
      await rm(folder, { recursive: true });
    },
  };
}

/** Fields from `name type` pairs. */
export function fieldsOf(...columns: readonly (readonly [name: string, type: string])[]): readonly SupportedField[] {
  return requireSupported(columns.map(([name, type]) => ({ name, type: typeFromName(type) })));
}

export const NULL_MARKER = 'null_test_marker';

/** Stages a file for these fields and gives the lines of all staged files. */
export async function stageToLines(
  { engine, run, outside, inputs }: Fixture,
  input: InputSpec,
  fields: readonly SupportedField[],
  options: Partial<StageFileSpec> = {},
): Promise<{ readonly lines: readonly string[]; readonly rows: readonly number[] }> {
  const opened = await openInputFile(engine, input, run);
  const columns = fields.map((field) => ({
    source: field.name,
    sourceType: opened.columns.find(({ name }) => name === field.name)?.type ?? 'missing',
    field,
  }));
  const spec = { input: opened, columns, dialect: { nullMarker: NULL_MARKER }, rowNumbers: true, ...options };
  const lines: string[] = [];
  const rows: number[] = [];
  for await (const part of stageFile(engine, spec, run)) {
    // DuckDB is the only one here that reads zstd on every Node: one column, nothing quoted.
    const plain = join(inputs, 'plain.txt');
    await outside(
      `COPY (SELECT line FROM read_csv('${part.path}', auto_detect = false, header = false, columns = {line: 'VARCHAR'}, delim = '\\x01', quote = '', escape = '')) TO '${plain}' (FORMAT csv, HEADER false, DELIMITER '\\x01', QUOTE '', ESCAPE '')`,
    );
    for (const line of (await readFile(plain, 'utf8')).split('\n')) if (line !== '') lines.push(line);
    rows.push(part.rows);
    await rm(part.path);
  }
  return { lines, rows };
}
