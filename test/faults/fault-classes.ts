import type { Fault } from '../../src/sandbox/faults.ts';
import type { Step } from './steps.ts';

/** What a fault is to whoever meets it: what may be expected of an operation follows from it alone. */
export type Nature =
  /** AWS fails for a moment. */
  | 'passing'
  /** S3 fails the server, not us, for a moment: `throttled` or `failing`. */
  | 'passing at the server'
  /** Credentials end early, once. */
  | 'expired once'
  | 'throttled'
  | 'failing'
  | 'unreachable'
  | 'expired'
  | 'denied'
  /** No answer, and the user gives up. */
  | 'given up'
  | 'object missing'
  | 'object broken once'
  /** The connection to Redshift dies, and others can be made. */
  | 'connection lost'
  /** The cluster takes no connections for long. */
  | 'away'
  /** A new connection is refused once, or always. */
  | 'connect refused'
  | 'conflict once'
  | 'conflicts'
  | 'cancelled'
  | 'disk full'
  | 'table replaced'
  | 'several matches'
  | 'lock for a moment'
  | 'lock for long';

/** One kind of fault, and the steps it can strike. */
export interface FaultClass {
  readonly name: string;
  readonly nature: Nature;
  readonly strikes: (step: Step) => boolean;
  readonly effect: (step: Step) => Fault['effect'];
  /** It stays until it is taken away. */
  readonly stays?: boolean;
  /** World time that must pass before all is well again. */
  readonly lastsSeconds?: number;
}

const AWS = /^(?:sts|redshift|redshift-serverless|s3):/;
const isAws = ({ on }: Step): boolean => AWS.test(on);
/** Keys that a form holds cannot end, so that only sessions do. */
const isBySession = ({ on }: Step): boolean => isAws({ on } as Step) && !on.startsWith('sts:');
const isStatement = ({ on }: Step): boolean => on === 'pg:statement';
/** A statement that works on rows or tables: the server may refuse it for reasons of its own. */
const works = (step: Step): boolean =>
  isStatement(step) &&
  /^(?:SELECT|INSERT|UPDATE|DELETE|COPY|UNLOAD|CREATE|DROP|ALTER|DECLARE|FETCH|CALL|LOCK|TRUNCATE|ANALYZE)\b/.test(
    step.what,
  );
const gets = ({ on }: Step): boolean => on === 's3:GetObject' || on === 's3:HeadObject';
const serverReads = ({ on }: Step): boolean => on === 'copy:GetObject';
const serverMoves = ({ on }: Step): boolean => on === 'copy:GetObject' || on === 'unload:PutObject';
const ends = ({ on }: Step): boolean => on === 'pg:commit' || on === 'pg:autocommit';
const locks = (step: Step): boolean => isStatement(step) && /^LOCK\b/.test(step.what);

const always = (effect: Fault['effect']) => () => effect;
const kind = (
  name: string,
  nature: Nature,
  strikes: FaultClass['strikes'],
  effect: Fault['effect'] | FaultClass['effect'],
  more: Partial<FaultClass> = {},
): FaultClass => ({ name, nature, strikes, effect: typeof effect === 'function' ? effect : always(effect), ...more });

const error = (status: number, code: string, when: 'before' | 'after' = 'before') =>
  ({ kind: 'error', status, code, when }) as const;
const expired = (step: Step) =>
  ({
    kind: 'error',
    status: step.on.startsWith('s3:') ? 400 : 403,
    code: 'ExpiredToken',
    message: 'The provided token has expired.',
  }) as const;
/** S3 and the JSON services spell it without `Exception`. */
const denied = ({ on }: Step) =>
  ({
    kind: 'error',
    status: 403,
    code: 'AccessDenied',
    message: `Access Denied: not authorized to perform ${on}`,
  }) as const;
const lockOf = (ms: number) => (step: Step) =>
  ({ kind: 'lock', table: lockedTable(step), ms, user: 'awsuser' }) as const;

/** The table that a LOCK statement names: filled in when the cell runs, since every cell has its own. */
export const LEDGER_OF_CELL = 'the ledger of the cell';
const lockedTable = (_step: Step): string => LEDGER_OF_CELL;

const PAUSE_SECONDS = 600;

