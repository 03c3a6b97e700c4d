import { randomBytes } from 'node:crypto';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { type CopyCommand, renderCopy } from '../../sql/copy.ts';
import { parseCopyRole } from '../../sql/role.ts';
import { identifier, sql } from '../../sql/sql.ts';
import { openStagingArea } from '../../staging/open-staging-area.ts';
import type { StagedFile } from '../../staging/staged-file.ts';
import type { StagingArea } from '../../staging/staging-area.ts';
import type { Connection } from '../connection.ts';
import type { CheckTask, Finding } from './tasks.ts';

const FILE = 'check.csv';
const CONTENT = Buffer.from('1\n');

async function* oneChunk(): AsyncGenerator<Buffer, void, undefined> {
  yield CONTENT;
}

/** The staging area of a check, opened by its first step; dispose removes what is in it. */
export class StagingProbe implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #run: Run;
  #area: StagingArea | undefined;
  #staged: StagedFile | undefined;

  constructor(connection: Connection, run: Run) {
    this.#connection = connection;
    this.#run = run;
  }

  /** One small object put, read, listed, loaded by COPY, unloaded again, and deleted. */
  tasks(credentials: string | undefined): readonly CheckTask[] {
    const isLast = { after: ['staging:get', 'staging:list', 'staging:copy'] };
    return [
      {
        id: 'staging:bucket',
        title: 'Find the staging bucket',
        needs: [credentials ?? 'options'],
        unless: ['reach:s3'],
        attempt: () => this.#open(),
      },
      { id: 'staging:put', title: 'Write an object', needs: ['staging:bucket'], attempt: () => this.#put() },
      {
        id: 'staging:get',
        title: 'Read it back',
        needs: ['staging:put'],
        attempt: () => readBack(this.#opened()),
      },
      { id: 'staging:list', title: 'List it', needs: ['staging:put'], attempt: () => find(this.#opened()) },
      {
        id: 'staging:copy',
        title: 'Redshift loads it with COPY',
        needs: ['staging:put', 'session'],
        attempt: () => loadOneRow(this.#connection, this.#opened(), this.#staged ?? raise(), this.#run),
      },
      {
        id: 'staging:delete',
        title: 'Delete it',
        needs: ['staging:put'],
        ...isLast,
        attempt: () => this.#delete(),
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#area?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<Finding> {
    const { access, options } = this.#connection;
    const area = await openStagingArea(access, options, this.#run);
    this.#area = area;
    const owner =
      options.stagingBucketOwner === undefined
        ? 'its owner is not asked for (stagingBucketOwner)'
        : `owned by ${options.stagingBucketOwner}`;
    return { evidence: `${area.url()} in ${area.region}, ${owner}` };
  }

  async #put(): Promise<Finding> {
    this.#staged = await this.#opened().put(FILE, oneChunk());
    return { evidence: `${this.#staged.bytes} bytes` };
  }

  async #delete(): Promise<Finding> {
    const area = this.#opened();
    if (await area.close()) return {};
    const { partition } = this.#connection.access.plan.aws;
    throw new ConnectorError('RS_STAGING_DENIED', `The object below ${area.url()} could not be deleted`, {
      action: `Allow s3:DeleteObject on arn:${partition}:s3:::${area.bucketName}/${area.folder}*.`,
    });
  }

  #opened(): StagingArea {
    return this.#area ?? raise();
  }
}

function raise(): never {
  throw new ConnectorError('RS_INTERNAL', 'A step of the check ran without what it needs');
}

async function readBack(area: StagingArea): Promise<{ evidence: string }> {
  const parts: Buffer[] = [];
  for await (const part of await area.open(FILE)) parts.push(Buffer.from(part));
  const bytes = Buffer.concat(parts);
  if (!bytes.equals(CONTENT)) {
    throw new ConnectorError('RS_COUNT_MISMATCH', 'The object that was read is not the one that was written', {
      action: 'Check what rewrites objects in this bucket.',
    });
  }
  return { evidence: `${bytes.length} bytes` };
}

async function find(area: StagingArea): Promise<{ evidence: string }> {
  for await (const { name } of area.list()) if (name === FILE) return { evidence: name };
  throw new ConnectorError('RS_COUNT_MISMATCH', 'The object that was written is not listed', {
    action: 'Check that s3:ListBucket is allowed for the prefix.',
  });
}

/** The role that COPY acts as, tried by a load of one row into a table that ends with the session. */
async function loadOneRow(
  { database, options, access }: Connection,
  area: StagingArea,
  staged: StagedFile,
  run: Run,
): Promise<{ evidence: string }> {
  const { copyRole = 'default' } = options;
  const manifest = await area.putManifest('check.manifest', [staged]);
  const table = `roleshift_check_${randomBytes(6).toString('hex')}`;
  const command: CopyCommand = {
    target: [table],
    columns: ['n'],
    manifestUrl: manifest.url,
    role: parseCopyRole(copyRole),
    format: { kind: 'csv', compression: 'none', nullMarker: 'NULL' },
    temporary: true,
    ...(area.region === access.plan.aws.region ? {} : { region: area.region }),
  };
  await using session = await database.session(run);
  session.taint('the check made a temporary table');
  await session.run(sql`CREATE TEMP TABLE ${identifier(table)} (n INTEGER)`, run);
  await session.run(renderCopy(command), run);
  const { rows } = await session.run(sql`SELECT COUNT(*) FROM ${identifier(table)}`, run);
  const [[count] = []] = rows;
  if (count !== '1') {
    throw new ConnectorError('RS_COUNT_MISMATCH', `COPY of one row left ${count ?? 'no'} rows`, {
      action: 'Look into sys_load_history for this session.',
    });
  }
  return { evidence: `one row, as ${copyRole === 'default' ? "the cluster's default role" : copyRole}` };
}
