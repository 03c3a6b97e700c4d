import type { EvaluationResult, IAMClient } from '@aws-sdk/client-iam';
import type { AwsTarget } from '../access/plan.ts';
import { type AwsClock, watchAwsClock } from '../core/aws-clock.ts';
import { defined } from '../core/defined.ts';
import { isLoopbackHost } from '../manifest/endpoint-address.ts';
import type { AwsCredentials } from './access.ts';
import { awsHandler } from './aws-handler.ts';
import { readForeignError } from './foreign-error.ts';
import { IamCalls, type IamName, type IamSdk } from './iam-calls.ts';

/** A policy as IAM hands it out: its name or ARN, and its JSON. */
export interface ReadPolicy {
  readonly name: string;
  readonly text: string;
}

/** Everything that IAM says of one user or role. A part that may not be read is absent. */
export interface PrincipalPolicies {
  /** With its path, which a session's ARN does not show. */
  readonly arn: string;
  /** Of a role. */
  readonly trust?: ReadPolicy;
  /** Inline and attached policies, those of a user's groups among them. */
  readonly permissions?: readonly ReadPolicy[];
  readonly boundary?: ReadPolicy;
  /** Names of policies that are attached and may not be read. */
  readonly unread: readonly string[];
}

/** `silent`: not to be read with these credentials, for whatever reason. That is no finding. */
export type PrincipalRead =
  | { readonly kind: 'read'; readonly policies: PrincipalPolicies }
  | { readonly kind: 'absent' }
  | { readonly kind: 'silent' };

/** A request as IAM is to evaluate it for a principal: of the principal's own side alone. */
export interface SimulatedRequest {
  readonly action: string;
  readonly resource: string;
  /** Condition keys that the request carries. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** What IAM's own evaluation says. */
export interface SimulatedDecision {
  readonly decision: 'allowed' | 'implicitDeny' | 'explicitDeny';
  /** False where policies of the organization refuse. */
  readonly byOrganization?: boolean;
  /** False where the permissions boundary refuses. */
  readonly byBoundary?: boolean;
}

/** IAM of one account, read with one set of credentials. Dispose ends its connections. */
export interface IamReader extends Disposable {
  /** By the ARN of a user or a role. Never throws but for the signal's reason. */
  principal(arn: string, signal: AbortSignal): Promise<PrincipalRead>;
  /**
   * Undefined where it may not be asked, and where the answer hangs on condition keys that only the real request carries.
   * Never throws but for the signal's reason.
   */
  simulate(arn: string, request: SimulatedRequest, signal: AbortSignal): Promise<SimulatedDecision | undefined>;
  /** Names of the account's roles, a few pages at most; undefined where they may not be listed. */
  roleNames(signal: AbortSignal): Promise<readonly string[] | undefined>;
}

/**
 * Whether IAM may be asked at all: where STS is a stand-in on this machine, its credentials are nothing that the real IAM
 * should see.
 */
export function hasIam({ iamEndpoint, stsEndpoint }: Pick<AwsTarget, 'iamEndpoint' | 'stsEndpoint'>): boolean {
  return iamEndpoint !== undefined || stsEndpoint === undefined || !isLoopbackHost(new URL(stsEndpoint).hostname);
}

/**
 * Opens a reader; the IAM client is loaded here, since most runs never need one. Signs by `clock` where it is given. No
 * call yet.
 */
export async function openIamReader(
  target: AwsTarget,
  credentials: Pick<AwsCredentials, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>,
  clock?: AwsClock,
): Promise<IamReader> {
  const sdk = await import('@aws-sdk/client-iam');
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const client = new sdk.IAMClient({
    ...defined({ endpoint: target.iamEndpoint }),
    region: HOME_REGIONS[target.partition] ?? 'us-east-1',
    credentials: {
      accessKeyId,
      secretAccessKey: secretAccessKey.reveal(),
      ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
    },
    maxAttempts: 2,
    requestHandler: { ...awsHandler(target), requestTimeout: target.timeoutMs, throwOnRequestTimeout: true },
  });
  if (clock !== undefined) watchAwsClock(client, clock);
  return new SdkReader(sdk, client);
}

/** IAM is one for a partition, and signed for in its first region. */
const HOME_REGIONS: Readonly<Record<string, string>> = { 'aws-cn': 'cn-north-1', 'aws-us-gov': 'us-gov-west-1' };

class SdkReader implements IamReader {
  readonly #sdk: IamSdk;
  readonly #client: IAMClient;
  /** A managed policy may be attached to several principals. */
  readonly #managed = new Map<string, Promise<string | undefined>>();

  constructor(sdk: IamSdk, client: IAMClient) {
    this.#sdk = sdk;
    this.#client = client;
  }

