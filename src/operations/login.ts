import type { AccessPlan } from '../access/plan.ts';
import { defined } from '../core/defined.ts';
import type { Run } from '../core/run.ts';
import type { Secret } from '../core/secret.ts';
import type { Connection } from './connection.ts';

/** All that another program needs to open a session: where, as whom, with what, until when. */
export interface IssuedLogin {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Verbatim: `IAM:etl`, `IAMR:Analysts`. */
  readonly user: string;
  readonly password: Secret;
  /** New sessions are refused after this; open ones live on. Absent for a stored password. */
  readonly expiresAt?: Date;
  /** What TLS must demand of the server: its name is `serverName`, where given, and else the host. */
  readonly tls: AccessPlan['tls'];
}

/** Obtains a login and the address to use it at. Opens no session. Throws the errors of `Access.login` and `endpoint`. */
export async function login({ access }: Connection, run: Run): Promise<IssuedLogin> {
  const { user, password, database, expiresAt } = await access.login(run);
  const { host, port } = await access.endpoint(run);
  return Object.freeze({ host, port, database, user, password, tls: access.plan.tls, ...defined({ expiresAt }) });
}
