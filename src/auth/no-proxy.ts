import { BlockList, isIP } from 'node:net';
import { matchesWildcard } from '../core/wildcard.ts';
import { addressKind } from '../manifest/addresses.ts';
import { isLoopbackHost, isNetwork } from '../manifest/endpoint-address.ts';

/**
 * Whether a host is reached without the proxy: this machine and link-local addresses always, else those that a pattern
 * covers. `example.com` is that name, `.example.com` also all below it, `*` stands for any text; addresses and networks
 * (`10.0.0.0/8`) cover hosts that are given by address: no name is resolved for it.
 */
export function isReachedDirectly(host: string, noProxy: readonly string[]): boolean {
  const bare = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
  if (isLoopbackHost(bare)) return true;
  if (isIP(bare) === 0) return noProxy.some((pattern) => nameFits(pattern.toLowerCase(), bare));
  const kind = addressKind(bare);
  return kind === 'linkLocal' || kind === 'metadata' || noProxy.some((pattern) => networkHolds(pattern, bare));
}

function nameFits(pattern: string, name: string): boolean {
  if (!pattern.startsWith('.')) return matchesWildcard(pattern, name);
  return matchesWildcard(pattern.slice(1), name) || matchesWildcard(`*${pattern}`, name);
}

function networkHolds(pattern: string, address: string): boolean {
  const [network = '', bits] = pattern.split('/');
  if (isIP(network) === 0 || (bits !== undefined && !isNetwork(pattern))) return false;
  const list = new BlockList();
  if (bits === undefined) list.addAddress(network, familyOf(network));
  else list.addSubnet(network, Number(bits), familyOf(network));
  return list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
