import type { WorldClock } from './clock.ts';
import type { FaultBook } from './faults.ts';
import type { ServiceRoles } from './identity.ts';
import type { LoginRegistry } from './logins.ts';
import type { BucketStore } from './s3/store.ts';
import type { WorldCluster } from './world.ts';
import type { WorldLog } from './world-log.ts';

/** What a cluster is given by the world it stands in: everything the pg endpoint, COPY and UNLOAD need of the rest. */
export interface ClusterInit {
  readonly cluster: WorldCluster;
  readonly region: string;
  readonly account: string;
  /** `arn:aws:redshift:REGION:ACCOUNT:cluster:ID`, or the ARN of a serverless workgroup. */
  readonly arn: string;
  /** As whom COPY and UNLOAD take roles: `redshift.amazonaws.com`, `redshift-serverless.amazonaws.com`. */
  readonly service: string;
  /** What stands before the user in a database user's ARN: `arn:aws:redshift:REGION:ACCOUNT:dbuser:ID`. */
  readonly userArnPrefix: string;
  readonly clock: WorldClock;
  readonly logins: Pick<LoginRegistry, 'verify'>;
  readonly roles: ServiceRoles;
  readonly store: BucketStore;
  readonly faults: FaultBook;
  readonly log: WorldLog;
  /** A folder of its own, removed with the world. */
  readonly dataDir: string;
}

/** One table of text rows, as `sql()` answers. */
export interface SuperuserRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Why a cluster takes no sessions, as its API calls it. */
export type DownState = 'rebooting' | 'paused';

/** A cluster that accepts sessions. Disposal ends its sessions and its database process. */
export interface RunningCluster extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** PEM file of the certificate authority behind the endpoint's TLS. */
  readonly caFile: string;
  /** Runs one statement as superuser beside the proxy, for seeding and looking; the answer is the last result. */
  sql(database: string, text: string): Promise<SuperuserRows>;
  /** Ends every session and takes no other for so long in the world's time. */
  restart(downMs: number, why: DownState): Promise<void>;
  state(): DownState | 'available';
}
