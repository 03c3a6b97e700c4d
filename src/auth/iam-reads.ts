import type { IAMClient } from '@aws-sdk/client-iam';
import type { AwsTarget } from '../access/plan.ts';
import { defined } from '../core/defined.ts';
import type { AwsCredentials } from './access.ts';
import { awsHandler } from './aws-handler.ts';
import { readForeignError } from './foreign-error.ts';

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
  /** Undefined where it may not be asked. Never throws but for the signal's reason. */
  simulate(arn: string, request: SimulatedRequest, signal: AbortSignal): Promise<SimulatedDecision | undefined>;
  /** Names of the account's roles, a few pages at most; undefined where they may not be listed. */
  roleNames(signal: AbortSignal): Promise<readonly string[] | undefined>;
}

type Sdk = typeof import('@aws-sdk/client-iam');

/** Opens a reader; the IAM client is loaded here, since most runs never need one. No call yet. */
export async function openIamReader(
  target: AwsTarget,
  credentials: Pick<AwsCredentials, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>,
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
  return new SdkReader(sdk, client);
}

/** IAM is one for a partition, and signed for in its first region. */
const HOME_REGIONS: Readonly<Record<string, string>> = { 'aws-cn': 'cn-north-1', 'aws-us-gov': 'us-gov-west-1' };

/** More pages than this are not looked at. */
const MAX_PAGES = 5;
/** More policies of one principal than this are counted as unread. */
const MAX_POLICIES = 60;

type Name = { readonly kind: 'user' | 'role' | 'group'; readonly name: string };

class SdkReader implements IamReader {
  readonly #sdk: Sdk;
  readonly #client: IAMClient;
  /** A managed policy may be attached to several principals. */
  readonly #managed = new Map<string, Promise<string | undefined>>();

  constructor(sdk: Sdk, client: IAMClient) {
    this.#sdk = sdk;
    this.#client = client;
  }

  async principal(arn: string, signal: AbortSignal): Promise<PrincipalRead> {
    const [, kind, name] = /:(user|role)\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [];
    if ((kind !== 'user' && kind !== 'role') || name === undefined) return { kind: 'silent' };
    try {
      return { kind: 'read', policies: await this.#policies({ kind, name }, signal) };
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
    const answer = await this.#allowed(() => this.#client.send(command, { abortSignal: signal }), signal);
    const result = answer?.EvaluationResults?.[0];
    const decision = DECISIONS[result?.EvalDecision ?? ''];
    if (result === undefined || decision === undefined) return undefined;
    return {
      decision,
      ...defined({
        byOrganization: result.OrganizationsDecisionDetail?.AllowedByOrganizations,
        byBoundary: result.PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary,
      }),
    };
  }

  async roleNames(signal: AbortSignal): Promise<readonly string[] | undefined> {
    return this.#pages(async (Marker) => {
      const command = new this.#sdk.ListRolesCommand(defined({ Marker }));
      const answer = await this.#client.send(command, { abortSignal: signal });
      return { ...answer, items: (answer.Roles ?? []).map(({ RoleName }) => RoleName ?? '') };
    }, signal);
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }

