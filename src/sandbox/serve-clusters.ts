import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AwsContext } from './aws/endpoint.ts';
import type { ClusterRecord } from './aws/redshift-call.ts';
import type { ClusterInit, RunningCluster } from './cluster.ts';
import type { Disposables } from './disposables.ts';
import { createServiceRoles } from './iam/assume.ts';
import { LOAD_HANDLERS } from './load/handlers.ts';
import type { LoginRegistry } from './logins.ts';
import { partitionOf } from './partition.ts';
import { startCluster } from './pg/cluster.ts';
import type { BucketStore } from './s3/store.ts';
import { type WorkgroupRecord, workgroupRecord } from './workgroups.ts';
import type { World, WorldCluster, WorldWorkgroup } from './world.ts';

/** What clusters are given of the world they stand in. */
export interface ServedWorld extends AwsContext {
  readonly world: World;
  readonly logins: LoginRegistry;
  readonly store: BucketStore;
  /** Holds the folders of clusters. */
  readonly folder: string;
}

type Served = Pick<ClusterInit, 'cluster' | 'account' | 'arn' | 'service' | 'userArnPrefix'>;

function provisioned(world: World, account: string, cluster: WorldCluster): Served {
  const prefix = `arn:${partitionOf(world.region)}:redshift:${world.region}:${account}`;
  const arn = `${prefix}:cluster:${cluster.id}`;
  return { cluster, account, arn, service: 'redshift.amazonaws.com', userArnPrefix: `${prefix}:dbuser:${cluster.id}` };
}

/** https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service-database-users.html */
function serverless(world: World, account: string, workgroup: WorldWorkgroup): Served {
  const { cluster, arn, id } = workgroupRecord(world, account, workgroup, NOT_LISTENING);
  const users = `arn:${partitionOf(world.region)}:redshift:${world.region}:${account}:dbuser`;
  const userArnPrefix = `${users}:serverless-${account}-${id}`;
  return { cluster, account, arn, service: 'redshift-serverless.amazonaws.com', userArnPrefix };
}

async function startOne(parts: ServedWorld, served: Served): Promise<RunningCluster> {
  const { world, clock, logins, store, faults, log, registry, authorize, folder } = parts;
  const dataDir = join(folder, 'clusters', served.cluster.id);
  await mkdir(dataDir, { recursive: true, mode: 0o711 }); // the database may run as another user of the machine
  const init: ClusterInit = {
    ...served,
    region: world.region,
    clock,
    logins,
    roles: createServiceRoles(registry, authorize, clock),
    store,
    faults,
    log,
    dataDir,
  };
  return startCluster(init, LOAD_HANDLERS);
}

export interface ServedClusters {
  readonly records: ReadonlyMap<string, ClusterRecord>;
  readonly workgroups: ReadonlyMap<string, WorkgroupRecord>;
  /** Clusters by id and workgroups by name. */
  readonly running: ReadonlyMap<string, RunningCluster>;
}

const NOT_LISTENING = { host: '127.0.0.1', port: 5439 };

/**
 * Starts every cluster and workgroup of the world, or with `databases: false` only says where they would be. `held` owns
 * them.
 */
export async function serveClusters(
  parts: ServedWorld,
  held: Disposables,
  { databases = true, signal }: { readonly databases?: boolean; readonly signal?: AbortSignal },
): Promise<ServedClusters> {
  const { world } = parts;
  const running = new Map<string, RunningCluster>();
  const records = new Map<string, ClusterRecord>();
  const workgroupRecords = new Map<string, WorkgroupRecord>();
  const serve = async (served: Served): Promise<ClusterRecord['endpoint']> => {
    if (!databases) return NOT_LISTENING;
    signal?.throwIfAborted();
    const started = held.own(await startOne(parts, served));
    running.set(served.cluster.id, started);
    signal?.throwIfAborted();
    return { host: started.host, port: started.port };
  };
  for (const { id: account, clusters = [], workgroups = [] } of world.accounts) {
    for (const cluster of clusters) {
      const endpoint = await serve(provisioned(world, account, cluster));
      records.set(cluster.id, {
        cluster,
        account,
        endpoint,
        state: () => running.get(cluster.id)?.state() ?? 'available',
      });
    }
    for (const workgroup of workgroups) {
      const endpoint = await serve(serverless(world, account, workgroup));
      workgroupRecords.set(workgroup.name, workgroupRecord(world, account, workgroup, endpoint));
    }
  }
  return { running, records, workgroups: workgroupRecords };
}
