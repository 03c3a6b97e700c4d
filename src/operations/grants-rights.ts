import type { TablePath } from '../sql/copy.ts';
import { ledgerPath } from '../sql/ledger.ts';
import { identifier, type Sql, sql } from '../sql/sql.ts';
import type { Before, WriteOperation } from './write-spec.ts';

/** One right in the database, as `has_..._privilege` names it. */
export interface Right {
  readonly on: 'database' | 'schema' | 'table';
  /** As the catalog spells it; of a table its schema and name. */
  readonly path: readonly [string, ...string[]];
  readonly privilege: 'TEMP' | 'USAGE' | 'CREATE' | 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE' | 'ALTER';
}

/** Rights that a read of a table or view asks for. */
export function rightsToRead(path: readonly [string, string]): readonly Right[] {
  return [
    { on: 'schema', path: [path[0]], privilege: 'USAGE' },
    { on: 'table', path, privilege: 'SELECT' },
  ];
}

/** What each operation does to the table itself. */
const ON_TABLE: Readonly<Record<WriteOperation, readonly Right['privilege'][]>> = {
  insert: ['INSERT'],
  update: ['SELECT', 'UPDATE'],
  upsert: ['INSERT', 'SELECT', 'UPDATE'],
  replaceRow: ['INSERT', 'SELECT', 'DELETE'],
  delete: ['SELECT', 'DELETE'],
  dataDriven: ['INSERT', 'SELECT', 'UPDATE', 'DELETE'],
};

/** What decides which rights a write asks for, besides its operation. */
export interface WriteRights {
  readonly database: string;
  /** Whether the ledger is there: the first write into a table makes it otherwise. */
  readonly hasLedger: boolean;
  /** Whether one is kept at all. Default true. */
  readonly keepsLedger?: boolean;
  readonly before?: Before;
  /** Rows go through a temporary table: rejects are allowed, duplicates looked for, checksums compared. */
  readonly isStaged?: boolean;
  /** Columns may be added or changed. */
  readonly changesTarget?: boolean;
  /** The table is to be made: it is then the user's own. */
  readonly createsTarget?: boolean;
}

/** Rights that a write asks for; the first one into a table makes its ledger. See docs/writing.md. */
export function rightsToWrite(
  path: readonly [string, string],
  operation: WriteOperation,
  { database, hasLedger, keepsLedger = true, before = 'none', ...more }: WriteRights,
): readonly Right[] {
  const { isStaged = false, changesTarget = false, createsTarget = false } = more;
  const [schema] = path;
  const ledger = ledgerPath(path);
  const on = (table: TablePath, privileges: readonly Right['privilege'][]): readonly Right[] =>
    privileges.map((privilege) => ({ on: 'table', path: table, privilege }));
  const usesTemp = operation !== 'insert' || isStaged || before === 'truncate';
  const makesTable = createsTarget || (keepsLedger && !hasLedger);
  const clears = before === 'deleteAll' || before === 'overwrite';
  const privileges = new Set<Right['privilege']>([
    ...ON_TABLE[operation],
    ...(clears ? (['DELETE'] as const) : []),
    ...(before === 'truncate' ? (['TRUNCATE'] as const) : []),
    ...(changesTarget ? (['ALTER'] as const) : []),
  ]);
  return [
    ...(usesTemp ? ([{ on: 'database', path: [database], privilege: 'TEMP' }] as const) : []),
    { on: 'schema', path: [schema], privilege: 'USAGE' },
    ...(makesTable ? ([{ on: 'schema', path: [schema], privilege: 'CREATE' }] as const) : []),
    ...(createsTarget ? [] : on(path, [...privileges])),
    ...(keepsLedger && hasLedger ? on(ledger, ['SELECT', 'INSERT', 'UPDATE', 'DELETE']) : []),
  ];
}

/** Rights that most work asks for, where nothing is said of which: told as a warning. */
export function usualRights(database: string, schema: string): readonly Right[] {
  return [
    { on: 'database', path: [database], privilege: 'TEMP' },
    { on: 'schema', path: [schema], privilege: 'USAGE' },
    { on: 'schema', path: [schema], privilege: 'CREATE' },
  ];
}

/** Who rights are granted to. */
export interface Grantee {
  readonly kind: 'user' | 'group' | 'role';
  readonly name: string;
}

/** The grantee as GRANT names it. */
export function granteeSql({ kind, name }: Grantee): Sql {
  const own = identifier(name);
  switch (kind) {
    case 'user':
      return own;
    case 'group':
      return sql`GROUP ${own}`;
    case 'role':
      return sql`ROLE ${own}`;
  }
}

/** GRANT statements for these rights, one for each object, to paste. */
export function renderGrants(rights: readonly Right[], user: string): string {
  return grantStatements(rights, { kind: 'user', name: user }).join(' ');
}

/** The same one by one. */
export function grantStatements(rights: readonly Right[], to: Grantee): readonly string[] {
  return [...byObject(rights)].map(
    ([object, privileges]) => `GRANT ${privileges.join(', ')} ON ${object} TO ${String(granteeSql(to))};`,
  );
}

/** `SELECT and UPDATE on sales.orders`, for a sentence. */
export function describeRights(rights: readonly Right[]): string {
  const objects = new Map<string, string[]>();
  for (const { on, path, privilege } of rights) {
    const name = on === 'table' ? path.join('.') : `${on} ${path.join('.')}`;
    objects.set(name, [...(objects.get(name) ?? []), privilege]);
  }
  return [...objects].map(([name, privileges]) => `${privileges.join(', ')} on ${name}`).join('; ');
}

function byObject(rights: readonly Right[]): ReadonlyMap<string, readonly string[]> {
  const objects = new Map<string, string[]>();
  for (const { on, path, privilege } of rights) {
    const name = `${on.toUpperCase()} ${String(identifier(...path))}`;
    const known = objects.get(name) ?? [];
    if (!known.includes(privilege)) objects.set(name, [...known, privilege]);
  }
  return objects;
}
