import type { ConnectionOptions } from 'node:tls';
import type { Access, Login } from '../auth/access.ts';
import type { Run } from '../core/run.ts';
import type { AddressCheck } from './checked-socket.ts';
import type { ConnectionPlan } from './connection-plan.ts';
import { tlsDemands } from './tls.ts';

/** All that a new connection needs, shared by the connections of one pool. */
export interface ConnectionSource {
  readonly access: Access;
  readonly plan: ConnectionPlan;
  /** Lives as long as the pool. */
  readonly run: Run;
  readonly checkAddress: AddressCheck;
  /** The login for a new connection: a fresh one when the last one was rejected. */
  readonly login: () => Promise<Login>;
  /** Tells that the server refused a login. */
  readonly reject: (login: Login) => void;
  readonly tls: () => Promise<ConnectionOptions>;
}

export interface ConnectionSourceInit {
  readonly access: Access;
  readonly plan: ConnectionPlan;
  readonly run: Run;
  readonly checkAddress: AddressCheck;
}

/** No I/O happens until a connection is opened. */
export function openConnectionSource(init: ConnectionSourceInit): ConnectionSource {
  const { access, run } = init;
  let rejected: Login | undefined;
  let demands: Promise<ConnectionOptions> | undefined;
  return {
    ...init,
    login: () => access.login(run, rejected === undefined ? {} : { rejected }),
    reject: (login) => {
      // A stored password has no other: it is tried again as it is.
      if (access.plan.login.kind !== 'password') rejected = login;
    },
    tls: () => {
      demands ??= tlsDemands(access.plan.tls).catch((error: unknown) => {
        demands = undefined;
        throw error;
      });
      return demands;
    },
  };
}
