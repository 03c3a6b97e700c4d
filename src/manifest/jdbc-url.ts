/** What a JDBC URL says about where the cluster is. Nothing else is taken from it. */
export interface JdbcUrl {
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  /** Only from the form `jdbc:redshift:iam://cluster:region/database`. */
  readonly clusterIdentifier?: string;
  readonly region?: string;
  /** Names of parameters that were not taken over. */
  readonly ignored: readonly string[];
  /** The URL without its parameters, which may hold a password. */
  readonly address: string;
}

const SHAPE = /^jdbc:redshift(:iam)?:\/\/([^/?;#\s]+)(?:\/([^?;#\s]*))?(?:[?;#](.*))?$/i;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)$/;
const REGION = /^[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/;

/** Reads the URL, or says in one clause what is wrong with it. */
export function readJdbcUrl(text: string): JdbcUrl | { readonly problem: string } {
  const [, iam, authority = '', path = '', parameters = ''] = SHAPE.exec(text.trim()) ?? [];
  if (authority === '') return { problem: 'must look like jdbc:redshift://host:5439/database' };
  if (authority.includes('@')) return { problem: 'must not hold a user or password' };

  const database = decode(path);
  if (database === undefined) return { problem: 'has a database name that is not encoded correctly' };

  const [, name = '', suffix] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(authority) ?? [];
  if (!HOST.test(name)) return { problem: 'has no usable host name' };
  const common = {
    ...(database === '' ? {} : { database }),
    ignored: parameterNames(parameters),
    address: `jdbc:redshift${iam ?? ''}://${authority}/${path}`,
  };

  if (iam !== undefined && suffix !== undefined && REGION.test(suffix)) {
    return { ...common, clusterIdentifier: name, region: suffix };
  }
  const host = name.replace(/^\[(.*)\]$/, '$1');
  if (suffix === undefined) return { ...common, host };
  const port = /^\d{1,5}$/.test(suffix) ? Number(suffix) : 0;
  if (port < 1 || port > 65535) return { problem: 'has a port that is not between 1 and 65535' };
  return { ...common, host, port };
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function parameterNames(parameters: string): readonly string[] {
  const names = parameters.split(/[&;]/).map((pair) => pair.split('=', 1)[0] ?? '');
  return [...new Set(names.filter((name) => /^\w{1,40}$/.test(name)))];
}
