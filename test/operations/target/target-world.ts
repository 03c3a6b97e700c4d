import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identifier, sql } from '../../../src/sql/sql.ts';
import { openWriteWorld, type WriteWorld } from '../write/write-world.ts';

/** A world whose table-making is tested: what `SHOW TABLE` says, and files to load. */
export interface TargetWorld extends WriteWorld {
  /** The definition of a table of `sales`, as Redshift shows it. */
  shown(table: string): Promise<string>;
  /** A file of this text. */
  file(name: string, text: string): Promise<string>;
}

/** The caller disposes of it. */
export async function openTargetWorld(): Promise<TargetWorld> {
  const world = await openWriteWorld();
  const folder = await mkdtemp(join(tmpdir(), 'target-test-'));
  return {
    ...world,
    shown: async (table) => {
      await using session = await world.session();
      const { rows } = await session.run(sql`SHOW TABLE ${identifier('sales', table)}`, {
        signal: new AbortController().signal,
      });
      return String(rows[0]?.[0]);
    },
    file: async (name, text) => {
      const path = join(folder, name);
      await writeFile(path, text);
      return path;
    },
    [Symbol.asyncDispose]: async () => {
      await rm(folder, { recursive: true });
      await world[Symbol.asyncDispose]();
    },
  };
}
