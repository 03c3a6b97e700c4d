import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { planAccess } from '../../../src/access/plan-access.ts';
import { openAccess } from '../../../src/auth/open-access.ts';
import { ConnectorError } from '../../../src/core/errors.ts';
import type { ConnectorEvent } from '../../../src/core/events.ts';
import { openRun } from '../../../src/core/run.ts';
import { openDatabase } from '../../../src/db/open-database.ts';
import type { Session } from '../../../src/db/session.ts';
import type { ConnectionInput } from '../../../src/manifest/options.gen.ts';
import { resolveOptions } from '../../../src/manifest/resolve.ts';
import { write } from '../../../src/operations/write.ts';
import type { WriteReport } from '../../../src/operations/write-report.ts';
import type { WriteInput, WriteSpec } from '../../../src/operations/write-spec.ts';
import type { World } from '../../../src/sandbox/world.ts';
import { openWorld, standardWorld, type TestWorld } from '../../harness.ts';

export interface WriteCall {
  readonly runId?: string;
  readonly signal?: AbortSignal;
}

/** A world with a schema `sales`, a connection to it, and eyes that see what a write leaves behind. */
export interface WriteWorld extends AsyncDisposable {
  readonly world: TestWorld;
  /** Work folder of the connection. */
  readonly folder: string;
  /** Events of all writes so far. */
  readonly events: ConnectorEvent[];
  write(spec: WriteSpec, input: WriteInput, call?: WriteCall): Promise<WriteReport>;
  /** The failure of a write; fails itself when there is none. */
  refusal(spec: WriteSpec, input: WriteInput, call?: WriteCall): Promise<ConnectorError>;
  /** Makes a table in `sales` that the connection's user owns the rights to. */
  table(name: string, columns: string): Promise<void>;
  /** Rows of a query as text. */
  rows(query: string): Promise<readonly (readonly (string | null)[])[]>;
  /** What lies in the staging bucket. */
  staged(): Promise<readonly string[]>;
  /** Deletes what was left in the staging bucket on purpose. */
  emptyBucket(): Promise<void>;
  /** A session of the connection's user. The caller disposes of it. */
  session(): Promise<Session>;
  /** Statements since the last call whose text starts with this. */
  statementsOf(verb: string): Promise<readonly string[]>;
  /** What the run folder holds. */
  files(): Promise<readonly string[]>;
  /** Sessions of the connection's user that do something or stand in a transaction. */
  busySessions(): Promise<number>;
}

const AUDITOR = { accessKeyId: 'AKIAAUDITOR000000001', secretAccessKey: 'auditor+not+a+real+secret+000000000000001' };

let shared: Promise<WriteWorld> | undefined;

/** The world that specs share which do not change it beyond tables of their own. Closed at the end of the run. */
export function sharedWriteWorld(): Promise<WriteWorld> {
  shared ??= openWriteWorld();
  return shared;
}

after(async () => {
  const open = shared;
  shared = undefined; // a process that runs several files one after the other opens another one for the next
  await (await open)?.[Symbol.asyncDispose]();
});

/** A world of the caller's own: it disposes of it. */
export async function openWriteWorld(
  change: Parameters<typeof standardWorld>[0] = () => undefined,
  values: Partial<ConnectionInput> = {},
): Promise<WriteWorld> {
  const declared: World = standardWorld((world, account, cluster) => {
    account.users?.push({
      name: 'auditor',
      accessKeys: [{ id: AUDITOR.accessKeyId, secret: AUDITOR.secretAccessKey }],
      policies: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] }],
    });
    change(world, account, cluster);
  });
  const world = await openWorld(declared);
  const folder = await mkdtemp(join(tmpdir(), 'write-test-'));
  const options = resolveOptions({ ...world.connection('keys-etl-agent').values, ...values } as ConnectionInput);
  const access = openAccess(planAccess(options), { clock: world.clock });
  const database = openDatabase(access, options);
  const auditor = new S3Client({
    region: 'us-east-1',
    endpoint: world.awsEndpoint,
    forcePathStyle: true,
    credentials: AUDITOR,
  });
  await world.sql('CREATE SCHEMA sales; GRANT ALL ON SCHEMA sales TO etl');
  const events: ConnectorEvent[] = [];
  const connection = { options, access, database, workDirectory: folder };
  const run = (spec: WriteSpec, input: WriteInput, { runId, signal }: WriteCall = {}): Promise<WriteReport> =>
    write(
      connection,
      // Most specs are about the way by S3, which a few rows do not take of themselves.
      options.useStaging ? { path: 'staged', ...spec } : spec,
      input,
      openRun({ runId, signal, clock: world.clock, onEvent: (event) => events.push(event) }),
    );
  let statementsSeen = 0;
  return {
    world,
    folder,
    events,
    write: run,
    refusal: async (spec, input, call) => {
      const outcome: unknown = await run(spec, input, call).catch((error: unknown) => error);
      if (outcome instanceof ConnectorError) return outcome;
      throw new Error('expected a ConnectorError', { cause: outcome });
    },
    table: async (name, columns) => {
      const quoted = `sales."${name.replaceAll('"', '""')}"`;
      await world.sql(`CREATE TABLE ${quoted} (${columns}); GRANT ALL ON ${quoted} TO etl`);
    },
    rows: async (query) => (await world.sql(query)).rows,
    staged: async () => {
      const { Contents = [] } = await auditor.send(new ListObjectsV2Command({ Bucket: 'acme-staging' }));
      return Contents.map(({ Key = '' }) => Key);
    },
    emptyBucket: async () => {
      const { Contents = [] } = await auditor.send(new ListObjectsV2Command({ Bucket: 'acme-staging' }));
      for (const { Key } of Contents) await auditor.send(new DeleteObjectCommand({ Bucket: 'acme-staging', Key }));
    },
    session: () => database.session(openRun()),
    statementsOf: async (verb) => {
      const all = await world.statements();
      const fresh = all.slice(statementsSeen).map(({ text = '' }) => text);
      statementsSeen = all.length;
      return fresh.filter((text) => text.startsWith(verb));
    },
    files: () => readdir(folder),
    busySessions: async () => {
      const { rows } = await world.sql(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'etl' AND state IS DISTINCT FROM 'idle'",
      );
      return Number(rows[0]?.[0]);
    },
    [Symbol.asyncDispose]: async () => {
      auditor.destroy();
      await database[Symbol.asyncDispose]();
      await access[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
