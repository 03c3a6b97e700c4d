import { ConnectorError } from '../core/errors.ts';
import { visibleText } from '../core/plain-text.ts';
import { formatJson } from './format.ts';
import type { LoginEnvironment, LoginPlace } from './login-place.ts';

/** How a login is written down; each is what some other program reads. */
export const LOGIN_FORMS = ['env', 'env-no-export', 'json', 'pgpass', 'jdbc', 'url', 'jdbc-url'] as const;
export type LoginForm = (typeof LOGIN_FORMS)[number];

/** Whether the form holds the password. */
export function holdsPassword(form: LoginForm): boolean {
  return form !== 'url' && form !== 'jdbc-url';
}

/** A login with its password in the clear: on its way out, to be printed or written and forgotten. */
export interface RevealedLogin {
  readonly place: LoginPlace;
  readonly password: string;
  readonly expiresAt?: Date;
}

/**
 * The text of a login in one form, lines ended. Pure. Throws RS_CONFIG_INVALID for a value that the form cannot hold, without
 * telling it, and RS_FEATURE_UNSUPPORTED for a server name that JDBC has no word for.
 */
export function renderLogin(form: LoginForm, login: RevealedLogin, environment: LoginEnvironment): string {
  switch (form) {
    case 'env':
      return lines(
        entries(environment, login).map(([name, value]) => `export ${name}=${shellWord(oneLine(name, value))}`),
      );
    case 'env-no-export':
      return lines(entries(environment, login).map(([name, value]) => `${name}=${oneLine(name, value)}`));
    case 'json':
      return `${formatJson(asDocument(login))}\n`;
    case 'pgpass':
      return passwordLine(login);
    case 'jdbc':
      return lines([`# ${jdbcUrl(login.place)}`, ...jdbcProperties(login).map(([key, value]) => property(key, value))]);
    case 'url':
      return lines([libpqUrl(login.place, environment)]);
    case 'jdbc-url':
      return lines([jdbcUrl(login.place)]);
  }
  return form satisfies never;
}

/**
 * One line of a password file of libpq, which takes `:` as the end of a field and `\` as an escape. `anyDatabase`: the
 * password holds for each database of the server.
 */
export function passwordLine(
  { place: { host, port, database, user }, password }: Pick<RevealedLogin, 'place' | 'password'>,
  { anyDatabase = false }: { readonly anyDatabase?: boolean } = {},
): string {
  const field = (name: string, value: string): string => oneLine(name, value).replace(/[\\:]/g, '\\$&');
  const fields = [
    field('the host', host),
    port,
    anyDatabase ? '*' : field('the database', database),
    field('the user', user),
    field('the password', password),
  ];
  return `${fields.join(':')}\n`;
}

/** What a shell reads as the text itself. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function entries(environment: LoginEnvironment, { password }: RevealedLogin): [name: string, value: string][] {
  return Object.entries({ ...environment, PGPASSWORD: password });
}

function asDocument({ place, password, expiresAt }: RevealedLogin): object {
  const { host, port, database, user, sslMode, sslRootCert, hostAddress } = place;
  return {
    host,
    ...(hostAddress === undefined ? {} : { hostAddress }),
    port,
    database,
    user,
    password,
    expiresAt: expiresAt?.toISOString() ?? null,
    sslMode,
    sslRootCert,
  };
}

/** Amazon's driver has roots of its own: it is told of a CA file only where the connection names one. */
function jdbcProperties({ place, password }: RevealedLogin): [key: string, value: string][] {
  const { user, sslMode, caFile } = place;
  const trust: [string, string][] = caFile === undefined ? [] : [['sslrootcert', caFile]];
  return [['user', user], ['password', password], ['ssl', 'true'], ['sslmode', sslMode], ...trust];
}

function jdbcUrl({ host, port, database, hostAddress }: LoginPlace): string {
  if (hostAddress !== undefined) {
    throw new ConnectorError('RS_FEATURE_UNSUPPORTED', 'A JDBC driver cannot be told tlsServerName', {
      action: 'Let it connect by the name in the certificate: give that as the host, and leave tlsServerName out.',
    });
  }
  return `jdbc:redshift://${urlHost(host)}:${port}/${encodeURIComponent(database)}`;
}

function libpqUrl({ host, port, database, user }: LoginPlace, environment: LoginEnvironment): string {
  const { PGSSLMODE, PGSSLROOTCERT, PGHOSTADDR } = environment;
  const parameters = Object.entries({ sslmode: PGSSLMODE, sslrootcert: PGSSLROOTCERT, hostaddr: PGHOSTADDR });
  const query = parameters.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  const address = `${encodeURIComponent(user)}@${urlHost(host)}:${port}`;
  return `postgresql://${address}/${encodeURIComponent(database)}?${query.join('&')}`;
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** One line of a Java properties file, in ASCII. */
function property(key: string, value: string): string {
  const text = oneLine(key, value)
    .replace(/[\\=:#!]/g, '\\$&')
    .replace(/^ /, '\\ ');
  return `${key}=${text.replace(/[^\x20-\x7e]/g, unicodeEscape)}`;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function oneLine(name: string, value: string): string {
  if (visibleText(value) === value) return value;
  throw new ConnectorError('RS_CONFIG_INVALID', `This form has no way to write ${name}: control characters`, {
    action: 'Choose --format json.',
  });
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
