import { ConnectorError } from '../core/errors.ts';
import type { ObjectPath } from '../db/object-descriptor.ts';
import { ledgerPath, renderCreateLedger } from '../sql/ledger.ts';
import { parseCopyRole } from '../sql/role.ts';
import { literal, sql } from '../sql/sql.ts';
import {
  type Grantee,
  granteeSql,
  grantStatements,
  type Right,
  rightsToRead,
  rightsToWrite,
  type WriteRights,
} from './grants-rights.ts';
import type { WriteOperation } from './write-spec.ts';

/** What a user, group or role is to be able to do. */
export type GrantedOperation = 'read' | `write:${WriteOperation}`;

/** What rights are asked for. */
export interface GrantSpec extends Pick<WriteRights, 'before' | 'isStaged' | 'changesTarget' | 'createsTarget'> {
  readonly database: string;
  readonly to: Grantee;
  readonly operations: readonly GrantedOperation[];
  /** Tables and views, as the catalog spells them. */
  readonly objects: readonly ObjectPath[];
  /**
   * `inAdvance` (default): the ledger is made by whoever runs the statements, so that the user makes no table; `firstWrite`:
   * the user's first write makes it; `off`: none is kept.
   */
  readonly ledger?: 'inAdvance' | 'firstWrite' | 'off';
  /** The option `copyRole` where rows go through S3. */
  readonly copyRole?: string;
}

/** One statement, and what it is for. */
export interface GrantStatement {
  readonly statement: string;
  readonly reason: string;
  /** Who may run it, besides a superuser. */
  readonly by: 'owner of the database' | 'owner of the schema' | 'owner of the table' | 'superuser';
}

/** Statements that give exactly the rights for some operations, and what cannot be granted. */
export interface GrantPlan {
  readonly statements: readonly GrantStatement[];
  /** What no GRANT gives. */
  readonly notes: readonly string[];
}

/** Plans the grants: no more than the operations need, and nothing twice. Pure. Throws RS_CONFIG_INVALID. */
export function planGrants(spec: GrantSpec): GrantPlan {
  const { to, operations, objects, ledger = 'inAdvance' } = spec;
  if (operations.length === 0 || objects.length === 0) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'Nothing is asked for', {
      action: 'Name at least one operation and one object.',
    });
  }
  const rights = objects.flatMap((path) => operations.flatMap((operation) => rightsFor(spec, path, operation)));
  const writes = operations.some((operation) => operation !== 'read');
  const ledgers = writes && ledger === 'inAdvance' ? objects.map((path) => ledgerPath(path)) : [];
  return {
    statements: [
      ...ledgers.map((path) => ({
        statement: `${String(renderCreateLedger(path))};`,
        reason: 'the ledger, which makes a run that is repeated safe',
        by: 'owner of the schema' as const,
      })),
      ...grantsOf(rights, to),
      ...assumeRole(spec, writes),
    ],
    notes: notesOf(spec, writes),
  };
}

function rightsFor(spec: GrantSpec, path: ObjectPath, operation: GrantedOperation): readonly Right[] {
  if (operation === 'read') return rightsToRead(path);
  const { database, before, isStaged, changesTarget, createsTarget, ledger = 'inAdvance' } = spec;
  const kind = operation.slice('write:'.length) as WriteOperation;
  return rightsToWrite(path, kind, {
    database,
    hasLedger: ledger === 'inAdvance',
    keepsLedger: ledger !== 'off',
    ...(before === undefined ? {} : { before }),
    ...(isStaged === undefined ? {} : { isStaged }),
    ...(changesTarget === undefined ? {} : { changesTarget }),
    ...(createsTarget === undefined ? {} : { createsTarget }),
  });
}

const REASONS = {
  database: ['temporary tables, where rows are sorted out before they meet the table', 'owner of the database'],
  schema: ['names in the schema', 'owner of the schema'],
  table: ['what the operations do to the table', 'owner of the table'],
} as const;

function grantsOf(rights: readonly Right[], to: Grantee): readonly GrantStatement[] {
  const order = ['database', 'schema', 'table'] as const;
  return order.flatMap((on) => {
    const [reason, by] = REASONS[on];
    return grantStatements(
      rights.filter((right) => right.on === on),
      to,
    ).map((statement) => ({ statement, reason, by }));
  });
}

/** https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT-usage-notes.html: everybody may, until it is taken from PUBLIC. */
function assumeRole({ copyRole, operations, to }: GrantSpec, writes: boolean): readonly GrantStatement[] {
  if (copyRole === undefined) return [];
  const role = parseCopyRole(copyRole);
  const named = role.kind === 'default' ? sql`DEFAULT` : literal(role.roleArns.join(','));
  const commands = [...(writes ? ['COPY'] : []), ...(operations.includes('read') ? ['UNLOAD'] : [])];
  return [
    {
      statement: `GRANT ASSUMEROLE ON ${String(named)} TO ${String(granteeSql(to))} FOR ${commands.join(', ')};`,
      reason: 'the role that Redshift reaches S3 with; needed once ASSUMEROLE was revoked from PUBLIC',
      by: 'superuser',
    },
  ];
}

function notesOf({ changesTarget, createsTarget }: GrantSpec, writes: boolean): readonly string[] {
  if (!writes) return [];
  return [
    'ANALYZE and VACUUM (analyze, vacuum) ask for the owner of the table, a superuser, or a role with GRANT ANALYZE or GRANT VACUUM.',
    ...(changesTarget === true
      ? ['A change of type, recreate, and comments ask for the owner of the table; ALTER lets others add columns.']
      : []),
    ...(createsTarget === true ? ['A table that a write makes belongs to the user, who needs no rights on it.'] : []),
  ];
}
