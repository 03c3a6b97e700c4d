import { lookup } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { ConnectorError } from '../core/errors.ts';
import { tlsDemands } from '../db/tls.ts';
import type { IssuedLogin } from '../operations/login.ts';

/** Where a login is good, in libpq's terms, and what TLS demands there. Holds nothing secret. */
export interface LoginPlace {
  /** The name that the certificate must carry. */
  readonly host: string;
  /** Where to go instead of asking DNS: only with `tlsServerName`. */
  readonly hostAddress?: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly sslMode: 'verify-full' | 'verify-ca';
  /** The roots to trust: a file, or `system`. */
  readonly sslRootCert: string;
  /** As the connection names it. */
  readonly caFile?: string;
}

/** The variables that libpq reads; the password is not among them. */
export interface LoginEnvironment {
  readonly PGHOST: string;
  readonly PGHOSTADDR?: string;
  readonly PGPORT: string;
  readonly PGDATABASE: string;
  readonly PGUSER: string;
  readonly PGSSLMODE: string;
  readonly PGSSLROOTCERT: string;
  readonly PGGSSENCMODE: 'disable';
}

/** Where distributions keep the roots that they trust; Amazon's are among them. */
const SYSTEM_ROOTS = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The place of a login. Asks DNS where a server name replaces the host's own. Throws RS_CONN_UNREACHABLE. */
export async function placeOf({ host, port, database, user, tls }: IssuedLogin): Promise<LoginPlace> {
  const { mode, caFile, serverName } = tls;
  return {
    ...(serverName === undefined ? { host } : { host: serverName, hostAddress: await addressOf(host) }),
    port,
    database,
    user,
    sslMode: mode,
    // libpq knows `system` from version 16 on only.
    sslRootCert: caFile ?? SYSTEM_ROOTS.find((path) => existsSync(path)) ?? 'system',
    ...(caFile === undefined ? {} : { caFile }),
  };
}

/** The variables of a place. Kerberos is switched off: libpq would prefer it to TLS, and verify nothing. */
export function environmentOf(place: LoginPlace): LoginEnvironment {
  const { host, hostAddress, port, database, user, sslMode, sslRootCert } = place;
  return {
    PGHOST: host,
    ...(hostAddress === undefined ? {} : { PGHOSTADDR: hostAddress }),
    PGPORT: String(port),
    PGDATABASE: database,
    PGUSER: user,
    PGSSLMODE: sslMode,
    PGSSLROOTCERT: sslRootCert,
    PGGSSENCMODE: 'disable',
  };
}

/**
 * The roots that a session of ours would trust, as one PEM text, for a program that has none: Node's, and those of `caFile` or
 * else NODE_EXTRA_CA_CERTS. Throws RS_CONN_TLS when a file cannot be used.
 */
export async function trustedRoots(
  tls: IssuedLogin['tls'],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const { ca } = await tlsDemands(tls);
  const extra = environment['NODE_EXTRA_CA_CERTS'];
  if (Array.isArray(ca)) return ca.join('\n');
  // As Node does: a file that cannot be read adds nothing, and Node itself has warned of it.
  const added = extra === undefined || extra === '' ? '' : await readFile(extra, 'utf8').catch(() => '');
  return [...rootCertificates, added].join('\n');
}

async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new ConnectorError('RS_CONN_UNREACHABLE', `The host ${host} is not known to DNS`, {
      action: 'Check the host, and that this machine can resolve it.',
      details: { host },
      cause,
    });
  }
}
