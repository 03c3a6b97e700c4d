import { channel } from 'node:diagnostics_channel';
import type { ErrorCode } from './errors.ts';

/** What a run is asked to do: the methods of an open connector. */
export type RunOperation =
  | 'check'
  | 'login'
  | 'discover'
  | 'preview'
  | 'read'
  | 'readToFiles'
  | 'call'
  | 'write'
  | 'explain'
  | 'janitor';

/** A call of the connector began. Published where the caller is: a listener sees the caller's asynchronous context. */
export interface RunBeginEvent {
  readonly type: 'runBegin';
  readonly operation: RunOperation;
  /** `schema.name` of what is read or written, where one object is named. */
  readonly object?: string;
  readonly database?: string;
  /** Absent where AWS tells the address, which comes with the hop to the session. */
  readonly host?: string;
  readonly port?: number;
}

/** Where the rows of a run went, as far as it came. */
export interface RunRows {
  readonly read?: number;
  readonly loaded?: number;
  readonly rejected?: number;
  readonly deduplicated?: number;
  readonly skipped?: number;
}

/** The call is over, its clean-up included. */
export interface RunEndEvent {
  readonly type: 'runEnd';
  readonly operation: RunOperation;
  /** `aborted`: by the caller's signal, by leaving the loop early, or because the connector was disposed of. */
  readonly outcome: 'completed' | 'failed' | 'aborted';
  readonly durationMs: number;
  readonly errorCode?: ErrorCode;
  readonly rows?: RunRows;
  /** Of the files written, staged ones and those that a read was asked for. */
  readonly bytes?: number;
}

/** A step of a run began: `plan`, `stage`, `load`, `apply`, `commit`, `unload`, `fetch`, `preSql`, `postSql` and others. */
export interface PhaseBeginEvent {
  readonly type: 'phaseBegin';
  readonly phase: string;
}

/** A step of a run ended, well or not. A step that is done again begins again. */
export interface PhaseEndEvent {
  readonly type: 'phaseEnd';
  readonly phase: string;
  readonly durationMs: number;
  readonly outcome: 'completed' | 'failed';
  readonly errorCode?: ErrorCode;
}

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

/** A connection to the database was opened or closed; belongs to no run, since runs share them. */
export interface SessionEvent {
  readonly type: 'session';
  readonly state: 'opened' | 'closed';
  /** How many this connector, or pool, holds now. */
  readonly open: number;
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
  /** Of a statement that the cluster works on: how long it waited for its turn, and has run since. */
  readonly queuedMs?: number;
  readonly runningMs?: number;
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
  /** Process id of the session on the cluster: `session_id` in the SYS views. */
  readonly backendPid?: number;
  /** Redshift's id of the query before it (`query_id` in the SYS views): of a statement that asks for that of a COPY, an UNLOAD or a change of rows. */
  readonly queryId?: string;
  readonly errorCode?: ErrorCode;
  /** The server's own code, five characters, of a statement that failed. */
  readonly sqlState?: string;
}

/**
 * A request to AWS ended. Never a header, a key or a body. Those to S3 belong to a run; what other services are asked is
 * shared by runs and goes over the channel only.
 */
export interface RequestEvent {
  readonly type: 'request';
  readonly service: 's3' | 'sts' | 'redshift' | 'redshift-serverless';
  /** As AWS names it: `PutObject`, `UploadPart`, `GetObject`, `ListObjectsV2`. */
  readonly action: string;
  /** Until the answer began: what `GetObject` streams comes after it. */
  readonly durationMs: number;
  /** Of the object, or the part of it, that was sent or asked for. */
  readonly bytes?: number;
  /** Requests in all, since the AWS SDK repeats those that were throttled or cut. */
  readonly attempts?: number;
  readonly errorCode?: ErrorCode;
}

/** Something failed and is done again. */
export interface RetryEvent {
  readonly type: 'retry';
  /** `transaction`: from BEGIN; `session`: a new one, with what was loaded in it; `call`: to AWS or the database. */
  readonly what: 'transaction' | 'session' | 'call';
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  readonly errorCode: ErrorCode;
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

/** Every event by its type: what goes over the channel `roleshift:<type>`. */
export interface EventTypes {
  readonly runBegin: RunBeginEvent;
  readonly runEnd: RunEndEvent;
  readonly phaseBegin: PhaseBeginEvent;
  readonly phaseEnd: PhaseEndEvent;
  readonly hop: HopEvent;
  readonly session: SessionEvent;
  readonly progress: ProgressEvent;
  readonly statement: StatementEvent;
  readonly request: RequestEvent;
  readonly retry: RetryEvent;
  readonly warning: WarningEvent;
  readonly suppressed: SuppressedEvent;
}

export type EventType = keyof EventTypes;
export type ConnectorEvent = EventTypes[EventType];

/** Whose event it is; empty of what belongs to no run: connections, and what renews credentials in the background. */
export interface EventOrigin {
  /** The ledger's key, as the caller gave it, or made up. */
  readonly runId?: string;
  /** Tells one call of this process from all others: two calls may have one run id. */
  readonly callId?: number;
}

/** What a listener of a channel gets: the event, and whose it is. */
export type PublishedEvent<Type extends EventType = EventType> = EventTypes[Type] & EventOrigin;

const CHANNELS = {
  runBegin: channel('roleshift:runBegin'),
  runEnd: channel('roleshift:runEnd'),
  phaseBegin: channel('roleshift:phaseBegin'),
  phaseEnd: channel('roleshift:phaseEnd'),
  hop: channel('roleshift:hop'),
  session: channel('roleshift:session'),
  progress: channel('roleshift:progress'),
  statement: channel('roleshift:statement'),
  request: channel('roleshift:request'),
  retry: channel('roleshift:retry'),
  warning: channel('roleshift:warning'),
  suppressed: channel('roleshift:suppressed'),
} as const;

/** All types of events there are. */
export const EVENT_TYPES = Object.freeze(Object.keys(CHANNELS)) as readonly EventType[];

/** Publishes on the diagnostics channel of the event's type; makes nothing while nobody listens to it. */
export function publishOnChannel(event: ConnectorEvent, origin: EventOrigin = {}): void {
  const { [event.type]: own } = CHANNELS;
  if (own.hasSubscribers) own.publish({ ...event, ...origin });
}

/**
 * Hears of every event of one type in this process, whichever connector or pool it comes from, at once and in order. What
 * the listener throws becomes a warning of the process and disturbs no run. Returns what ends it; idempotent.
 */
export function subscribe<Type extends EventType>(
  type: Type,
  listener: (event: PublishedEvent<Type>) => void,
): () => void {
  const { [type]: heard } = CHANNELS;
  const onMessage = (message: unknown): void => {
    try {
      listener(message as PublishedEvent<Type>);
    } catch (error) {
      warnOfListener(error);
    }
  };
  heard.subscribe(onMessage);
  return () => {
    heard.unsubscribe(onMessage);
  };
}

/** A listener's failure is not the run's: it surfaces as a warning of the process, once per throw. */
export function warnOfListener(error: unknown): void {
  const { message, stack: detail } = error instanceof Error ? error : new Error(String(error));
  process.emitWarning(message, { type: 'RoleshiftListenerWarning', ...(detail === undefined ? {} : { detail }) });
}
