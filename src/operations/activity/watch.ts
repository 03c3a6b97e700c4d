import type { Blocker } from '../../core/events.ts';
import type { Run } from '../../core/run.ts';
import type { Database } from '../../db/database.ts';
import type { Session } from '../../db/session.ts';
import type { Connection } from '../connection.ts';
import {
  type Counted,
  readBlockers,
  readChangedRows,
  readLastQuery,
  readLoadProgress,
  readRunningQuery,
  readUnloadProgress,
  renderBlockers,
  renderChangedRows,
  renderLastQuery,
  renderLoadProgress,
  renderRunningQuery,
  renderUnloadProgress,
} from './activity-sql.ts';
import { SideSession } from './side-session.ts';

/** What Redshift is doing: COPY, UNLOAD, or UPDATE, DELETE, INSERT. */
export type Watched = 'load' | 'unload' | 'change';

/** What is watched of a session while a statement of it runs. */
export interface Watch {
  /** Tells how far a COPY, an UNLOAD or the statements that change rows are, as progress of a phase. */
  progress<T>(of: Watched, phase: string, session: Session, run: Run, work: () => Promise<T>): Promise<T>;
  /** Tells who holds the lock that is waited for: as progress, and to `onBlockers`. */
  lock<T>(
    session: Session,
    run: Run,
    onBlockers: (found: readonly Blocker[]) => void,
    work: () => Promise<T>,
    phase?: string,
  ): Promise<T>;
}

const UNWATCHED: Watch = {
  progress: (_of, _phase, _session, _run, work) => work(),
  lock: (_session, _run, _onBlockers, work) => work(),
};

const sideSessions = new WeakMap<Database, SideSession>();

/** The watch of a connection, one side session for all its work; one that does nothing where `sideSession` is off. */
export function watchOf({ database, options }: Pick<Connection, 'database' | 'options'>): Watch {
  if (!options.sideSession) return UNWATCHED;
  let side = sideSessions.get(database);
  if (side === undefined) {
    side = new SideSession(database);
    sideSessions.set(database, side);
  }
  return openWatch(side);
}

function openWatch(side: SideSession): Watch {
  return {
    progress: (of, phase, { backendPid }, run, work) => {
      return side.during(
        async (session, looking) => {
          const counted = await LOOKS[of](session, backendPid, looking);
          if (counted !== undefined) run.publish({ type: 'progress', phase, ...counted });
        },
        run,
        work,
      );
    },
    lock: async (waiting, run, onBlockers, work, phase = 'apply') => {
      let wasTold = false;
      const tell = (waitingFor: readonly Blocker[]): void => {
        if (waitingFor.length === 0 && !wasTold) return;
        wasTold = true;
        run.publish({ type: 'progress', phase, waitingFor });
      };
      try {
        return await side.during(
          async (session, looking) => {
            const found = await findBlockers(session, waiting.backendPid, looking);
            onBlockers(found);
            tell(found);
          },
          run,
          work,
        );
      } finally {
        tell([]);
      }
    },
  };
}

const LOOKS: Readonly<Record<Watched, (session: Session, pid: number, run: Run) => Promise<Counted | undefined>>> = {
  load: async (session, pid, run) => readLoadProgress((await session.run(renderLoadProgress(pid), run)).rows),
  unload: async (session, pid, run) => readUnloadProgress((await session.run(renderUnloadProgress(pid), run)).rows),
  change: async (session, pid, run) => {
    const running = readRunningQuery((await session.run(renderRunningQuery(pid), run)).rows);
    if (running === undefined) return undefined;
    const changed = readChangedRows((await session.run(renderChangedRows(running.queryId), run)).rows);
    return { ...running.counted, ...changed };
  },
};

async function findBlockers(session: Session, pid: number, run: Run): Promise<readonly Blocker[]> {
  const found = readBlockers((await session.run(renderBlockers(pid), run)).rows);
  const blockers: Blocker[] = [];
  for (const blocker of found) {
    const query = readLastQuery((await session.run(renderLastQuery(blocker.pid), run)).rows);
    blockers.push(query === undefined ? blocker : { ...blocker, query });
  }
  return blockers;
}
