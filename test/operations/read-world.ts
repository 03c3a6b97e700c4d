import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import type { ConnectorEvent } from '../../src/core/events.ts';
import { openRun, type Run } from '../../src/core/run.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import type { Connection } from '../../src/operations/connection.ts';
import { read } from '../../src/operations/read/read.ts';
import type { ReadSpec } from '../../src/operations/read/read-spec.ts';
import type { Value } from '../../src/types/batch.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';

/** A world, a connection to it with staging, and eyes that see what a read leaves behind. */
export interface ReadWorld extends AsyncDisposable {
  readonly world: TestWorld;
  readonly connection: Connection;
  readonly events: ConnectorEvent[];
  run(signal?: AbortSignal): Run;
  /** Every row of a read, as values in the order of the fields. */
  rows(spec: ReadSpec): Promise<readonly (readonly Value[])[]>;
  /** The failure of a read; fails itself when there is none. */
  refusal(spec: ReadSpec): Promise<ConnectorError>;
  /** A table that the connection's user may use. */
  table(name: string, columns: string, filling?: string): Promise<void>;
  /** What lies in the staging bucket and in the work folder. */
  leftovers(): Promise<readonly string[]>;
}

const AUDITOR = { accessKeyId: 'AKIAAUDITOR000000002', secretAccessKey: 'auditor+not+a+real+secret+000000000000002' };

/** `values` are added to the connection; `change` is made to the standard world. */
export async function openReadWorld(
  values: ConnectionInput = {},
  change: Parameters<typeof standardWorld>[0] = () => undefined,
): Promise<ReadWorld> {
  const world = await openWorld(
    standardWorld((declared, account, cluster) => {
      account.users?.push({
        name: 'auditor',
        accessKeys: [{ id: AUDITOR.accessKeyId, secret: AUDITOR.secretAccessKey }],
        policies: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] }],
      });
      change(declared, account, cluster);
    }),
  );
  const options = resolveOptions({ ...world.connection('keys-etl-agent').values, useStaging: true, ...values });
  const access = openAccess(planAccess(options), { clock: world.clock });
  const events: ConnectorEvent[] = [];
  const onEvent = (event: ConnectorEvent): void => void events.push(event);
  const database = openDatabase(access, options, { clock: world.clock, onEvent });
  const workDirectory = await mkdtemp(join(tmpdir(), 'roleshift-work-'));
  const connection = { options, access, database, workDirectory };
  const auditor = new S3Client({
    region: 'us-east-1',
    endpoint: world.awsEndpoint,
    forcePathStyle: true,
    credentials: AUDITOR,
  });
  const run = (signal?: AbortSignal): Run => openRun({ clock: world.clock, onEvent, signal });

  async function rows(spec: ReadSpec): Promise<Value[][]> {
    const all: Value[][] = [];
    for await (const batch of read(connection, spec, run())) {
      for (let row = 0; row < batch.rowCount; row += 1) all.push(batch.columns.map((column) => column[row] ?? null));
    }
    return all;
  }

  return {
    world,
    connection,
    events,
    run,
    rows,
    refusal: async (spec) => {
      const outcome: unknown = await rows(spec).catch((error: unknown) => error);
      if (outcome instanceof ConnectorError) return outcome;
      throw new Error('expected a ConnectorError', { cause: outcome });
    },
    table: async (name, columns, filling) => {
      await world.sql(`CREATE TABLE ${name} (${columns}); GRANT ALL ON ${name} TO etl`);
      if (filling !== undefined) await world.sql(`INSERT INTO ${name} ${filling}`);
    },
    leftovers: async () => {
      const { Contents = [] } = await auditor.send(new ListObjectsV2Command({ Bucket: 'acme-staging' }));
      return [...Contents.map(({ Key = '' }) => Key), ...(await readdir(workDirectory))];
    },
    [Symbol.asyncDispose]: async () => {
      auditor.destroy();
      await database[Symbol.asyncDispose]();
      await access[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
      await rm(workDirectory, { recursive: true });
    },
  };
}
