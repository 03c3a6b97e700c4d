import { expect } from 'chai';
import { ConnectorError } from '../../../src/core/errors.ts';
import { abandonOnAbort, openRun, type Run } from '../../../src/core/run.ts';
import type { Database } from '../../../src/db/database.ts';
import { settleCommit } from '../../../src/operations/write/settle.ts';
import type { WritePlan } from '../../../src/operations/write-plan.ts';
import { rejectionOf } from '../../failure.ts';

/** Never gives a session, as a cluster that is away. */
const AWAY = {
  session: ({ signal }: Run) => abandonOnAbort(new Promise<never>(() => undefined), signal),
} as unknown as Database;

const LOST = new ConnectorError('RS_COMMIT_UNKNOWN', 'lost');

function settle(limits: Pick<WritePlan, 'settleTimeoutMs' | 'settleAbortedMs'>, signal: AbortSignal) {
  const plan = { ...limits, runId: 'r', targetName: 's.t', ledger: ['s', 'l'] } as const;
  return rejectionOf(settleCommit(AWAY, plan, LOST, openRun({ signal })));
}

describe('settling a COMMIT while the cluster is away', () => {
  for (const [title, limits, signal] of [
    ['ends at its limit', { settleTimeoutMs: 100, settleAbortedMs: 60_000 }, new AbortController().signal],
    ['ends soon after an abort', { settleTimeoutMs: 60_000, settleAbortedMs: 100 }, AbortSignal.timeout(20)],
    ['ends soon when it begins aborted', { settleTimeoutMs: 60_000, settleAbortedMs: 100 }, AbortSignal.abort()],
  ] as const) {
    it(`${title}, as unknown, with the lost COMMIT as the cause`, async () => {
      const error = await settle(limits, signal); // the other limit is longer than a test may take
      expect([error.code, error.cause, error.details['runId']]).to.deep.equal(['RS_COMMIT_UNKNOWN', LOST, 'r']);
    });
  }
});
