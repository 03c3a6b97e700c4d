import { ledgerPath } from '../../sql/ledger.ts';
import { identifier } from '../../sql/sql.ts';
import type { WriteOperation } from '../write-spec.ts';

/** One right in the database, as `has_..._privilege` names it. */
export interface Right {
  readonly on: 'database' | 'schema' | 'table';
  /** As the catalog spells it; of a table its schema and name. */
  readonly path: readonly [string, ...string[]];
  readonly privilege: 'TEMP' | 'USAGE' | 'CREATE' | 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
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

/** Rights that a write asks for; the first one into a table makes its ledger. See docs/writing.md. */
export function rightsToWrite(
  path: readonly [string, string],
  operation: WriteOperation,
  { database, hasLedger }: { readonly database: string; readonly hasLedger: boolean },
): readonly Right[] {
  const [schema] = path;
  const ledger = ledgerPath(path);
  const onTable = ON_TABLE[operation];
  return [
    ...(operation !== 'insert' ? ([{ on: 'database', path: [database], privilege: 'TEMP' }] as const) : []),
    { on: 'schema', path: [schema], privilege: 'USAGE' },
    ...(hasLedger ? [] : ([{ on: 'schema', path: [schema], privilege: 'CREATE' }] as const)),
    ...onTable.map((privilege) => ({ on: 'table', path, privilege }) as const),
    ...(hasLedger
      ? (['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const).map(
          (privilege) => ({ on: 'table', path: ledger, privilege }) as const,
        )
      : []),
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

/** GRANT statements for these rights, one for each object, to paste. */
export function renderGrants(rights: readonly Right[], user: string): string {
  return [...byObject(rights)]
    .map(([object, privileges]) => `GRANT ${privileges.join(', ')} ON ${object} TO ${String(identifier(user))};`)
    .join(' ');
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
    objects.set(name, [...(objects.get(name) ?? []), privilege]);
  }
  return objects;
}
