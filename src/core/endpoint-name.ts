import { isIP } from 'node:net';

/** What the name of a Redshift endpoint tells about it. A managed VPC endpoint has a name of its own, and tells less. */
export interface EndpointName {
  readonly region: string;
  readonly isServerless: boolean;
  /** Of a provisioned cluster. */
  readonly clusterIdentifier?: string;
  /** Of a serverless workgroup. */
  readonly workgroup?: string;
}

const NAME = /^([a-z][a-z0-9-]*)\.[a-z0-9]+\.([a-z0-9-]+)\.(redshift|redshift-serverless)\.amazonaws\.com(?:\.cn)?$/;

/** Reads `cluster.hash.region.redshift.amazonaws.com` and its serverless cousin; undefined for any other name. */
export function readEndpointName(host: string): EndpointName | undefined {
  const [, first, region, service] = NAME.exec(host.toLowerCase()) ?? [];
  if (first === undefined || region === undefined) return undefined;
  const isServerless = service === 'redshift-serverless';
  if (/-endpoint-[a-z0-9]+$/.test(first)) return { region, isServerless };
  return { region, isServerless, ...(isServerless ? { workgroup: first } : { clusterIdentifier: first }) };
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Whether a host can be a custom domain name of a cluster: a full name that is not Amazon's and no address. By its name
 * alone: whether AWS knows it as one is seen at the first call.
 */
export function isCustomDomain(host: string): boolean {
  const name = host.toLowerCase();
  const labels = name.split('.');
  if (isIP(name) !== 0 || labels.length < 2 || name.length > 253) return false;
  if (/(?:^|\.)amazonaws\.com(?:\.cn)?$|\.localhost$/.test(name)) return false;
  return labels.every((label) => LABEL.test(label));
}