  async principal(arn: string, signal: AbortSignal): Promise<PrincipalRead> {
    const [, kind, name] = /:(user|role)\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [];
    if ((kind !== 'user' && kind !== 'role') || name === undefined) return { kind: 'silent' };
    try {
      return { kind: 'read', policies: await this.#policies({ kind, name }, this.#calls(signal)) };
    } catch (error) {
      signal.throwIfAborted();
      return { kind: readForeignError(error).name === 'NoSuchEntityException' ? 'absent' : 'silent' };
    }
  }

  async simulate(
    arn: string,
    { action, resource, context }: SimulatedRequest,
    signal: AbortSignal,
  ): Promise<SimulatedDecision | undefined> {
    const command = new this.#sdk.SimulatePrincipalPolicyCommand({
      PolicySourceArn: arn,
      ActionNames: [action],
      ResourceArns: [resource],
      ContextEntries: Object.entries(context)
        .filter(([, value]) => value.length > 0)
        .map(([key, value]) => ({
          ContextKeyName: key,
          ContextKeyType: typeof value === 'string' ? ('string' as const) : ('stringList' as const),
          ContextKeyValues: typeof value === 'string' ? [value] : [...value],
        })),
    });
    const ask = () => this.#client.send(command, { abortSignal: signal });
    const result = (await this.#calls(signal).allowed(ask))?.EvaluationResults?.[0];
    const decision = DECISIONS[result?.EvalDecision ?? ''];
    if (result === undefined || decision === undefined || isGuess(result)) return undefined;
    return {
      decision,
      ...defined({
        byOrganization: result.OrganizationsDecisionDetail?.AllowedByOrganizations,
        byBoundary: result.PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary,
      }),
    };
  }

  roleNames(signal: AbortSignal): Promise<readonly string[] | undefined> {
    return this.#calls(signal).roleNames();
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }

  #calls(signal: AbortSignal): IamCalls {
    return new IamCalls(this.#sdk, this.#client, signal);
  }

  async #policies(name: IamName, calls: IamCalls): Promise<PrincipalPolicies> {
    const { arn, trust, boundaryArn } = await calls.head(name);
    const groups = name.kind === 'user' ? await calls.groupsOf(name.name) : [];
    const holders = [name, ...(groups ?? []).map((group): IamName => ({ kind: 'group', name: group }))];
    const lists = await Promise.all(holders.map((holder) => this.#policiesOf(holder, calls)));
    const boundary = boundaryArn === undefined ? undefined : await this.#managedText(boundaryArn, calls);
    const isWhole = groups !== undefined && lists.every((list) => list !== undefined);
    const found = lists.flatMap((list) => list ?? []);
    const permissions = found.flatMap(({ policy, text }) => (text === undefined ? [] : [{ name: policy, text }]));
    return {
      arn,
      ...(trust === undefined ? {} : { trust: { name: 'trust', text: trust } }),
      ...(isWhole ? { permissions } : {}),
      ...(boundaryArn === undefined || boundary === undefined
        ? {}
        : { boundary: { name: boundaryArn, text: boundary } }),
      unread: [
        ...found.filter(({ text }) => text === undefined).map(({ policy }) => policy),
        ...(boundaryArn !== undefined && boundary === undefined ? [boundaryArn] : []),
      ],
    };
  }

  /** Inline and attached policies; undefined where they may not be listed. */
  async #policiesOf(holder: IamName, calls: IamCalls) {
    const [inline, attached] = await Promise.all([calls.inlineNames(holder), calls.attachedArns(holder)]);
    if (inline === undefined || attached === undefined) return undefined;
    return Promise.all([
      ...inline.map(async (policy) => ({ policy, text: await calls.inlineText(holder, policy) })),
      ...attached.map(async (policy) => ({ policy, text: await this.#managedText(policy, calls) })),
    ]);
  }

  #managedText(policyArn: string, calls: IamCalls): Promise<string | undefined> {
    const reading = this.#managed.get(policyArn) ?? calls.managedText(policyArn);
    this.#managed.set(policyArn, reading);
    return reading;
  }
}

/**
 * IAM evaluates a key that it was not given as absent. It names such keys, for a resource that was named beside that one.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
 */
function isGuess({ MissingContextValues = [], ResourceSpecificResults = [] }: EvaluationResult): boolean {
  return [MissingContextValues, ...ResourceSpecificResults.map((each) => each.MissingContextValues ?? [])].some(
    (keys) => keys.length > 0,
  );
}

const DECISIONS: Readonly<Record<string, SimulatedDecision['decision']>> = {
  allowed: 'allowed',
  implicitDeny: 'implicitDeny',
  explicitDeny: 'explicitDeny',
};
