import type { PlannedDocument, PolicyHolder } from './document.ts';
import type { PolicySet } from './plan-policies.ts';

/** A user, role, bucket or key with its documents. */
export interface HolderDocuments {
  readonly holder: PolicyHolder;
  readonly documents: readonly PlannedDocument[];
  /** For an inline policy. */
  readonly policyName: string;
}

/** What belongs into one account. */
export interface AccountPolicies {
  /** Twelve digits, or a placeholder. */
  readonly account: string;
  /** Fit for a file name. */
  readonly fileName: string;
  readonly holders: readonly HolderDocuments[];
}

/** The documents by account and holder, in the order in which they can be applied. */
export function byAccount({ documents, policyName }: PolicySet): readonly AccountPolicies[] {
  const accounts = [...new Set(documents.map(({ holder }) => holder.account))];
  return accounts.map((account) => {
    const own = documents.filter(({ holder }) => holder.account === account);
    const holders = [...new Map(own.map(({ holder }) => [holder.arn, holder])).values()];
    return {
      account,
      fileName: account.replaceAll(/[<>]/g, ''),
      holders: holders.map((holder) => ({
        holder,
        policyName,
        documents: own.filter((document) => document.holder.arn === holder.arn),
      })),
    };
  });
}

/** Letters, digits and one separator: a name for a resource of a template. */
export function resourceName(text: string, separator: '' | '_'): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return separator === '_'
    ? words.join('_').toLowerCase()
    : words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}