/** Every kind of fault in the matrix. */
export const FAULT_CLASSES: readonly FaultClass[] = [
  kind('throttle', 'passing', isAws, { kind: 'throttle' }),
  kind('throttle, always', 'throttled', isAws, { kind: 'throttle' }, { stays: true }),
  kind('500', 'passing', isAws, error(500, 'InternalError')),
  kind('500, always', 'failing', isAws, error(500, 'InternalError'), { stays: true }),
  kind('503', 'passing', isAws, error(503, 'ServiceUnavailable')),
  kind('500 when it is done', 'passing', isAws, error(500, 'InternalError', 'after')),
  kind('403 expired', 'expired once', isBySession, expired),
  kind('403 expired, always', 'expired', isBySession, expired, { stays: true }),
  kind('403 denied, always', 'denied', isAws, denied, { stays: true }),
  kind('slow', 'passing', isAws, { kind: 'delay', ms: 120 }),
  kind('no answer', 'passing', isAws, { kind: 'silence' }),
  kind('no answer when it is done', 'passing', isAws, { kind: 'silence', when: 'after' }),
  kind(
    'no answer, given up',
    'given up',
    (step) => isAws(step) || isStatement(step) || step.on === 'pg:connect',
    { kind: 'silence' },
    { stays: true },
  ),
  kind('cut before', 'passing', isAws, { kind: 'drop', when: 'before' }),
  kind('cut after', 'passing', isAws, { kind: 'drop', when: 'after' }),
  kind('cut, always', 'unreachable', isAws, { kind: 'drop' }, { stays: true }),
  kind('cut midway', 'passing', gets, { kind: 'drop', when: 'midway' }),
  kind('object missing, always', 'object missing', gets, { kind: 'missing' }, { stays: true }),
  kind('object truncated', 'object broken once', gets, { kind: 'truncated' }),

  kind('server: throttle', 'passing at the server', serverMoves, { kind: 'throttle' }),
  kind('server: throttle, always', 'throttled', serverMoves, { kind: 'throttle' }, { stays: true }),
  kind('server: 500', 'passing at the server', serverMoves, error(500, 'InternalError')),
  kind('server: 500, always', 'failing', serverMoves, error(500, 'InternalError'), { stays: true }),
  kind('server: cut midway', 'passing at the server', serverReads, { kind: 'drop', when: 'midway' }),
  kind('server: object missing, always', 'object missing', serverReads, { kind: 'missing' }, { stays: true }),
  kind('server: object truncated', 'object broken once', serverMoves, { kind: 'truncated' }),
  kind('server: slow', 'passing', serverMoves, { kind: 'delay', ms: 120 }),

  kind('connection refused', 'connect refused', ({ on }) => on === 'pg:connect', { kind: 'error', code: '57P03' }),
  kind(
    'connection refused, always',
    'away',
    ({ on }) => on === 'pg:connect',
    { kind: 'error', code: '57P03' },
    { stays: true },
  ),
  kind('connection cut', 'connect refused', ({ on }) => on === 'pg:connect' || on === 'pg:accept', { kind: 'drop' }),

  kind('statement: cut before', 'connection lost', isStatement, { kind: 'drop', when: 'before' }),
  kind('statement: cut after', 'connection lost', isStatement, { kind: 'drop', when: 'after' }),
  kind('statement: cut, done later', 'connection lost', isStatement, { kind: 'drop', when: 'midway', ms: 300 }),
  kind('statement: conflict 1023', 'conflict once', works, { kind: 'error', as: 'conflict' }),
  kind('statement: conflict 1023, always', 'conflicts', works, { kind: 'error', as: 'conflict' }, { stays: true }),
  kind('statement: snapshot conflict', 'conflict once', works, { kind: 'error', as: 'snapshotConflict' }),
  kind('statement: monitoring rule', 'cancelled', works, { kind: 'error', as: 'monitoringRule' }),
  kind('statement: disk full', 'disk full', works, { kind: 'error', as: 'diskFull' }),
  kind('statement: table replaced', 'table replaced', works, { kind: 'error', as: 'tableDropped' }),
  kind(
    'statement: several matches',
    'several matches',
    (step) => isStatement(step) && /^(?:UPDATE|MERGE)\b/.test(step.what),
    { kind: 'error', as: 'multipleMatches' },
  ),
  kind('cluster restarts', 'connection lost', isStatement, { kind: 'restart', ms: 300 }, { lastsSeconds: 1 }),
  kind(
    'cluster paused',
    'away',
    isStatement,
    { kind: 'pause', ms: PAUSE_SECONDS * 1000 },
    { lastsSeconds: PAUSE_SECONDS },
  ),
  kind('lock for a moment', 'lock for a moment', locks, lockOf(300)),
  kind('lock for long', 'lock for long', locks, lockOf(PAUSE_SECONDS * 1000), { lastsSeconds: PAUSE_SECONDS }),
  kind('copy ended midway by a rule', 'cancelled', ({ on }) => on === 'pg:copy' || on === 'pg:unload', {
    kind: 'error',
    as: 'monitoringRule',
    when: 'midway',
    ms: 0,
  }),

  kind('COMMIT: cut before', 'connection lost', ends, { kind: 'drop', when: 'before' }),
  kind('COMMIT: cut after', 'connection lost', ends, { kind: 'drop', when: 'after' }),
  kind('COMMIT: done long after the cut', 'connection lost', ends, { kind: 'drop', when: 'midway', ms: 700 }),
  kind('COMMIT: conflict 1023', 'conflict once', ends, { kind: 'error', as: 'conflict' }),
  kind('COMMIT: cluster restarts', 'connection lost', ends, { kind: 'restart', ms: 300 }, { lastsSeconds: 1 }),
  kind('COMMIT: no answer when it is done, given up', 'given up', ends, { kind: 'silence', when: 'after' }),
];

/** The script of a cell for the sandbox. */
export function scriptOf({ effect, stays = false }: FaultClass, step: Step, ledger: string): Fault {
  const what = effect(step);
  const filled = what.kind === 'lock' ? { ...what, table: ledger } : what;
  if (!stays) return { on: step.on, after: step.after, effect: filled };
  // A statement that fails always is told by its words; calls of AWS by their number, and all that come after.
  if (isStatement(step) && step.matching.length >= 6) {
    return { on: step.on, matching: step.matching, times: 'always', effect: filled };
  }
  return { on: step.on, after: step.after, times: 'always', effect: filled };
}
