import { createHash } from 'node:crypto';
import type { WorldClock } from '../clock.ts';
import { mayAssume } from '../iam/assume.ts';
import type { Authorize } from '../iam/authorizer.ts';
import type { IdentityRegistry } from '../iam/registry.ts';
import type { Refusal, SessionCredentials } from '../identity.ts';
import type { WorldInstance } from '../world.ts';

const DEFAULT_LIFETIME_SECONDS = 21_600;
const RENEW_BEFORE_SECONDS = 300;

/** Credentials of a machine's role, issued anew five minutes before the old ones expire. */
export interface InstanceCredentials {
  readonly id: string;
  /** Undefined: the machine has no role. */
  readonly roleName: string | undefined;
  readonly roleArn: string | undefined;
  current(): (SessionCredentials & { readonly allowed: true; readonly issuedAt: Date }) | Refusal;
}

export function createInstanceCredentials(
  instance: WorldInstance,
  deps: { readonly registry: IdentityRegistry; readonly authorize: Authorize; readonly clock: WorldClock },
): InstanceCredentials {
  const { registry, authorize, clock } = deps;
  const digest = createHash('sha256').update(instance.name).digest('hex');
  const id = instance.kind === 'ec2' ? `i-0${digest.slice(0, 16)}` : digest.slice(0, 32);
  const services =
    instance.kind === 'ec2'
      ? ['ec2.amazonaws.com', 'ec2.amazonaws.com.cn']
      : ['ecs-tasks.amazonaws.com', 'pods.eks.amazonaws.com'];
  const lifetimeSeconds = instance.credentialSeconds ?? DEFAULT_LIFETIME_SECONDS;
  let held: (SessionCredentials & { readonly allowed: true; readonly issuedAt: Date }) | undefined;

  return {
    id,
    roleName: instance.role?.split('/').at(-1),
    roleArn: instance.role,
    current: () => {
      const endsAt = held && (registry.key(held.accessKeyId)?.expiresAt ?? held.expiresAt).getTime();
      if (held && endsAt !== undefined && endsAt - clock.scaledMs(RENEW_BEFORE_SECONDS) > clock.now()) return held;
      const roleArn = instance.role ?? '';
      const role = registry.role(roleArn);
      const trusted = services.some((service) => {
        const principal = { kind: 'service', arn: service, account: '', userId: service } as const;
        return mayAssume(authorize, role, { principal, roleArn }).allowed;
      });
      if (!role || !trusted) {
        return {
          allowed: false,
          code: 'AssumeRoleUnauthorizedAccess',
          message: `The machine's service cannot assume the role ${roleArn}.`,
        };
      }
      const session = registry.openSession(role, { sessionName: id, lifetimeSeconds });
      held = { ...session, allowed: true, issuedAt: new Date(clock.now()) };
      return held;
    },
  };
}
