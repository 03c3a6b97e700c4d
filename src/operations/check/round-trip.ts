import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { renderCopy } from '../../sql/copy.ts';
import { parseCopyRole } from '../../sql/role.ts';
import { identifier, sql } from '../../sql/sql.ts';
import { renderUnload, renderUnloadQuery } from '../../sql/unload.ts';
import type { StagedFile } from '../../staging/staged-file.ts';
import type { StagingArea } from '../../staging/staging-area.ts';
import type { Connection } from '../connection.ts';
import { readUnloadManifest } from '../read/read-staged-manifest.ts';
import type { Finding } from './tasks.ts';

const COLUMNS = ['n', 'token'] as const;
const FOLDER = 'unload/';

/**
 * One row through COPY into a temporary table, and back through UNLOAD. The table lives as long as the session in here,
 * which dispose gives back.
 */
export class RoundTrip implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #run: Run;
  readonly #table: string;
  #session: Session | undefined;

  /** `token`: random letters and digits, for a table name that nobody else has. */
  constructor(connection: Connection, token: string, run: Run) {
    this.#connection = connection;
    this.#run = run;
    this.#table = `roleshift_check_${token}`;
  }

  /** Loads the staged file. Throws what COPY throws, and RS_COUNT_MISMATCH. */
  copy(area: StagingArea, staged: StagedFile): Promise<Finding> {
    return this.#orGiveBack(() => this.#copy(area, staged));
  }

  /** Unloads the table, reads the file and compares. Throws what UNLOAD and S3 throw, and RS_COUNT_MISMATCH. */
  unload(area: StagingArea, content: Buffer): Promise<Finding> {
    return this.#orGiveBack(() => this.#unload(area, content));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
  }

  /** Whoever looks into a failure needs a session, and there may be one only. */
  async #orGiveBack(work: () => Promise<Finding>): Promise<Finding> {
    try {
      return await work();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #copy(area: StagingArea, staged: StagedFile): Promise<Finding> {
    const manifest = await area.putManifest('check.manifest', [staged]);
    const session = await this.#connection.database.session(this.#run);
    this.#session = session;
    session.taint('the check made a temporary table');
    const table = identifier(this.#table);
    await session.run(sql`CREATE TEMP TABLE ${table} (n INTEGER, token VARCHAR(64))`, this.#run);
    const statement = renderCopy({
      target: [this.#table],
      columns: COLUMNS,
      manifestUrl: manifest.url,
      role: this.#role(),
      format: { kind: 'csv', compression: 'none', nullMarker: 'NULL' },
      temporary: true,
      ...this.#region(area),
    });
    await session.run(statement, this.#run);
    const [[count] = []] = (await session.run(sql`SELECT COUNT(*) FROM ${table}`, this.#run)).rows;
    if (count !== '1') {
      throw new ConnectorError('RS_COUNT_MISMATCH', `COPY of one row left ${count ?? 'no'} rows`, {
        action: 'Look into sys_load_history for this session.',
      });
    }
    return { evidence: `one row, as ${this.#roleName()}` };
  }

  async #unload(area: StagingArea, content: Buffer): Promise<Finding> {
    const session = this.#session;
    if (session === undefined) throw new ConnectorError('RS_INTERNAL', 'The check unloads before it has loaded');
    const select = sql`SELECT n, token FROM ${identifier(this.#table)}`;
    const { kmsKeyId } = this.#connection.options;
    const statement = renderUnload({
      query: renderUnloadQuery(
        select,
        COLUMNS.map((name) => ({ name })),
      ),
      prefixUrl: area.url(FOLDER),
      role: this.#role(),
      format: 'csv',
      ...this.#region(area),
      ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
    });
    await session.run(statement, this.#run);
    const parts: Buffer[] = [];
    for (const { name } of await readUnloadManifest(area, FOLDER)) parts.push(await readAll(area, name));
    if (!Buffer.concat(parts).equals(content)) {
      throw new ConnectorError('RS_COUNT_MISMATCH', 'The row that UNLOAD wrote is not the one that was loaded', {
        action: 'Check what rewrites objects in this bucket.',
      });
    }
    return { evidence: `the same row, as ${this.#roleName()}` };
  }

  #role() {
    return parseCopyRole(this.#connection.options.copyRole ?? 'default');
  }

  #roleName(): string {
    const { copyRole = 'default' } = this.#connection.options;
    return copyRole === 'default' ? "the cluster's default role" : copyRole;
  }

  /** Named where the bucket's is not known to be the cluster's. */
  #region(area: StagingArea): { readonly region?: string } {
    return area.region === this.#connection.access.plan.aws.region ? {} : { region: area.region };
  }
}

/** All bytes of a small object. */
export async function readAll(area: StagingArea, name: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of await area.open(name)) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}
