import type { StatementHandler } from './pg/statement-handler.ts';

/** Statements the sandbox carries out itself instead of the database behind a cluster, in the order they are asked. */
export const STATEMENT_HANDLERS: readonly StatementHandler[] = [];
