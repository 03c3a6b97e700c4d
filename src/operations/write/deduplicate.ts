import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { type Keep, renderCountRepeated, renderDeduplicate, renderNetChange } from '../../sql/deduplicate.ts';
import type { StagingTable } from '../../sql/staging-table.ts';
import type { WritePlan } from '../write-plan.ts';
import type { DuplicateKeys } from '../write-spec.ts';

/**
 * Leaves one row a key in the staging table, or refuses rows that share one: RS_INPUT_INVALID. Answers how many rows went.
 * Redshift's own equality decides what is the same key: trailing blanks, collation.
 */
export async function deduplicate(
  session: Session,
  { keys, targetName, changeColumn }: WritePlan,
  { name, rowColumn }: StagingTable,
  duplicates: DuplicateKeys | 'allow',
  run: Run,
): Promise<number> {
  if (duplicates === 'allow') return 0;
  const staging = [name] as const;
  if (duplicates === 'fail') {
    const { rows } = await session.run(renderCountRepeated({ staging, keys }), run);
    const [repeatedKeys = 0, repeatedRows = 0] = (rows[0] ?? []).map(Number);
    if (repeatedKeys === 0) return 0;
    throw new ConnectorError(
      'RS_INPUT_INVALID',
      `${repeatedRows} rows of the input share ${repeatedKeys} keys of ${targetName}`,
      {
        action: 'Make the keys unique, or set duplicateKeys to keepFirst or keepLast.',
        details: { keys: keys.join(', '), repeatedKeys, repeatedRows },
      },
    );
  }
  if (changeColumn !== undefined) {
    await session.run(renderNetChange({ staging, keys, rowColumn, change: changeColumn }), run);
  }
  const { rowCount } = await session.run(
    renderDeduplicate({ staging, keys, rowColumn, keep: keepOf(duplicates) }),
    run,
  );
  return rowCount;
}

function keepOf(duplicates: Exclude<DuplicateKeys, 'fail'>): Keep {
  if (typeof duplicates === 'object') return duplicates;
  return duplicates === 'keepFirst' ? 'first' : 'last';
}
