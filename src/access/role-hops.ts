import type { ConfigIssue } from '../core/errors.ts';
import { readRoleArn } from './location.ts';
import type { RoleHop } from './plan.ts';

/** The longest session of a role that was assumed from a role: AWS refuses more. */
export const CHAINED_MAX_SECONDS = 3600;

/** A role to assume, before the rules on duration and chaining. */
export interface RoleWish {
  readonly id: string;
  /** The option it came from. */
  readonly path: string;
  readonly roleArn: string;
  readonly externalId?: string | undefined;
}

export interface RoleRules {
  /** The base credentials are known to come from a role. */
  readonly fromRole: boolean;
  readonly durationSeconds: number;
  readonly sessionName: string;
  readonly sourceIdentity?: string | undefined;
  readonly partition: string;
}

/** Says in words why a duration was cut. */
export function chainedNote(askedSeconds: number): string {
  return (
    `Session shortened from ${askedSeconds} s to ${CHAINED_MAX_SECONDS} s: a role that is assumed from a role's ` +
    'session (role chaining) lasts one hour at most.'
  );
}

/** Turns wishes into hops: caps chained ones, puts the source identity on the first (it travels along from there). */
export function planRoles(
  wishes: readonly RoleWish[],
  { fromRole, durationSeconds, sessionName, sourceIdentity, partition }: RoleRules,
): { readonly hops: readonly RoleHop[]; readonly issues: readonly ConfigIssue[] } {
  const issues: ConfigIssue[] = [];
  const hops = wishes.flatMap(({ id, path, roleArn, externalId }, index): RoleHop[] => {
    const role = readRoleArn(roleArn);
    if (role === undefined) {
      const action = 'Give the ARN of an IAM role: arn:aws:iam::123456789012:role/Name.';
      issues.push({ path, message: `Not the ARN of an IAM role: ${roleArn}`, action });
      return [];
    }
    if (role.partition !== partition) {
      const message = `The role is of AWS partition ${role.partition}, the cluster's region of ${partition}`;
      issues.push({ path, message, action: 'Give a role and a region of the same partition.' });
      return [];
    }
    const chained = fromRole || index > 0;
    const isCapped = chained && durationSeconds > CHAINED_MAX_SECONDS;
    return [
      {
        id,
        roleArn,
        account: role.account,
        sessionName,
        ...(externalId === undefined ? {} : { externalId }),
        ...(sourceIdentity === undefined || index > 0 ? {} : { sourceIdentity }),
        durationSeconds: isCapped ? CHAINED_MAX_SECONDS : durationSeconds,
        chained,
        ...(isCapped ? { note: chainedNote(durationSeconds) } : {}),
      },
    ];
  });
  return { hops, issues };
}
