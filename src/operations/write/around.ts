import { foldName } from '../../db/catalog-query.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import { integerAttribute } from '../../manifest/attributes.ts';
import type { TablePath } from '../../sql/copy.ts';
import { ledgerPath } from '../../sql/ledger.ts';
import type { Connection } from '../connection.ts';
import { maintain, planMaintenance } from '../target/maintain.ts';
import type { WriteSpec } from '../write-spec.ts';
import { openLedger } from './ledger-table.ts';
import type { WriteRecorder } from './recorder.ts';
import { runUserSql, type UserSqlJob } from './user-sql.ts';
import { planUserSql } from './user-sql-plan.ts';

/**
 * A write with what belongs around it, outside of its transaction: the person's SQL before and after, VACUUM and ANALYZE.
 * What stands behind the rows is done for a run that was committed before as well, as far as it is not done yet.
 */
export async function withSurroundings(
  connection: Connection,
  path: ObjectPath,
  spec: WriteSpec,
  recorder: WriteRecorder,
  load: () => Promise<void>,
): Promise<void> {
  const { before, after } = planUserSql(spec);
  const job: Omit<UserSqlJob, 'work' | 'units' | 'ledger'> = {
    database: connection.database,
    lockTimeoutMs: 1000 * integerAttribute('write', 'lockTimeoutSeconds', spec.lockTimeoutSeconds),
    statementTimeoutMs: connection.options.statementTimeoutSeconds * 1000,
    recorder,
  };
  let ledger: { readonly path?: TablePath; readonly isCommitted: boolean } | undefined;
  if (before.length > 0) {
    ledger = await recorder.phase('preSql', () => look(connection, path, spec, recorder));
    const kept = ledger.path === undefined ? {} : { ledger: ledger.path };
    // Behind a COMMIT there is nothing left to be done ahead of it.
    if (!ledger.isCommitted)
      await recorder.phase('preSql', () => runUserSql({ ...job, ...kept, work: 'preSql', units: before }));
  }
  await load();
  if (after.length > 0) {
    ledger ??= await recorder.phase('postSql', () => look(connection, path, spec, recorder));
    const kept = ledger.path === undefined ? {} : { ledger: ledger.path };
    await recorder.phase('postSql', () => runUserSql({ ...job, ...kept, work: 'postSql', units: after }));
  }
  const plan = planMaintenance(spec, recorder.target);
  if (plan.steps.length > 0 && recorder.outcome === 'committed') {
    await recorder.phase('maintain', () => maintain(connection.database, plan, recorder));
  }
}

/** The ledger, made where it is missing, and whether this run is in it. */
async function look(
  { database, options }: Connection,
  [schema, name]: ObjectPath,
  spec: WriteSpec,
  { run }: WriteRecorder,
): Promise<{ readonly path?: TablePath; readonly isCommitted: boolean }> {
  if (spec.ledger === 'off') return { isCommitted: false };
  await using session = await database.session(run);
  const path = ledgerPath([foldName(schema, session), foldName(name, session)]);
  const entry = await openLedger(session, path, run.runId, options.statementTimeoutSeconds * 1000, run);
  return { path, isCommitted: entry !== undefined };
}
