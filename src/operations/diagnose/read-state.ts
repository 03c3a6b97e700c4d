import type { RoleHop } from '../../access/plan.ts';
import type { AwsCredentials } from '../../auth/access.ts';
import {
  hasIam,
  type IamReader,
  openIamReader,
  type PrincipalPolicies,
  type ReadPolicy,
} from '../../auth/iam-reads.ts';
import { ConnectorError } from '../../core/errors.ts';
import { nearNames } from '../../core/near-names.ts';
import type { Run } from '../../core/run.ts';
import type { ActualPolicy, ActualState } from '../../policies/actual-policies.ts';
import { readDocument } from '../../policies/read-document.ts';
import type { Connection } from '../connection.ts';
import type { Refusal } from './refusal.ts';
import type { Simulation } from './standing.ts';
import type { Suspect } from './suspects.ts';

/** What IAM let us know of the principals that a refusal is about. */
export interface ReadState {
  readonly state: ActualState;
  /** Users and roles that are not there, with the names that are near. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
  readonly simulated: readonly Simulation[];
  readonly evidence: readonly string[];
  /** A principal whose real ARN has a path that its session did not show. */
  readonly realArns: ReadonlyMap<string, string>;
}

/** Readers by account: IAM answers for one's own account alone. */
export type Readers = ReadonlyMap<string, readonly IamReader[]>;

/**
 * Credentials at hand, one reader each: the identity's, and those of every role that was reached before the refusal. The
 * caller disposes of the readers.
 */
export async function openReaders(
  { access }: Pick<Connection, 'access'>,
  refusal: Refusal,
  run: Run,
): Promise<Readers> {
  const { plan } = access;
  const readers = new Map<string, IamReader[]>();
  if (plan.identity === undefined || refusal.work === 'identity' || !hasIam(plan.aws)) return readers;
  const seen = new Set<string>();
  const add = async (credentials: AwsCredentials): Promise<void> => {
    const { account, accessKeyId } = credentials;
    if (account === undefined || seen.has(accessKeyId)) return;
    seen.add(accessKeyId);
    readers.set(account, [...(readers.get(account) ?? []), await openIamReader(plan.aws, credentials, access.clock)]);
  };
  const reached = (hops: readonly RoleHop[]): readonly RoleHop[] => {
    const at = refusal.work === 'role' ? hops.findIndex(({ roleArn }) => roleArn === refusal.roleArn) : -1;
    return at < 0 ? hops : hops.slice(0, at);
  };
  try {
    await add(await access.identity(run));
    for (const hops of [reached(plan.roles), reached(plan.stagingRoles)]) {
      for (const [index] of hops.entries()) await add(await access.assume(hops.slice(0, index + 1), run));
    }
  } catch (error) {
    run.signal.throwIfAborted();
    // What is not reached does not read.
    if (!(error instanceof ConnectorError)) throw error;
  }
  return readers;
}

/** Reads every user and role that the suspects' requests come from or go to. */
export async function readState(readers: Readers, suspects: readonly Suspect[], run: Run): Promise<ReadState> {
  const arns = [
    ...new Set(
      suspects.flatMap(({ requests }) => requests.flatMap(({ principal, resource }) => [principal, resource])),
    ),
  ].filter((arn) => /^arn:[^:]+:iam::\d{12}:(?:user|role)\//.test(arn));
  const policies: ActualPolicy[] = [];
  const unread: { holder: string; policy: string }[] = [];
  const missing = new Map<string, readonly string[]>();
  const realArns = new Map<string, string>();
  const read: string[] = [];
  await Promise.all(
    arns.map(async (arn) => {
      for (const reader of readersOf(readers, arn)) {
        const answer = await reader.principal(arn, run.signal);
        if (answer.kind === 'silent') continue;
        if (answer.kind === 'absent') {
          missing.set(arn, await namesNear(reader, arn, run));
          return;
        }
        const found = policiesOf(arn, answer.policies);
        policies.push(...found);
        unread.push(...answer.policies.unread.map((policy) => ({ holder: arn, policy })));
        if (answer.policies.arn !== '' && answer.policies.arn !== arn) realArns.set(arn, answer.policies.arn);
        if (found.length > 0) read.push(arn);
        return;
      }
    }),
  );
  const simulated = await simulate(readers, suspects, run);
  return {
    state: { policies, listed: new Set(), unread },
    missing,
    simulated,
    realArns,
    evidence: [
      ...(read.length === 0 ? [] : [`Read in IAM: ${read.sort().join(', ')}.`]),
      ...simulated.map(
        ({ principal, action, decision }) => `A simulation of ${action} for ${principal} says ${decision}.`,
      ),
    ],
  };
}

function readersOf(readers: Readers, arn: string): readonly IamReader[] {
  return readers.get(arn.split(':')[4] ?? '') ?? [];
}

/** Names of the account that a misspelt role may have meant. */
async function namesNear(reader: IamReader, arn: string, run: Run): Promise<readonly string[]> {
  if (!arn.includes(':role/')) return [];
  const names = await reader.roleNames(run.signal);
  return nearNames(arn.slice(arn.lastIndexOf('/') + 1), names ?? []);
}

/** What was read, in the words of the evaluator. No permissions at all are told from permissions that may not be read. */
function policiesOf(
  holder: string,
  { trust, permissions, boundary }: Pick<PrincipalPolicies, 'trust' | 'permissions' | 'boundary'>,
): readonly ActualPolicy[] {
  const parsed = (kind: ActualPolicy['kind'], { name, text }: ReadPolicy): readonly ActualPolicy[] => {
    const document = readDocument(text);
    return document === undefined ? [] : [{ kind, holder, document, source: name }];
  };
  return [
    ...(trust === undefined ? [] : parsed('trust', trust)),
    ...(permissions === undefined
      ? []
      : [
          { kind: 'permissions' as const, holder, document: { Statement: [] }, source: 'no policy' },
          ...permissions.flatMap((policy) => parsed('permissions', policy)),
        ]),
    ...(boundary === undefined ? [] : parsed('boundary', boundary)),
  ];
}

/** IAM's own word on the callers' side: it sees policies of the organization, and those that may not be read. */
async function simulate(readers: Readers, suspects: readonly Suspect[], run: Run): Promise<readonly Simulation[]> {
  const requests = suspects
    .filter(({ document }) => document.kind === 'permissions')
    .flatMap((suspect) => suspect.requests);
  const answers = await Promise.all(
    requests.map(async ({ principal, action, resource, context }): Promise<readonly Simulation[]> => {
      for (const reader of readersOf(readers, principal)) {
        const said = await reader.simulate(principal, { action, resource, context }, run.signal);
        if (said !== undefined) return [{ principal, action, resource, ...said }];
      }
      return [];
    }),
  );
  return answers.flat();
}
