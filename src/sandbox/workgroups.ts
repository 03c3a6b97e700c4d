import { partitionOf } from './partition.ts';
import { stableUuid } from './stable-uuid.ts';
import type { World, WorldCluster, WorldWorkgroup } from './world.ts';

/** A serverless workgroup with its namespace, as its API and its databases see it. */
export interface WorkgroupRecord {
  /** What runs behind it; its id is the workgroup's name. */
  readonly cluster: WorldCluster;
  readonly account: string;
  readonly id: string;
  readonly arn: string;
  readonly namespace: { readonly name: string; readonly id: string };
  readonly namespaceArn: string;
  readonly endpoint: { readonly host: string; readonly port: number };
}

const clusters = new WeakMap<WorldWorkgroup, WorldCluster>();

/** What runs behind a workgroup: one and the same object each time, since more is known of it than the world says. */
export function clusterOf(workgroup: WorldWorkgroup): WorldCluster {
  const { name, id: _id, namespace: _namespace, ...rest } = workgroup;
  const cluster = clusters.get(workgroup) ?? { ...rest, id: name };
  clusters.set(workgroup, cluster);
  return cluster;
}

/** Ids that the world does not give are made from names, so that they are the same in every run. */
export function workgroupRecord(
  world: World,
  account: string,
  workgroup: WorldWorkgroup,
  endpoint: WorkgroupRecord['endpoint'],
): WorkgroupRecord {
  const { name, id = stableUuid(`${account}/workgroup/${name}`) } = workgroup;
  const namespace = {
    name: workgroup.namespace?.name ?? name,
    id: workgroup.namespace?.id ?? stableUuid(`${account}/namespace/${name}`),
  };
  const prefix = `arn:${partitionOf(world.region)}:redshift-serverless:${world.region}:${account}`;
  return {
    cluster: clusterOf(workgroup),
    account,
    id,
    arn: `${prefix}:workgroup/${id}`,
    namespace,
    namespaceArn: `${prefix}:namespace/${namespace.id}`,
    endpoint,
  };
}
