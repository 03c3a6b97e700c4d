import type { WorldCluster } from './world.ts';

/** The roles that COPY and UNLOAD may take in a cluster. */
export interface AttachedRoles {
  readonly iamRoles: readonly string[];
  /** What `default` means. */
  readonly defaultIamRole?: string;
}

/** A world says the first ones; ModifyClusterIamRoles and UpdateNamespace change them. */
const changed = new WeakMap<WorldCluster, AttachedRoles>();

/** The roles that are attached now. */
export function attachedRoles(cluster: WorldCluster): AttachedRoles {
  const { iamRoles = [], defaultIamRole } = cluster;
  return changed.get(cluster) ?? { iamRoles, ...(defaultIamRole !== undefined && { defaultIamRole }) };
}

/** Puts other roles in place of those that are attached. */
export function attachRoles(cluster: WorldCluster, roles: AttachedRoles): void {
  changed.set(cluster, roles);
}
