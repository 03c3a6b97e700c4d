/** What the name of a Redshift endpoint tells about it. */
export interface EndpointName {
  readonly region: string;
  /** Absent for a managed VPC endpoint, whose name is its own. */
  readonly clusterIdentifier?: string;
  readonly isServerless: boolean;
}

const NAME = /^([a-z][a-z0-9-]*)\.[a-z0-9]+\.([a-z0-9-]+)\.(redshift|redshift-serverless)\.amazonaws\.com(?:\.cn)?$/;

/** Reads `cluster.hash.region.redshift.amazonaws.com` and its serverless cousin; undefined for any other name. */
export function readEndpointName(host: string): EndpointName | undefined {
  const [, first, region, service] = NAME.exec(host.toLowerCase()) ?? [];
  if (first === undefined || region === undefined) return undefined;
  const isServerless = service === 'redshift-serverless';
  const isOwnName = isServerless || /-endpoint-[a-z0-9]+$/.test(first);
  return { region, isServerless, ...(isOwnName ? {} : { clusterIdentifier: first }) };
}
