import { channel } from 'node:diagnostics_channel';
import type { ErrorCode } from './errors.ts';

/** One hop on the way to a session was made: who we became, by what, until when. Never a secret. */
export interface HopEvent {
  readonly type: 'hop';
  readonly hop: 'identity' | 'role' | 'login' | 'session';
  /** ARN, database user or endpoint that the hop led to. */
  readonly principal: string;
  /** Which source or call gave it: `access keys`, `IMDSv2`, `sts:AssumeRole`. */
  readonly source: string;
  readonly account?: string;
  /** ISO 8601; absent where nothing expires. */
  readonly expiresAt?: string;
  /** What a reader should know: a duration capped, keys ignored. */
  readonly note?: string;
  /** The hop was made before: this one takes the place of one that ends. */
  readonly isRenewal?: boolean;
}

/** How far a long piece of work has come. `total*` are absent while unknown. */
export interface ProgressEvent {
  readonly type: 'progress';
  /** `stage`, `load`, `apply`, `commit`, `unload`, `fetch`: in the order they happen. */
  readonly phase: string;
  readonly rows?: number;
  readonly bytes?: number;
  readonly files?: number;
  readonly totalRows?: number;
  readonly totalBytes?: number;
  readonly totalFiles?: number;
  /** With a partitioned read: which of its parts this is about, from 1; `rows` are then those of the part. */
  readonly part?: number;
  readonly totalParts?: number;
  /** Who holds the lock that is waited for, as far as the database user may see; empty once it is waited for no more. */
  readonly waitingFor?: readonly Blocker[];
}

/** A session that another one waits for. */
export interface Blocker {
  /** Process id of the session on the cluster. */
  readonly pid: number;
  readonly user: string;
  /** When its transaction began; ISO 8601. */
  readonly since: string;
  /** Its last statement, without values, cut off; absent where the database user may not see it. */
  readonly query?: string;
}

/** A statement ended. The text is never part of it. */
export interface StatementEvent {
  readonly type: 'statement';
  /** First keyword: `COPY`, `SELECT`. */
  readonly verb: string;
  readonly durationMs: number;
  readonly rowCount?: number;
  readonly errorCode?: ErrorCode;
}

/** Something a person should know that did not stop the work. */
export interface WarningEvent {
  readonly type: 'warning';
  readonly code: string;
  readonly message: string;
}

/** An error that was deliberately not raised, with the reason: a clean-up after a first failure, mostly. */
export interface SuppressedEvent {
  readonly type: 'suppressed';
  readonly reason: string;
  readonly message: string;
}

export type ConnectorEvent = HopEvent | ProgressEvent | StatementEvent | WarningEvent | SuppressedEvent;

const events = channel('roleshift:event');

/** Publishes on the diagnostics channel `roleshift:event`; costs nothing while nobody listens. */
export function publishOnChannel(event: ConnectorEvent): void {
  if (events.hasSubscribers) events.publish(event);
}
