import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '../../core/secret.ts';
import type { WorldClock } from '../clock.ts';
import type { Principal, SessionCredentials } from '../identity.ts';
import type { World, WorldRole } from '../world.ts';
import type { PolicyDocument } from './policy.ts';

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
  readonly role: WorldRole;
  readonly maxSessionSeconds: number;
}

export interface SessionInit {
  readonly sessionName: string;
  readonly lifetimeSeconds: number;
  readonly sessionPolicies?: readonly PolicyDocument[] | undefined;
  readonly sessionTags?: Readonly<Record<string, string>> | undefined;
  readonly sourceIdentity?: string | undefined;
}

/** Every identity of a world: users and their keys, roles, and the sessions of roles. */
export interface IdentityRegistry {
  key(accessKeyId: string): KeyRecord | undefined;
  role(arn: string): RoleRecord | undefined;
  openSession(role: RoleRecord, init: SessionInit): SessionCredentials;
  /** The identity policies of whoever asks. */
  policiesOf(principal: Principal): readonly PolicyDocument[];
}

const SESSION_KEPT_MS = 3_600_000; // an expired session answers ExpiredToken that long, then its key is unknown
const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function idOf(prefix: string, bytes: Buffer): string {
  return prefix + Array.from(bytes, (byte) => ID_ALPHABET[byte % 32]).join('');
}

const stableId = (prefix: string, arn: string): string =>
  idOf(prefix, createHash('sha256').update(arn).digest().subarray(0, 17));

export function createIdentityRegistry(world: World, clock: WorldClock): IdentityRegistry {
  const keys = new Map<string, KeyRecord>();
  const roles = new Map<string, RoleRecord>();
  const userPolicies = new Map<string, readonly PolicyDocument[]>();

  for (const account of world.accounts) {
    for (const user of account.users ?? []) {
      const arn = `arn:aws:iam::${account.id}:user/${user.name}`;
      const principal: Principal = { kind: 'user', arn, account: account.id, userId: stableId('AIDA', arn) };
      userPolicies.set(arn, user.policies ?? []);
      for (const { id, secret } of user.accessKeys ?? []) {
        keys.set(id, { secretAccessKey: new Secret(secret), principal });
      }
    }
    for (const role of account.roles ?? []) {
      const arn = `arn:aws:iam::${account.id}:role/${role.name}`;
      roles.set(arn, {
        arn,
        account: account.id,
        id: stableId('AROA', arn),
        role,
        maxSessionSeconds: role.maxSessionSeconds ?? 3600,
      });
    }
  }

  const forgetOldSessions = (): void => {
    for (const [id, { expiresAt }] of keys) {
      if (expiresAt && expiresAt.getTime() + SESSION_KEPT_MS < clock.now()) keys.delete(id);
    }
  };

  return {
    key: (accessKeyId) => keys.get(accessKeyId),
    role: (arn) => roles.get(arn),
    policiesOf: (principal) =>
      principal.kind === 'assumedRole'
        ? (roles.get(principal.roleArn ?? '')?.role.policies ?? [])
        : (userPolicies.get(principal.arn) ?? []),
    openSession: (role, { sessionName, lifetimeSeconds, sessionPolicies, sessionTags, sourceIdentity }) => {
      forgetOldSessions();
      const principal: Principal = {
        kind: 'assumedRole',
        arn: `arn:aws:sts::${role.account}:assumed-role/${role.role.name}/${sessionName}`,
        account: role.account,
        userId: `${role.id}:${sessionName}`,
        roleArn: role.arn,
        sessionName,
        issuedAt: new Date(clock.now()),
        ...(sessionPolicies && { sessionPolicies }),
        ...(sessionTags && { sessionTags }),
        ...(sourceIdentity !== undefined && { sourceIdentity }),
      };
      const credentials: SessionCredentials = {
        accessKeyId: idOf('ASIA', randomBytes(16)),
        secretAccessKey: new Secret(randomBytes(30).toString('base64')),
        sessionToken: new Secret(`IQoJ${randomBytes(240).toString('base64')}`),
        // AWS tells expiry in whole seconds.
        expiresAt: new Date(Math.floor(clock.now() / 1000 + lifetimeSeconds) * 1000),
        principal,
      };
      keys.set(credentials.accessKeyId, credentials);
      return credentials;
    },
  };
}
