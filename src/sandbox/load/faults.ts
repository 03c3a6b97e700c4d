import { setTimeout as wait } from 'node:timers/promises';
import { RedshiftError } from '../pg/backend-session.ts';
import type { StatementContext } from '../pg/statement-handler.ts';
import { refuse } from './refusal.ts';

/** The misfortune that the world has planned for this statement, if any. */
export async function strikeFault({ cluster, signal }: StatementContext, on: string, sql: string): Promise<void> {
  const effect = cluster.faults.take(on, sql)?.effect;
  switch (effect?.kind) {
    case undefined:
      return;
    case 'delay':
      await wait(effect.ms, undefined, { signal });
      return;
    case 'silence':
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      return;
    case 'throttle':
      throw refuse('XX000', 'S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown');
    case 'error':
      throw refuse(effect.code ?? 'XX000', effect.message ?? 'A fault of the world struck this statement');
    case 'drop':
      throw new RedshiftError({
        severity: 'FATAL',
        code: '57P01',
        message: 'terminating connection due to administrator command',
      });
  }
}
