/** One result of the database behind the cluster: text values, as they came. */
export interface BackendResult {
  readonly columns: readonly { readonly name: string; readonly typeOid: number; readonly typeModifier: number }[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** `INSERT 0 3`, `COPY 10`, `SELECT 1`. */
  readonly tag: string;
  /** The count in the tag; 0 where it has none. */
  readonly rowCount: number;
}

/** The fields of an ErrorResponse. */
export interface ErrorFields {
  readonly severity?: 'ERROR' | 'FATAL';
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  /** Context lines of the database: of a failed COPY `COPY t, line 3, column c: "..."`. */
  readonly where?: string;
  /** Character of the client's text that it is about, counted from 1. */
  readonly position?: number;
  /** The same as an offset in JavaScript's units, of a refusal that has no text at hand; never sent. */
  readonly offset?: number;
}

/**
 * A refusal in the words the client shall see. Handlers throw it; the session sends it as an ErrorResponse and, in a
 * block, leaves the transaction aborted. What the database itself refused arrives as one, too.
 */
export class RedshiftError extends Error {
  override readonly name = 'RedshiftError';
  readonly fields: ErrorFields;

  constructor(fields: ErrorFields) {
    super(fields.message);
    this.fields = fields;
  }
}

/**
 * The client's own connection to the database behind the cluster, as its own database user and inside its own transaction.
 * Statements given here go to PostgreSQL as they are (no rewriting, no locks taken); one at a time.
 */
export interface BackendSession {
  /** Process id as `pg_backend_pid()` and the load views show it. */
  readonly pid: number;
  readonly database: string;
  /** Database user, without `IAM:` and groups. */
  readonly user: string;
  /** Runs one PostgreSQL statement. Throws `RedshiftError`. */
  query(sql: string): Promise<BackendResult>;
  /** `COPY t (..) FROM STDIN ..`; answers the number of rows. A failing source aborts the COPY and is rethrown. */
  copyIn(sql: string, source: AsyncIterable<Uint8Array>): Promise<number>;
  /** `COPY (..) TO STDOUT ..`; chunks are cut anywhere, within rows too. Must be read to its end or returned. */
  copyOut(sql: string): AsyncIterable<Buffer>;
  /** Redshift SQL of one query, as the PostgreSQL text that answers alike: names, functions, types. May throw `RedshiftError`. */
  translate(sql: string): string;
  /**
   * Takes the table's write lock for this transaction, as DML does: waits for other writers, never for readers, and
   * takes no snapshot. `table` is PostgreSQL text: `"s"."t"`. Call it before anything else touches the table.
   */
  lockForWrite(table: string): Promise<void>;
  /** Runs statements as superuser on a connection of their own, committed at once whatever becomes of the transaction. */
  admin(sql: string): Promise<BackendResult>;
  /** Sends a NOTICE or INFO to the client ahead of the result. */
  notice(severity: 'INFO' | 'NOTICE' | 'WARNING', message: string): void;
}
