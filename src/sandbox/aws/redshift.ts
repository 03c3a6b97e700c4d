import type { QueryService } from './query.ts';
import type { RedshiftDeps } from './redshift-call.ts';
import { describeClusters, describeCustomDomains, modifyClusterIamRoles } from './redshift-clusters.ts';
import { getClusterCredentials, getClusterCredentialsWithIam } from './redshift-logins.ts';

/** The part of Redshift's API that a connection meets. */
export function createRedshift(deps: RedshiftDeps): QueryService {
  return {
    name: 'redshift',
    version: '2012-12-01',
    namespace: 'http://redshift.amazonaws.com/doc/2012-12-01/',
    resourceOf: ({ parameters }) =>
      [parameters.get('ClusterIdentifier') ?? parameters.get('CustomDomainName'), parameters.get('DbUser')]
        .filter((part) => part !== undefined)
        .join('/') || '*',
    actions: new Map([
      ['GetClusterCredentials', (call) => getClusterCredentials(call, deps)],
      ['GetClusterCredentialsWithIAM', (call) => getClusterCredentialsWithIam(call, deps)],
      ['DescribeClusters', (call) => describeClusters(call, deps)],
      ['ModifyClusterIamRoles', (call) => modifyClusterIamRoles(call, deps)],
      ['DescribeCustomDomainAssociations', (call) => describeCustomDomains(call, deps)],
    ]),
  };
}
