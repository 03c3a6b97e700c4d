import type { LoginHop } from '../../access/plan.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { identifier, join, literal, sql } from '../../sql/sql.ts';
import type { Connection } from '../connection.ts';
import type { CheckTask, Finding } from './tasks.ts';

/** Whether the groups that the login asked for are joined, as far as the catalog and AWS's user name show it. None without groups. */
export function groupTasks({ access, database }: Connection, run: Run): readonly CheckTask[] {
  const { login } = access.plan;
  if (login.kind !== 'clusterCredentials' || login.groups.length === 0) return [];
  return [
    {
      id: 'groups',
      title: `Join ${login.groups.length === 1 ? 'the group' : 'the groups'} ${login.groups.join(', ')}`,
      needs: ['session'],
      attempt: async () => {
        await using session = await database.session(run);
        const { user } = session.capabilities();
        const names = join(login.groups.map((name) => literal(name)));
        const { rows } = await session.run(
          sql`SELECT groname, CASE WHEN (SELECT usesysid FROM pg_user WHERE usename = ${literal(user)}) = ANY(grolist) THEN 'member' ELSE '' END AS joined FROM pg_group WHERE groname IN (${names})`,
          run,
        );
        const issued = await access.login(run);
        const listed = rows.map(([name, joined]) => ({ name: name ?? '', isMember: joined === 'member' }));
        return groupFinding(login, listed, { user, loginName: issued.user });
      },
    },
  ];
}

/** Pure. Throws RS_CONFIG_OBJECT_MISSING for a group that there is not. */
export function groupFinding(
  { groups }: Pick<Extract<LoginHop, { kind: 'clusterCredentials' }>, 'groups'>,
  listed: readonly { readonly name: string; readonly isMember: boolean }[],
  { user, loginName }: { readonly user: string; readonly loginName: string },
): Finding {
  const missing = groups.filter((group) => !listed.some(({ name }) => name === group));
  if (missing.length > 0) {
    const grantStatement = missing.map((group) => `CREATE GROUP ${String(identifier(group))};`).join(' ');
    throw new ConnectorError('RS_CONFIG_OBJECT_MISSING', `The database has no group ${missing.join(', ')}`, {
      action: 'Create it as a superuser of the database, or take it out of dbGroups.',
      details: { groups: missing.join(', '), grantStatement },
    });
  }
  // AWS adds the groups that a login was issued with to its user name.
  const issuedWith = loginName.split(':').slice(2);
  const [members, others] = partition(groups, (group) =>
    listed.some(({ name, isMember }) => name === group && isMember),
  );
  const [issued, unseen] = partition(others, (group) => issuedWith.includes(group));
  const facts = [
    ...(members.length === 0 ? [] : [`${user} is a member of ${members.join(', ')}`]),
    ...(issued.length === 0 ? [] : [`the login was issued with ${issued.join(', ')}`]),
  ];
  return {
    evidence: facts.join('; '),
    warning:
      unseen.length === 0
        ? undefined
        : `Neither the catalog nor the login name shows a membership in ${unseen.join(', ')}`,
  };
}

function partition<T>(values: readonly T[], is: (value: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [values.filter(is), values.filter((value) => !is(value))];
}
