import type { RoleHop } from '../../access/plan.ts';
import { CHAINED_MAX_SECONDS } from '../../access/role-hops.ts';
import type { AwsCredentials } from '../../auth/access.ts';
import type { Clock } from '../../core/run.ts';
import type { CheckTask } from './tasks.ts';

/** How long the session of a role lasts, by AWS's clock: what was asked for, what AWS gave, which cap applies, and what renews it. */
export function lifetimeTask(
  hop: RoleHop,
  role: string,
  credentials: () => Promise<AwsCredentials>,
  clock: Clock,
): CheckTask {
  return {
    id: `lifetime:${hop.id}`,
    title: 'How long its session lasts',
    needs: [role],
    attempt: async () => {
      const { expiresAt, note } = await credentials();
      const gotSeconds = expiresAt === undefined ? undefined : Math.round((expiresAt.getTime() - clock.now()) / 1000);
      const cap = hop.chained ? `at most ${CHAINED_MAX_SECONDS} s, as it is assumed from a role's session` : '';
      const facts = [
        `${hop.durationSeconds} s asked for`,
        gotSeconds === undefined ? 'AWS told no end' : `ends in ${gotSeconds} s`,
        ...(cap === '' ? [] : [cap]),
        'renewed by sts:AssumeRole',
      ];
      return { evidence: facts.join(', '), warning: note };
    },
  };
}
