import { setMaxListeners } from 'node:events';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { ActualPolicy } from '../../policies/actual-policies.ts';
import type { Connection } from '../connection.ts';
import type { Diagnosis, Failure } from './diagnosis.ts';
import { judge } from './judge.ts';
import { type KnownWay, knownWay } from './known-way.ts';
import { readBucket } from './read-bucket.ts';
import { openReaders, type ReadState, readState } from './read-state.ts';
import { type Refusal, readRefusal } from './refusal.ts';
import { isSamePrincipal } from './suspects.ts';
import type { Trial } from './trial.ts';
import { tryCopy } from './try-copy.ts';
import { tryLogin } from './try-login.ts';

/** Time for a diagnosis as a whole: somebody waits for it, and knows already that it failed. */
const LIMIT_MS = 8_000;

export interface DiagnoseInit {
  /** Default: eight seconds. What is not known by then is not waited for. */
  readonly limitMs?: number;
  /** Whether IAM is asked; each call that it denies stands in the account's CloudTrail. Default: true. */
  readonly readIam?: boolean;
}

/**
 * Why a hop was refused, and what mends it: from AWS's words, from the policies that the connection needs, from what IAM
 * lets the credentials at hand read, and from trials that do no harm. Undefined where the failure is not about a right.
 * Bounded in time. Throws the reason of the run's own signal, and nothing else that AWS or Redshift answers.
 */
export async function diagnose(
  connection: Connection,
  failure: Failure,
  run: Run,
  { limitMs = LIMIT_MS, readIam = true }: DiagnoseInit = {},
): Promise<Diagnosis | undefined> {
  const refusal = readRefusal(failure);
  if (refusal === undefined) return undefined;
  const limit = AbortSignal.timeout(limitMs);
  const bounded: Run = { ...run, signal: AbortSignal.any([run.signal, limit]) };
  setMaxListeners(0, run.signal, limit, bounded.signal);
  const attempt = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      run.signal.throwIfAborted();
      if (limit.aborted || error instanceof ConnectorError) return otherwise;
      throw error;
    }
  };

  const way = await attempt<KnownWay | undefined>(() => knownWay(connection, refusal, bounded), undefined);
  if (way === undefined) return undefined;
  const bySaying = judge(way, refusal);
  if (bySaying.decided && !(readIam && isWorthReading(refusal))) return bySaying;
  const read = readIam ? await attempt(() => readWay(connection, refusal, way, bounded), undefined) : undefined;
  const { way: found, ...knowledge } = read ?? { way, evidence: [] };
  const byReading = read === undefined ? bySaying : judge(found, refusal, knowledge);
  if (byReading.decided) return byReading;
  const trial = await attempt(() => trialFor(connection, refusal, found, bounded), undefined);
  if (trial === undefined) return byReading;
  const evidence = [...knowledge.evidence, ...trial.evidence];
  return judge(found, refusal, { ...knowledge, cleared: trial.clears, evidence });
}

/** What AWS says is enough, but for a policy that denies (which one?) and for a name that may be misspelt. */
function isWorthReading({ hint, work }: Refusal): boolean {
  return hint?.effect === 'deny' || work === 'login' || work === 'lookup';
}

/** What IAM and S3 tell, and the way as it really is: a role's session does not show the path of its role. */
async function readWay(
  connection: Connection,
  refusal: Refusal,
  way: KnownWay,
  run: Run,
): Promise<ReadState & { readonly way: KnownWay }> {
  const readers = await openReaders(connection, refusal, run);
  try {
    const [read, bucket] = await Promise.all([
      readState(readers, way.suspects, run),
      readBucket(connection, way.suspects, run),
    ]);
    const identityArn = [...read.realArns].find(([arn]) => isSamePrincipal(arn, way.identityArn ?? ''))?.[1];
    if (identityArn === undefined) return { ...withPolicy(read, bucket), way };
    const real = await knownWay(connection, refusal, run, { identityArn });
    return { ...withPolicy(await readState(readers, real.suspects, run), bucket), way: real };
  } finally {
    for (const reader of [...readers.values()].flat()) reader[Symbol.dispose]();
  }
}

function withPolicy(read: ReadState, policy: ActualPolicy | undefined): ReadState {
  if (policy === undefined) return read;
  return {
    ...read,
    state: { ...read.state, policies: [...read.state.policies, policy] },
    evidence: [...read.evidence, `Read in S3: the policy of ${policy.holder}.`],
  };
}

/** Trying is left out where AWS named what it refused, or one statement is left anyway. */
async function trialFor(
  connection: Connection,
  refusal: Refusal,
  { suspects, actors }: KnownWay,
  run: Run,
): Promise<Trial | undefined> {
  if (suspects.length < 2) return undefined;
  switch (refusal.work) {
    case 'login':
      return refusal.action === undefined ? tryLogin(connection, run) : undefined;
    case 'copyRole':
      return tryCopy(connection, refusal, actors.copyRoles, run);
    case 'copyFiles':
      return refusal.action === undefined ? tryCopy(connection, refusal, actors.copyRoles, run) : undefined;
    case 'identity':
    case 'role':
    case 'lookup':
    case 'staging':
    case 'attachment':
      return undefined;
  }
  return refusal.work satisfies never;
}
