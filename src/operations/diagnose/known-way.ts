import type { AwsCredentials } from '../../auth/access.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import { type PolicySet, planPolicies } from '../../policies/plan-policies.ts';
import type { Connection } from '../connection.ts';
import type { Refusal } from './refusal.ts';
import { type Actors, type Suspect, suspectsOf } from './suspects.ts';

/** The policies of the connection, and the statements of theirs that the refusal may be about. */
export interface KnownWay {
  readonly set: PolicySet;
  readonly suspects: readonly Suspect[];
  readonly actors: Actors;
}

/** Lays the refusal beside the policies that the connection needs, for the identity that it really has. */
export async function knownWay({ access, options }: Connection, refusal: Refusal, run: Run): Promise<KnownWay> {
  const { plan } = access;
  const identity = await identityOf(access, refusal, run);
  const set = planPolicies(plan, options, {
    ...(identity.arn === undefined ? {} : { identityArn: identity.arn }),
    ...machineOf(identity.source),
    // Redshift names the role that its default is.
    ...(options.copyRole === 'default' && refusal.roleArn !== undefined ? { defaultCopyRoleArn: refusal.roleArn } : {}),
  });
  const copyRole = options.copyRole === 'default' ? set.attach?.role.arn : options.copyRole;
  const stagingPrincipal = plan.stagingRoles.at(-1)?.roleArn ?? identity.arn;
  const actors = {
    copyRoles: copyRole === undefined ? [] : copyRole.split(',').map((arn) => arn.trim()),
    ...(stagingPrincipal === undefined ? {} : { stagingPrincipal }),
  };
  return { set, suspects: suspectsOf(set, refusal, actors), actors };
}

interface KnownIdentity {
  readonly arn?: string | undefined;
  readonly source?: string | undefined;
}

async function identityOf(access: Connection['access'], { work, roleArn }: Refusal, run: Run): Promise<KnownIdentity> {
  if (access.plan.identity === undefined) return {};
  // The machine's service names the role that it may not hand out.
  if (work === 'identity') return { arn: roleArn };
  try {
    const { principalArn, source }: AwsCredentials = await access.identity(run);
    return { arn: principalArn, source };
  } catch (error) {
    run.signal.throwIfAborted();
    if (error instanceof ConnectorError) return {};
    throw error;
  }
}

function machineOf(source = ''): { readonly machine?: 'ecs' | 'irsa' } {
  if (source.startsWith('web identity token')) return { machine: 'irsa' };
  return source.startsWith('container credentials') ? { machine: 'ecs' } : {};
}
