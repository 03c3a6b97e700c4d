import type { World, WorldOrganizationUnit } from '../world.ts';
import type { ControlPolicies } from './evaluate.ts';
import type { PolicyDocument } from './policy.ts';

/** One account's place in the organization. */
export interface Membership {
  readonly organization: string;
  /** `o-a/r-b/ou-c/`: for `aws:PrincipalOrgPaths`. */
  readonly path: string;
  readonly serviceControlPolicies: ControlPolicies;
  readonly resourceControlPolicies: ControlPolicies;
}

/** Services whose resources obey resource control policies. */
const RCP_SERVICES = new Set(['s3', 'sts', 'kms', 'sqs', 'secretsmanager', 'dynamodb', 'ecr']);

export const obeysResourceControl = (action: string): boolean => RCP_SERVICES.has(action.split(':')[0] ?? '');

interface Place {
  readonly path: string;
  readonly service: ControlPolicies;
  readonly resource: ControlPolicies;
}

const added = (places: ControlPolicies, own: readonly PolicyDocument[] | undefined): ControlPolicies =>
  own === undefined ? places : [...places, own];

function* membersOf(unit: WorldOrganizationUnit, above: Place): Generator<readonly [string, Place]> {
  const here: Place = {
    path: `${above.path}${unit.id}/`,
    service: added(above.service, unit.serviceControlPolicies),
    resource: added(above.resource, unit.resourceControlPolicies),
  };
  for (const account of unit.accounts ?? []) {
    const service = added(here.service, account.serviceControlPolicies);
    yield [account.id, { ...here, service, resource: added(here.resource, account.resourceControlPolicies) }];
  }
  for (const below of unit.units ?? []) yield* membersOf(below, here);
}

/** The accounts of a world's organization; empty when it has none. The management account is bound by no policy. */
export function organizationMembers({ organization }: World): ReadonlyMap<string, Membership> {
  if (organization === undefined) return new Map();
  const { id, managementAccount, root } = organization;
  return new Map(
    [...membersOf(root, { path: `${id}/`, service: [], resource: [] })].map(([account, place]) => {
      const isFree = account === managementAccount;
      const membership: Membership = {
        organization: id,
        path: place.path,
        serviceControlPolicies: isFree ? [] : place.service,
        resourceControlPolicies: isFree ? [] : place.resource,
      };
      return [account, membership];
    }),
  );
}
