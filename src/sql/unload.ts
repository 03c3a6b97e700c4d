import { ConnectorError } from '../core/errors.ts';
import { LIMITS } from '../core/redshift-limits.ts';
import { type CopyRole, renderCopyRole } from './role.ts';
import { s3Url } from './s3-url.ts';
import { identifier, integer, join, literal, Sql, sql } from './sql.ts';
import { renderForm, type ValueForm } from './value-form.ts';

/** UNLOAD with a verbose manifest. Nothing in it can change the authorisation. */
export interface UnloadCommand {
  /** One SELECT with no LIMIT outermost: `renderUnloadQuery` makes such a one. */
  readonly query: Sql;
  /** Files are named by adding to it, the manifest is `<prefix>manifest`. End it with `/`. */
  readonly prefixUrl: string;
  readonly role: CopyRole;
  /** The bucket's region where it differs from the cluster's. */
  readonly region?: string;
  /** Encrypts with this KMS key; the bucket's own setting holds without. */
  readonly kmsKeyId?: string;
  /** Default: Parquet. CSV leaves quotes away where it can. */
  readonly format?: 'parquet' | 'csv';
  /** Only with CSV: what stands for NULL; nothing at all without. SUPER ignores it. */
  readonly nullMarker?: string;
  /** Largest file; Redshift rounds it down to a multiple of 32 MB for Parquet. */
  readonly maxFileMb?: number;
}

/** The UNLOAD statement. Throws RS_FEATURE_UNSUPPORTED for a query that cannot be quoted safely. */
export function renderUnload(command: UnloadCommand): Sql {
  const { query, prefixUrl, role, region, kmsKeyId, maxFileMb, format, nullMarker } = command;
  const clauses = [
    sql`UNLOAD (${quoteQuery(query)}) TO ${s3Url(prefixUrl)}`,
    renderCopyRole(role),
    format === 'csv' ? sql`FORMAT AS CSV` : sql`FORMAT AS PARQUET`,
    ...(nullMarker === undefined ? [] : [sql`NULL AS ${literal(nullMarker)}`]),
    sql`MANIFEST VERBOSE`,
    ...(maxFileMb === undefined ? [] : [sql`MAXFILESIZE ${integer(requireFileMb(maxFileMb))} MB`]),
    ...(region === undefined ? [] : [sql`REGION ${literal(region)}`]),
    ...(kmsKeyId === undefined ? [] : [sql`KMS_KEY_ID ${literal(kmsKeyId)} ENCRYPTED`]),
  ];
  const statement = join(clauses, sql` `);
  if (Buffer.byteLength(String(statement)) > LIMITS.statementBytes) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'The UNLOAD statement is longer than Redshift takes (16 MB)', {
      action: 'Shorten the query.',
    });
  }
  return statement;
}

/** Whether the query can stand inside UNLOAD's literal. Servers differ on whether a backslash escapes there. */
export function isUnloadable(query: Sql): boolean {
  return !String(query).includes('\\');
}

function quoteQuery(query: Sql): Sql {
  if (!isUnloadable(query)) {
    throw new ConnectorError('RS_FEATURE_UNSUPPORTED', 'A query or name with a backslash cannot be read by UNLOAD', {
      action: 'Read it in direct mode, or write CHR(92) for the backslash.',
    });
  }
  return Sql.trusted(`'${String(query).replaceAll("'", "''")}'`, query.author);
}

function requireFileMb(maxFileMb: number): number {
  const { min, max } = LIMITS.unloadFileMb;
  if (maxFileMb < min || maxFileMb > max) {
    throw new ConnectorError('RS_CONFIG_INVALID', `UNLOAD writes files of ${min} to ${max} MB`, {
      action: 'Choose a size within these bounds.',
    });
  }
  return maxFileMb;
}

/** A column of an UNLOAD query: its name in the files, and what is selected in its place where that must be. */
export interface UnloadColumn {
  readonly name: string;
  readonly form?: ValueForm;
}

/**
 * The query around a SELECT of these columns, in this order: names are given by position, so two columns of one name, or
 * a name that Parquet readers would trip over, do no harm; and a LIMIT of the SELECT is not outermost any more.
 */
export function renderUnloadQuery(select: Sql, columns: readonly UnloadColumn[]): Sql {
  const list = columns.map(({ name, form }) => {
    const column = identifier(name);
    return form === undefined ? column : sql`${renderForm(column, form)} AS ${column}`;
  });
  const names = columns.map(({ name }) => identifier(name));
  return sql`SELECT ${join(list)} FROM (${select}\n) AS roleshift_source (${join(names)})`;
}
