import { invalidField } from '../../core/invalid-field.ts';
import type { CopyRole } from '../../sql/role.ts';

/** The role of a plan that COPY is about to need. Throws RS_CONFIG_INVALID without one. */
export function requireCopyRole(role: CopyRole | undefined): CopyRole {
  if (role !== undefined) return role;
  throw invalidField(
    'copyRole',
    'No role is set that Redshift reads the staged files with',
    'Set copyRole to "default" or to the ARN of a role attached to the cluster.',
  );
}
