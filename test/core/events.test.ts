import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { expect } from 'chai';
import { EVENT_TYPES, type PublishedEvent, publishOnChannel, subscribe } from '../../src/core/events.ts';
import { openRun } from '../../src/core/run.ts';

describe('events on diagnostics channels', () => {
  it('each type has a channel of its own, and whose it is beside the event', () => {
    const heard: PublishedEvent[] = [];
    const end = subscribe('warning', (event) => heard.push(event));
    const [first, second] = [openRun({ runId: 'nightly' }), openRun({ runId: 'nightly' })];
    for (const run of [first, second]) run.publish({ type: 'warning', code: 'W', message: 'm' });
    first.publish({ type: 'progress', phase: 'load' });
    openRun({ isBackground: true }).publish({ type: 'warning', code: 'B', message: 'm' });
    end();
    end();
    first.publish({ type: 'warning', code: 'LATE', message: 'm' });
    const [one, two, background] = heard;
    expect(heard).to.have.length(3);
    expect(one).to.include({ type: 'warning', code: 'W', runId: 'nightly' });
    expect(one?.callId).not.to.equal(two?.callId);
    expect(background).to.deep.equal({ type: 'warning', code: 'B', message: 'm' });
  });

  it('nobody listens unless asked to, and then nothing is made', () => {
    for (const type of EVENT_TYPES) expect(channel(`roleshift:${type}`).hasSubscribers, type).to.equal(false);
    const untouchable = {
      type: 'progress',
      get phase(): string {
        throw new Error('was read');
      },
    } as const;
    publishOnChannel(untouchable);
    const end = subscribe('warning', () => undefined);
    publishOnChannel(untouchable);
    end();
  });

  it('what a listener throws is a warning of the process and disturbs no run', async () => {
    const warned = once(process, 'warning');
    const end = subscribe('progress', () => {
      throw new Error('a listener failed');
    });
    openRun().publish({ type: 'progress', phase: 'load' });
    end();
    expect(await warned).to.satisfy(
      ([warning]: [Error]) => warning.name === 'RoleshiftListenerWarning' && warning.message === 'a listener failed',
    );
  });
});
