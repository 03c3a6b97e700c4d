import { ConnectorError } from '../../core/errors.ts';
import type { Probed } from './probe.ts';
import type { CheckTask, Finding } from './tasks.ts';

const WARN_SECONDS = 60;
const FAIL_SECONDS = 300;

/** This machine's clock against AWS's, as the `Date` of its answers tells it. */
export function clockTask(answers: readonly Probed[], reaches: readonly string[]): CheckTask {
  return {
    id: 'clock',
    title: "This machine's clock",
    needs: ['options'],
    wants: reaches,
    attempt: async () => {
      const [first] = answers.filter(({ aheadMs }) => aheadMs !== undefined);
      if (first?.aheadMs === undefined) return { skipped: 'no endpoint of AWS told the time' };
      return clockFinding(first.aheadMs, first.host);
    },
  };
}

/** What a difference means; positive while this machine is ahead. AWS tells whole seconds. Throws RS_AUTH_KEYS_INVALID. Pure. */
export function clockFinding(aheadMs: number, host: string): Finding {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const evidence = seconds <= 1 ? `as ${host} has it` : `${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} ${host}`;
  if (seconds > FAIL_SECONDS) {
    throw new ConnectorError('RS_AUTH_KEYS_INVALID', `This machine's clock is ${evidence}`, {
      action: 'Set the clock and keep it set: switch on time synchronisation (chrony or systemd-timesyncd with NTP).',
      details: { field: 'clock', seconds, host },
    });
  }
  if (seconds <= WARN_SECONDS) return { evidence };
  return { evidence, warning: 'The clock is off: AWS refuses signatures once it is by minutes; switch on NTP' };
}