  async #policies(name: Name, signal: AbortSignal): Promise<PrincipalPolicies> {
    const { arn, trust, boundaryArn } = await this.#head(name, signal);
    const groups = name.kind === 'user' ? await this.#groups(name.name, signal) : [];
    const holders: readonly Name[] = [
      name,
      ...(groups ?? []).map((group) => ({ kind: 'group' as const, name: group })),
    ];
    const lists = await Promise.all(holders.map((holder) => this.#policiesOf(holder, signal)));
    const boundary = boundaryArn === undefined ? undefined : await this.#managedPolicy(boundaryArn, signal);
    const isWhole = groups !== undefined && lists.every((list) => list !== undefined);
    const found = lists.flatMap((list) => list ?? []);
    return {
      arn,
      ...(trust === undefined ? {} : { trust: { name: 'trust', text: trust } }),
      ...(isWhole
        ? { permissions: found.flatMap(({ policy, text }) => (text === undefined ? [] : [{ name: policy, text }])) }
        : {}),
      ...(boundaryArn === undefined || boundary === undefined
        ? {}
        : { boundary: { name: boundaryArn, text: boundary } }),
      unread: [
        ...found.filter(({ text }) => text === undefined).map(({ policy }) => policy),
        ...(boundaryArn !== undefined && boundary === undefined ? [boundaryArn] : []),
      ],
    };
  }

  /** Throws where the principal may not be read or is not there. */
  async #head({ kind, name }: Name, signal: AbortSignal) {
    if (kind === 'role') {
      const { Role } = await this.#client.send(new this.#sdk.GetRoleCommand({ RoleName: name }), {
        abortSignal: signal,
      });
      return {
        arn: Role?.Arn ?? '',
        trust: decoded(Role?.AssumeRolePolicyDocument),
        boundaryArn: Role?.PermissionsBoundary?.PermissionsBoundaryArn,
      };
    }
    const { User } = await this.#client.send(new this.#sdk.GetUserCommand({ UserName: name }), { abortSignal: signal });
    return { arn: User?.Arn ?? '', trust: undefined, boundaryArn: User?.PermissionsBoundary?.PermissionsBoundaryArn };
  }

  async #groups(UserName: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
    return this.#pages(async (Marker) => {
      const command = new this.#sdk.ListGroupsForUserCommand(defined({ UserName, Marker }));
      const answer = await this.#client.send(command, { abortSignal: signal });
      return { ...answer, items: (answer.Groups ?? []).map(({ GroupName }) => GroupName ?? '') };
    }, signal);
  }

  /** Inline and attached policies; undefined where they may not be listed. */
  async #policiesOf(holder: Name, signal: AbortSignal) {
    const [inline, attached] = await Promise.all([
      this.#pages((marker) => this.#inlineNames(holder, marker, signal), signal),
      this.#pages((marker) => this.#attachedArns(holder, marker, signal), signal),
    ]);
    if (inline === undefined || attached === undefined) return undefined;
    return Promise.all([
      ...inline.slice(0, MAX_POLICIES).map(async (policy) => {
        const answer = await this.#allowed(() => this.#inlineText(holder, policy, signal), signal);
        return { policy, text: decoded(answer?.PolicyDocument) };
      }),
      ...attached.slice(0, MAX_POLICIES).map(async (policy) => ({
        policy,
        text: await this.#managedPolicy(policy, signal),
      })),
    ]);
  }

  async #inlineNames({ kind, name }: Name, Marker: string | undefined, signal: AbortSignal) {
    const options = { abortSignal: signal };
    const { ListUserPoliciesCommand, ListGroupPoliciesCommand, ListRolePoliciesCommand } = this.#sdk;
    const answer =
      kind === 'user'
        ? await this.#client.send(new ListUserPoliciesCommand(defined({ UserName: name, Marker })), options)
        : kind === 'group'
          ? await this.#client.send(new ListGroupPoliciesCommand(defined({ GroupName: name, Marker })), options)
          : await this.#client.send(new ListRolePoliciesCommand(defined({ RoleName: name, Marker })), options);
    return { ...answer, items: answer.PolicyNames ?? [] };
  }

  async #attachedArns({ kind, name }: Name, Marker: string | undefined, signal: AbortSignal) {
    const options = { abortSignal: signal };
    const { ListAttachedUserPoliciesCommand, ListAttachedGroupPoliciesCommand, ListAttachedRolePoliciesCommand } =
      this.#sdk;
    const answer =
      kind === 'user'
        ? await this.#client.send(new ListAttachedUserPoliciesCommand(defined({ UserName: name, Marker })), options)
        : kind === 'group'
          ? await this.#client.send(new ListAttachedGroupPoliciesCommand(defined({ GroupName: name, Marker })), options)
          : await this.#client.send(new ListAttachedRolePoliciesCommand(defined({ RoleName: name, Marker })), options);
    return { ...answer, items: (answer.AttachedPolicies ?? []).map(({ PolicyArn }) => PolicyArn ?? '') };
  }

  #inlineText(
    { kind, name }: Name,
    PolicyName: string,
    signal: AbortSignal,
  ): Promise<{ PolicyDocument?: string | undefined }> {
    const options = { abortSignal: signal };
    const { GetUserPolicyCommand, GetGroupPolicyCommand, GetRolePolicyCommand } = this.#sdk;
    if (kind === 'user') return this.#client.send(new GetUserPolicyCommand({ UserName: name, PolicyName }), options);
    if (kind === 'group') return this.#client.send(new GetGroupPolicyCommand({ GroupName: name, PolicyName }), options);
    return this.#client.send(new GetRolePolicyCommand({ RoleName: name, PolicyName }), options);
  }

  /** The version of a managed policy that is in force; undefined where it may not be read. */
  #managedPolicy(PolicyArn: string, signal: AbortSignal): Promise<string | undefined> {
    const known = this.#managed.get(PolicyArn);
    if (known !== undefined) return known;
    const { GetPolicyCommand, GetPolicyVersionCommand } = this.#sdk;
    const reading = this.#allowed(async () => {
      const { Policy } = await this.#client.send(new GetPolicyCommand({ PolicyArn }), { abortSignal: signal });
      const version = new GetPolicyVersionCommand({ PolicyArn, VersionId: Policy?.DefaultVersionId });
      return this.#client.send(version, { abortSignal: signal });
    }, signal).then((answer) => decoded(answer?.PolicyVersion?.Document));
    this.#managed.set(PolicyArn, reading);
    return reading;
  }

  /** All items of a listing; undefined where it may not be made, or has more pages than anybody would look at. */
  async #pages<T>(
    page: (marker: string | undefined) => Promise<{
      readonly items: readonly T[];
      readonly IsTruncated?: boolean | undefined;
      readonly Marker?: string | undefined;
    }>,
    signal: AbortSignal,
  ): Promise<readonly T[] | undefined> {
    const items: T[] = [];
    let marker: string | undefined;
    for (let count = 0; count < MAX_PAGES; count += 1) {
      const answer = await this.#allowed(() => page(marker), signal);
      if (answer === undefined) return undefined;
      items.push(...answer.items);
      if (answer.IsTruncated !== true) return items;
      marker = answer.Marker;
    }
    return undefined;
  }

  async #allowed<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    try {
      return await ask();
    } catch {
      // Whether denied, throttled or out of reach: what may not be read is no finding.
      signal.throwIfAborted();
      return undefined;
    }
  }
}

const DECISIONS: Readonly<Record<string, SimulatedDecision['decision']>> = {
  allowed: 'allowed',
  implicitDeny: 'implicitDeny',
  explicitDeny: 'explicitDeny',
};

/** IAM encodes documents for a URL. */
function decoded(document: string | undefined): string | undefined {
  return document === undefined ? undefined : decodeURIComponent(document);
}
