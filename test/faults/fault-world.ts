import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { connector } from '../../src/connector.ts';
import type { ConnectorEvent } from '../../src/core/events.ts';
import type { OpenConnector } from '../../src/operations/calls/open-connector.ts';
import { ledgerPath } from '../../src/sql/ledger.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { INITIAL, type Row, SOURCE } from './model.ts';

export type Isolation = 'snapshot' | 'serializable';

/** A world that cells share one after the other, and eyes that see all that an operation leaves behind. */
export interface FaultWorld extends AsyncDisposable {
  readonly isolation: Isolation;
  readonly world: TestWorld;
  /** Work directory of the connectors. */
  readonly folder: string;
  /** A folder for files that are read into. */
  readonly output: string;
  /** Options of a connection, for a process of its own. */
  readonly values: TestWorld['connections'][number]['values'];
  /** A connector that knows nothing yet. */
  connect(onEvent?: (event: ConnectorEvent) => void): OpenConnector;
  /** A table `sales.NAME` with the initial rows in it. */
  makeTable(name: string): Promise<void>;
  /** Takes a table and its ledger away, and what lies in the bucket and in the output folder. */
  clear(name: string): Promise<void>;
  /** Rows of the table; undefined where there is none. */
  rows(name: string): Promise<readonly Row[] | undefined>;
  /** Everything that an operation which has ended may not leave: each a line that says what and where. */
  leftovers(): Promise<readonly string[]>;
  /** Deletes what runs that are gone have left, as a later one would. */
  sweep(): Promise<void>;
  /** Objects below the folder that reads to S3 write into. */
  exported(): Promise<readonly string[]>;
}

export const BUCKET = 'acme-staging';
/** Where reads to S3 write. */
export const EXPORTS = 'roleshift/out/';
const AUDITOR = { accessKeyId: 'AKIAAUDITOR000000003', secretAccessKey: 'auditor+not+a+real+secret+000000000000003' };

const SETUP = `
  CREATE SCHEMA sales; GRANT ALL ON SCHEMA sales TO etl;
  CREATE TABLE sales.source (id INTEGER, note VARCHAR(20), n INTEGER);
  INSERT INTO sales.source VALUES ${SOURCE.map((row) => `(${row.map(literal).join(', ')})`).join(', ')};
  CREATE TABLE sales.calls (id INTEGER);
  GRANT ALL ON sales.source, sales.calls TO etl;
  CREATE PROCEDURE sales.note_call(number IN INTEGER, doubled INOUT INTEGER) AS $$
    BEGIN INSERT INTO sales.calls VALUES (number); doubled := 2 * number; END $$ LANGUAGE plpgsql;
  CREATE PROCEDURE sales.open_source(number IN INTEGER, c INOUT REFCURSOR) AS $$
    BEGIN INSERT INTO sales.calls VALUES (number); OPEN c FOR SELECT id, note, n FROM sales.source; END $$ LANGUAGE plpgsql;
  GRANT EXECUTE ON PROCEDURE sales.note_call(INTEGER, INTEGER), sales.open_source(INTEGER, REFCURSOR) TO etl;
`;

function literal(value: string | number | null): string {
  return value === null ? 'NULL' : typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

export async function openFaultWorld(isolation: Isolation): Promise<FaultWorld> {
  const world = await openWorld(
    standardWorld((_world, account, cluster) => {
      cluster.isolation = isolation;
      account.users?.push({
        name: 'auditor',
        accessKeys: [{ id: AUDITOR.accessKeyId, secret: AUDITOR.secretAccessKey }],
        policies: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] }],
      });
    }),
  );
  const settings: S3ClientConfig = { region: 'us-east-1', endpoint: world.awsEndpoint, credentials: AUDITOR };
  const auditor = new S3Client({ ...settings, forcePathStyle: true });
  const folder = await mkdtemp(join(tmpdir(), 'faults-work-'));
  const output = await mkdtemp(join(tmpdir(), 'faults-out-'));
  await world.sql(SETUP);
  // The shortest limits there are, so that a call without an answer does not take the test's time.
  const limits = { awsTimeoutSeconds: 1, connectTimeoutSeconds: 5 };
  const values = { ...world.connection('keys-etl-agent').values, useStaging: true, ...limits };

  const objects = async (): Promise<readonly string[]> => {
    const { Contents = [] } = await auditor.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    return Contents.map(({ Key = '' }) => Key);
  };

  async function uploads(): Promise<readonly string[]> {
    const { Uploads = [] } = await auditor.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
    return Uploads.map(({ Key = '' }) => Key);
  }

  /** A connection that was closed is gone from the server a moment later. */
  async function sessions(): Promise<readonly string[]> {
    for (let tries = 60; ; tries -= 1) {
      const { rows } = await world.sql(
        "SELECT usename || ' ' || coalesce(state, '') || ' ' || left(query, 80) FROM pg_stat_activity WHERE usename = 'etl'",
      );
      if (rows.length === 0 || tries === 0) return rows.map(([what]) => String(what));
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  return {
    isolation,
    world,
    folder,
    output,
    values,
    connect: (onEvent) =>
      connector.open(values, { workDirectory: folder, clock: world.clock, ...(onEvent && { onEvent }) }),
    makeTable: async (name) => {
      const rows = INITIAL.map((row) => `(${row.map(literal).join(', ')})`).join(', ');
      await world.sql(
        `CREATE TABLE sales.${name} (id INTEGER PRIMARY KEY, note VARCHAR(20), n INTEGER); GRANT ALL ON sales.${name} TO etl; INSERT INTO sales.${name} VALUES ${rows}`,
      );
    },
    clear: async (name) => {
      const [schema, ledger = ''] = ledgerPath(['sales', name]);
      await world.sql(
        `DROP TABLE IF EXISTS sales.${name}; DROP TABLE IF EXISTS "${schema}"."${ledger}"; DELETE FROM sales.calls`,
      );
      for (const Key of await objects()) await auditor.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));
      for (const left of await readdir(output)) await rm(join(output, left), { recursive: true });
    },
    rows: async (name) => {
      const found = await world.sql(
        `SELECT count(*) FROM pg_tables WHERE schemaname = 'sales' AND tablename = '${name}'`,
      );
      if (found.rows[0]?.[0] === '0') return undefined;
      const { rows } = await world.sql(`SELECT id, note, n FROM sales.${name} ORDER BY 1, 2, 3`);
      return rows.map(([id, note, n]) => [Number(id), note ?? null, n === null ? null : Number(n)] as Row);
    },
    leftovers: async () => [
      ...(await objects()).filter((key) => !key.startsWith(EXPORTS)).map((key) => `object ${key}`),
      ...(await uploads()).map((key) => `upload ${key}`),
      ...(await readdir(folder)).map((name) => `file ${name}`),
      ...(await sessions()).map((what) => `session ${what}`),
    ],
    sweep: async () => {
      const opened = connector.open(values, { workDirectory: folder, clock: world.clock });
      try {
        await opened.janitor();
      } finally {
        await opened[Symbol.asyncDispose]();
      }
    },
    exported: async () => (await objects()).filter((key) => key.startsWith(EXPORTS)),
    [Symbol.asyncDispose]: async () => {
      auditor.destroy();
      await world[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
      await rm(output, { recursive: true });
    },
  };
}
