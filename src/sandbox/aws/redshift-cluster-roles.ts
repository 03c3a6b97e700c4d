import { attachedRoles, attachRoles } from '../attached-roles.ts';
import { listParameter, type QueryCall } from './query.ts';
import {
  arnPrefix,
  type ClusterRecord,
  clusterNotFound,
  demand,
  invalidParameter,
  missingParameter,
  ownClusters,
  type RedshiftDeps,
} from './redshift-call.ts';

/** Roles that one cluster may have. */
const MOST = 50;

/**
 * Attaches roles to a cluster and takes them away; whoever asks has to be allowed to pass each new one to Redshift.
 * https://docs.aws.amazon.com/redshift/latest/APIReference/API_ModifyClusterIamRoles.html
 */
export function modifyClusterRoles(call: QueryCall, deps: RedshiftDeps): ClusterRecord {
  const { parameters } = call;
  const wanted = parameters.get('ClusterIdentifier');
  if (wanted === undefined) throw missingParameter('ClusterIdentifier');
  demand(call, 'redshift:ModifyClusterIamRoles', `${arnPrefix(call)}:cluster:${wanted}`);
  const record = ownClusters(call, deps).find(({ cluster }) => cluster.id === wanted);
  if (record === undefined) throw clusterNotFound(wanted);
  const added = listParameter(parameters, 'AddIamRoles.IamRoleArn');
  const removed = listParameter(parameters, 'RemoveIamRoles.IamRoleArn');
  const defaultGiven = parameters.get('DefaultIamRoleArn');
  for (const arn of added) demand(call, 'iam:PassRole', arn, { 'iam:PassedToService': 'redshift.amazonaws.com' });
  const { iamRoles, defaultIamRole } = attachedRoles(record.cluster);
  const now = [...new Set([...iamRoles, ...added])].filter((arn) => !removed.includes(arn));
  if (now.length > MOST) throw invalidParameter(`A cluster has at most ${MOST} IAM roles`);
  const isDefault = [defaultGiven, defaultIamRole].find((arn) => arn !== undefined && now.includes(arn));
  attachRoles(record.cluster, { iamRoles: now, ...(isDefault !== undefined && { defaultIamRole: isDefault }) });
  return record;
}
