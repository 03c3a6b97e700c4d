import type { Connection } from '../connection.ts';
import { type GrantedOperation, type GrantSpec, planGrants } from '../grants.ts';
import type { Explanation } from './explanation.ts';

/** What the database user of a session needs for an operation, as `roleshift grants` prints it; nothing where there is none. Asks nobody. */
export function rightsOf(
  { access, options }: Pick<Connection, 'access' | 'options'>,
  user: string | undefined,
  what: Pick<GrantSpec, 'objects' | 'before' | 'isStaged' | 'changesTarget' | 'createsTarget' | 'ledger'> & {
    readonly operation: GrantedOperation;
  },
): Explanation['rights'] {
  const { operation, objects, ...others } = what;
  const { copyRole, useStaging } = options;
  if (user === undefined || objects.length === 0) return { needs: [], command: '' };
  const plan = planGrants({
    database: access.plan.login.database,
    to: { kind: 'user', name: user },
    operations: [operation],
    objects,
    ledger: 'firstWrite',
    ...others,
    ...(copyRole === undefined || !useStaging ? {} : { copyRole }),
  });
  const names = objects.map((path) => path.map(partOf).join('.')).join(',');
  const flags = [
    ...(others.before === undefined || others.before === 'none' ? [] : [`--before ${others.before}`]),
    ...(others.ledger === undefined ? [] : [`--ledger ${others.ledger}`]),
    ...(others.isStaged === true ? ['--staged'] : []),
    ...(others.createsTarget === true ? ['--create-target'] : []),
    ...(others.changesTarget === true ? ['--change-target'] : []),
  ];
  return {
    needs: plan.statements.map(({ statement }) => statement),
    command: [
      'roleshift grants -c <connection file>',
      `--operations ${operation}`,
      `--objects ${quoted(names)}`,
      ...flags,
    ].join(' '),
  };
}

function partOf(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w.,]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
