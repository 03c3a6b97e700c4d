import { DescribeClustersCommand } from '@aws-sdk/client-redshift';
import { ListWorkgroupsCommand } from '@aws-sdk/client-redshift-serverless';
import { ConnectorError } from '../core/errors.ts';
import { nearNames } from '../core/near-names.ts';
import { AWS_CALL_LIMITS } from '../core/retry.ts';
import type { AwsCredentials } from './access.ts';
import { type AwsWire, callAws, callFacts, openRedshift, openRedshiftServerless } from './aws-call.ts';
import type { AwsOperation, ClusterPlace } from './classify.ts';

const ONE_TRY = { ...AWS_CALL_LIMITS, attempts: 1 };

/** Which database a login was asked for, by the option that names it. */
export type AskedFor = { readonly clusterIdentifier: string } | { readonly workgroup: string };

/**
 * Looks behind a refused login: where the caller may list clusters or workgroups and the one that was asked for is not among
 * them, the name is wrong, not the policy. Yields the error to throw.
 */
export async function explainRefusal(
  error: unknown,
  asked: AskedFor,
  caller: AwsCredentials,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<unknown> {
  if (!(error instanceof ConnectorError)) return error;
  if (error.code !== 'RS_AUTH_LOGIN_DENIED' && error.code !== 'RS_CONFIG_OBJECT_MISSING') return error;
  const isCluster = 'clusterIdentifier' in asked;
  const [name, kind, option] = isCluster
    ? [asked.clusterIdentifier, 'cluster', 'clusterIdentifier']
    : [asked.workgroup, 'workgroup', 'workgroup'];
  const names = await quietly(wire, () => (isCluster ? listClusters : listWorkgroups)(caller, place, wire));
  if (names === undefined || names.includes(name)) return error;
  const [near] = nearNames(name, names);
  const { region, account } = place;
  return new ConnectorError(
    'RS_CONFIG_OBJECT_MISSING',
    `There is no ${kind} ${name} in ${region} of account ${account}`,
    {
      action: near === undefined ? `Correct ${option} or region.` : `Correct ${option}: did you mean ${near}?`,
      details: { [option]: name, region, account, [`${kind}s`]: names.join(', ') },
      cause: error,
    },
  );
}

/** Undefined where the caller may not list them: the refusal itself is what the caller hears of. */
async function quietly<T>({ signal }: AwsWire, list: () => Promise<T>): Promise<T | undefined> {
  try {
    return await list();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ConnectorError)) throw error;
    return undefined;
  }
}

/** The clusters of the account and region; undefined where there are more than a page. */
async function listClusters(
  caller: AwsCredentials,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<readonly string[] | undefined> {
  const operation: AwsOperation = {
    action: 'redshift:DescribeClusters',
    clusterIdentifier: '*',
    place,
    ...callFacts(wire, 'redshift', caller),
  };
  const redshift = openRedshift(wire.target, caller);
  const answer = await callAws({ ...wire, limits: ONE_TRY }, operation, redshift, (options) =>
    redshift.send(new DescribeClustersCommand({}), options),
  );
  if (answer.Marker !== undefined) return undefined;
  return (answer.Clusters ?? []).flatMap(({ ClusterIdentifier: id }) => (id === undefined ? [] : [id]));
}

/** The workgroups of the account and region; undefined where there are more than a page. */
async function listWorkgroups(
  caller: AwsCredentials,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<readonly string[] | undefined> {
  const operation: AwsOperation = {
    action: 'redshift-serverless:GetWorkgroup',
    workgroup: '*',
    place,
    ...callFacts(wire, 'redshift-serverless', caller),
  };
  const serverless = openRedshiftServerless(wire.target, caller);
  const answer = await callAws({ ...wire, limits: ONE_TRY }, operation, serverless, (options) =>
    serverless.send(new ListWorkgroupsCommand({}), options),
  );
  if (answer.nextToken !== undefined) return undefined;
  return (answer.workgroups ?? []).flatMap(({ workgroupName: name }) => (name === undefined ? [] : [name]));
}
