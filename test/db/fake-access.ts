import { Agent } from 'node:http';
import type { AccessPlan } from '../../src/access/plan.ts';
import type { Access, Login, LoginRequest } from '../../src/auth/access.ts';
import { openAwsClock } from '../../src/core/aws-clock.ts';
import { SYSTEM_CLOCK } from '../../src/core/run.ts';
import { Secret } from '../../src/core/secret.ts';

export interface FakeAccessInit {
  readonly host?: string;
  readonly port: number;
  readonly tls?: Partial<AccessPlan['tls']>;
  /** A stored password instead of logins that can be renewed. */
  readonly stored?: boolean;
  readonly login?: (request: LoginRequest, count: number) => Promise<Login>;
}

export interface FakeAccess extends Access {
  readonly requests: LoginRequest[];
}

/** The credential graph without AWS: login number n has the password `password-n`. */
export function fakeAccess({ host = '127.0.0.1', port, tls, stored = false, login }: FakeAccessInit): FakeAccess {
  const requests: LoginRequest[] = [];
  const nobody = async (): Promise<never> => {
    throw new Error('no AWS here');
  };
  const plan = {
    roles: [],
    stagingRoles: [],
    login: { kind: stored ? 'password' : 'clusterCredentials' },
    tls: { mode: 'verify-full', ...tls },
    endpoint: { host, port },
    notices: [],
  } as unknown as AccessPlan;
  return {
    plan,
    requests,
    clock: openAwsClock(SYSTEM_CLOCK),
    clockOffset: () => undefined,
    awsHandler: () => ({ connectionTimeout: 5000, httpAgent: new Agent() }),
    ensureLife: async () => undefined,
    forecast: async () => [],
    identity: nobody,
    role: nobody,
    staging: nobody,
    assume: nobody,
    endpoint: async () => ({ host, port }),
    login: async (_run, request = {}) => {
      requests.push(request);
      const count = requests.length;
      return login?.(request, count) ?? { user: 'IAM:etl', password: new Secret(`password-${count}`), database: 'dev' };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
