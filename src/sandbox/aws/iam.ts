import type { IamDirectory } from '../iam/directory.ts';
import type { Membership } from '../iam/organization.ts';
import { ACCOUNT_ACTIONS } from './iam-account-details.ts';
import { ATTACHED_ACTIONS } from './iam-attached.ts';
import { BOUNDS_ACTIONS } from './iam-bounds.ts';
import { openIamCall } from './iam-call.ts';
import { GROUP_ACTIONS } from './iam-groups.ts';
import { INLINE_ACTIONS } from './iam-inline.ts';
import { MANAGED_ACTIONS } from './iam-managed.ts';
import { PROFILE_ACTIONS } from './iam-profiles.ts';
import { ROLE_ACTIONS } from './iam-roles.ts';
import { simulateActions } from './iam-simulate.ts';
import { USER_ACTIONS } from './iam-users.ts';
import type { QueryService } from './query.ts';

const ACTIONS = [
  ...USER_ACTIONS,
  ...GROUP_ACTIONS,
  ...ROLE_ACTIONS,
  ...BOUNDS_ACTIONS,
  ...INLINE_ACTIONS,
  ...ATTACHED_ACTIONS,
  ...MANAGED_ACTIONS,
  ...PROFILE_ACTIONS,
  ...ACCOUNT_ACTIONS,
];

const NAMES = [
  'UserName',
  'RoleName',
  'GroupName',
  'PolicyArn',
  'PolicySourceArn',
  'PolicyName',
  'InstanceProfileName',
];

/**
 * The IAM API: users, groups, roles and their policies, read and changed with the permissions of whoever asks.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
 */
export function createIam(deps: {
  readonly directory: IamDirectory;
  readonly now: () => number;
  /** Of the world's organization. */
  readonly members?: ReadonlyMap<string, Membership>;
}): QueryService {
  const actions = [...ACTIONS, ...simulateActions(deps.members ?? new Map())];
  return {
    name: 'iam',
    version: '2010-05-08',
    namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    resourceOf: ({ parameters }) =>
      NAMES.map((name) => parameters.get(name)).find((value) => value !== undefined) ?? '*',
    actions: new Map(
      actions.map(([name, run]) => [name, (call) => run(openIamCall(call, deps.directory, deps.now()))]),
    ),
  };
}
