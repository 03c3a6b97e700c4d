import type { Run } from '../core/run.ts';
import type { Expiring, RenewalFailure } from './memoize.ts';

/** Tells of a hop that could not be renewed while the one in hand is still valid: once, until a renewal succeeds again. */
export function renewalWarning(
  hopId: string,
  { error, value, isFirst }: Omit<RenewalFailure<Expiring, unknown>, 'context'>,
  { publish }: Pick<Run, 'publish'>,
): void {
  if (!isFirst) return;
  const end = value.expiresAt === undefined ? '' : ` until ${value.expiresAt.toISOString()}`;
  const reason = error instanceof Error ? error.message : String(error);
  publish({
    type: 'warning',
    code: 'RENEWAL_FAILED',
    message: `The credentials of the hop "${hopId}" could not be renewed ahead of time and are good${end}; it is tried again: ${reason}`,
  });
}
