import { isIP } from 'node:net';
import { type ConfigIssue, ConnectorError } from '../core/errors.ts';
import { ENDPOINT_KEYS, endpointProblem, hostRefusal, proxyProblem } from './endpoint-address.ts';
import { forbidden, matchesAny } from './forbidden.ts';
import type { HostPolicy } from './host-policy.ts';
import type { ConnectionOptions } from './options.gen.ts';

/** A database host that is not covered. */
export function hostIssues({ host }: ConnectionOptions, policy: HostPolicy): readonly ConfigIssue[] {
  return host === undefined || mayUseHost(host, policy) ? [] : [forbidden('host', 'this database host')];
}

function mayUseHost(host: string, { hosts, allowLoopback = false }: HostPolicy): boolean {
  // A pattern of addresses is about addresses: `10.0.0.*` does not cover the name 10.0.0.example.com.
  const fitting = hosts?.filter((pattern) => isIP(host) !== 0 || !/^[\d.*]*\d[\d.*]*$/.test(pattern));
  return hostRefusal(host, allowLoopback) === undefined && (fitting === undefined || matchesAny(fitting, host));
}

/** Refuses a host that AWS told for a cluster where the policy does not cover it. Throws `RS_CONFIG_FORBIDDEN`. */
export function checkToldHost(host: string, policy: HostPolicy): void {
  if (mayUseHost(host, policy)) return;
  throw new ConnectorError('RS_CONFIG_FORBIDDEN', 'The host does not allow the endpoint of this cluster', {
    action: 'Choose another cluster, or ask the owner of the host to allow it.',
    issues: [forbidden('clusterIdentifier', 'the endpoint of this cluster')],
    details: { host },
  });
}

/** Addresses of AWS endpoints that are not covered. */
export function endpointIssues(options: ConnectionOptions, policy: HostPolicy): readonly ConfigIssue[] {
  const { endpoints = [], allowLoopback = false } = policy;
  return ENDPOINT_KEYS.flatMap((key) => {
    const endpoint = options[key];
    if (endpoint === undefined) return [];
    const isAllowed =
      endpointProblem(endpoint, allowLoopback) === undefined && matchesAny(endpoints, new URL(endpoint).origin);
    return isAllowed ? [] : [forbidden(key, 'this endpoint')];
  });
}

/** A proxy that is not covered. */
export function proxyIssues({ awsProxyUrl }: ConnectionOptions, policy: HostPolicy): readonly ConfigIssue[] {
  if (awsProxyUrl === undefined) return [];
  const { proxies = [], allowLoopback = false } = policy;
  const proxy = awsProxyUrl.reveal();
  const isAllowed = proxyProblem(proxy, allowLoopback) === undefined && matchesAny(proxies, new URL(proxy).origin);
  return isAllowed ? [] : [forbidden('awsProxyUrl', 'this proxy')];
}
