import type { Run } from '../../core/run.ts';
import { integerAttribute } from '../../manifest/attributes.ts';
import { sql } from '../../sql/sql.ts';
import type { Batch } from '../../types/batch.ts';
import type { Connection } from '../connection.ts';
import { describeSource } from './read-describe.ts';
import { readDirect } from './read-direct.ts';
import { decideByRows, planRead, type ReadPlan } from './read-plan.ts';
import { plainSelect } from './read-select.ts';
import { planReadSource, type ReadSource } from './read-source.ts';
import type { ReadSpec } from './read-spec.ts';
import { readStaged } from './read-staged.ts';

/**
 * Rows of an object or a query in batches, direct or staged; both ways give the same values. Nothing is fetched until
 * asked for, and leaving the loop early cleans up. The first batch comes even when there are no rows.
 */
export async function* read(connection: Connection, spec: ReadSpec, run: Run): AsyncGenerator<Batch, void, undefined> {
  const { options } = connection;
  const source = planReadSource(spec, options.defaultSchema);
  const batchRows = integerAttribute('read', 'batchRows', spec.batchRows);
  const plan = await decide(
    connection,
    planRead({ mode: spec.mode ?? 'auto', source, useStaging: options.useStaging }),
    source,
    run,
  );
  if (plan.kind === 'direct') {
    yield* readDirect(connection, spec, run);
    return;
  }
  if (plan.kind === 'staged' && plan.orderIsLost) {
    run.publish({
      type: 'warning',
      code: 'ORDER_LOST',
      message: 'The query sorts, but a staged read gives rows in no order',
    });
  }
  yield* readStaged(connection, source, { batchRows }, run);
}

/** Counts rows as far as the decision needs it: no further than the limit. */
async function decide({ database }: Connection, plan: ReadPlan, source: ReadSource, run: Run): Promise<ReadPlan> {
  if (plan.kind !== 'undecided') return plan;
  await using session = await database.session(run);
  await describeSource(session, source, run); // says what is wrong with it, in its own words
  const limit = Math.min(source.limit ?? plan.stagedFromRows, plan.stagedFromRows);
  const select = plainSelect({ ...source, limit }).statement;
  const counting = sql`SELECT COUNT(*) FROM (${select}\n) AS roleshift_count`;
  const [row] = (await session.run(counting, run)).rows;
  return decideByRows(plan.stagedFromRows, Number(row?.[0]));
}
