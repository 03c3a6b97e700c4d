import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { ConnectorError, type ErrorDetails } from '../../core/errors.ts';
import { addressKind } from '../../manifest/addresses.ts';

/** Where a connection was to go. */
export interface Goal {
  readonly host: string;
  readonly port: number;
  /** `cluster` stands behind a security group; `aws` is an API of AWS, `proxy` the way to it. */
  readonly kind: 'cluster' | 'aws' | 'proxy';
}

/** What stopped it, as far as the operating system tells. */
export type NetworkFault = 'noName' | 'noNameServer' | 'refused' | 'noAnswer' | 'noRoute' | 'cut';

const BY_CODE: Readonly<Record<string, NetworkFault>> = {
  ENOTFOUND: 'noName',
  EAI_AGAIN: 'noNameServer',
  EAI_FAIL: 'noNameServer',
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'noAnswer',
  EHOSTUNREACH: 'noRoute',
  ENETUNREACH: 'noRoute',
  EACCES: 'noRoute',
  ECONNRESET: 'cut',
  EPIPE: 'cut',
  ECONNABORTED: 'cut',
};

/** What an error code of Node says about the network; undefined for one that says nothing. */
export function faultOf(code: string | undefined): NetworkFault | undefined {
  return code === undefined ? undefined : BY_CODE[code];
}

/** RS_CONN_UNREACHABLE with what it means and where to look. `address` is what the name led to, where that is known. Pure. */
export function networkError(
  fault: NetworkFault,
  goal: Goal,
  { address, limitMs, cause }: { readonly address?: string; readonly limitMs: number; readonly cause?: unknown },
): ConnectorError {
  const { host, port } = goal;
  const at = address === undefined || address === host ? `${host}:${port}` : `${host}:${port} (${address})`;
  const [message, action] = explain(fault, { ...goal, at, limitMs, ...(address === undefined ? {} : { address }) });
  const details: ErrorDetails = { host, port, fault, ...(address === undefined ? {} : { address }) };
  return new ConnectorError('RS_CONN_UNREACHABLE', message, { action, details, cause });
}

interface Facts extends Goal {
  readonly at: string;
  readonly address?: string;
  readonly limitMs: number;
}

function explain(fault: NetworkFault, facts: Facts): readonly [message: string, action: string] {
  const { host, port, at, kind, limitMs } = facts;
  switch (fault) {
    case 'noName':
      return [`DNS has no host ${host}`, NAME_ACTIONS[kind]];
    case 'noNameServer':
      return [
        `No DNS server answers for ${host}`,
        "Check this machine's resolver, and that UDP and TCP port 53 lead to it.",
      ];
    case 'refused':
      return [`${at} refuses the connection: the machine answers, and nothing listens there`, REFUSED_ACTIONS[kind]];
    case 'noRoute':
      return [`No route leads to ${at}`, 'Check the routing table of this subnet and the local firewall.'];
    case 'cut':
      return [
        `${at} takes the connection and cuts it`,
        kind === 'cluster'
          ? 'Look for a firewall or load balancer in between, and check that the port is that of the cluster.'
          : 'Look for a firewall in between that ends TLS to this host.',
      ];
    case 'noAnswer':
      return [`${at} does not answer within ${limitMs / 1000} s`, silenceAction(facts, port)];
  }
}

const NAME_ACTIONS = {
  cluster: 'Check host; a private endpoint has a name only inside of its VPC, with DNS resolution switched on there.',
  aws: 'Check region and the endpoint override; the name of a VPC endpoint is known only where its private DNS is.',
  proxy: 'Check the host in awsProxyUrl.',
} as const;

const REFUSED_ACTIONS = {
  cluster: 'Check port (5439 unless chosen otherwise), and that the cluster is available and not paused.',
  aws: 'Check the endpoint override and its port.',
  proxy: 'Check the port in awsProxyUrl, and that the proxy runs.',
} as const;

/** Silence has a few usual reasons; the kind of the address tells which of them can be. */
function silenceAction({ kind, address }: Facts, port: number): string {
  const isPrivate = address !== undefined && addressKind(address) === 'private';
  switch (kind) {
    case 'cluster':
      return isPrivate
        ? `Let this machine in: an inbound rule for TCP ${port} in the cluster's security group, and a route to its VPC (peering, transit gateway, VPN), both ways.`
        : `Let this machine in: an inbound rule for TCP ${port} in the cluster's security group, and publicly accessible switched on; from a private subnet a NAT gateway leads out.`;
    case 'aws':
      return isPrivate
        ? "This is a VPC endpoint: let this machine's security group in on TCP 443 in the endpoint's security group."
        : 'A private subnet needs a NAT gateway, a VPC endpoint for the service, or a proxy (awsProxyUrl).';
    case 'proxy':
      return 'Check awsProxyUrl, and that a firewall lets this machine reach the proxy.';
  }
}

const LOOKUP_MS = 2_000;

/** The address that a name leads to now, to say it in an error; undefined where it leads nowhere in time. */
export async function addressOf(host: string): Promise<string | undefined> {
  if (isIP(host) !== 0) return host;
  const limit = AbortSignal.timeout(LOOKUP_MS);
  const late = new Promise<undefined>((resolve) => {
    limit.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const found = lookup(host).then(
    ({ address }) => address,
    () => undefined, // the error that is being explained says what there is to say
  );
  return await Promise.race([found, late]);
}
