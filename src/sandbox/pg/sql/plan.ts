import type { ErrorFields } from '../backend-session.ts';
import type { StatementHandler } from '../statement-handler.ts';
import type { ExpressionContext } from './expressions.ts';
import type { Retype } from './given-literals.ts';
import { quoteLiteral } from './names.ts';
import type { SourcePosition } from './source-position.ts';
import type { TableFacts } from './table-builder.ts';

/** What the planner must know of the session. */
export interface PlanContext extends ExpressionContext {
  readonly handlers: readonly StatementHandler[];
  readonly database: string;
  readonly singleNode: boolean;
  readonly superuser: boolean;
  /** Some database of the cluster has late-binding views. */
  readonly hasLateViews: boolean;
}

/** How one statement is carried out. */
export type Plan = Deed & {
  /** Follows positions in `sql` back to the client's text, where `sql` is a rewriting of it. */
  readonly sourcePosition?: SourcePosition | undefined;
};

type Deed =
  /** PostgreSQL runs `sql`, and its answer is the answer. */
  | {
      readonly kind: 'run';
      readonly verb: string;
      readonly sql: string;
      /** Tables written to, as PostgreSQL text: their write locks are taken first. */
      readonly writes: readonly string[];
      /** Whether what is written was read, too: UPDATE, DELETE, MERGE. */
      readonly readsTarget: boolean;
      /** Run in the same transaction ahead of it, once the locks are held; answers are not shown. */
      readonly before: readonly string[];
      /** Run in the same transaction afterwards; answers are not shown. */
      readonly after: readonly string[];
      /** Refused in a block and among several statements, in this command's name. */
      readonly alone?: string;
      /** Its text in place of `sql` once the columns of the first table in `writes` are known. */
      readonly retype?: Retype;
      /** Its rows are of no interest to the client. */
      readonly hidesRows?: boolean;
      /** Command tag to show in place of PostgreSQL's verb. */
      readonly tag?: string;
    }
  /** Accepted, and nothing is done. */
  | { readonly kind: 'nothing'; readonly tag: string; readonly alone?: string; readonly table?: string }
  | { readonly kind: 'begin'; readonly sql: string }
  | { readonly kind: 'commit'; readonly tag: string }
  | { readonly kind: 'rollback' }
  /** Commits the block it stands in. */
  | { readonly kind: 'truncate'; readonly sql: string; readonly table: string }
  | { readonly kind: 'declare'; readonly name: string; readonly sql: string }
  | { readonly kind: 'close'; readonly name: string; readonly sql: string }
  | {
      readonly kind: 'set';
      readonly sql: string;
      readonly name: string;
      readonly value: string | undefined;
      readonly tag: string;
    }
  /** Run by the superuser beside the transaction. */
  | {
      readonly kind: 'admin';
      readonly sql: string;
      readonly tag: string;
      readonly alone?: string;
      readonly dropsDatabase?: string;
      /** In every database of the cluster, as what it changes is the cluster's. */
      readonly everywhere?: boolean;
    }
  | { readonly kind: 'handled'; readonly handler: StatementHandler; readonly sql: string }
  | { readonly kind: 'refused'; readonly fields: ErrorFields };

export function runPlan(
  verb: string,
  sql: string,
  more: Partial<Omit<Extract<Plan, { kind: 'run' }>, 'kind'>> = {},
): Plan {
  return { kind: 'run', verb, sql, writes: [], readsTarget: false, before: [], after: [], ...more };
}

/** The call that stores a table's facts, for `Plan.after`. */
export function declareTable(table: string, facts: TableFacts): string {
  const source = facts.like === undefined ? 'NULL' : `${quoteLiteral(facts.like)}::regclass`;
  const text = quoteLiteral(JSON.stringify(facts));
  return `SELECT pg_catalog.rs_declare_table(${quoteLiteral(table)}::regclass, ${text}, ${source})`;
}
