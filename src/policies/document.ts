/** IAM policies as JSON, and what this package knows of each statement that it writes. */
export type OneOrMany = string | readonly string[];

export type PolicyPrincipal = '*' | Readonly<Record<string, OneOrMany>>;

export type PolicyCondition = Readonly<Record<string, Readonly<Record<string, OneOrMany>>>>;

/** One statement, in IAM's own words. */
export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: PolicyPrincipal;
  readonly NotPrincipal?: PolicyPrincipal;
  readonly Action?: OneOrMany;
  readonly NotAction?: OneOrMany;
  readonly Resource?: OneOrMany;
  readonly NotResource?: OneOrMany;
  readonly Condition?: PolicyCondition;
}

/** A policy document, as IAM takes it. */
export interface PolicyDocument {
  readonly Version?: string;
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

/** Where a document belongs: what its holder may do, who may become it, or who may use a bucket or a key. */
export type DocumentKind = 'permissions' | 'trust' | 'bucket' | 'key';

/** What a policy is attached to. */
export interface PolicyHolder {
  readonly kind: 'user' | 'role' | 'identity' | 'bucket' | 'key';
  /** May hold placeholders. */
  readonly arn: string;
  /** Twelve digits, or a placeholder. */
  readonly account: string;
  /** Without path: what a console shows. */
  readonly name: string;
  /** Of a role or a user: `/` or `/team/`. */
  readonly path: string;
  /** Of a role: the longest session that the connection asks for, where it is more than IAM's hour. */
  readonly maxSessionSeconds?: number;
}

/** One request that the connection makes: a policy is right when it lets all of these pass. */
export interface AccessRequest {
  /** ARN of a user or a role, or the name of a service. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  /** Account that owns the resource. */
  readonly resourceAccount: string;
  /** Condition keys that the request is known to carry, with a list for those of several values; an empty text is one that it is known to lack. */
  readonly context: Readonly<Record<string, OneOrMany>>;
}

/** A statement with the reason for it. */
export interface ExplainedStatement {
  readonly statement: PolicyStatement & { readonly Sid: string };
  /** Why the connection needs it, in one sentence. */
  readonly reason: string;
  /** The AWS page that says so. */
  readonly page: string;
  /** The requests that it is there for. */
  readonly requests: readonly AccessRequest[];
}

/** A policy document for one principal, bucket or key. */
export interface PlannedDocument {
  readonly kind: DocumentKind;
  readonly holder: PolicyHolder;
  /** What it is, in a few words. */
  readonly title: string;
  /** `111122223333-role-RedshiftLogin-trust`: the name of its file, without the ending. */
  readonly name: string;
  readonly document: { readonly Version: '2012-10-17'; readonly Statement: readonly PolicyStatement[] };
  readonly statements: readonly ExplainedStatement[];
}

/** The statements of a document: IAM takes one as well as a list. */
export function statementsOf({ Statement }: PolicyDocument): readonly PolicyStatement[] {
  return Array.isArray(Statement) ? Statement : [Statement as PolicyStatement];
}

/** The texts of an element that IAM takes as one or as a list. */
export function listOf(value: OneOrMany | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}
