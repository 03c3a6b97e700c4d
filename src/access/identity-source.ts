import type { ConfigIssue } from '../core/errors.ts';
import type { AccessOptions } from './access-options.ts';
import type { IdentitySource } from './plan.ts';

/** How the mapping runs: in one process, or on the workers of a Spark cluster. */
export type RunMode = 'standard' | 'advanced';

/** A choice, and what to tell the person about it. */
export interface IdentityChoice {
  readonly identity?: IdentitySource;
  readonly note?: string;
  readonly issues: readonly ConfigIssue[];
}

type Keys = Pick<AccessOptions, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>;

function hasKeys({ accessKeyId, secretAccessKey, sessionToken }: Keys): boolean {
  return accessKeyId !== undefined || secretAccessKey !== undefined || sessionToken !== undefined;
}

function chosen(identity: IdentitySource, options: Keys, reason: string): IdentityChoice {
  const ignored = identity.kind !== 'accessKeys' && hasKeys(options);
  return {
    identity,
    issues: [],
    ...(ignored ? { note: `${reason}, so the access keys in the form are ignored.` } : {}),
  };
}

function fromKeys({ accessKeyId, secretAccessKey, sessionToken }: Keys): IdentityChoice {
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    const identity: IdentitySource = {
      kind: 'accessKeys',
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    };
    return { identity, issues: [] };
  }
  const missing = [
    ...(accessKeyId === undefined ? ['accessKeyId'] : []),
    ...(secretAccessKey === undefined ? ['secretAccessKey'] : []),
  ];
  return {
    issues: missing.map((path) => ({
      path,
      message: 'AWS access keys are the chosen identity, and this half of the pair is missing',
      action: `Fill in ${path}, turn on useEc2Role where the agent runs on EC2, ECS or EKS, or choose another identitySource.`,
    })),
  };
}

/** Decides who we are in AWS. Order: the worker node's role where it logs in, the machine's role, the chosen source. */
export function chooseIdentity(options: AccessOptions, mode: RunMode): IdentityChoice {
  const { workerRoleArn, profile } = options;
  const worker: IdentitySource =
    workerRoleArn === undefined ? { kind: 'workerRole' } : { kind: 'workerRole', expectedRoleArn: workerRoleArn };
  // The form offers no other identity then: the agent itself runs on a worker node, in standard mode as well.
  if (options.loginIdentity === 'worker') {
    const where = mode === 'advanced' ? 'In advanced mode' : 'As loginIdentity says,';
    return chosen(worker, options, `${where} the worker node role logs in`);
  }
  if (options.useEc2Role) {
    return chosen({ kind: 'machineRole' }, options, 'Use EC2 Role to Assume Role is on');
  }
  switch (options.identitySource) {
    case 'accessKeys':
      return fromKeys(options);
    case 'workerRole':
      return chosen(worker, options, 'The worker node role is the identity');
    case 'environment':
      return chosen({ kind: 'environment' }, options, 'The environment is the identity source');
    case 'profile': {
      if (profile !== undefined) {
        return chosen({ kind: 'profile', profile }, options, `Profile ${profile} is the identity`);
      }
      const message = 'A shared profile is the chosen identity, and its name is missing';
      return { issues: [{ path: 'profile', message, action: 'Name a profile of the AWS config files.' }] };
    }
  }
  return options.identitySource satisfies never;
}

/** Whether credentials of this source are known, before the run, to come from a role. */
export function isRoleIdentity(identity: IdentitySource): boolean {
  switch (identity.kind) {
    case 'machineRole':
    case 'workerRole':
      return true;
    case 'accessKeys':
      return identity.sessionToken !== undefined;
    case 'profile':
    case 'environment':
      return false; // known only at run time: auth caps then
  }
  return identity satisfies never;
}
