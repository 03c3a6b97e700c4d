import type { Clock } from './run.ts';

/** When one answer of AWS was asked for and came, by this machine's clock, and what time AWS wrote on it. */
export interface ClockReading {
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  /** The answer's `Date` header: whole seconds. */
  readonly date: string;
}

/** AWS's time, as far as its answers tell it; before the first one, the local time. */
export interface AwsClock extends Clock {
  /**
   * AWS's time minus this machine's, in ms; positive while this machine is behind. 0 while all answers fit a clock that is
   * right, undefined before the first answer.
   */
  offsetMs(): number | undefined;
  read(reading: ClockReading): void;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** A header names the second in which it was written. */
const HEADER_MS = 1000;

/**
 * A clock that corrects `local` by what AWS's answers say. Each answer bounds the difference: its second began and ended
 * within sight of the request. Readings are laid over each other, so the bounds narrow; when they no longer fit (a clock was
 * set), the newest counts alone. The machine's own clock is what is held against AWS, whatever `local` is: signatures are made by it.
 */
export function openAwsClock(local: Clock): AwsClock {
  let range: Range | undefined;

  const offsetMs = (): number | undefined => {
    if (range === undefined) return undefined;
    if (range.from <= 0 && range.to >= 0) return 0;
    return Math.round((range.from + range.to) / 2);
  };

  return {
    now: () => local.now() + (offsetMs() ?? 0),
    offsetMs,
    read: ({ sentAtMs, receivedAtMs, date }) => {
      const second = Date.parse(date);
      if (Number.isNaN(second) || receivedAtMs < sentAtMs) return;
      const seen = { from: second - receivedAtMs, to: second + HEADER_MS - sentAtMs };
      const both = range && { from: Math.max(range.from, seen.from), to: Math.min(range.to, seen.to) };
      range = both && both.from <= both.to ? both : seen;
    },
  };
}

/** What of an SDK client this needs; every client of the SDK has it. */
export interface WatchedClient {
  readonly config: { systemClockOffset: number };
  readonly middlewareStack: {
    add(
      middleware: (next: (args: never) => Promise<{ readonly response: unknown }>) => (args: never) => Promise<unknown>,
      options: { readonly step: 'deserialize'; readonly name: string; readonly priority: 'low' },
    ): void;
  };
}

/** Lets a client sign by AWS's time, and reads the clock from each of its answers, the refusals included. */
export function watchAwsClock(client: WatchedClient, clock: AwsClock): void {
  client.config.systemClockOffset = clock.offsetMs() ?? 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const sentAtMs = Date.now();
      const answer = await next(args);
      const date = dateOf(answer.response);
      if (date !== undefined) clock.read({ sentAtMs, receivedAtMs: Date.now(), date });
      return answer;
    },
    { step: 'deserialize', name: 'roleshiftClock', priority: 'low' },
  );
}

/** The `Date` header of an answer of AWS itself: a cache or proxy on the way has a clock of its own, and no request id. */
function dateOf(response: unknown): string | undefined {
  const { headers } = Object(response) as { readonly headers?: unknown };
  const { date, age, ...rest } = Object(headers) as Readonly<Record<string, unknown>>;
  const isOwn = rest['x-amzn-requestid'] !== undefined || rest['x-amz-request-id'] !== undefined;
  return isOwn && age === undefined && typeof date === 'string' ? date : undefined;
}
