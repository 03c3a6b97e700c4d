import { randomBytes } from 'node:crypto';
import { Secret } from '../../core/secret.ts';
import type { WorldClock } from '../clock.ts';
import type { Principal, SessionCredentials } from '../identity.ts';
import type { IamDirectory } from './directory.ts';
import { parseIamArn, roleByArn, roleById, userById } from './find.ts';
import { boundaryOf, managedPolicy, policiesHeld } from './holdings.ts';
import { freshId } from './ids.ts';
import type { PolicyDocument } from './policy.ts';
import type { IamState, RoleState, UserState } from './state.ts';

/** Where a set of keys leads: whose it is, what signs, and the session token that must come along. */
export interface KeyRecord {
  readonly secretAccessKey: Secret;
  readonly principal: Principal;
  readonly sessionToken?: Secret;
  readonly expiresAt?: Date;
}

export interface RoleRecord {
  readonly arn: string;
  readonly account: string;
  readonly id: string;
  readonly name: string;
  readonly trust: PolicyDocument;
  readonly maxSessionSeconds: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** How AWS answers to a session that was ended early: as to one that expired, or as to a token it does not know. */
export type EarlyEnd = 'expired' | 'invalid';

export interface SessionInit {
  readonly sessionName: string;
  readonly lifetimeSeconds: number;
  readonly sessionPolicies?: readonly PolicyDocument[] | undefined;
  readonly sessionTags?: Readonly<Record<string, string>> | undefined;
  /** Keys of `sessionTags` that go on to the next role. */
  readonly transitiveTagKeys?: readonly string[] | undefined;
  readonly sourceIdentity?: string | undefined;
}

/** What IAM holds about somebody who asks. */
export interface Grants {
  readonly identityPolicies: readonly PolicyDocument[];
  readonly boundary: PolicyDocument | undefined;
  /** Of the user or the role itself; a session's own come on top. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Every identity of a world as it is in effect: users and their keys, roles, and the sessions of roles. */
export interface IdentityRegistry {
  key(accessKeyId: string): KeyRecord | undefined;
  role(arn: string): RoleRecord | undefined;
  openSession(role: RoleRecord, init: SessionInit): SessionCredentials;
  /** Ends the sessions of a role, or of all, before their time; the answer is how many. */
  endSessions(roleArn: string | undefined, as: EarlyEnd): number;
  grantsOf(principal: Principal): Grants;
  /** Document of a managed policy, customer's or AWS's own. */
  managedPolicy(arn: string): PolicyDocument | undefined;
}

const SESSION_KEPT_MS = 3_600_000; // an expired session answers ExpiredToken that long, then its key is unknown
const NO_GRANTS: Grants = { identityPolicies: [], boundary: undefined, tags: {} };

const accountOf = (arn: string): string => parseIamArn(arn)?.account ?? '';

function grants(state: IamState, holder: UserState | RoleState): Grants {
  return {
    identityPolicies: policiesHeld(state, holder).map(({ document }) => document),
    boundary: boundaryOf(state, holder),
    tags: holder.tags,
  };
}

function userKey(state: IamState, accessKeyId: string): KeyRecord | undefined {
  for (const { id: account, keys } of state.values()) {
    const key = keys.get(accessKeyId);
    const user = key?.active ? userById(state, key.userId) : undefined;
    if (key && user) {
      return { secretAccessKey: key.secret, principal: { kind: 'user', arn: user.arn, account, userId: user.id } };
    }
  }
  return undefined;
}

/** The user or role behind a signature, by its id: somebody made anew under an old name is somebody else. */
function holderOf(state: IamState, { kind, userId }: Principal): UserState | RoleState | undefined {
  if (kind === 'user') return userById(state, userId);
  return kind === 'assumedRole' ? roleById(state, userId.split(':')[0] ?? '') : undefined;
}

export function createIdentityRegistry(directory: IamDirectory, clock: WorldClock): IdentityRegistry {
  const sessions = new Map<string, SessionCredentials>();

  const forgetOldSessions = (): void => {
    for (const [id, { expiresAt }] of sessions) {
      if (expiresAt.getTime() + SESSION_KEPT_MS < clock.now()) sessions.delete(id);
    }
  };

  return {
    key: (accessKeyId) => {
      const state = directory.effective();
      const session = sessions.get(accessKeyId);
      if (session) return holderOf(state, session.principal) && session;
      return userKey(state, accessKeyId);
    },
    role: (arn) => {
      const role = roleByArn(directory.effective(), arn);
      return role && { ...role, account: accountOf(arn) };
    },
    grantsOf: (principal) => {
      const state = directory.effective();
      const holder = holderOf(state, principal);
      return holder ? grants(state, holder) : NO_GRANTS;
    },
    managedPolicy: (arn) => managedPolicy(directory.effective(), arn)?.document,
    endSessions: (roleArn, as) => {
      const now = new Date(clock.now());
      const ended = [...sessions.values()].filter(
        ({ principal, expiresAt }) => expiresAt > now && (roleArn === undefined || principal.roleArn === roleArn),
      );
      for (const session of ended) {
        const change =
          as === 'expired' ? { expiresAt: now } : { sessionToken: new Secret(randomBytes(30).toString('hex')) };
        sessions.set(session.accessKeyId, { ...session, ...change });
      }
      return ended.length;
    },
    openSession: (role, init) => {
      forgetOldSessions();
      const { sessionName, lifetimeSeconds, sessionPolicies, sessionTags, transitiveTagKeys, sourceIdentity } = init;
      const principal: Principal = {
        kind: 'assumedRole',
        arn: `arn:${directory.partition}:sts::${role.account}:assumed-role/${role.name}/${sessionName}`,
        account: role.account,
        userId: `${role.id}:${sessionName}`,
        roleArn: role.arn,
        sessionName,
        issuedAt: new Date(clock.now()),
        ...(sessionPolicies && { sessionPolicies }),
        ...(sessionTags && { sessionTags }),
        ...(transitiveTagKeys && { transitiveTagKeys }),
        ...(sourceIdentity !== undefined && { sourceIdentity }),
      };
      const credentials: SessionCredentials = {
        accessKeyId: freshId('ASIA'),
        secretAccessKey: new Secret(randomBytes(30).toString('base64')),
        sessionToken: new Secret(`IQoJ${randomBytes(240).toString('base64')}`),
        expiresAt: clock.expiryAfter(lifetimeSeconds),
        principal,
      };
      sessions.set(credentials.accessKeyId, credentials);
      return credentials;
    },
  };
}
