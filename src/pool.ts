import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Pool } from 'pg';
import { planAccess } from './access/plan-access.ts';
import type { Access } from './auth/access.ts';
import { openAccess } from './auth/open-access.ts';
import { defined } from './core/defined.ts';
import { ConnectorError } from './core/errors.ts';
import type { ConnectorEvent } from './core/events.ts';
import { type Clock, openRun } from './core/run.ts';
import { type AddressCheck, CheckedSocket } from './db/checked-socket.ts';
import { type ConnectionPlan, planConnections } from './db/connection-plan.ts';
import { type ConnectionSource, openConnectionSource } from './db/connection-source.ts';
import { DECIDED_BY_CONNECTION, RolePool, type RolePoolConfig } from './db/role-pool.ts';
import { checkAddress } from './manifest/addresses.ts';
import type { ConnectionInput } from './manifest/options.gen.ts';
import { resolveOptions } from './manifest/resolve.ts';

export { ConnectorError } from './core/errors.ts';
export type { ConnectorEvent } from './core/events.ts';
export type { RolePoolConfig } from './db/role-pool.ts';
export type { ConnectionInput } from './manifest/options.gen.ts';

export interface PoolContext {
  /** Hears of each hop to a login, of new sessions, and of idle ones that were lost. */
  readonly onEvent?: ((event: ConnectorEvent) => void) | undefined;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

const EXPIRY_MARGIN_MS = 60_000;

/**
 * A `pg` pool that logs in by role: give it to `pg`, Kysely, Drizzle, or anything that takes a `pg.Pool`. Nothing is
 * opened until the first query. `end()` it as any pool; that ends its credentials too. Values are `pg`'s own. Throws
 * RS_CONFIG_INVALID; a query throws the errors of the login and the session, and `pg`'s own for the statement. A refusal
 * comes as it is, without a diagnosis: a pool asks AWS for nothing but the login; `check()` of the connector finds out why.
 */
export function createPool(input: ConnectionInput, config: RolePoolConfig = {}, context: PoolContext = {}): Pool {
  refuseDecided(config);
  const { source, access, closing } = openSource(input, context);
  return new RolePool(source, config, async () => {
    closing.abort(new ConnectorError('RS_CONN_LOST', 'The pool was ended'));
    await access[Symbol.asyncDispose]();
  });
}

/** What `pg`'s client takes to connect: user and password of one login, and TLS that is verified. */
export interface LoginConfig {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly ssl: TlsOptions;
  readonly application_name: string;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelayMillis: number;
  readonly connectionTimeoutMillis: number;
  /** Whether to ask for another login before the next connection; open sessions live on. */
  readonly expirationChecker: () => boolean;
}

/** Yields a login for each new connection; dispose ends its credentials. */
export interface LoginProvider extends AsyncDisposable {
  (): Promise<LoginConfig>;
}

/**
 * For libraries that make their own connections (Knex: `connection: loginProvider(input)`), and for `new pg.Client(await
 * provider())`. Session options (connectSql, queryGroup, statement timeout, default schema) are not applied: that is the
 * library's to do. Throws RS_CONFIG_INVALID; a call throws the errors of the login.
 */
export function loginProvider(input: ConnectionInput, context: PoolContext = {}): LoginProvider {
  const { source, access, closing } = openSource(input, context);
  return Object.assign(() => loginConfig(source), {
    [Symbol.asyncDispose]: async (): Promise<void> => {
      closing.abort(new ConnectorError('RS_CONN_LOST', 'The login provider was disposed of'));
      await access[Symbol.asyncDispose]();
    },
  });
}

interface OpenSource {
  readonly source: ConnectionSource;
  readonly access: Access;
  readonly closing: AbortController;
}

function openSource(input: ConnectionInput, { onEvent, clock }: PoolContext): OpenSource {
  const options = resolveOptions(input);
  const plan: ConnectionPlan = planConnections(options);
  const access = openAccess(planAccess(options), defined({ clock }));
  const closing = new AbortController();
  const run = openRun({ signal: closing.signal, onEvent, clock, isBackground: true });
  const check: AddressCheck = (address) => checkAddress(address);
  return { source: openConnectionSource({ access, plan, run, checkAddress: check }), access, closing };
}

async function loginConfig({
  access,
  plan,
  run,
  checkAddress: check,
  login,
  tls,
}: ConnectionSource): Promise<LoginConfig> {
  const ssl = await tls();
  const destination = await access.endpoint(run);
  const { user, password, database, expiresAt } = await login();
  const config: LoginConfig = {
    // The name that the certificate must carry; the socket knows where it goes.
    host: access.plan.tls.serverName ?? destination.host,
    port: destination.port,
    database,
    user,
    password: password.reveal(),
    ssl,
    application_name: plan.applicationName,
    keepAlive: plan.keepaliveMs > 0,
    keepAliveInitialDelayMillis: plan.keepaliveMs,
    connectionTimeoutMillis: plan.connectTimeoutMs,
    expirationChecker: expiresSoon(expiresAt, access.clock),
  };
  const stream = (): CheckedSocket => {
    const socket = new CheckedSocket(check);
    socket.aim(destination);
    return socket;
  };
  return Object.assign(config, { stream });
}

/** True from shortly before the end; never at once, however short the rest: Knex takes that for a failed renewal. */
function expiresSoon(expiresAt: Date | undefined, clock: Clock): () => boolean {
  if (expiresAt === undefined) return () => false;
  const endMs = expiresAt.getTime();
  const marginMs = Math.min(EXPIRY_MARGIN_MS, (endMs - clock.now()) / 3);
  const askAgainAtMs = Math.max(endMs - marginMs, clock.now() + 1_000);
  return () => clock.now() >= askAgainAtMs;
}

function refuseDecided(config: object): void {
  const issues = DECIDED_BY_CONNECTION.filter((key) => key in config).map((path) => ({
    path,
    message: `"${path}" is decided by the connection and is not a setting of the pool`,
    action: 'Remove it from the settings of the pool; the connection options have their own names.',
  }));
  if (issues.length === 0) return;
  throw new ConnectorError('RS_CONFIG_INVALID', 'The settings of the pool contradict the connection', { issues });
}
