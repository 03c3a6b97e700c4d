import { isIP } from 'node:net';
import { addressKind, addressRefusal } from './addresses.ts';

/** The options that are addresses of AWS services. */
export const ENDPOINT_KEYS = [
  'stsEndpoint',
  'redshiftEndpoint',
  'redshiftServerlessEndpoint',
  'iamEndpoint',
  's3Endpoint',
] as const;

/** What is wrong with the address of an AWS endpoint, as a clause; undefined when it may be used. */
export function endpointProblem(endpoint: string, allowLoopback: boolean): string | undefined {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined) return 'must be an address such as https://sts.us-west-2.amazonaws.com';
  if (url.username !== '' || url.password !== '') return 'must not hold a user or password';
  const refusal = hostRefusal(url.hostname, allowLoopback);
  if (refusal !== undefined) return `leads to ${refusal}`;
  return url.protocol === 'https:' || isLoopbackHost(url.hostname) ? undefined : 'must start with https://';
}

/**
 * What is wrong with the address of a proxy, as a clause that does not repeat it: it may hold a password. `http` is fine:
 * what goes through is encrypted end to end.
 */
export function proxyProblem(proxy: string, allowLoopback: boolean): string | undefined {
  const url = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (url === undefined) return 'must be an address such as http://proxy.example.com:3128';
  if (!isDecodable(url.username) || !isDecodable(url.password)) {
    return 'must write a % in its user or password as %25';
  }
  const refusal = hostRefusal(url.hostname, allowLoopback);
  return refusal === undefined ? undefined : `leads to ${refusal}`;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

/** Whether a text with a slash is a network: `10.0.0.0/8`, `fd00::/8`. */
export function isNetwork(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  const version = isIP(address);
  return version !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

/** Why a host, given by name or address, is refused before any name resolution; undefined when it is fine so far. */
export function hostRefusal(host: string, allowLoopback: boolean): string | undefined {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0) return addressRefusal(bare, allowLoopback);
  if (isLocalName(bare)) return addressRefusal('127.0.0.1', allowLoopback);
  return undefined;
}

/** Whether the host is this machine by its very name: nothing is resolved. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? isLocalName(bare) : addressKind(bare) === 'loopback';
}

function isLocalName(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost');
}
