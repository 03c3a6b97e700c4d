import type { Access } from '../auth/access.ts';
import type { Database } from '../db/database.ts';
import type { ObjectPlace } from '../manifest/object-places.ts';
import type { ConnectionOptions } from '../manifest/options.gen.ts';
import type { Decision } from './explain/decision.ts';

/** One opened connector, as every operation sees it. Whoever opened it disposes of `access` and `database`. */
export interface Connection {
  readonly options: ConnectionOptions;
  readonly access: Access;
  readonly database: Database;
  /** An existing folder for files on their way through; each operation makes and removes a folder of its own in it. */
  readonly workDirectory: string;
  /** Throws RS_CONFIG_FORBIDDEN for objects of S3 that the host does not let rows be read from. Absent: all may be. */
  readonly checkSource?: (place: ObjectPlace) => void;
  /** The same for places in S3 that rows are to be written to. */
  readonly checkTarget?: (place: ObjectPlace) => void;
  /** Hears what an operation has decided to do, before it does it; for the run's report. */
  readonly onDecision?: (decision: Decision) => void;
  /** Whether IAM may be asked when access is looked into. Default: true. */
  readonly mayReadIam?: boolean;
}
