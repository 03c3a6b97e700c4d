import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Secret } from '../core/secret.ts';
import type { WorldClock } from './clock.ts';
import type { WorldCluster, WorldDatabaseUser } from './world.ts';

export interface LoginRequest {
  readonly dbUser: string;
  readonly autoCreate: boolean;
  /** Lowercase names of existing groups; the login belongs to them for its sessions only. */
  readonly groups: readonly string[];
  /** Absent: the password opens any database. */
  readonly database?: string;
  readonly lifetimeSeconds: number;
}

/** A login for the database user of an IAM identity. */
export interface IdentityLoginRequest extends Pick<LoginRequest, 'database' | 'lifetimeSeconds'> {
  /** `IAM:user` or `IAMR:role`: name of the login and of the database user alike, made when it first logs in. */
  readonly dbUser: string;
}

/** What `GetClusterCredentials` answers. */
export interface IssuedLogin {
  /** `IAM:user`, `IAMA:user`, with groups `IAMA:user:group1:group2`: to be used verbatim. */
  readonly dbUser: string;
  readonly dbPassword: Secret;
  readonly expiresAt: Date;
}

/** What `GetClusterCredentialsWithIAM` and `GetCredentials` answer. */
export interface IdentityLogin extends IssuedLogin {
  /** When half of its life is over; AWS says no more than that the time is reserved. */
  readonly nextRefreshAt: Date;
}

export type LoginVerdict =
  | {
      readonly accepted: true;
      /** The database user without prefix and groups. */
      readonly dbUser: string;
      /** Groups joined for this session, beside those the user is in anyway. */
      readonly groups: readonly string[];
      /** Auto-create was asked for: make the user if it is missing. Otherwise a missing user is refused. */
      readonly createUser: boolean;
      /** How the login was proven. */
      readonly kind: 'issued' | 'stored';
      readonly superuser: boolean;
    }
  | {
      readonly accepted: false;
      /** For the sandbox's own log; clients see one message for all of them. */
      readonly reason: 'unknown' | 'wrongPassword' | 'expired' | 'otherDatabase';
    };

/** Issues temporary database logins for the Redshift API, and verifies them and stored passwords for the pg endpoint. */
export interface LoginRegistry {
  issue(clusterId: string, request: LoginRequest): IssuedLogin;
  issueToIdentity(clusterId: string, request: IdentityLoginRequest): IdentityLogin;
  /** Ends logins before their time, those of one database user if given; the answer is how many. Sessions go on. */
  end(dbUser?: string): number;
  /** `user` exactly as in the start-up packet. */
  verify(clusterId: string, user: string, password: string, database: string): LoginVerdict;
}

interface LoginRecord {
  readonly password: Secret;
  readonly expiresAtMs: number;
  readonly database: string | undefined;
  /** The whole name is the database user's. */
  readonly isIdentity: boolean;
}

const KEPT_PER_USER = 50; // several logins of one user are valid side by side, as on Redshift

const equal = (a: string, b: string): boolean => {
  const [left, right] = [createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest()];
  return timingSafeEqual(left, right);
};

/** `IAMA:user:group` to its parts; undefined where the name is an ordinary user's. */
function parseIssuedName(name: string): { createUser: boolean; dbUser: string; groups: readonly string[] } | undefined {
  const [prefix, dbUser, ...groups] = name.split(':');
  if ((prefix !== 'IAM' && prefix !== 'IAMA' && prefix !== 'IAMR') || dbUser === undefined) return undefined;
  return { createUser: prefix === 'IAMA', dbUser, groups };
}

export function createLoginRegistry(clusters: readonly WorldCluster[], clock: WorldClock): LoginRegistry {
  const issued = new Map<string, LoginRecord[]>();
  const recordsKey = (clusterId: string, user: string): string => JSON.stringify([clusterId, user]);

  const declared = (clusterId: string, user: string): WorldDatabaseUser | undefined =>
    clusters.find(({ id }) => id === clusterId)?.users?.find(({ name }) => name.toLowerCase() === user.toLowerCase());

  const keep = (
    clusterId: string,
    dbUser: string,
    { database, lifetimeSeconds }: Pick<LoginRequest, 'database' | 'lifetimeSeconds'>,
    isIdentity: boolean,
  ): IssuedLogin => {
    const expiresAtMs = clock.expiryAfter(lifetimeSeconds).getTime();
    const dbPassword = new Secret(randomBytes(48).toString('base64'));
    const key = recordsKey(clusterId, dbUser);
    const records = [...(issued.get(key) ?? []), { password: dbPassword, expiresAtMs, database, isIdentity }];
    issued.set(key, records.slice(-KEPT_PER_USER));
    return { dbUser, dbPassword, expiresAt: new Date(expiresAtMs) };
  };

  return {
    issue: (clusterId, { dbUser, autoCreate, groups, ...request }) =>
      keep(clusterId, [autoCreate ? 'IAMA' : 'IAM', dbUser, ...groups].join(':'), request, false),
    issueToIdentity: (clusterId, { dbUser, ...request }) => {
      const login = keep(clusterId, dbUser, request, true);
      const nextRefreshAt = new Date((clock.now() + login.expiresAt.getTime()) / 2);
      return { ...login, nextRefreshAt };
    },
    end: (dbUser) => {
      let ended = 0;
      for (const [key, records] of issued) {
        const [, name = ''] = JSON.parse(key) as readonly string[];
        if (dbUser !== undefined && name !== dbUser && parseIssuedName(name)?.dbUser !== dbUser) continue;
        const now = clock.now();
        ended += records.filter(({ expiresAtMs }) => expiresAtMs > now).length;
        issued.set(
          key,
          records.map((record) => ({ ...record, expiresAtMs: Math.min(record.expiresAtMs, now) })),
        );
      }
      return ended;
    },
    verify: (clusterId, user, password, database) => {
      const parsed = parseIssuedName(user);
      if (!parsed) {
        const known = declared(clusterId, user);
        if (known?.password === undefined) return { accepted: false, reason: 'unknown' };
        if (!equal(known.password, password)) return { accepted: false, reason: 'wrongPassword' };
        const superuser = known.superuser ?? false;
        return { accepted: true, dbUser: known.name, groups: [], createUser: false, kind: 'stored', superuser };
      }
      const records = issued.get(recordsKey(clusterId, user));
      if (!records) return { accepted: false, reason: 'unknown' };
      const record = records.find((candidate) => equal(candidate.password.reveal(), password));
      if (!record) return { accepted: false, reason: 'wrongPassword' };
      if (record.expiresAtMs <= clock.now()) return { accepted: false, reason: 'expired' };
      if (record.database !== undefined && record.database !== database) {
        return { accepted: false, reason: 'otherDatabase' };
      }
      return {
        accepted: true,
        ...(record.isIdentity ? { dbUser: user, groups: [], createUser: true } : parsed),
        kind: 'issued',
        superuser: declared(clusterId, record.isIdentity ? user : parsed.dbUser)?.superuser ?? false,
      };
    },
  };
}
