import { planAccess } from '../access/plan-access.ts';
import type { ConnectionInput } from '../manifest/options.gen.ts';
import type { PolicyExtras } from './extras.ts';
import { type PolicySet, planPolicies } from './plan-policies.ts';
import { resolveWithoutSecrets } from './resolve-without-secrets.ts';

export { ConnectorError } from '../core/errors.ts';
export type { ConnectionInput } from '../manifest/options.gen.ts';
export { type ActualState, readActualPolicies } from './actual-policies.ts';
export type {
  AccessRequest,
  DocumentKind,
  ExplainedStatement,
  PlannedDocument,
  PolicyDocument,
  PolicyHolder,
  PolicyStatement,
} from './document.ts';
export type { MachineKind, PolicyExtras } from './extras.ts';
export type { ExplainedGrant } from './grants.ts';
export type { Placeholder } from './placeholders.ts';
export type { PolicySet } from './plan-policies.ts';
export { type PolicyFile, type PolicyFormat, renderPolicies } from './render.ts';
export type { SessionPolicyGap } from './session-policies.ts';
export { type VerifyReport, verifyPolicies } from './verify.ts';

/**
 * The IAM policies that a connection needs, one document for each principal and kind, with the reason for each
 * statement. Pure: asks nobody, follows no reference to a secret, and works before the secrets exist. Throws
 * RS_CONFIG_INVALID, and RS_FEATURE_UNSUPPORTED for a way in that is not supported.
 */
export function policies(connection: ConnectionInput, extras: PolicyExtras = {}): PolicySet {
  const options = resolveWithoutSecrets(connection);
  return planPolicies(planAccess(options, extras.mode === undefined ? {} : { mode: extras.mode }), options, extras);
}
