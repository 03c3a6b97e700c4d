import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { openRun } from '../../src/core/run.ts';
import type { CheckStep } from '../../src/operations/check/report.ts';
import { type Finding, openWalk } from '../../src/operations/check/walk.ts';

const ENDLESS = new AbortController().signal;

describe('the steps of a check', () => {
  const found = (finding: Finding) => async () => finding;
  const told = (steps: readonly CheckStep[]) => steps.map(({ id, verdict, because }) => [id, verdict, because]);

  it('go on after a failure, and skip what needs it, directly or by way of another', async () => {
    const heard: CheckStep[] = [];
    const walk = openWalk(openRun(), { onStep: (step) => heard.push(step) }, ENDLESS);
    await walk.step({ id: 'options', title: '' }, found({ evidence: 'fine' }));
    await walk.step({ id: 'identity', title: '', needs: ['options'] }, found({ warning: 'keys are ignored' }));
    await walk.step({ id: 'role', title: '', needs: ['identity'] }, async () => {
      throw new ConnectorError('RS_AUTH_ROLE_DENIED', 'no', { action: 'Mend it.', details: { roleArn: 'x' } });
    });
    expect(await walk.step({ id: 'login', title: '', needs: ['role'] }, found({}))).to.equal(undefined);
    await walk.step({ id: 'session', title: '', needs: ['login', 'tls'] }, found({}));
    await walk.step({ id: 'tls', title: '', needs: ['options'] }, found({}));
    expect(told(walk.steps)).to.deep.equal([
      ['options', 'pass', undefined],
      ['identity', 'warn', 'keys are ignored'],
      ['role', 'fail', undefined],
      ['login', 'skipped', 'role failed'],
      ['session', 'skipped', 'login was skipped'],
      ['tls', 'pass', undefined],
    ]);
    expect(walk.steps[2]?.error).to.deep.equal({
      code: 'RS_AUTH_ROLE_DENIED',
      category: 'auth',
      message: 'no',
      action: 'Mend it.',
      details: { roleArn: 'x' },
    });
    expect(heard).to.deep.equal(walk.steps);
  });

  it('end when the time for the check is over: the one that waits fails, the others are skipped', async () => {
    const limit = new AbortController();
    const walk = openWalk(openRun(), {}, limit.signal);
    await walk.step({ id: 'copy', title: '' }, async () => {
      limit.abort();
      throw limit.signal.reason;
    });
    await walk.step({ id: 'tls', title: '' }, found({}));
    expect(told(walk.steps)).to.deep.equal([
      ['copy', 'fail', undefined],
      ['tls', 'skipped', 'the time for the check is over'],
    ]);
    expect(walk.steps[0]?.error).to.include({ code: 'RS_TIMEOUT', category: 'transient' });
  });

  it('report a defect of ours as one, without its text', async () => {
    const walk = openWalk(openRun(), {}, ENDLESS);
    await walk.step({ id: 'a', title: '' }, () => Promise.reject(new TypeError('canary')));
    await walk.step({ id: 'b', title: '' }, () => Promise.reject('canary'));
    expect(walk.steps.map(({ error }) => error?.code)).to.deep.equal(['RS_INTERNAL', 'RS_INTERNAL']);
    expect(walk.steps[0]?.error?.message).to.match(/TypeError/);
    expect(JSON.stringify(walk.steps)).to.not.include('canary');
  });

  it("end with the signal's reason, and with nothing else", async () => {
    const controller = new AbortController();
    const walk = openWalk(openRun({ signal: controller.signal }), {}, ENDLESS);
    const step = walk.step({ id: 'a', title: '' }, async () => {
      controller.abort('enough');
      throw new Error('aborted');
    });
    expect(await step.catch((error: unknown) => error)).to.equal('enough');
    expect(await walk.step({ id: 'b', title: '' }, found({})).catch((error: unknown) => error)).to.equal('enough');
    expect(walk.steps).to.deep.equal([]);
  });
});
