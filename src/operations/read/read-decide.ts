import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import type { Connection } from '../connection.ts';
import type { DescribedSource } from './read-describe.ts';
import { type Estimate, estimateRead } from './read-estimate.ts';
import { type PartitionedPlan, planPartitions } from './read-partitions.ts';
import { planRead, type ReadFacts, type ReadPlan } from './read-plan.ts';
import type { ReadWork } from './read-work.ts';

/** A plan that can be carried out. */
export type DecidedPlan = Exclude<ReadPlan, { readonly kind: 'undecided' }> | PartitionedPlan;

/** The plan of a read whose rows are described; asks the server for sizes only where they decide. Reads no row. */
export async function decideRead(
  { options }: Pick<Connection, 'options'>,
  work: ReadWork,
  session: Session,
  described: DescribedSource,
  run: Run,
): Promise<DecidedPlan> {
  const { mode } = work;
  const { isServerless } = session.capabilities();
  const facts = (each: ReadFacts['mode'], estimate?: Estimate | 'unknown'): ReadFacts => ({
    mode: each,
    ...described,
    isServerless,
    useStaging: options.useStaging,
    acceptLoss: work.acceptLoss,
    ...(estimate === undefined ? {} : { estimate }),
  });
  if (work.partition !== undefined) {
    planRead(facts(work.partition.each)); // says what is in the way of staged parts
    return planPartitions(session, described, work.partition, run);
  }
  if (mode === 'partitioned')
    throw new ConnectorError('RS_INTERNAL', 'A partitioned read was planned without its parts');
  const plan = planRead(facts(mode));
  if (plan.kind !== 'undecided') return plan;
  const estimate = (await estimateRead(session, described.source, run)) ?? 'unknown';
  const decided = planRead(facts(mode, estimate));
  return decided.kind === 'undecided' ? { kind: 'direct', why: 'undecided', mayExceedCursor: false } : decided;
}
