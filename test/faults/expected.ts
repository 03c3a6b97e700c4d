import type { ErrorCode } from '../../src/core/errors.ts';
import type { PassedPoint } from '../../src/sandbox/faults.ts';
import type { Nature } from './fault-classes.ts';
import type { Operation } from './operations.ts';
import { plain } from './steps.ts';

/** How an attempt may end. `given up`: with the reason of the user's abort. */
export type Ending = 'done' | 'given up' | ErrorCode;

/** Where a fault has struck. */
export interface Struck extends Pick<PassedPoint, 'on' | 'subject'> {
  readonly inTransaction: boolean;
}

/**
 * How an operation may end that met this fault there, by the words of docs/errors.md, docs/writing.md and docs/reading.md.
 * Mostly one way; two where the guide leaves it open.
 */
export function expectedEndings(nature: Nature, where: Struck, { kind }: Operation): readonly Ending[] {
  const at = { ...where, subject: plain(where.subject) };
  const ending = endingOf(nature, at, kind);
  const isOptional = mayFail(at) || (kind === 'call' && isQuestion(at));
  return isOptional ? ['done', ...ending] : ending;
}

/** Cleaning up, and asking what may go unanswered: a failure there is none of the run. */
function mayFail({ on, subject }: Struck): boolean {
  if (on === 's3:DeleteObjects' || on === 's3:DeleteObject' || on === 's3:ListObjectsV2') return true;
  if (on === 'sts:GetCallerIdentity') return true;
  return (
    /^(?:ROLLBACK|CLOSE|EXPLAIN|DROP TABLE IF EXISTS)\b/.test(subject) || /svv_table_info|stv_slices/i.test(subject)
  );
}

const isQuestion = ({ subject }: Struck): boolean => /^SELECT\b/.test(subject);

function endingOf(nature: Nature, at: Struck, kind: Operation['kind']): readonly Ending[] {
  switch (nature) {
    case 'passing':
      return ['done'];
    case 'expired once':
      return ['done'];
    case 'passing at the server':
      // A load is repeated; an UNLOAD is not, since what it left of files cannot be told from those of another.
      return kind === 'write' ? ['done'] : ['RS_THROTTLED', 'RS_AWS_FAILED'];
    case 'throttled':
      return ['RS_THROTTLED'];
    case 'failing':
      return ['RS_AWS_FAILED'];
    case 'unreachable':
      return ['RS_CONN_UNREACHABLE'];
    case 'expired':
      // An answer to HEAD has no words: then region and rights are all that can be told.
      return at.on.startsWith('s3:Head') ? ['RS_AUTH_EXPIRED', 'RS_STAGING_REGION'] : ['RS_AUTH_EXPIRED'];
    case 'denied':
      return [deniedAt(at.on)];
    case 'given up':
      return isCommit(at) ? gaveUpCommit(kind) : ['given up'];
    case 'object missing':
      return ['RS_CONFIG_OBJECT_MISSING', 'RS_COUNT_MISMATCH'];
    case 'object broken once':
      // COPY cannot read half of a compressed file, and may refuse half a row.
      return [
        'done',
        'RS_COUNT_MISMATCH',
        'RS_LOAD_REJECTED',
        ...(at.on === 'copy:GetObject' ? (['RS_SQL_FAILED'] as const) : []),
      ];
    case 'connection lost':
      return lost(at, kind);
    case 'away':
      // Whether a COMMIT that was sent has happened can only be told once the cluster is back.
      return isCommit(at) ? ['RS_COMMIT_UNKNOWN', 'RS_CONN_LOST'] : ['RS_CONN_UNREACHABLE', 'RS_CONN_LOST'];
    case 'connect refused':
      return ['done', 'RS_CONN_UNREACHABLE'];
    case 'conflict once':
      // "A conflict with another transaction begins the transaction again": of a write, and of nothing else.
      if (kind === 'write') return at.inTransaction ? ['done'] : ['done', 'RS_CONFLICT'];
      return ['RS_CONFLICT'];
    case 'conflicts':
      return ['RS_CONFLICT'];
    case 'cancelled':
      return isFirstLook(at) ? ['done'] : ['RS_TIMEOUT'];
    case 'disk full':
      return ['RS_SQL_FAILED'];
    case 'table replaced':
      return ['done', 'RS_CONFLICT'];
    case 'several matches':
      return ['RS_SQL_FAILED'];
    case 'lock for a moment':
      return ['done'];
    case 'lock for long':
      return ['RS_TIMEOUT'];
  }
  return nature satisfies never;
}

/** What a new session asks before it is given to anyone: to lose it there is not to reach the cluster. */
const isOpening = (subject: string): boolean =>
  /^(?:SET extra_float_digits|SET application_name|SELECT pg_backend_pid\(\) AS pid, version)/i.test(subject);

/** Whether a run is in the ledger is asked twice: before anything is staged, and under the lock, which decides. */
const isFirstLook = ({ subject, inTransaction }: Struck): boolean =>
  !inTransaction && subject.startsWith('SELECT "operation", "rows_read"');

const isCommit = ({ on, subject }: Struck): boolean =>
  on === 'pg:commit' || on === 'pg:autocommit' || /^COMMIT\b/.test(subject);

/** Seconds after an abort a COMMIT without an answer is cut; then the ledger says what became of it, where there is one. */
const gaveUpCommit = (kind: Operation['kind']): readonly Ending[] =>
  kind === 'write' ? ['done', 'given up'] : ['given up', 'RS_COMMIT_UNKNOWN', 'RS_CONN_LOST'];

function lost({ on, subject }: Struck, kind: Operation['kind']): readonly Ending[] {
  if (isOpening(subject)) return ['done', 'RS_CONN_UNREACHABLE', 'RS_CONN_LOST'];
  switch (kind) {
    case 'write':
      return ['done']; // "a session that dies is replaced, at most twice"; a lost COMMIT is settled
    case 'read':
    case 'export':
      return ['RS_CONN_LOST'];
    case 'call':
      // "A call is never repeated": whether it happened is not known once it was sent for good.
      return on === 'pg:commit' || on === 'pg:autocommit' || /^(?:CALL|COMMIT)\b/.test(subject)
        ? ['RS_COMMIT_UNKNOWN', 'RS_CONN_LOST']
        : ['RS_CONN_LOST'];
  }
  return kind satisfies never;
}

function deniedAt(on: string): ErrorCode {
  if (on === 'sts:AssumeRole') return 'RS_AUTH_ROLE_DENIED';
  if (on.startsWith('s3:')) return 'RS_STAGING_DENIED';
  if (on.startsWith('redshift')) return 'RS_AUTH_LOGIN_DENIED';
  return 'RS_AUTH_KEYS_INVALID';
}
