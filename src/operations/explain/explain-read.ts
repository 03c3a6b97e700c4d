import { defined } from '../../core/defined.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { planCall } from '../call/call.ts';
import type { Connection } from '../connection.ts';
import type { FileDestination } from '../export/file-destination.ts';
import { type DecidedPlan, decideRead } from '../read/read-decide.ts';
import { type DescribedSource, describeSource } from '../read/read-describe.ts';
import { type Estimate, estimateRead } from '../read/read-estimate.ts';
import { readName } from '../read/read-name.ts';
import { foreseePartitions } from '../read/read-partitions.ts';
import type { ReadObject, ReadSpec } from '../read/read-spec.ts';
import { planReadWork, type ReadWork } from '../read/read-work.ts';
import type { Explanation } from './explanation.ts';
import { explainPlannedRead } from './read-explanation.ts';

/**
 * What a read would do, in order, without doing any of it: the catalog is read and Redshift's own estimate asked for
 * (EXPLAIN); no row is fetched, none of the person's statements runs. Throws what planning a read throws.
 */
export async function explainRead(
  connection: Connection,
  spec: ReadSpec,
  destination: FileDestination | undefined,
  run: Run,
): Promise<Explanation> {
  await using session = await connection.database.session(run);
  if (spec.procedure !== undefined) return explainProcedure(connection, session, spec, spec.procedure, run);
  const work = planReadWork(spec, connection.options.defaultSchema);
  const described = await describeSource(session, work.source, run);
  const plan = await decide(connection, work, session, described, run);
  const estimate = await estimateOf(plan, session, described, run);
  const capabilities = session.capabilities();
  return explainPlannedRead({ connection, spec, work, described, plan, capabilities, destination, estimate });
}

/** The plan of a run; of ranges that the data decides only that there are some: asking for them reads the column. */
async function decide(
  connection: Connection,
  work: ReadWork,
  session: Session,
  described: DescribedSource,
  run: Run,
): Promise<DecidedPlan> {
  const { partition } = work;
  if (partition === undefined || !('column' in partition.by) || partition.boundaries !== undefined) {
    return decideRead(connection, work, session, described, run);
  }
  return foreseePartitions(session, described, partition, partition.by.column, run);
}

async function estimateOf(
  plan: DecidedPlan,
  session: Session,
  { source }: DescribedSource,
  run: Run,
): Promise<Estimate | undefined> {
  if (plan.kind !== 'partitioned' && plan.estimate !== undefined) return plan.estimate;
  return estimateRead(session, source, run);
}

async function explainProcedure(
  connection: Connection,
  session: Session,
  spec: ReadSpec,
  procedure: ReadObject,
  run: Run,
): Promise<Explanation> {
  const call = { procedure, ...defined({ arguments: spec.arguments }) };
  const { statement, opensCursor } = await planCall(session, connection.options.defaultSchema, call, run);
  const sent = opensCursor
    ? ['BEGIN', String(statement), 'FETCH FORWARD <rows> FROM <cursor>', 'COMMIT']
    : [String(statement)];
  return {
    kind: 'read',
    object: readName({ procedure }),
    operation: 'read',
    path: 'procedure',
    reasons: [opensCursor ? 'the rows of the cursor that the procedure opens' : 'its outputs are one row'],
    atomic: true,
    notAtomic: ['a procedure may commit by itself; what it does cannot be seen'],
    steps: [
      {
        id: 'fetch',
        title: 'Call the procedure',
        statements: sent.map((sql) => ({ sql })),
        transaction: opensCursor ? 'one transaction, committed after the last row' : 'autocommit',
        notes: [],
      },
    ],
    columns: [],
    retries: [],
    rights: { needs: [], command: '' },
    warnings: [],
  };
}
