import type { IAMClient } from '@aws-sdk/client-iam';
import { defined } from '../core/defined.ts';

/** IAM's client package, which is loaded on demand. */
export type IamSdk = typeof import('@aws-sdk/client-iam');

/** Who has policies, as IAM's calls name them: without account and path. */
export interface IamName {
  readonly kind: 'user' | 'role' | 'group';
  readonly name: string;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

/** More pages than this are not looked at. */
const MAX_PAGES = 5;

/** IAM's read calls, one for users, roles and groups alike. What may not be read is undefined; only the signal's reason is thrown. */
export class IamCalls {
  readonly #sdk: IamSdk;
  readonly #client: IAMClient;
  readonly #signal: AbortSignal;

  constructor(sdk: IamSdk, client: IAMClient, signal: AbortSignal) {
    this.#sdk = sdk;
    this.#client = client;
    this.#signal = signal;
  }

  /** ARN, trust and boundary. Throws where the principal may not be read, and IAM's NoSuchEntityException. */
  async head({ kind, name }: IamName): Promise<{ arn: string; trust?: string; boundaryArn?: string }> {
    const { GetRoleCommand, GetUserCommand } = this.#sdk;
    if (kind === 'role') {
      const { Role } = await this.#client.send(new GetRoleCommand({ RoleName: name }), this.#options);
      const boundaryArn = Role?.PermissionsBoundary?.PermissionsBoundaryArn;
      return { arn: Role?.Arn ?? '', ...defined({ trust: decoded(Role?.AssumeRolePolicyDocument), boundaryArn }) };
    }
    const { User } = await this.#client.send(new GetUserCommand({ UserName: name }), this.#options);
    return {
      arn: User?.Arn ?? '',
      ...defined({ boundaryArn: User?.PermissionsBoundary?.PermissionsBoundaryArn }),
    };
  }

  /** Names of the groups of a user. */
  groupsOf(UserName: string): Promise<readonly string[] | undefined> {
    return this.#pages(async (Marker) => {
      const command = new this.#sdk.ListGroupsForUserCommand(defined({ UserName, Marker }));
      const answer = await this.#client.send(command, this.#options);
      return { ...answer, items: (answer.Groups ?? []).map(({ GroupName = '' }) => GroupName) };
    });
  }

  /** Names of all roles of the account. */
  roleNames(): Promise<readonly string[] | undefined> {
    return this.#pages(async (Marker) => {
      const answer = await this.#client.send(new this.#sdk.ListRolesCommand(defined({ Marker })), this.#options);
      return { ...answer, items: (answer.Roles ?? []).map(({ RoleName = '' }) => RoleName) };
    });
  }

  /** Names of the inline policies. */
  inlineNames({ kind, name }: IamName): Promise<readonly string[] | undefined> {
    const { ListUserPoliciesCommand, ListGroupPoliciesCommand, ListRolePoliciesCommand } = this.#sdk;
    return this.#pages(async (Marker) => {
      const answer =
        kind === 'user'
          ? await this.#client.send(new ListUserPoliciesCommand(defined({ UserName: name, Marker })), this.#options)
          : kind === 'group'
            ? await this.#client.send(new ListGroupPoliciesCommand(defined({ GroupName: name, Marker })), this.#options)
            : await this.#client.send(new ListRolePoliciesCommand(defined({ RoleName: name, Marker })), this.#options);
      return { ...answer, items: answer.PolicyNames ?? [] };
    });
  }

  /** ARNs of the managed policies. */
  attachedArns({ kind, name }: IamName): Promise<readonly string[] | undefined> {
    const sdk = this.#sdk;
    return this.#pages(async (Marker) => {
      const options = this.#options;
      const answer =
        kind === 'user'
          ? await this.#client.send(
              new sdk.ListAttachedUserPoliciesCommand(defined({ UserName: name, Marker })),
              options,
            )
          : kind === 'group'
            ? await this.#client.send(
                new sdk.ListAttachedGroupPoliciesCommand(defined({ GroupName: name, Marker })),
                options,
              )
            : await this.#client.send(
                new sdk.ListAttachedRolePoliciesCommand(defined({ RoleName: name, Marker })),
                options,
              );
      return { ...answer, items: (answer.AttachedPolicies ?? []).map(({ PolicyArn = '' }) => PolicyArn) };
    });
  }

  /** JSON of an inline policy. */
  async inlineText({ kind, name }: IamName, PolicyName: string): Promise<string | undefined> {
    const { GetUserPolicyCommand, GetGroupPolicyCommand, GetRolePolicyCommand } = this.#sdk;
    const answer = await this.allowed(async (): Promise<{ PolicyDocument?: string | undefined }> => {
      if (kind === 'user') {
        return this.#client.send(new GetUserPolicyCommand({ UserName: name, PolicyName }), this.#options);
      }
      return kind === 'group'
        ? this.#client.send(new GetGroupPolicyCommand({ GroupName: name, PolicyName }), this.#options)
        : this.#client.send(new GetRolePolicyCommand({ RoleName: name, PolicyName }), this.#options);
    });
    return decoded(answer?.PolicyDocument);
  }

  /** JSON of a managed policy, in the version that is in force. */
  async managedText(PolicyArn: string): Promise<string | undefined> {
    const { GetPolicyCommand, GetPolicyVersionCommand } = this.#sdk;
    const answer = await this.allowed(async () => {
      const { Policy } = await this.#client.send(new GetPolicyCommand({ PolicyArn }), this.#options);
      const version = new GetPolicyVersionCommand({ PolicyArn, VersionId: Policy?.DefaultVersionId });
      return this.#client.send(version, this.#options);
    });
    return decoded(answer?.PolicyVersion?.Document);
  }

  /** What a call answers, or undefined where it fails: whether denied, throttled or out of reach is no finding. */
  async allowed<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch {
      this.#signal.throwIfAborted();
      return undefined;
    }
  }

  get #options(): { readonly abortSignal: AbortSignal } {
    return { abortSignal: this.#signal };
  }

  async #pages<T>(page: (marker: string | undefined) => Promise<Page<T>>): Promise<readonly T[] | undefined> {
    const items: T[] = [];
    let marker: string | undefined;
    for (let count = 0; count < MAX_PAGES; count += 1) {
      const answer = await this.allowed(() => page(marker));
      if (answer === undefined) return undefined;
      items.push(...answer.items);
      if (answer.IsTruncated !== true) return items;
      marker = answer.Marker;
    }
    return undefined;
  }
}

/** IAM encodes documents for a URL. Undefined for what is no such text. */
function decoded(document: string | undefined): string | undefined {
  try {
    return document === undefined ? undefined : decodeURIComponent(document);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
