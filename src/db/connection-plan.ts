import type { ConnectionOptions } from '../manifest/options.gen.ts';
import { identifier, integer, literal, Sql, sql } from '../sql/sql.ts';
import type { UserSql } from './user-sql.ts';

/** A statement that every new connection runs before anything else. */
export interface OpeningStatement {
  readonly statement: Sql;
  readonly userSql?: UserSql;
}

/** How connections are made and kept, decided once from the options. */
export interface ConnectionPlan {
  readonly connectTimeoutMs: number;
  /** 0: no keepalive. */
  readonly keepaliveMs: number;
  readonly applicationName: string;
  readonly maxSessions: number;
  readonly idleMs: number;
  /** Whether a second session may watch the statements of the others. */
  readonly sideSession: boolean;
  readonly opening: readonly OpeningStatement[];
}

export type ConnectionPlanOptions = Pick<
  ConnectionOptions,
  | 'applicationName'
  | 'connectSql'
  | 'connectTimeoutSeconds'
  | 'defaultSchema'
  | 'idleSessionSeconds'
  | 'keepaliveSeconds'
  | 'maxSessions'
  | 'queryGroup'
  | 'sideSession'
  | 'statementTimeoutSeconds'
>;

/** The options about connections and sessions as one plan. Pure. Throws RS_CONFIG_INVALID for text that cannot be sent. */
export function planConnections(options: ConnectionPlanOptions): ConnectionPlan {
  return Object.freeze({
    connectTimeoutMs: options.connectTimeoutSeconds * 1000,
    keepaliveMs: options.keepaliveSeconds * 1000,
    applicationName: options.applicationName,
    maxSessions: options.maxSessions,
    idleMs: options.idleSessionSeconds * 1000,
    sideSession: options.sideSession,
    opening: Object.freeze(openingStatements(options)),
  });
}

function openingStatements(options: ConnectionPlanOptions): OpeningStatement[] {
  const { statementTimeoutSeconds, queryGroup, defaultSchema, connectSql } = options;
  // All digits of a DOUBLE: the server's own default rounds to 15.
  const statements: OpeningStatement[] = [{ statement: sql`SET extra_float_digits TO 2` }];
  if (statementTimeoutSeconds > 0) {
    statements.push({ statement: sql`SET statement_timeout TO ${integer(statementTimeoutSeconds * 1000)}` });
  }
  if (queryGroup !== undefined) statements.push({ statement: sql`SET query_group TO ${literal(queryGroup)}` });
  if (defaultSchema !== 'public') {
    statements.push({ statement: sql`SET search_path TO ${identifier(defaultSchema)}, public` });
  }
  if (connectSql !== undefined) {
    statements.push({
      statement: Sql.user(connectSql),
      userSql: { text: connectSql, startsAt: 0, label: 'connectSql' },
    });
  }
  return statements;
}
