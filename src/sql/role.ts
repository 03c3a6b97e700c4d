import { ConnectorError } from '../core/errors.ts';
import { LIMITS } from '../core/redshift-limits.ts';
import { literal, type Sql, sql } from './sql.ts';

/** What COPY and UNLOAD act as. There is no third form: keys in SQL text end in logs, and expire mid-statement. */
export type CopyRole =
  | { readonly kind: 'default' }
  /** The first role is attached to the cluster; each trusts the one before it. */
  | { readonly kind: 'chain'; readonly roleArns: readonly [string, ...string[]] };

// A comma is legal in a role's name, but separates the roles of a chain.
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=.@/-]{1,512}$/;

/** Reads the option `copyRole`: `default`, one role ARN, or several with commas between. Throws RS_CONFIG_INVALID. */
export function parseCopyRole(text: string): CopyRole {
  if (text.trim().toLowerCase() === 'default') return { kind: 'default' };
  const [first, ...rest] = text.split(',').map((part) => part.trim());
  if (
    first === undefined ||
    ![first, ...rest].every((arn) => ROLE_ARN.test(arn)) ||
    rest.length >= LIMITS.chainedRoles
  ) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'The role that COPY and UNLOAD use is not a role ARN', {
      action: `Set copyRole to "default", a role ARN, or up to ${LIMITS.chainedRoles} role ARNs with commas between.`,
    });
  }
  return { kind: 'chain', roleArns: [first, ...rest] };
}

/** The IAM_ROLE clause. */
export function renderCopyRole(role: CopyRole): Sql {
  switch (role.kind) {
    case 'default':
      return sql`IAM_ROLE default`;
    case 'chain': {
      // The value is read again here: a hand-made chain cannot smuggle other credentials into the literal.
      const checked = parseCopyRole(role.roleArns.join(','));
      return checked.kind === 'chain' ? sql`IAM_ROLE ${literal(checked.roleArns.join(','))}` : sql`IAM_ROLE default`;
    }
  }
}
