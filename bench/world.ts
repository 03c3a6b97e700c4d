import { chmod, mkdir, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import pg from 'pg';
import type { World } from '../src/sandbox/world.ts';
import { openWorld, standardWorld, type TestWorld } from '../test/harness.ts';
import { stopSandboxProcess } from '../test/sandbox-process.ts';
import type { Figure, Job, Place } from './agent/protocol.ts';
import { columnList, type DataSet, fileIn, PARQUET, SERVER_CSV, STAGED_CSV, writeData } from './data.ts';
import type { Flags } from './flags.ts';
import { measure, type Program } from './measure.ts';

const BUCKET = 'acme-staging';
const COPY_ROLE = 'arn:aws:iam::111122223333:role/WarehouseCopy';
const BUILT = fileURLToPath(new URL('../node_modules/.cache/roleshift-bench/', import.meta.url));

/** One sandbox, its data, and a way to measure jobs against it. */
export interface Bench extends AsyncDisposable {
  readonly flags: Flags;
  readonly world: TestWorld;
  readonly place: Place;
  /** Goes when the run ends. */
  readonly folder: string;
  say(text: string): void;
  /** A new folder, and a new prefix in the bucket, that nothing else uses. */
  fresh(): Promise<{ readonly folder: string; readonly prefix: string }>;
  drop(used: { readonly folder: string }): Promise<void>;
  job(job: Job, options?: { readonly cold?: boolean; readonly onGo?: () => Promise<void> }): Promise<Figure>;
  run(program: Program, onGo?: () => Promise<void>): Promise<Figure>;
  /** The table with so many rows of the data, made when it is first asked for. */
  table(set: DataSet, rows: number): Promise<string>;
  /** Rows with ids from `from` to `to` as a Parquet file; `textual`: its second column is text, which Redshift cannot load. */
  file(set: DataSet, from: number, to: number, options?: { readonly textual?: boolean }): Promise<string>;
  /** The same rows, ready below a prefix of the bucket. */
  ready(set: DataSet, from: number, to: number, format: 'parquet' | 'csv'): Promise<string>;
  /** A table of this shape to write into, with the rows of `like`, if any, and no others. */
  target(set: DataSet, like?: string): Promise<string>;
  /** Runs SQL in PostgreSQL itself. */
  sql(text: string): Promise<void>;
}

export async function openBench(flags: Flags, say: (text: string) => void): Promise<Bench> {
  await mkdir(flags.work, { recursive: true });
  const folder = await mkdtemp(join(flags.work, 'roleshift-bench-'));
  try {
    await chmod(folder, 0o711); // the database may run as another user of the machine
    if (flags.work !== tmpdir()) process.env['TMPDIR'] = folder; // for what sandbox and agent put down
    const agent = await buildAgent();
    const world = await openWorld(benchWorld());
    await world.sql('grant create on database dev to etl'); // dlt makes schemas
    return new OpenBench(flags, world, folder, agent, await openServer(world), say);
  } catch (error) {
    await stopSandboxProcess();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The standard world; other clients list the parts of their uploads. */
const benchWorld = (): World =>
  standardWorld((_world, account) => {
    const role = account.roles?.find(({ name }) => name === 'RedshiftLogin');
    role?.policies?.push({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:ListMultipartUploadParts', Resource: `arn:aws:s3:::${BUCKET}/*` }],
    });
  });

/** PostgreSQL itself, past all that makes it a Redshift: the quickest way to fill a table. */
async function openServer(world: TestWorld): Promise<pg.Client> {
  const { rows } = await world.sql(`select current_setting('unix_socket_directories')`);
  const server = new pg.Client({ host: String(rows[0]?.[0]), user: 'rdsdb', database: 'dev' });
  await server.connect();
  return server;
}

/** The agent as one file, with the built package beside it: what is measured is what is installed. */
async function buildAgent(): Promise<string> {
  const outfile = join(BUILT, `agent-${process.pid}.mjs`);
  await build({
    entryPoints: [fileURLToPath(new URL('agent/agent.ts', import.meta.url))],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: 'inline',
    logLevel: 'error',
    plugins: [
      {
        name: 'built-package',
        setup: (bundler) =>
          bundler.onResolve({ filter: /\/src\/index\.ts$/ }, () => ({
            path: new URL('../dist/index.js', import.meta.url).href,
            external: true,
          })),
      },
    ],
  });
  return outfile;
}

class OpenBench implements Bench {
  readonly flags: Flags;
  readonly world: TestWorld;
  readonly folder: string;
  readonly place: Place;
  readonly say: (text: string) => void;
  readonly #agent: string;
  readonly #server: pg.Client;
  readonly #made = new Map<string, Promise<string>>();
  #number = 0;

  constructor(
    flags: Flags,
    world: TestWorld,
    folder: string,
    agent: string,
    server: pg.Client,
    say: (text: string) => void,
  ) {
    this.flags = flags;
    this.world = world;
    this.folder = folder;
    this.place = { connection: world.connection('keys-etl-agent').values, bucket: BUCKET, copyRole: COPY_ROLE };
    this.say = say;
    this.#agent = agent;
    this.#server = server;
  }

  async fresh(): Promise<{ folder: string; prefix: string }> {
    this.#number += 1;
    const folder = join(this.folder, `job-${this.#number}`);
    await mkdir(folder);
    return { folder, prefix: `roleshift/bench-${this.#number}/` };
  }

  async drop({ folder }: { readonly folder: string }): Promise<void> {
    await rm(folder, { recursive: true, force: true });
  }

  job(job: Job, { cold = false, onGo }: { cold?: boolean; onGo?: () => Promise<void> } = {}): Promise<Figure> {
    const { profile } = this.flags;
    const args = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    const order = { place: this.place, job, cold };
    return this.run({ command: process.execPath, args: [...args, this.#agent], order }, onGo);
  }

  run(program: Program, onGo?: () => Promise<void>): Promise<Figure> {
    return measure(program, onGo);
  }

  table(set: DataSet, rows: number): Promise<string> {
    return this.#once(`${set.name}_${rows}`, async (name) => {
      const table = `public.${name}`;
      await this.#needSpace(rows * set.diskBytesPerRow);
      this.say(`filling ${table}`);
      await this.world.sql(`create table ${table} (${columnList(set)}); alter table ${table} owner to etl`);
      const text = fileIn(this.folder, set, `${rows}.csv`);
      await writeData(set.select(1, rows), text, SERVER_CSV);
      await chmod(text, 0o644);
      // Frozen rows are what a table that was there for long has; else its first reader would settle them.
      await this.#server.query(
        `begin; truncate ${table}; copy ${table} from '${text}' (format csv, null '\\N', freeze); commit`,
      );
      await this.#server.query(`analyze ${table}`);
      await rm(text);
      return table;
    });
  }

  file(set: DataSet, from: number, to: number, { textual = false } = {}): Promise<string> {
    return this.#once(`${set.name}-${from}-${to}${textual ? '-text' : ''}.parquet`, async (name) => {
      const file = join(this.folder, name);
      await this.#needSpace((to - from) * set.diskBytesPerRow * 0.2);
      const second = set.columns[1]?.name;
      const select = set.select(from, to);
      await writeData(
        textual ? `select * replace (cast(${second} as varchar) as ${second}) from (${select})` : select,
        file,
        PARQUET,
      );
      return file;
    });
  }

  ready(set: DataSet, from: number, to: number, format: 'parquet' | 'csv'): Promise<string> {
    return this.#once(`${set.name}-${from}-${to}-${format}`, async (name) => {
      const prefix = `roleshift/ready-${name}/`;
      const parquet = await this.file(set, from, to);
      if (format === 'parquet') {
        await this.job({ kind: 'handUpload', prefix, files: [parquet] });
        return prefix;
      }
      const used = await this.fresh();
      const files = join(used.folder, 'files');
      await writeData(`from read_parquet('${parquet}')`, files, STAGED_CSV);
      const paths = (await readdir(files)).map((path) => join(files, path));
      await this.job({ kind: 'handUpload', prefix, files: paths });
      await this.drop(used);
      return prefix;
    });
  }

  async target(set: DataSet, like?: string): Promise<string> {
    const table = await this.#once(`${set.name}_target`, async (name) => {
      await this.world.sql(`create table public.${name} (${columnList(set)}); alter table public.${name} owner to etl`);
      return `public.${name}`;
    });
    await this.sql(`truncate ${table}`);
    if (like !== undefined) {
      await this.sql(`insert into ${table} select * from ${like}`);
      await this.sql(`vacuum analyze ${table}`);
    }
    return table;
  }

  async sql(text: string): Promise<void> {
    await this.#server.query(text);
  }

  #once(name: string, make: (name: string) => Promise<string>): Promise<string> {
    const made = this.#made.get(name) ?? make(name);
    this.#made.set(name, made);
    return made;
  }

  async #needSpace(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder);
    if (bavail * bsize >= bytes) return;
    const gib = (value: number): string => `${(value / 2 ** 30).toFixed(1)} GiB`;
    throw new Error(
      `${this.flags.work} has ${gib(bavail * bsize)} left, and this needs about ${gib(bytes)}: give another folder by --work, or fewer rows`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#server.end();
      await this.world[Symbol.asyncDispose]();
    } finally {
      await stopSandboxProcess();
      await rm(this.#agent, { force: true });
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}
