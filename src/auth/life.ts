import type { WarningEvent } from '../core/events.ts';
import type { HopForecast, HopUse } from './forecast.ts';

/** What a long step asks of the credentials that it is about to use. */
export interface LifeNeed {
  /** As a person calls it: `UNLOAD`. */
  readonly step: string;
  /** Which ways it uses: that to S3, and that to the database where sessions are opened in it or after it. */
  readonly uses: readonly HopUse[];
  /** About how long it will use them. */
  readonly seconds: number;
}

/** A step that may run for long. */
export type LongStep =
  /** One statement; `timeoutSeconds` is the server's limit for it, 0 for none. The staged files are used after it. */
  | { readonly kind: 'statement'; readonly verb: 'COPY' | 'UNLOAD'; readonly timeoutSeconds: number }
  /** Bytes to or from S3; so many, where that is known. */
  | { readonly kind: 'upload' | 'download'; readonly bytes?: number };

/** No step asks for more: a session of a role lasts an hour where roles are chained, and is renewed in the step anyway. */
const LONGEST_SECONDS = 3600;
const STATEMENT_SECONDS = 1800;
const AFTER_STATEMENT_SECONDS = 300;
const TRANSFER_SECONDS = 900;
/** A slow line to S3. */
const BYTES_PER_SECOND = 2 * 1024 * 1024;

/** What a long step needs. Estimates: credentials are renewed within a step too; only what cannot be is held against them. */
export function lifeNeed(step: LongStep): LifeNeed {
  switch (step.kind) {
    case 'statement': {
      const { verb, timeoutSeconds } = step;
      const runs = timeoutSeconds > 0 ? timeoutSeconds : STATEMENT_SECONDS;
      const seconds = Math.min(LONGEST_SECONDS, runs + AFTER_STATEMENT_SECONDS);
      return { step: verb, uses: ['login', 'staging'], seconds }; // it is cancelled, and settled, by other sessions
    }
    case 'upload':
    case 'download': {
      const runs = step.bytes === undefined ? TRANSFER_SECONDS : Math.ceil(step.bytes / BYTES_PER_SECOND) + 60;
      const uses: readonly HopUse[] = step.kind === 'upload' ? ['login', 'staging'] : ['staging'];
      return { step: `the ${step.kind}`, uses, seconds: Math.min(LONGEST_SECONDS, runs) };
    }
  }
  return step satisfies never;
}

/** A warning that is told once for each key. */
export interface LifeWarning extends WarningEvent {
  readonly key: string;
}

/**
 * What a person should know before a step: credentials on its way that nothing renews and that will not last. Those that
 * are renewed need no word. Pure; `undefined` when all is well.
 */
export function judgeLife(hops: readonly HopForecast[], { step, uses, seconds }: LifeNeed): LifeWarning | undefined {
  const way = hops.filter(({ usedFor }) => uses.some((use) => usedFor.includes(use)));
  const fixed = way.find(({ renewal }) => renewal === 'impossible');
  if (fixed === undefined) return undefined;
  const who = `The ${fixed.id} (${fixed.principal}, from ${fixed.source ?? 'outside'})`;
  const advice = 'use keys of an IAM user, the role of the machine, or a profile, which can be renewed';
  if (fixed.endsAt === undefined) {
    return {
      type: 'warning',
      key: fixed.id,
      code: 'CREDENTIALS_NOT_RENEWABLE',
      message: `${who} has a session token that nothing here can renew, and that does not say when it ends; ${step} fails if that is soon. For long runs ${advice}.`,
    };
  }
  // Roles that were made from it live on after it.
  const left = Math.max(...way.filter(({ kind }) => kind !== 'login').map((hop) => hop.remainingSeconds ?? 0));
  if (left >= seconds) return undefined;
  return {
    type: 'warning',
    key: `${fixed.id} ${step}`,
    code: 'CREDENTIALS_END_EARLY',
    message: `${who} ends at ${fixed.endsAt} and nothing here can renew it; what was made from it lasts ${left} s, and ${step} may need ${seconds} s. For long runs ${advice}.`,
  };
}
