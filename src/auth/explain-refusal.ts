import { DescribeClustersCommand } from '@aws-sdk/client-redshift';
import { ConnectorError } from '../core/errors.ts';
import { nearNames } from '../core/near-names.ts';
import { AWS_CALL_LIMITS } from '../core/retry.ts';
import type { AwsCredentials } from './access.ts';
import { type AwsWire, callAws, callFacts, openRedshift } from './aws-call.ts';
import type { AwsOperation, ClusterPlace } from './classify.ts';

const ONE_TRY = { ...AWS_CALL_LIMITS, attempts: 1 };

/**
 * Looks behind a refused login: where the caller may list clusters and the one that was asked for is not among them, the
 * name is wrong, not the policy. Yields the error to throw.
 */
export async function explainRefusal(
  error: unknown,
  clusterIdentifier: string,
  caller: AwsCredentials,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<unknown> {
  if (!(error instanceof ConnectorError)) return error;
  if (error.code !== 'RS_AUTH_LOGIN_DENIED' && error.code !== 'RS_CONFIG_OBJECT_MISSING') return error;
  const names = await listClusters(caller, place, wire);
  if (names === undefined || names.includes(clusterIdentifier)) return error;
  const [near] = nearNames(clusterIdentifier, names);
  const { region, account } = place;
  return new ConnectorError(
    'RS_CONFIG_OBJECT_MISSING',
    `There is no cluster ${clusterIdentifier} in ${region} of account ${account}`,
    {
      action:
        near === undefined
          ? 'Correct clusterIdentifier or region.'
          : `Correct clusterIdentifier: did you mean ${near}?`,
      details: { clusterIdentifier, region, account, clusters: names.join(', ') },
      cause: error,
    },
  );
}

/** The clusters of the account and region, a page of them; undefined where the caller may not list them. */
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
  try {
    const once = { ...wire, limits: ONE_TRY };
    const answer = await callAws(once, operation, redshift, (options) =>
      redshift.send(new DescribeClustersCommand({}), options),
    );
    if (answer.Marker !== undefined) return undefined;
    return (answer.Clusters ?? []).flatMap(({ ClusterIdentifier: id }) => (id === undefined ? [] : [id]));
  } catch (error) {
    wire.signal.throwIfAborted();
    if (!(error instanceof ConnectorError)) throw error;
    return undefined; // the refusal itself is what the caller hears of
  }
}
