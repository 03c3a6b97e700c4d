import { createHash } from 'node:crypto';
import type { WorldClock } from '../clock.ts';
import { mayAssume } from '../iam/assume.ts';
import type { Authorize } from '../iam/authorizer.ts';
import type { IdentityRegistry, RoleRecord } from '../iam/registry.ts';
import type { Refusal, SessionCredentials } from '../identity.ts';
import { partitionOf } from '../partition.ts';
import { stableUuid } from '../stable-uuid.ts';
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

/** A service that hands a role to a machine, and the tags that it gives the session. */
interface Carrier {
  readonly service: string;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The same endpoint serves ECS and EKS: a role that ECS may take is a task's, one that only EKS may take a pod's, whose
 * session EKS tags.
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
 */
function carriersOf({ kind, name }: WorldInstance, account: string, region: string): readonly Carrier[] {
  if (kind === 'ec2') return ['ec2.amazonaws.com', 'ec2.amazonaws.com.cn'].map((service) => ({ service, tags: {} }));
  return [
    { service: 'ecs-tasks.amazonaws.com', tags: {} },
    {
      service: 'pods.eks.amazonaws.com',
      tags: {
        'eks-cluster-arn': `arn:${partitionOf(region)}:eks:${region}:${account}:cluster/sandbox`,
        'eks-cluster-name': 'sandbox',
        'kubernetes-namespace': 'default',
        'kubernetes-service-account': name,
        'kubernetes-pod-name': name,
        'kubernetes-pod-uid': stableUuid(`${account}/${name}`),
      },
    },
  ];
}

/** Whether the role's trust lets a service hand it out, with the right to tag the session where it does. */
function mayCarry(authorize: Authorize, role: RoleRecord | undefined, roleArn: string, carrier: Carrier): boolean {
  const { service, tags } = carrier;
  const principal = { kind: 'service', arn: service, account: '', userId: service } as const;
  const keys = Object.keys(tags);
  const context = {
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    ...(keys.length > 0 && { 'aws:TagKeys': keys, 'sts:TransitiveTagKeys': keys }),
  };
  return ['sts:AssumeRole', ...(keys.length > 0 ? ['sts:TagSession'] : [])].every(
    (action) => mayAssume(authorize, role, { principal, roleArn, action, context }).allowed,
  );
}

export function createInstanceCredentials(
  instance: WorldInstance,
  deps: {
    readonly registry: IdentityRegistry;
    readonly authorize: Authorize;
    readonly clock: WorldClock;
    readonly region: string;
  },
): InstanceCredentials {
  const { registry, authorize, clock, region } = deps;
  const digest = createHash('sha256').update(instance.name).digest('hex');
  const id = instance.kind === 'ec2' ? `i-0${digest.slice(0, 16)}` : digest.slice(0, 32);
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
      const carrier = carriersOf(instance, role?.account ?? '', region).find((each) =>
        mayCarry(authorize, role, roleArn, each),
      );
      if (!role || !carrier) {
        return {
          allowed: false,
          code: 'AssumeRoleUnauthorizedAccess',
          message: `The machine's service cannot assume the role ${roleArn}.`,
        };
      }
      const { tags } = carrier;
      const transitiveTagKeys = Object.keys(tags);
      const session = registry.openSession(role, {
        sessionName: transitiveTagKeys.length === 0 ? id : `eks-sandbox-${id}`,
        lifetimeSeconds,
        ...(transitiveTagKeys.length > 0 && { sessionTags: tags, transitiveTagKeys }),
      });
      held = { ...session, allowed: true, issuedAt: new Date(clock.now()) };
      return held;
    },
  };
}
