import type { ConnectorError } from '../../core/errors.ts';
import type { DocumentKind, PolicyHolder, PolicyStatement } from '../../policies/document.ts';

/**
 * What is to be done. `addStatement`: it is missing. `removeStatement`: it is there and refuses. `widenBoundary`: the
 * permissions boundary of the holder does not allow it. `widenSession`: the session policy of the connection does not.
 * `widenEndpoint`: the policy of the VPC endpoint on the way does not. `askOrganization`: a policy above the account refuses. `createRole`: there is no such role. `attachRole`: the cluster
 * does not have the role.
 */
export type Mend =
  | 'addStatement'
  | 'removeStatement'
  | 'widenBoundary'
  | 'widenSession'
  | 'widenEndpoint'
  | 'askOrganization'
  | 'createRole'
  | 'attachRole';

/** Where something stands that may be wrong: a document of a holder, or what narrows it from outside. */
export type DiagnosedDocument = DocumentKind | 'boundary' | 'session' | 'endpoint' | 'organization' | 'cluster';

/** One possible cause of a refusal, with its mend. Holds no secret. */
export interface Candidate {
  readonly mend: Mend;
  /** Who was refused: ARN of a user or a role, or the name of a service. */
  readonly principalArn: string;
  /** What is to be edited: the user, role, bucket or key whose `document` it is. */
  readonly holder: PolicyHolder;
  readonly document: DiagnosedDocument;
  /** Of the statement that is missing, or that refuses where one does; absent where no statement is at fault. */
  readonly sid?: string;
  /** To paste, or to take out; absent where no statement is at fault. */
  readonly statement?: PolicyStatement;
  /** Why this is a cause, in one or two sentences. */
  readonly reason: string;
  /** The AWS page that says so. */
  readonly page: string;
  /** The page of the console where it is done. */
  readonly console: string;
  /** Commands of the AWS CLI that do it; several lines where an existing document has to be looked at first. */
  readonly command: string;
}

/** Why a hop was refused. */
export interface Diagnosis {
  /** One candidate, and the evidence leaves no other. */
  readonly decided: boolean;
  /** Likeliest first; at most two. */
  readonly candidates: readonly Candidate[];
  /** What AWS said, what was read or tried, and what it shows, in sentences. Reads that were denied are not findings. */
  readonly evidence: readonly string[];
}

/** A hop that failed. */
export interface Failure {
  /** Step of the check where one ran, `role:redshift` or `staging:copy`; only the error decides without it. */
  readonly step?: string;
  readonly error: ConnectorError;
}
