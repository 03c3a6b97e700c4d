/** An IAM policy as JSON, as a person writes it. Checked by `parsePolicy` when a world opens. */
export interface PolicyDocument {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

export type OneOrMany = string | readonly string[];
export type PolicyPrincipal =
  | '*'
  | { readonly [kind in 'AWS' | 'Service' | 'Federated' | 'CanonicalUser']?: OneOrMany };
export type ConditionValue = string | number | boolean | readonly (string | number | boolean)[];

export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: PolicyPrincipal;
  readonly NotPrincipal?: PolicyPrincipal;
  readonly Action?: OneOrMany;
  readonly NotAction?: OneOrMany;
  readonly Resource?: OneOrMany;
  readonly NotResource?: OneOrMany;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, ConditionValue>>>>;
}
