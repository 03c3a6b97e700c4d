import { listOf, type PlannedDocument, type PolicyStatement } from '../../src/policies/document.ts';
import type { PolicySet } from '../../src/policies/policies.ts';
import type { PolicyDocument } from '../../src/sandbox/iam/policy.ts';
import type {
  World,
  WorldAccount,
  WorldBucket,
  WorldInstance,
  WorldKmsKey,
  WorldRole,
  WorldUser,
} from '../../src/sandbox/world.ts';
import { WORKGROUP_ID } from './topologies.ts';

type Building<T> = { -readonly [K in keyof T]: T[K] };

interface BuildingAccount {
  users: Building<WorldUser>[];
  roles: Building<WorldRole>[];
  buckets: Building<WorldBucket>[];
  kmsKeys: Building<WorldKmsKey>[];
}

/** One statement of a set, or one of its actions or resources. */
export interface Dropped {
  readonly document: PlannedDocument;
  readonly sid: string;
  readonly part?: { readonly element: 'Action' | 'Resource'; readonly at: number };
}

/** The statements of a document without what is dropped. */
export function statementsWithout({ document, name }: PlannedDocument, dropped?: Dropped): readonly PolicyStatement[] {
  if (dropped === undefined || name !== dropped.document.name) return document.Statement;
  const { sid, part } = dropped;
  return document.Statement.flatMap((statement) => {
    if (statement.Sid !== sid) return [statement];
    if (part === undefined) return [];
    return [{ ...statement, [part.element]: listOf(statement[part.element]).filter((_, at) => at !== part.at) }];
  });
}

/** The trust of a role that nobody who is here may become. */
const NOBODY: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'glue.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};

/** A key's policy with what a new key has: it leaves it to the account who may use the key. */
function withRoot(account: string, { Statement, ...rest }: PolicyDocument): PolicyDocument {
  const root = {
    Sid: 'Enable IAM User Permissions',
    Effect: 'Allow' as const,
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: 'kms:*',
    Resource: '*',
  };
  return { ...rest, Statement: [root, ...[Statement].flat()] };
}

/** What an identity that happens to be an auditor as well may do. */
const IAM_READS: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Audit', Effect: 'Allow', Action: ['iam:Get*', 'iam:List*', 'iam:SimulatePrincipalPolicy'], Resource: '*' },
  ],
};

/** Fills an empty world with what policies say and nothing else: a principal exists when a policy is its own. */
export class AppliedWorld {
  readonly #accounts = new Map<string, BuildingAccount>();
  readonly #instances: WorldInstance[] = [];
  readonly #attached = { warehouse: [] as string[], lake: [] as string[] };
  #hasWorkgroup = false;
  readonly #more: readonly PolicyDocument[];
  #keys = 0;

  /** With `readsIam`, every user and role may read IAM in its account. */
  constructor({ readsIam = false }: { readonly readsIam?: boolean } = {}) {
    this.#more = readsIam ? [IAM_READS] : [];
  }

  /** `without` is left out. */
  apply({ documents, attach }: PolicySet, without?: Dropped): void {
    for (const each of documents) {
      const { holder, kind, document } = each;
      const statements = statementsWithout(each, without);
      const policy = { ...document, Statement: statements } as PolicyDocument;
      const account = this.#account(holder.account);
      if (kind === 'key') {
        const key = account.kmsKeys.find((one) => one.id === holder.name);
        if (key !== undefined) key.policy = withRoot(holder.account, policy);
        continue;
      }
      if (kind === 'bucket') {
        const bucket = account.buckets.find((one) => one.name === holder.name);
        if (bucket !== undefined && statements.length > 0) bucket.policy = policy;
        continue;
      }
      if (holder.kind === 'user') {
        const user = this.#user(holder.account, holder.name);
        if (statements.length > 0) user.policies = [...(user.policies ?? []), policy];
        continue;
      }
      const role = account.roles.find((one) => one.name === holder.name) ?? {
        name: holder.name,
        trust: NOBODY,
        policies: this.#more,
      };
      if (!account.roles.includes(role)) account.roles.push(role);
      if (kind === 'trust') role.trust = statements.length === 0 ? NOBODY : policy;
      else if (statements.length > 0) role.policies = [...(role.policies ?? []), policy];
    }
    if (attach !== undefined) this.#attached[attach.isServerless ? 'lake' : 'warehouse'].push(attach.role.arn);
  }

  bucket(account: string, name: string): void {
    this.#account(account).buckets.push({ name });
  }

  key(account: string, id: string): void {
    this.#account(account).kmsKeys.push({ id });
  }

  /** A user with keys that follow from its name. */
  user(account: string, name: string): { accessKeyId: string; secretAccessKey: string } {
    const user = this.#user(account, name);
    const [key] = user.accessKeys ?? [];
    return { accessKeyId: key!.id, secretAccessKey: key!.secret };
  }

  /** Beside the cluster `warehouse`. */
  workgroup(): void {
    this.#hasWorkgroup = true;
  }

  machine(name: string, role: string): void {
    this.#instances.push({ name, kind: 'ec2', role });
  }

  /** Somebody in an account who may mend its policies. */
  administrator(account: string): { accessKeyId: string; secretAccessKey: string } {
    const keys = this.user(account, 'administrator');
    this.#user(account, 'administrator').managedPolicies = ['arn:aws:iam::aws:policy/AdministratorAccess'];
    return keys;
  }

  world(clusterAccount: string): World {
    this.#account(clusterAccount);
    return {
      region: 'us-east-1',
      accounts: [...this.#accounts].map(
        ([id, account]): WorldAccount => ({
          id,
          ...account,
          ...(id === clusterAccount
            ? {
                clusters: [
                  {
                    id: 'warehouse',
                    iamRoles: this.#attached.warehouse,
                    groups: ['loaders', 'readers'],
                    users: [
                      { name: 'awsuser', superuser: true },
                      { name: 'etl' },
                      { name: 'reporting', password: 'Sandbox-Passw0rd' },
                    ],
                    databases: [{ name: 'dev' }],
                  },
                ],
                ...(this.#hasWorkgroup
                  ? {
                      workgroups: [
                        {
                          name: 'lake',
                          id: WORKGROUP_ID,
                          iamRoles: this.#attached.lake,
                          databases: [{ name: 'dev' }],
                        },
                      ],
                    }
                  : {}),
              }
            : {}),
        }),
      ),
      instances: this.#instances,
    };
  }

  #account(id: string): BuildingAccount {
    const account = this.#accounts.get(id) ?? { users: [], roles: [], buckets: [], kmsKeys: [] };
    this.#accounts.set(id, account);
    return account;
  }

  #user(account: string, name: string): Building<WorldUser> {
    const { users } = this.#account(account);
    let user = users.find((each) => each.name === name);
    if (user === undefined) {
      this.#keys += 1;
      const number = String(this.#keys).padStart(16, 'Q');
      user = { name, policies: this.#more, accessKeys: [{ id: `AKIA${number}`, secret: `not/a/secret/${name}` }] };
      users.push(user);
    }
    return user;
  }
}
