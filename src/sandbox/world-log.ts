import type { Clock } from '../core/run.ts';
import { maskSecrets } from './mask-secrets.ts';

/** One AWS call a world answered. Never a secret, never a body. */
export interface CallEntry {
  readonly kind: 'aws';
  /** World time, ISO 8601. */
  readonly time: string;
  readonly service: string;
  readonly action: string;
  /** ARN, or `anonymous`. */
  readonly principal: string;
  readonly resource: string;
  readonly allowed: boolean;
  readonly status: number;
  readonly errorCode?: string;
  readonly fault?: string;
}

/** A statement or a session as the pg endpoint saw it. */
export interface SessionEntry {
  readonly kind: 'login' | 'statement';
  readonly time: string;
  readonly cluster: string;
  readonly database: string;
  /** Database user; of a refused login the name as sent. */
  readonly user: string;
  readonly allowed: boolean;
  /** The SQL text as the client sent it, without keys and passwords; absent for a login. */
  readonly text?: string;
  readonly errorCode?: string;
  readonly applicationName?: string;
}

/** The sandbox itself failed: a bug of ours, told here because nothing is printed. */
export interface FailureEntry {
  readonly kind: 'failure';
  readonly time: string;
  readonly message: string;
}

export type LogEntry = CallEntry | SessionEntry | FailureEntry;
export type NewLogEntry = Omit<CallEntry, 'time'> | Omit<SessionEntry, 'time'> | Omit<FailureEntry, 'time'>;

/** What happened in a world, oldest first. Bounded: the oldest entries make room. */
export interface WorldLog {
  /** Stamps the entry with the world's time. */
  add(entry: NewLogEntry): void;
  entries(): readonly LogEntry[];
}

const KEPT_ENTRIES = 20_000;
const KEPT_TEXT = 262_144; // an INSERT of many rows; no test looks further

const fitToKeep = (entry: NewLogEntry): NewLogEntry =>
  'text' in entry && entry.text !== undefined ? { ...entry, text: maskSecrets(entry.text.slice(0, KEPT_TEXT)) } : entry;

export function createWorldLog(clock: Clock): WorldLog {
  const entries: LogEntry[] = [];
  return {
    add: (entry) => {
      if (entries.length >= KEPT_ENTRIES) entries.splice(0, KEPT_ENTRIES / 10);
      entries.push({ ...fitToKeep(entry), time: new Date(clock.now()).toISOString() });
    },
    entries: () => [...entries],
  };
}
