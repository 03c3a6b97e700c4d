import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Clock } from '../src/core/run.ts';
import type { SuperuserRows } from '../src/sandbox/cluster.ts';
import type { ReadyConnection } from '../src/sandbox/connections.ts';
import type { WorldInfo } from '../src/sandbox/control.ts';
import type { Fault, PassedPoint } from '../src/sandbox/faults.ts';
import type { EarlyExpired, EarlyExpiry } from '../src/sandbox/sandbox.ts';
import type { World, WorldAccount, WorldCluster } from '../src/sandbox/world.ts';
import type { CallEntry, LogEntry, SessionEntry } from '../src/sandbox/world-log.ts';
import { sandboxProcess } from './sandbox-process.ts';

/** A world of a test's own in the sandbox process. Disposal ends it and removes its files. */
export interface TestWorld extends AsyncDisposable, WorldInfo {
  readonly world: World;
  /** Runs SQL as superuser, beside the endpoint: for seeding and looking. Rows are text. */
  sql(text: string, where?: { readonly cluster?: string; readonly database?: string }): Promise<SuperuserRows>;
  log(): Promise<readonly LogEntry[]>;
  /** Calls AWS answered so far, of one action if given: `sts:AssumeRole`. */
  calls(action?: string): Promise<readonly CallEntry[]>;
  /** Statements the pg endpoint saw so far. */
  statements(): Promise<readonly SessionEntry[]>;
  /** Moves the world's clock, and `clock` with it. */
  advance(seconds: number): Promise<void>;
  /** World time, for code that takes a clock. */
  readonly clock: Clock;
  /** Lifetimes of what is issued from now on: 1/300 lets a login of 900 s last 3 s. */
  lifetimes(scale: number): Promise<void>;
  /** How far AWS's clock is ahead of the machine's; negative: behind. */
  clockSkew(seconds: number): Promise<void>;
  /** How long a change of IAM takes until it is in effect. */
  iamPropagation(seconds: number): Promise<void>;
  /** Ends credentials before the time they were given. */
  expireEarly(what: EarlyExpiry): Promise<EarlyExpired>;
  faults(...faults: readonly Fault[]): Promise<void>;
  clearFaults(): Promise<void>;
  /** Where faults could have struck since `clearFaults`, and where they did. */
  points(): Promise<readonly PassedPoint[]>;
  /** Ends every session of the cluster, which takes no other for so many seconds of the world. */
  restart(seconds: number, cluster?: string): Promise<void>;
  /** The same, paused: its API has no endpoint meanwhile. */
  pause(seconds: number, cluster?: string): Promise<void>;
  /** Ready option values: `keys-etl-agent`, `ec2-agent`, `worker-worker-1` in the standard world. */
  connection(name: string): ReadyConnection;
}

type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

/** A copy of `samples/worlds/standard.yaml`, changed by `change` if given. */
export function standardWorld(
  change?: (world: Mutable<World>, account: Mutable<WorldAccount>, cluster: Mutable<WorldCluster>) => void,
): World {
  const text = readFileSync(new URL('../samples/worlds/standard.yaml', import.meta.url), 'utf8');
  const world = parse(text) as Mutable<World>;
  const account = world.accounts[0]!;
  change?.(world, account, account.clusters![0]!);
  return world as World;
}

/** What our own statements are marked with; `log` has what was sent. */
const OUR_TAG = /^\/\* roleshift [^*]*\*\/ /;

/** Opens a world in the sandbox process. `databases: false` leaves its clusters declared only, which is quick. */
export async function openWorld(
  world: World = standardWorld(),
  options: { readonly databases?: boolean } = {},
): Promise<TestWorld> {
  const sandbox = await sandboxProcess();
  const info = (await sandbox.call('POST', '/worlds', { world, ...options })) as WorldInfo;
  const path = `/worlds/${info.id}`;
  let advancedMs = 0;
  const log = async (): Promise<readonly LogEntry[]> =>
    (await sandbox.call('GET', `${path}/log`)) as readonly LogEntry[];
  return {
    ...info,
    world,
    clock: { now: () => Date.now() + advancedMs },
    log,
    sql: async (text, where = {}) =>
      (await sandbox.call('POST', `${path}/sql`, { sql: text, ...where })) as SuperuserRows,
    calls: async (action) =>
      (await log()).filter(
        (entry): entry is CallEntry =>
          entry.kind === 'aws' && (action === undefined || `${entry.service}:${entry.action}` === action),
      ),
    statements: async () =>
      (await log())
        .filter((entry): entry is SessionEntry => entry.kind === 'statement')
        .map((entry) => (entry.text === undefined ? entry : { ...entry, text: entry.text.replace(OUR_TAG, '') })),
    advance: async (seconds) => {
      await sandbox.call('POST', `${path}/advance`, { seconds });
      advancedMs += seconds * 1000;
    },
    lifetimes: async (scale) => {
      await sandbox.call('POST', `${path}/lifetimes`, { scale });
    },
    clockSkew: async (seconds) => {
      await sandbox.call('POST', `${path}/skew`, { seconds });
    },
    iamPropagation: async (seconds) => {
      await sandbox.call('POST', `${path}/propagation`, { seconds });
    },
    expireEarly: async (what) => (await sandbox.call('POST', `${path}/expire`, what)) as EarlyExpired,
    faults: async (...faults) => {
      await sandbox.call('POST', `${path}/faults`, { faults });
    },
    clearFaults: async () => {
      await sandbox.call('DELETE', `${path}/faults`);
    },
    points: async () => (await sandbox.call('GET', `${path}/points`)) as readonly PassedPoint[],
    restart: async (seconds, cluster) => {
      await sandbox.call('POST', `${path}/restart`, { seconds, ...(cluster !== undefined && { cluster }) });
    },
    pause: async (seconds, cluster) => {
      await sandbox.call('POST', `${path}/pause`, { seconds, ...(cluster !== undefined && { cluster }) });
    },
    connection: (name) => {
      const found = info.connections.find((connection) => connection.name === name);
      if (!found)
        throw new RangeError(
          `No connection ${name}; there are ${info.connections.map((each) => each.name).join(', ')}`,
        );
      return found;
    },
    [Symbol.asyncDispose]: async () => {
      await sandbox.call('DELETE', path);
    },
  };
}
