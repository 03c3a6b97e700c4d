import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import type { ObjectDescriptor } from '../../db/object-descriptor.ts';
import { freeColumnName, type StagingTable } from '../../sql/staging-table.ts';
import type { DuplicateKeys, WriteOperation, WriteSpec } from '../write-spec.ts';
import type { ColumnPlan } from './plan-columns.ts';

/** How rows get from the staged files into the target. */
export type LoadPlan =
  /** COPY into the target itself, inside the ledger's transaction: written once. */
  | { readonly kind: 'direct' }
  /** COPY into a temporary table, then statements. */
  | {
      readonly kind: 'staged';
      readonly table: StagingTable;
      readonly duplicates: DuplicateKeys | 'allow';
    };

/** Decides the way in. Throws RS_CONFIG_INVALID and RS_FEATURE_UNSUPPORTED. */
export function planLoad(
  spec: WriteSpec,
  operation: WriteOperation,
  target: ObjectDescriptor,
  plan: ColumnPlan,
  rejectLimit: number,
  token: string,
): LoadPlan {
  const duplicates = planDuplicates(spec, operation, plan);
  // TRUNCATE cannot be undone, so nothing may be left that could go wrong with the rows when it comes.
  const isPlain = operation === 'insert' && duplicates === 'allow' && rejectLimit === 0 && spec.before !== 'truncate';
  // What is verified is compared before it meets the rows of the target.
  if (isPlain && spec.verify !== true) return { kind: 'direct' };
  requireInsertableIdentities(plan);
  const { distributionKey } = target;
  const isCollocated = plan.columns.some(({ name }) => name === distributionKey);
  const table: StagingTable = {
    name: `roleshift_stage_${token}`,
    columns: plan.columns.map(({ name, type, nullable, isCaseInsensitive }) => ({
      name,
      type,
      notNull: !nullable,
      caseInsensitive: isCaseInsensitive,
    })),
    // Free of the target's other columns too: both tables meet in one statement.
    rowColumn: freeColumnName(target.columns.map(({ name }) => name)),
    ...(isCollocated ? defined({ distKey: distributionKey }) : {}),
  };
  return { kind: 'staged', table, duplicates };
}

function planDuplicates(spec: WriteSpec, operation: WriteOperation, plan: ColumnPlan): DuplicateKeys | 'allow' {
  if (plan.keys.length === 0) return 'allow';
  const wished = plan.duplicatesBy === undefined ? spec.duplicateKeys : { by: plan.duplicatesBy };
  if (operation !== 'dataDriven') return wished ?? 'fail';
  if (wished === undefined || wished === 'keepLast' || wished === 'fail') return wished ?? 'keepLast';
  throw invalidField(
    'duplicateKeys',
    'In a data driven write the last row of a key wins, and no other',
    'Set duplicateKeys to keepLast or fail, or leave it out.',
  );
}

/** INSERT takes values for an identity only where it is numbered by default; COPY takes them for any. */
function requireInsertableIdentities({ keptIdentities }: ColumnPlan): void {
  const refused = keptIdentities.find(({ isIdentityByDefault }) => isIdentityByDefault !== true);
  if (refused === undefined) return;
  throw new ConnectorError(
    'RS_FEATURE_UNSUPPORTED',
    `The values of identity column "${refused.name}" can be kept by a plain insert only`,
    {
      action: 'Insert without rejectLimit, duplicateKeys and truncate, or leave out keepIdentity.',
      details: { column: refused.name },
    },
  );
}
