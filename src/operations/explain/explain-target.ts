import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { ObjectDescriptor } from '../../db/object-descriptor.ts';
import { type Answer, RehearsedSession } from '../../db/rehearsed-session.ts';
import type { Session } from '../../db/session.ts';
import type { Sql } from '../../sql/sql.ts';
import { expectedTarget } from '../target/expected-target.ts';
import { carryOutTarget, planTarget, type TargetPlan, type TargetRequest } from '../target/open-target.ts';
import { TargetRunner } from '../target/target-runner.ts';
import type { ExplainedStatement } from './explanation.ts';

/** The table that rows would go into, and what would be done to it before. */
export interface ExplainedTarget {
  readonly target: ObjectDescriptor;
  readonly ddl: readonly ExplainedStatement[];
}

/** Plans the target, and tells its statements by carrying the plan out on a session that changes nothing. */
export async function explainTarget(session: Session, request: TargetRequest, run: Run): Promise<ExplainedTarget> {
  const plan = await planTarget(session, request, run);
  const target = expectedTarget(plan);
  if (target === undefined) throw new ConnectorError('RS_INTERNAL', 'A target was planned that is no table');
  return { target, ddl: plan.steps.length === 0 ? [] : await statementsOf(session, request, plan, run) };
}

async function statementsOf(
  session: Session,
  request: TargetRequest,
  plan: TargetPlan,
  run: Run,
): Promise<readonly ExplainedStatement[]> {
  const quiet: Run = { ...run, publish: () => undefined };
  const changes: Sql[] = [];
  // What belongs to a table is read from the catalog; what would be counted in it is not there to be counted.
  const answer = (statement: Sql): Answer | Promise<Answer> => {
    if (statement.verb !== 'SELECT' && statement.verb !== 'SHOW') {
      changes.push(statement);
      return {};
    }
    return String(statement).startsWith('SELECT COUNT(*)') ? {} : session.run(statement, quiet);
  };
  const rehearsal = new RehearsedSession(session.capabilities(), answer);
  const runner = new TargetRunner(rehearsal, { ...request, watch: undefined }, quiet);
  try {
    await carryOutTarget(rehearsal, request.path, plan, runner, quiet);
  } catch (error) {
    // Nothing was given back, so that the comparison at the end may find another comment than the new table is to have.
    const isLast = changes.at(-2)?.toString().includes(' OWNER TO ') === true;
    if (!(error instanceof ConnectorError && error.code === 'RS_FEATURE_UNSUPPORTED' && isLast)) throw error;
    changes.splice(-1, 1);
    return [...changes.map((sql) => ({ sql: String(sql) })), { sql: 'COMMIT' }];
  }
  return changes.map((sql) => ({ sql: String(sql) }));
}
