import { BlockList, isIP } from 'node:net';
import { ConnectorError } from '../core/errors.ts';

/** What kind of network an address belongs to. `unusable` covers unspecified, multicast and reserved ones. */
export type AddressKind = 'public' | 'private' | 'loopback' | 'linkLocal' | 'metadata' | 'unusable';

const lists: readonly (readonly [AddressKind, BlockList])[] = [
  [
    'metadata',
    listOf(['169.254.169.254/32', '169.254.170.0/24', '100.100.100.200/32', 'fd00:ec2::254/128', 'fd00:ec2::23/128']),
  ],
  ['loopback', listOf(['127.0.0.0/8', '::1/128'])],
  ['linkLocal', listOf(['169.254.0.0/16', 'fe80::/10'])],
  ['unusable', listOf(['0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '::/128', 'ff00::/8'])],
  ['private', listOf(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fec0::/10'])],
];

/** The kind of a literal IP address; one that carries an IPv4 address inside counts as that address. */
export function addressKind(address: string): AddressKind {
  const plain = address.replace(/%.*$/, '');
  const version = isIP(plain);
  if (version === 0) return 'unusable';
  const inner = version === 6 ? embeddedIpv4(plain) : undefined;
  if (inner !== undefined) return addressKind(inner);
  return lists.find(([, list]) => list.check(plain, version === 4 ? 'ipv4' : 'ipv6'))?.[0] ?? 'public';
}

/**
 * Refuses an address that no cluster or endpoint may have, with `RS_CONFIG_FORBIDDEN`. Call it with what name resolution
 * gave, and connect to that very address. Loopback is allowed unless `allowLoopback` is false.
 */
export function checkAddress(
  address: string,
  { allowLoopback = true }: { readonly allowLoopback?: boolean } = {},
): void {
  const refusal = addressRefusal(address, allowLoopback);
  if (refusal === undefined) return;
  throw new ConnectorError('RS_CONFIG_FORBIDDEN', `The host leads to ${refusal}`, {
    action: 'Give the endpoint of the cluster as its console shows it.',
    details: { address },
  });
}

/** Why the address is refused, as a noun; undefined when it is fine. */
export function addressRefusal(address: string, allowLoopback: boolean): string | undefined {
  switch (addressKind(address)) {
    case 'metadata':
      return 'a metadata service, which is never a database';
    case 'linkLocal':
      return 'a link-local address';
    case 'unusable':
      return 'an address that nothing can be reached at';
    case 'loopback':
      return allowLoopback ? undefined : 'the agent itself, which its host does not allow';
    case 'private':
    case 'public':
      return undefined;
  }
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

// All of these lead to the IPv4 address they carry: IPv4-mapped, -compatible (::/96) and -translated (::ffff:0:0:0/96)
// addresses, NAT64 (64:ff9b::/96 and 64:ff9b:1::/48) and 6to4 (2002::/16).
function embeddedIpv4(address: string): string | undefined {
  const groups = groupsOf(address);
  const [a = 0, b = 0, c = 0] = groups;
  const isZero = (from: number, to: number): boolean => groups.slice(from, to).every((group) => group === 0);
  if (a === 0x2002) return dotted(b, c);
  const isMapped = isZero(0, 5) && (groups[5] === 0xffff || (groups[5] === 0 && (groups[6] ?? 0) !== 0));
  const isTranslated = isZero(0, 4) && groups[4] === 0xffff && groups[5] === 0;
  const isNat64 = a === 0x64 && b === 0xff9b && (isZero(2, 6) || (c === 1 && isZero(3, 6)));
  return isMapped || isTranslated || isNat64 ? dotted(groups[6] ?? 0, groups[7] ?? 0) : undefined;
}

// The URL parser writes an IPv6 address in its one normal form: hexadecimal groups, at most one `::`.
function groupsOf(address: string): readonly number[] {
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const numbers = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  if (right === undefined) return numbers(left);
  const [head, tail] = [numbers(left), numbers(right)];
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
