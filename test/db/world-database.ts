import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import type { ConnectorEvent } from '../../src/core/events.ts';
import { openRun, type Run } from '../../src/core/run.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { ConnectionInput, ConnectionOptions } from '../../src/manifest/options.gen.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import type { TestWorld } from '../harness.ts';

/** An opened connection to a world: what an operation gets, and what was told meanwhile. */
export interface WorldDatabase extends AsyncDisposable {
  readonly options: ConnectionOptions;
  readonly database: Database;
  readonly events: ConnectorEvent[];
  run(signal?: AbortSignal): Run;
}

/** Option values that log in to the world by role, as the user `etl`. */
export function roleInput(world: TestWorld, extra: ConnectionInput = {}): ConnectionInput {
  return { ...world.connection('keys-etl-agent').values, autoCreateDbUser: true, ...extra };
}

/** Opens sessions by role into the world; dispose closes them and their credentials. */
export function openWorldDatabase(world: TestWorld, extra: ConnectionInput = {}): WorldDatabase {
  const options = resolveOptions(roleInput(world, extra));
  const { clock } = world;
  const events: ConnectorEvent[] = [];
  const onEvent = (event: ConnectorEvent): void => void events.push(event);
  const access = openAccess(planAccess(options), { clock });
  const database = openDatabase(access, options, { clock, onEvent });
  return {
    options,
    database,
    events,
    run: (signal) => openRun({ clock, onEvent, signal }),
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await access[Symbol.asyncDispose]();
    },
  };
}
