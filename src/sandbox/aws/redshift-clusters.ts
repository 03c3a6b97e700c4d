import { attachedRoles } from '../attached-roles.ts';
import { stableUuid } from '../stable-uuid.ts';
import { type QueryCall, QueryFailure } from './query.ts';
import {
  arnPrefix,
  type ClusterRecord,
  clusterNotFound,
  demand,
  invalidParameter,
  ownClusters,
  type RedshiftDeps,
  refuseAbsent,
} from './redshift-call.ts';
import { modifyClusterRoles } from './redshift-cluster-roles.ts';
import type { XmlElements } from './xml.ts';

const certificateArn = (prefix: string, name: string): string =>
  `${prefix.replace(':redshift:', ':acm:')}:certificate/${stableUuid(name)}`;

function describe({ cluster, account, endpoint, state }: ClusterRecord, prefix: string, createdAt: Date): XmlElements {
  const { iamRoles, defaultIamRole } = attachedRoles(cluster);
  const status = state?.() ?? 'available';
  return {
    ClusterIdentifier: cluster.id,
    NodeType: 'ra3.large',
    ClusterStatus: status,
    ClusterAvailabilityStatus: status === 'available' ? 'Available' : 'Unavailable',
    MasterUsername: cluster.users?.find(({ superuser }) => superuser)?.name ?? 'awsuser',
    DBName: cluster.databases?.[0]?.name ?? 'dev',
    ...(status !== 'paused' && { Endpoint: { Address: endpoint.host, Port: endpoint.port } }),
    ClusterCreateTime: createdAt,
    NumberOfNodes: cluster.nodes ?? 2,
    PubliclyAccessible: false,
    Encrypted: true,
    ClusterNamespaceArn: `${prefix}:namespace:${stableUuid(`${account}/${cluster.id}`)}`,
    IamRoles: { ClusterIamRole: iamRoles.map((arn) => ({ IamRoleArn: arn, ApplyStatus: 'in-sync' })) },
    DefaultIamRoleArn: defaultIamRole,
    ...(cluster.customDomain !== undefined && {
      CustomDomainName: cluster.customDomain,
      CustomDomainCertificateArn: certificateArn(prefix, cluster.customDomain),
    }),
  };
}

function checkPageSize(parameters: ReadonlyMap<string, string>): void {
  const records = Number(parameters.get('MaxRecords') ?? 100);
  if (!Number.isInteger(records) || records < 20 || records > 100) {
    throw invalidParameter('MaxRecords must be between 20 and 100');
  }
}

/** https://docs.aws.amazon.com/redshift/latest/APIReference/API_DescribeClusters.html */
export function describeClusters(call: QueryCall, deps: RedshiftDeps): XmlElements {
  refuseAbsent(call.parameters, ['TagKeys', 'TagValues', 'Marker']);
  checkPageSize(call.parameters);
  const wanted = call.parameters.get('ClusterIdentifier');
  const prefix = arnPrefix(call);
  demand(call, 'redshift:DescribeClusters', `${prefix}:cluster:${wanted ?? '*'}`);
  const found = ownClusters(call, deps).filter(({ cluster }) => wanted === undefined || cluster.id === wanted);
  if (wanted !== undefined && found.length === 0) throw clusterNotFound(wanted);
  return { Clusters: { Cluster: found.map((record) => describe(record, prefix, deps.createdAt)) } };
}

/** https://docs.aws.amazon.com/redshift/latest/APIReference/API_ModifyClusterIamRoles.html */
export function modifyClusterIamRoles(call: QueryCall, deps: RedshiftDeps): XmlElements {
  return { Cluster: describe(modifyClusterRoles(call, deps), arnPrefix(call), deps.createdAt) };
}

/** https://docs.aws.amazon.com/redshift/latest/APIReference/API_DescribeCustomDomainAssociations.html */
export function describeCustomDomains(call: QueryCall, deps: RedshiftDeps): XmlElements {
  refuseAbsent(call.parameters, ['CustomDomainCertificateArn', 'Marker']);
  checkPageSize(call.parameters);
  demand(call, 'redshift:DescribeCustomDomainAssociations', '*');
  const wanted = call.parameters.get('CustomDomainName')?.toLowerCase();
  const found = ownClusters(call, deps).flatMap(({ cluster: { id, customDomain } }) =>
    customDomain === undefined || (wanted !== undefined && wanted !== customDomain) ? [] : [{ id, customDomain }],
  );
  if (wanted !== undefined && found.length === 0) {
    throw new QueryFailure('CustomDomainAssociationNotFoundFault', 404, 'The custom domain name was not found.');
  }
  const prefix = arnPrefix(call);
  return {
    Associations: {
      Association: found.map(({ id, customDomain }) => ({
        CustomDomainCertificateArn: certificateArn(prefix, customDomain),
        CustomDomainCertificateExpiryDate: new Date(deps.createdAt.getTime() + 30 * 86_400_000),
        CertificateAssociations: {
          CertificateAssociation: [{ CustomDomainName: customDomain, ClusterIdentifier: id }],
        },
      })),
    },
  };
}
