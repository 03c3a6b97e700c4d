import type { ConfigIssue } from '../core/errors.ts';
import { partitionOf } from './partition.ts';
import { clusterOf } from './workgroups.ts';
import type { World, WorldAccount, WorldCluster } from './world.ts';
import { iamIssues, policyIssue, policyIssues } from './world-iam-rules.ts';

const problem = (path: string, message: string, action: string): ConfigIssue => ({ path, message, action });

function* repeated(names: readonly (readonly [path: string, name: string])[], what: string): Generator<ConfigIssue> {
  const seen = new Set<string>();
  for (const [path, name] of names) {
    if (seen.has(name)) yield problem(path, `there is another ${what} called ${name}`, 'Give it a name of its own.');
    seen.add(name);
  }
}

function* clusterIssues(path: string, cluster: WorldCluster, roles: ReadonlySet<string>): Generator<ConfigIssue> {
  const { iamRoles = [], defaultIamRole, users = [], groups = [], databases = [] } = cluster;
  for (const [at, arn] of iamRoles.entries()) {
    if (!roles.has(arn))
      yield problem(`${path}.iamRoles[${at}]`, `no role ${arn} in this world`, 'Declare it under roles.');
  }
  if (defaultIamRole !== undefined && !iamRoles.includes(defaultIamRole)) {
    yield problem(`${path}.defaultIamRole`, 'is not one of iamRoles', 'Add it to iamRoles.');
  }
  for (const [at, user] of users.entries()) {
    const missing = (user.groups ?? []).find((group) => !groups.includes(group));
    if (missing !== undefined)
      yield problem(`${path}.users[${at}].groups`, `no group ${missing}`, 'Declare it under groups.');
  }
  yield* repeated(
    users.map(({ name }, at) => [`${path}.users[${at}]`, name]),
    'database user',
  );
  yield* repeated(
    databases.map(({ name }, at) => [`${path}.databases[${at}]`, name]),
    'database',
  );
}

function* accountIssues(
  path: string,
  account: WorldAccount,
  roles: ReadonlySet<string>,
  partition: string,
): Generator<ConfigIssue> {
  for (const [at, user] of (account.users ?? []).entries()) {
    yield* policyIssues(`${path}.users[${at}].policies`, user.policies, 'identity', partition);
  }
  for (const [at, role] of (account.roles ?? []).entries()) {
    yield* policyIssue(`${path}.roles[${at}].trust`, role.trust, 'trust', partition);
    yield* policyIssues(`${path}.roles[${at}].policies`, role.policies, 'identity', partition);
  }
  for (const [at, bucket] of (account.buckets ?? []).entries()) {
    yield* policyIssue(`${path}.buckets[${at}].policy`, bucket.policy, 'bucket', partition);
  }
  for (const [at, key] of (account.kmsKeys ?? []).entries()) {
    yield* policyIssue(`${path}.kmsKeys[${at}].policy`, key.policy, 'bucket', partition);
  }
  for (const [at, cluster] of (account.clusters ?? []).entries()) {
    yield* clusterIssues(`${path}.clusters[${at}]`, cluster, roles);
  }
  for (const [at, workgroup] of (account.workgroups ?? []).entries()) {
    yield* clusterIssues(`${path}.workgroups[${at}]`, clusterOf(workgroup), roles);
  }
  yield* repeated(
    (account.users ?? []).map(({ name }, at) => [`${path}.users[${at}]`, name]),
    'user',
  );
  yield* repeated(
    (account.roles ?? []).map(({ name }, at) => [`${path}.roles[${at}]`, name]),
    'role',
  );
}

/** What the schema cannot say: names that must be unique or declared, and policies that IAM would refuse. */
export function worldProblems(world: World): readonly ConfigIssue[] {
  const { accounts, instances = [], connection = {} } = world;
  const partition = partitionOf(world.region);
  const roles = new Set(
    accounts.flatMap(({ id, roles: own = [] }) =>
      own.map(({ name, path = '/' }) => `arn:${partition}:iam::${id}:role${path}${name}`),
    ),
  );
  const each = <T>(
    pick: (account: WorldAccount) => readonly T[] | undefined,
    name: (item: T) => string,
    list: string,
  ) =>
    accounts.flatMap((account, at) =>
      (pick(account) ?? []).map((item, itemAt): [string, string] => [`accounts[${at}].${list}[${itemAt}]`, name(item)]),
    );
  const keyIds = accounts.flatMap(({ users = [] }, at) =>
    users.flatMap(({ accessKeys = [] }, userAt) =>
      accessKeys.map(({ id }): [string, string] => [`accounts[${at}].users[${userAt}].accessKeys`, id]),
    ),
  );
  const clusterIds = each(
    (account) => account.clusters,
    ({ id }) => id,
    'clusters',
  );
  const workgroupNames = each(
    (account) => account.workgroups,
    ({ name }) => name,
    'workgroups',
  );
  return [
    ...iamIssues(world),
    ...accounts.flatMap((account, at) => [...accountIssues(`accounts[${at}]`, account, roles, partition)]),
    ...repeated(
      accounts.map(({ id }, at) => [`accounts[${at}]`, id]),
      'account',
    ),
    ...repeated(
      each(
        (account) => account.buckets,
        ({ name }) => name,
        'buckets',
      ),
      'bucket',
    ),
    ...repeated([...clusterIds, ...workgroupNames], 'cluster or workgroup'),
    ...repeated(keyIds, 'access key'),
    ...repeated(
      instances.map(({ name }, at) => [`instances[${at}]`, name]),
      'instance',
    ),
    ...instances.flatMap(({ role }, at) =>
      role === undefined || roles.has(role)
        ? []
        : [problem(`instances[${at}].role`, `no role ${role} in this world`, 'Declare it under roles.')],
    ),
    ...(connection.workgroup === undefined || workgroupNames.some(([, name]) => name === connection.workgroup)
      ? []
      : [
          problem(
            'connection.workgroup',
            `no workgroup ${connection.workgroup} in this world`,
            'Declare it under workgroups.',
          ),
        ]),
    ...(connection.cluster === undefined || clusterIds.some(([, id]) => id === connection.cluster)
      ? []
      : [
          problem('connection.cluster', `no cluster ${connection.cluster} in this world`, 'Declare it under clusters.'),
        ]),
  ];
}
