import { randomBytes } from 'node:crypto';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { openStagingArea } from '../../staging/open-staging-area.ts';
import type { StagedFile } from '../../staging/staged-file.ts';
import type { StagingArea } from '../../staging/staging-area.ts';
import type { Connection } from '../connection.ts';
import type { CheckSpec } from './report.ts';
import { RoundTrip, readAll } from './round-trip.ts';
import type { CheckTask, Finding } from './tasks.ts';

const FILE = 'check.csv';

/** The staging area of a check, opened by its first step; dispose removes what is in it, and ends its session. */
export class StagingProbe implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #run: Run;
  readonly #content: Buffer;
  readonly #trip: RoundTrip;
  #area: StagingArea | undefined;
  #staged: StagedFile | undefined;

  constructor(connection: Connection, run: Run) {
    const token = randomBytes(6).toString('hex');
    this.#connection = connection;
    this.#run = run;
    this.#content = Buffer.from(`1,x${token}\n`);
    this.#trip = new RoundTrip(connection, token, run);
  }

  /** One small object put, read, listed, loaded by COPY, unloaded again, and deleted. `access`: the step of the credentials. */
  tasks(access: string | undefined, { read, write }: Pick<CheckSpec, 'read' | 'write'>): readonly CheckTask[] {
    const isForWritesOnly = write !== undefined && read === undefined;
    return [
      {
        id: 'staging:bucket',
        title: 'Open the staging bucket',
        needs: [access ?? 'options'],
        unless: ['reach:s3'],
        attempt: () => this.#open(),
      },
      { id: 'staging:put', title: 'Write an object', needs: ['staging:bucket'], attempt: () => this.#put() },
      { id: 'staging:get', title: 'Read it back', needs: ['staging:put'], attempt: () => this.#get() },
      { id: 'staging:list', title: 'List it', needs: ['staging:put'], attempt: () => find(this.#opened()) },
      {
        id: 'staging:copy',
        title: 'Redshift loads it with COPY',
        needs: ['staging:put', 'session'],
        after: ['groups', 'rights:schema', 'rights:read', 'rights:write', 'copy-role:user', 'copy-role:open'],
        attempt: () => this.#trip.copy(this.#opened(), this.#staged ?? raise()),
      },
      ...(isForWritesOnly
        ? []
        : [
            {
              id: 'staging:unload',
              title: 'Redshift writes it back with UNLOAD',
              needs: ['staging:copy'],
              unless: ['staging:get'],
              attempt: () => this.#trip.unload(this.#opened(), this.#content),
            },
          ]),
      {
        id: 'staging:delete',
        title: 'Delete it',
        needs: ['staging:put'],
        after: ['staging:get', 'staging:list', 'staging:copy', 'staging:unload'],
        attempt: () => this.#delete(),
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#trip[Symbol.asyncDispose]();
    } finally {
      await this.#area?.[Symbol.asyncDispose]();
    }
  }

  async #open(): Promise<Finding> {
    const { access, options } = this.#connection;
    const area = await openStagingArea(access, options, this.#run);
    this.#area = area;
    const { region } = access.plan.endpoint;
    const facts = [
      `${area.url()} in ${area.region}`,
      ...(region === undefined || region === area.region ? [] : [`the cluster is in ${region}`]),
      options.stagingBucketOwner === undefined
        ? 'whoever owns it (stagingBucketOwner is not set)'
        : `owned by account ${options.stagingBucketOwner}`,
    ];
    return { evidence: facts.join(', ') };
  }

  async #put(): Promise<Finding> {
    const content = this.#content;
    this.#staged = await this.#opened().put(
      FILE,
      (async function* () {
        yield content;
      })(),
    );
    return { evidence: `${this.#staged.bytes} bytes` };
  }

  async #get(): Promise<Finding> {
    const bytes = await readAll(this.#opened(), FILE);
    if (!bytes.equals(this.#content)) {
      throw new ConnectorError('RS_COUNT_MISMATCH', 'The object that was read is not the one that was written', {
        action: 'Check what rewrites objects in this bucket.',
      });
    }
    const evidence = `${bytes.length} bytes`;
    const { kmsKeyId } = this.#connection.options;
    if (kmsKeyId === undefined) return { evidence };
    const sealed = keyFinding(await this.#opened().keyOf(FILE), kmsKeyId);
    return { ...sealed, evidence: [evidence, ...(sealed.evidence === undefined ? [] : [sealed.evidence])].join(', ') };
  }

  async #delete(): Promise<Finding> {
    const area = this.#opened();
    if (await area.close()) return {};
    const { partition } = this.#connection.access.plan.aws;
    throw new ConnectorError('RS_STAGING_DENIED', `The object below ${area.url()} could not be deleted`, {
      action: `Allow s3:DeleteObject on arn:${partition}:s3:::${area.bucketName}/${area.folder}*.`,
      details: {
        action: 's3:DeleteObject',
        resource: `arn:${partition}:s3:::${area.bucketName}/${area.folder}${FILE}`,
        bucket: area.bucketName,
      },
    });
  }

  #opened(): StagingArea {
    return this.#area ?? raise();
  }
}

/** Whether an object is encrypted with the key that was asked for: `actual` is what S3 tells, an ARN. Pure. */
export function keyFinding(actual: string | undefined, wanted: string): Finding {
  if (actual === undefined) {
    return { warning: `S3 tells of no KMS key on the object, though kmsKeyId asked for ${wanted}` };
  }
  const isWanted = actual === wanted || actual.endsWith(`/${wanted}`);
  return isWanted
    ? { evidence: `encrypted with ${actual}` }
    : { warning: `The object is encrypted with ${actual}, and not with ${wanted} as kmsKeyId says` };
}

function raise(): never {
  throw new ConnectorError('RS_INTERNAL', 'A step of the check ran without what it needs');
}

async function find(area: StagingArea): Promise<Finding> {
  for await (const { name } of area.list()) if (name === FILE) return { evidence: name };
  throw new ConnectorError('RS_COUNT_MISMATCH', 'The object that was written is not listed', {
    action: 'Check that s3:ListBucket is allowed for the prefix.',
  });
}
