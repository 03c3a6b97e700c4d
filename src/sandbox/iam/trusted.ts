import { parseIamArn, roleByArn, roleById, userByArn, userById } from './find.ts';
import type { OneOrMany, PolicyDocument, PolicyPrincipal, PolicyStatement } from './policy.ts';
import type { IamState } from './state.ts';

const isUniqueId = (entry: string): boolean => /^(AIDA|AROA)[A-Z0-9]{12,}$/.test(entry);

function mapEntries(value: OneOrMany, change: (entry: string) => string): OneOrMany {
  return typeof value === 'string' ? change(value) : value.map(change);
}

function mapPrincipal(principal: PolicyPrincipal, change: (entry: string) => string): PolicyPrincipal {
  if (principal === '*' || principal.AWS === undefined) return principal;
  return { ...principal, AWS: mapEntries(principal.AWS, change) };
}

/** The document with every `AWS` principal replaced by what `change` makes of it. */
function mapPrincipals(document: PolicyDocument, change: (entry: string) => string): PolicyDocument {
  const one = (statement: PolicyStatement): PolicyStatement => ({
    ...statement,
    ...(statement.Principal !== undefined && { Principal: mapPrincipal(statement.Principal, change) }),
    ...(statement.NotPrincipal !== undefined && { NotPrincipal: mapPrincipal(statement.NotPrincipal, change) }),
  });
  const { Statement } = document;
  return {
    ...document,
    Statement: Array.isArray(Statement) ? Statement.map(one) : one(Statement as PolicyStatement),
  };
}

/** What IAM stores for one principal; undefined when there is nobody of that name. */
function fixed(entry: string, state: IamState, partition: string): string | undefined {
  if (entry === '*') return entry;
  if (/^\d{12}$/.test(entry)) return state.has(entry) ? `arn:${partition}:iam::${entry}:root` : undefined;
  if (isUniqueId(entry)) return userById(state, entry) || roleById(state, entry) ? entry : undefined;
  const session = /^arn:[a-z-]+:sts::(\d{12}):(?:assumed-role\/([^/]+)\/.+|federated-user\/.+)$/.exec(entry);
  if (session) {
    const [, account = '', role] = session;
    const roles = state.get(account)?.roles;
    return roles !== undefined && (role === undefined || roles.has(role.toLowerCase())) ? entry : undefined;
  }
  const parts = parseIamArn(entry);
  if (parts?.type === 'root') return state.has(parts.account) ? entry : undefined;
  return userByArn(state, entry)?.id ?? roleByArn(state, entry)?.id;
}

/**
 * The document as IAM stores it: users and roles by their ids, so that a name that is given to another later does not
 * inherit trust. `invalid` is the first principal that does not exist.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
export function fixPrincipals(
  document: PolicyDocument,
  state: IamState,
  partition: string,
): { readonly document: PolicyDocument; readonly invalid: string | undefined } {
  let invalid: string | undefined;
  const changed = mapPrincipals(document, (entry) => {
    const known = fixed(entry, state, partition);
    if (known === undefined) invalid ??= entry;
    return known ?? entry;
  });
  return { document: changed, invalid };
}

/** The document as IAM shows it: ids of those who still exist as their ARNs, of the others as they are. */
export function showPrincipals(document: PolicyDocument, state: IamState): PolicyDocument {
  return mapPrincipals(document, (entry) =>
    isUniqueId(entry) ? (userById(state, entry)?.arn ?? roleById(state, entry)?.arn ?? entry) : entry,
  );
}
