import type { ClusterInit, DownState } from '../../cluster.ts';
import type { Activity } from '../activity.ts';
import type { BackendResult } from '../backend-session.ts';
import type { NameMap } from '../sql/names.ts';
import type { StatementHandler } from '../statement-handler.ts';
import type { Serializer } from './serializer.ts';

/** What the sessions of one cluster share. */
export interface ClusterCore {
  readonly init: ClusterInit;
  readonly handlers: readonly StatementHandler[];
  readonly socketDir: string;
  readonly names: NameMap;
  /** Object ids of types as clients know them, by those PostgreSQL gave. */
  readonly typeOids: ReadonlyMap<number, number>;
  /** PostgreSQL's functions that Redshift has not. */
  readonly foreignFunctions: ReadonlySet<string>;
  /** Present when databases of the cluster are serializable. */
  readonly serializer: Serializer | undefined;
  readonly sessions: Map<number, LiveSession>;
  /** What runs and ran. */
  readonly activity: Activity;
  /** Set once a table has a column of type SUPER or VARBYTE: literals for it are then looked at. */
  hasOpaqueColumns: boolean;
  /** Set once a late-binding view was made: changes of other objects then bind it anew. */
  hasLateViews: boolean;
  /** World time until which no session is taken: the cluster restarts or is paused. */
  downUntilMs: number;
  downState: DownState;
  /** Set once an external table was made: statements that name one fill it first. */
  hasExternalTables: boolean;
  nextQueryId(): number;
  /** Runs SQL as superuser on a connection of its own. */
  admin(database: string, sql: string): Promise<BackendResult>;
  /** Lets go of the connections to a database that is about to be dropped. */
  releaseDatabase(database: string): void;
  /** Stores names that came up in `database` and are too long for PostgreSQL, so that catalog views show them whole. */
  learnNames(database: string): Promise<void>;
}

/** A session as others reach it. */
export interface LiveSession {
  readonly secret: number;
  /** Stops what a handler is doing for it; the database's own work is cancelled in the database. */
  stopHandler(): void;
  /** Tells the client that the session has ended. */
  terminate(): void;
}
