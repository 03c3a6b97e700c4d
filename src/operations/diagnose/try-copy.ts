import { randomBytes } from 'node:crypto';
import { ConnectorError, type ErrorCode } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { renderCopy } from '../../sql/copy.ts';
import { type CopyRole, renderCopyRole } from '../../sql/role.ts';
import { s3Url } from '../../sql/s3-url.ts';
import { identifier, literal, type Sql, sql } from '../../sql/sql.ts';
import { openStagingArea } from '../../staging/open-staging-area.ts';
import { planStaging } from '../../staging/staging-plan.ts';
import type { Connection } from '../connection.ts';
import type { Refusal } from './refusal.ts';
import type { Suspect } from './suspects.ts';
import type { Trial } from './trial.ts';

/** How far a COPY comes. `past`: beyond roles and S3's refusals. */
type Reach = 'role' | 'files' | 'past' | 'unknown';

/**
 * Tells the rights of the COPY roles apart, since Redshift names none: COPY is asked to load what is not there into a
 * temporary table, with part of the chain of roles, from a prefix, by a manifest. For UNLOAD with a key it loads one file of
 * its own, which is deleted again.
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
  const attempts = attemptsIn(connection, session, table, run);
  // Awaited here: the session is given back when this function ends.
  return await (work === 'copyRole' ? tryChain(copyRoles, attempts) : tryFiles(verb, copyRoles, attempts));
}

interface Attempts {
  /** Of a key or a manifest that does not exist. */
  readonly ofNothing: (roles: readonly string[], by: 'prefix' | 'manifest') => Promise<Reach>;
  /** Of a file as the agent stages them; undefined where no key is in play. */
  readonly ofOwnFile: ((roles: readonly string[]) => Promise<Reach>) | undefined;
}

function attemptsIn(connection: Connection, session: Session, table: string, run: Run): Attempts {
  const { access, options } = connection;
  const { bucket, prefix, region, kmsKeyId } = planStaging(options, access.plan.aws);
  const isElsewhere = region !== access.plan.aws.region;
  const reach = async (copy: Sql): Promise<Reach> => {
    try {
      await session.run(copy, run);
      return 'past';
    } catch (error) {
      run.signal.throwIfAborted();
      return reachOf(error);
    }
  };
  return {
    ofNothing: (roles, by) => {
      const url = s3Url(`s3://${bucket}/${prefix}roleshift-diagnosis-${randomBytes(6).toString('hex')}`);
      const manifest: Sql = by === 'manifest' ? sql` MANIFEST` : sql``;
      const where = isElsewhere ? sql` REGION ${literal(region)}` : sql``;
      return reach(
        sql`COPY ${identifier(table)} FROM ${url} ${renderCopyRole(roleOf(roles))}${manifest} FORMAT AS CSV${where}`,
      );
    },
    ofOwnFile:
      kmsKeyId === undefined
        ? undefined
        : async (roles) => {
            await using area = await openStagingArea(access, options, run);
            const staged = await area.put('diagnosis.csv', oneRow());
            const manifest = await area.putManifest('diagnosis.manifest', [staged]);
            const copy = renderCopy({
              target: [table],
              columns: ['n'],
              manifestUrl: manifest.url,
              role: roleOf(roles),
              format: { kind: 'csv', compression: 'none', nullMarker: 'NULL' },
              temporary: true,
              ...(isElsewhere ? { region } : {}),
            });
            return await reach(copy);
          },
  };
}

async function* oneRow(): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.from('1\n');
}

function roleOf([first, ...rest]: readonly string[]): CopyRole {
  return first === undefined ? { kind: 'default' } : { kind: 'chain', roleArns: [first, ...rest] };
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
async function tryChain(copyRoles: readonly string[], { ofNothing }: Attempts): Promise<Trial> {
  if (copyRoles.length < 2) return NOTHING;
  for (let length = 1; length < copyRoles.length; length += 1) {
    const reach = await ofNothing(copyRoles.slice(0, length), 'prefix');
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

async function tryFiles(
  verb: Refusal['verb'],
  copyRoles: readonly string[],
  { ofNothing, ofOwnFile }: Attempts,
): Promise<Trial> {
  const listing = await ofNothing(copyRoles, 'prefix');
  if (listing === 'unknown' || listing === 'role') return NOTHING;
  const isListing = isOf('s3:ListBucket', 's3:GetBucketLocation');
  if (listing === 'files') {
    return { clears: (suspect) => !isListing(suspect), evidence: ['COPY may not even list the staging area.'] };
  }
  const listed = 'COPY may list the staging area.';
  if (verb === 'UNLOAD') {
    const loaded = (await ofOwnFile?.(copyRoles)) === 'past';
    const isKey = isOf('kms:Decrypt', 'kms:GenerateDataKey');
    return loaded
      ? {
          clears: (suspect) => isListing(suspect) || isKey(suspect),
          evidence: [`${listed} It loads a file that is encrypted with the key.`],
        }
      : { clears: isListing, evidence: [listed] };
  }
  const reading = await ofNothing(copyRoles, 'manifest');
  if (reading === 'unknown') return { clears: isListing, evidence: [listed] };
  const isReading = isOf('s3:GetObject');
  return reading === 'files'
    ? { clears: (suspect) => !isReading(suspect), evidence: [`${listed} It may not read a file there.`] }
    : {
        clears: (suspect) => isListing(suspect) || isReading(suspect),
        evidence: [`${listed} It may read files there, as long as they are not encrypted with the key.`],
      };
}

const NOTHING: Trial = { clears: () => false, evidence: [] };

function isOf(...actions: readonly string[]): (suspect: Suspect) => boolean {
  return ({ requests }) => requests.every(({ action }) => actions.includes(action));
}
