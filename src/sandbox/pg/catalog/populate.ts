import type { ClusterCore } from '../session/cluster-core.ts';
import { createUserSql, superusersOf } from '../session/login.ts';
import { runAsSuperuser } from '../session/superuser.ts';
import { quoteLiteral, quoteName } from '../sql/names.ts';

/** Makes the groups, users and databases that the world declares, and runs the databases' setup. */
export async function createUsersAndDatabases(core: ClusterCore): Promise<void> {
  const { groups = [], users = [], databases = [{ name: 'dev' }], isolation = 'snapshot' } = core.init.cluster;
  const statements = groups.map((group) => `CREATE ROLE ${quoteName(group)} NOLOGIN`);
  const superusers = superusersOf(core);
  for (const user of users.toSorted((a, b) => Number(b.superuser ?? false) - Number(a.superuser ?? false))) {
    statements.push(createUserSql(user.name, user.superuser ?? false, superusers));
    for (const group of user.groups ?? []) statements.push(`GRANT ${quoteName(group)} TO ${quoteName(user.name)}`);
  }
  if (statements.length > 0) await core.admin('postgres', statements.join(';'));
  for (const { name } of databases) await core.admin('postgres', `CREATE DATABASE ${quoteName(name)}`);
  const slices = core.init.cluster.slices ?? 2;
  for (const { name, setup } of databases) {
    await core.admin(
      name,
      `INSERT INTO pg_catalog.rs_cluster VALUES (${quoteLiteral(isolation)}, ${slices}, ${quoteLiteral(core.init.cluster.id)})`,
    );
    for (const user of users.filter(({ superuser }) => superuser)) {
      await core.admin(name, `GRANT CREATE ON DATABASE ${quoteName(name)} TO ${quoteName(user.name)}`);
    }
    if (setup !== undefined) await runAsSuperuser(core, name, setup);
  }
}
