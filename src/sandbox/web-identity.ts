import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { WorldClock } from './clock.ts';

/** Who a service account's token speaks for. */
export interface WebIdentity {
  /** Host and path of the identity provider, as in `arn:aws:iam::ACCOUNT:oidc-provider/ISSUER`. */
  readonly issuer: string;
  /** `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string;
  readonly audience: string;
  readonly expiresAt: Date;
}

/** The identity provider of a world's Kubernetes cluster: signs tokens, and tells whether one is its own. */
export interface TokenIssuer {
  readonly issuer: string;
  issue(subject: string): string;
  /** Undefined: not a token of this issuer. An expired one is still told. */
  read(token: string): WebIdentity | undefined;
}

const AUDIENCE = 'sts.amazonaws.com';
const LIFETIME_SECONDS = 86_400;

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export function createTokenIssuer(region: string, clock: WorldClock): TokenIssuer {
  const issuer = `oidc.eks.${region}.amazonaws.com/id/SANDBOX`;
  const secret = randomBytes(32);
  const sign = (text: string): string => createHmac('sha256', secret).update(text).digest('base64url');

  return {
    issuer,
    issue: (subject) => {
      const now = Math.floor(clock.now() / 1000);
      const claims = { iss: `https://${issuer}`, sub: subject, aud: [AUDIENCE], iat: now, exp: now + LIFETIME_SECONDS };
      const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
      return `${text}.${sign(text)}`;
    },
    read: (token) => {
      const [header = '', payload = '', signature = ''] = token.split('.');
      const expected = Buffer.from(sign(`${header}.${payload}`));
      const given = Buffer.from(signature);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
        readonly sub: string;
        readonly exp: number;
      };
      return { issuer, subject: claims.sub, audience: AUDIENCE, expiresAt: new Date(claims.exp * 1000) };
    },
  };
}
