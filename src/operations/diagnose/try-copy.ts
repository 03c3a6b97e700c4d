import { randomBytes } from 'node:crypto';
import { ConnectorError, type ErrorCode } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { type CopyRole, renderCopyRole } from '../../sql/role.ts';
import { s3Url } from '../../sql/s3-url.ts';
import { identifier, literal, type Sql, sql } from '../../sql/sql.ts';
import { planStaging } from '../../staging/staging-plan.ts';
import type { Connection } from '../connection.ts';
import type { Refusal } from './refusal.ts';
import type { Suspect } from './suspects.ts';
import type { Trial } from './trial.ts';

/** How far a COPY of nothing comes. `past`: beyond roles and S3's refusals, it finds nothing to load. */
type Reach = 'role' | 'files' | 'past' | 'unknown';

/**
 * Tells the rights of the COPY roles apart, since Redshift names none: COPY is asked to load what is not there into a
 * temporary table, with part of the chain of roles, from a prefix, by a manifest. Nothing is read or written.
 */
export async function tryCopy(
  connection: Connection,
  { work, verb }: Refusal,
  copyRoles: readonly string[],
  run: Run,
): Promise<Trial> {
  await using session = await connection.database.session(run);
  session.taint('a diagnosis made a temporary table');
  const table = `roleshift_diagnosis_${randomBytes(6).toString('hex')}`;
  await session.run(sql`CREATE TEMP TABLE ${identifier(table)} (n INTEGER)`, run);
  const reach = copyOfNothing(connection, session, table, run);
  // Awaited here: the session is given back when this function ends.
  return await (work === 'copyRole' ? tryChain(copyRoles, reach) : tryFiles(verb, copyRoles, reach));
}

type Attempt = (roles: readonly string[], by: 'prefix' | 'manifest') => Promise<Reach>;

function copyOfNothing({ access, options }: Connection, session: Session, table: string, run: Run): Attempt {
  const { bucket, prefix, region } = planStaging(options, access.plan.aws);
  const where = region === access.plan.aws.region ? sql`` : sql` REGION ${literal(region)}`;
  return async ([first, ...rest], by) => {
    const role: CopyRole = first === undefined ? { kind: 'default' } : { kind: 'chain', roleArns: [first, ...rest] };
    const url = s3Url(`s3://${bucket}/${prefix}roleshift-diagnosis-${randomBytes(6).toString('hex')}`);
    const manifest: Sql = by === 'manifest' ? sql` MANIFEST` : sql``;
    const copy = sql`COPY ${identifier(table)} FROM ${url} ${renderCopyRole(role)}${manifest} FORMAT AS CSV${where}`;
    try {
      await session.run(copy, run);
      return 'past';
    } catch (error) {
      run.signal.throwIfAborted();
      return reachOf(error);
    }
  };
}

const REACHES: Partial<Readonly<Record<ErrorCode, Reach>>> = {
  RS_AUTH_ROLE_DENIED: 'role',
  RS_STAGING_DENIED: 'files',
  // There is nothing to load, and Redshift has a word of its own for each way of saying so.
  RS_SQL_FAILED: 'past',
  RS_LOAD_REJECTED: 'past',
  RS_CONFIG_OBJECT_MISSING: 'past',
};

function reachOf(error: unknown): Reach {
  return (error instanceof ConnectorError ? REACHES[error.code] : undefined) ?? 'unknown';
}

/** The chain one role longer each time, until Redshift may not use it. */
async function tryChain(copyRoles: readonly string[], attempt: Attempt): Promise<Trial> {
  if (copyRoles.length < 2) return NOTHING;
  for (let length = 1; length < copyRoles.length; length += 1) {
    const reach = await attempt(copyRoles.slice(0, length), 'prefix');
    if (reach === 'unknown') return NOTHING;
    if (reach === 'role') {
      const [last = ''] = copyRoles.slice(length - 1, length);
      return {
        clears: ({ requests }) => requests.every(({ resource }) => resource !== last),
        evidence: [`COPY may not use ${copyRoles.slice(0, length).join(',')} either.`],
      };
    }
  }
  const before = copyRoles.slice(0, -1);
  return {
    clears: ({ requests }) => requests.every(({ resource }) => before.includes(resource)),
    evidence: [`COPY may use ${before.join(',')}: it is refused from there on.`],
  };
}

async function tryFiles(verb: Refusal['verb'], copyRoles: readonly string[], attempt: Attempt): Promise<Trial> {
  const listing = await attempt(copyRoles, 'prefix');
  if (listing === 'unknown' || listing === 'role') return NOTHING;
  const isListing = isOf('s3:ListBucket', 's3:GetBucketLocation');
  if (listing === 'files') {
    return { clears: (suspect) => !isListing(suspect), evidence: ['COPY may not even list the staging area.'] };
  }
  const listed = 'COPY may list the staging area.';
  if (verb === 'UNLOAD') return { clears: isListing, evidence: [listed] };
  const reading = await attempt(copyRoles, 'manifest');
  if (reading === 'unknown') return { clears: isListing, evidence: [listed] };
  const isReading = isOf('s3:GetObject');
  return reading === 'files'
    ? {
        clears: (suspect) => !isReading(suspect),
        evidence: [`${listed} It may not read a file there.`],
      }
    : {
        clears: (suspect) => isListing(suspect) || isReading(suspect),
        evidence: [`${listed} It may read files there, as long as they are not encrypted with the key.`],
      };
}

const NOTHING: Trial = { clears: () => false, evidence: [] };

function isOf(...actions: readonly string[]): (suspect: Suspect) => boolean {
  return ({ requests }) => requests.every(({ action }) => actions.includes(action));
}
