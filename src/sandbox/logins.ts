import type { Secret } from '../core/secret.ts';

export interface LoginRequest {
  readonly dbUser: string;
  readonly autoCreate: boolean;
  /** Lowercase names of existing groups; the login belongs to them for its sessions only. */
  readonly groups: readonly string[];
  /** Absent: the password opens any database. */
  readonly database?: string;
  readonly lifetimeSeconds: number;
}

/** What `GetClusterCredentials` answers. */
export interface IssuedLogin {
  /** `IAM:user`, `IAMA:user`, with groups `IAMA:user:group1:group2`: to be used verbatim. */
  readonly dbUser: string;
  readonly dbPassword: Secret;
  readonly expiresAt: Date;
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
  /** `user` exactly as in the start-up packet. */
  verify(clusterId: string, user: string, password: string, database: string): LoginVerdict;
}
