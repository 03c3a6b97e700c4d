import { ConnectorError } from '../../core/errors.ts';
import type { Database } from '../../db/database.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import { renderAnalyze, renderVacuum } from '../../sql/maintenance.ts';
import type { Sql } from '../../sql/sql.ts';
import type { WriteRecorder } from '../write/recorder.ts';
import type { WriteSpec } from '../write-spec.ts';

/** Statements that look after a table once its rows are there. */
export interface MaintenancePlan {
  readonly steps: readonly { readonly name: 'VACUUM' | 'ANALYZE'; readonly statement: Sql }[];
}

/** VACUUM first: the statistics are then those of what is left. */
export function planMaintenance(
  { analyze = 'none', vacuum = 'none', vacuumThresholdPercent }: WriteSpec,
  target: ObjectPath,
): MaintenancePlan {
  return {
    steps: [
      ...(vacuum === 'none'
        ? []
        : [{ name: 'VACUUM', statement: renderVacuum(target, vacuum, vacuumThresholdPercent) } as const]),
      ...(analyze === 'none' ? [] : [{ name: 'ANALYZE', statement: renderAnalyze(target, analyze) } as const]),
    ],
  };
}

/** Outside of any transaction; the rows are there for good, so that a failure is a warning. Throws only an abort. */
export async function maintain(database: Database, { steps }: MaintenancePlan, recorder: WriteRecorder): Promise<void> {
  const { run } = recorder;
  for (const { name, statement } of steps) {
    try {
      await runAlone(database, statement, recorder);
    } catch (error) {
      run.signal.throwIfAborted();
      if (!(error instanceof ConnectorError)) throw error;
      const message = `${name} failed, the rows are there all the same: ${error.message}`;
      recorder.warn({ code: `${name}_FAILED`, message });
    }
  }
}

async function runAlone(database: Database, statement: Sql, { run }: WriteRecorder): Promise<void> {
  await using session = await database.session(run);
  await session.run(statement, run);
}
