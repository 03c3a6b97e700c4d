import type { RedshiftType } from '../core/redshift-type.ts';
import { literal, sql } from '../sql/sql.ts';
import { typeFromOid } from '../types/parse-type.ts';
import { askCatalog, type CatalogRow, foldName, textOf } from './catalog-query.ts';
import type { ObjectPath } from './object-descriptor.ts';
import type { Session, StatementRun } from './session.ts';

/** An argument of a stored procedure. Lengths, precision and scale are not kept by the server. */
export interface ProcedureArgument {
  /** Empty for one without a name. */
  readonly name: string;
  readonly mode: 'in' | 'inOut' | 'out';
  readonly type: RedshiftType;
}

/** One of the procedures of a name: they differ by the types of what goes in. */
export interface ProcedureSignature {
  readonly arguments: readonly ProcedureArgument[];
}

const MODES: Readonly<Record<string, ProcedureArgument['mode']>> = { i: 'in', b: 'inOut', o: 'out' };

/** The procedures of this name that are there; none when there is none. https://docs.aws.amazon.com/redshift/latest/dg/r_PG_PROC_INFO.html */
export async function listProcedures(
  session: Session,
  [schema, name]: ObjectPath,
  run: StatementRun,
): Promise<readonly ProcedureSignature[]> {
  const rows = await askCatalog(session, run, [
    () =>
      sql`SELECT p.proargtypes, p.proallargtypes, p.proargmodes, p.proargnames FROM pg_proc_info p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind = 'p' AND n.nspname = ${literal(foldName(schema, session))} AND p.proname = ${literal(foldName(name, session))}`,
  ]);
  return rows.map(signatureOf);
}

/** A row of PG_PROC_INFO as a signature. Pure. */
export function signatureOf(row: CatalogRow): ProcedureSignature {
  const all = listOf(textOf(row, 'proallargtypes'));
  const types = all.length > 0 ? all : listOf(textOf(row, 'proargtypes'));
  const modes = listOf(textOf(row, 'proargmodes'));
  const names = listOf(textOf(row, 'proargnames'));
  return {
    arguments: types.map((oid, index) => ({
      name: names[index] ?? '',
      mode: MODES[modes[index] ?? 'i'] ?? 'in',
      type: typeFromOid(Number(oid), -1),
    })),
  };
}

/** The elements of an array or of an oidvector, as the server writes them: `{a,"b c"}`, `23 1700`. */
function listOf(text: string): readonly string[] {
  const elements = text.startsWith('{')
    ? text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g)
    : text.matchAll(/()(\S+)/g);
  return [...elements].map(([, quoted, plain]) => plain ?? (quoted ?? '').replace(/\\(.)/g, '$1'));
}
