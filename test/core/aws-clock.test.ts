import { expect } from 'chai';
import { openAwsClock, watchAwsClock } from '../../src/core/aws-clock.ts';

const NOW = Date.parse('2026-11-24T10:00:00.400Z');

function at(ms: number): string {
  return new Date(ms).toUTCString();
}

describe("AWS's clock", () => {
  it('is the local one before AWS has answered', () => {
    const clock = openAwsClock({ now: () => NOW });
    expect(clock.offsetMs()).to.equal(undefined);
    expect(clock.now()).to.equal(NOW);
  });

  for (const { title, aheadMs, tookMs, from, to } of [
    { title: 'a clock that is right, whatever the second', aheadMs: 0, tookMs: 120, from: 0, to: 0 },
    { title: 'a slow answer, which says little', aheadMs: 900, tookMs: 4_000, from: 0, to: 0 },
    { title: 'ten minutes behind', aheadMs: 600_000, tookMs: 100, from: 599_000, to: 601_000 },
    { title: 'an hour ahead', aheadMs: -3_600_000, tookMs: 100, from: -3_601_000, to: -3_599_000 },
  ]) {
    it(`tells ${title}`, () => {
      const clock = openAwsClock({ now: () => NOW });
      clock.read({ sentAtMs: NOW, receivedAtMs: NOW + tookMs, date: at(NOW + aheadMs + tookMs / 2) });
      expect(clock.offsetMs()).to.be.within(from, to);
      expect(clock.now() - NOW).to.equal(clock.offsetMs());
    });
  }

  it('gets surer with each answer, until one does not fit: then the clock was set', () => {
    const clock = openAwsClock({ now: () => NOW });
    for (let answer = 0; answer < 50; answer += 1) {
      const sentAtMs = NOW + answer * 370;
      clock.read({ sentAtMs, receivedAtMs: sentAtMs + 20, date: at(sentAtMs + 10 + 90_250) });
    }
    expect(clock.offsetMs()).to.be.closeTo(90_250, 60);
    clock.read({ sentAtMs: NOW, receivedAtMs: NOW + 20, date: at(NOW) });
    expect(clock.offsetMs()).to.equal(0);
  });

  it('does not read what is no date, nor an answer from before its question', () => {
    const clock = openAwsClock({ now: () => NOW });
    clock.read({ sentAtMs: NOW, receivedAtMs: NOW + 1, date: 'soon' });
    clock.read({ sentAtMs: NOW, receivedAtMs: NOW - 1, date: at(NOW) });
    expect(clock.offsetMs()).to.equal(undefined);
  });

  it('is read from the answers of AWS, not from those of a cache or of a proxy on the way', async () => {
    const clock = openAwsClock({ now: Date.now });
    const answers: object[] = [];
    let middleware: ((args: never) => Promise<unknown>) | undefined;
    const client = {
      config: { systemClockOffset: -1 },
      middlewareStack: {
        add: (add: (next: () => Promise<{ response: unknown }>) => (args: never) => Promise<unknown>) => {
          middleware = add(async () => ({ response: { headers: answers.shift() } }));
        },
      },
    };
    watchAwsClock(client, clock);
    expect(client.config.systemClockOffset).to.equal(0);
    const date = at(Date.now() + 7_200_000);
    answers.push({ date }, { date, age: '9', 'x-amzn-requestid': 'r' }, { 'x-amzn-requestid': 'r' });
    for (let call = 0; call < 3; call += 1) await middleware?.(undefined as never);
    expect(clock.offsetMs()).to.equal(undefined);
    answers.push({ date, 'x-amz-request-id': 'r' });
    await middleware?.(undefined as never);
    expect(clock.offsetMs()).to.be.closeTo(7_200_000, 1_500);
  });
});
