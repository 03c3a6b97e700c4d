import { expect } from 'chai';
import { mergeStreams } from '../../../src/operations/read/merge-streams.ts';

const NEVER = new AbortController().signal;

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

describe('mergeStreams', () => {
  it('gives each item once, and opens no more streams than it may', async () => {
    let open = 0;
    let most = 0;
    const openers = [3, 0, 5, 1, 2].map(
      (count, name) =>
        async function* (): AsyncGenerator<string, void, undefined> {
          open += 1;
          most = Math.max(most, open);
          for (let index = 0; index < count; index += 1) yield `${name}.${index}`;
          open -= 1;
        },
    );
    const items = await all(mergeStreams(openers, 2, NEVER));
    expect(items.toSorted()).to.deep.equal([
      '0.0',
      '0.1',
      '0.2',
      '2.0',
      '2.1',
      '2.2',
      '2.3',
      '2.4',
      '3.0',
      '4.0',
      '4.1',
    ]);
    expect(most).to.equal(2);
  });

  it('takes turns between streams that are always ready', async () => {
    async function* endless(name: string): AsyncGenerator<string, void, undefined> {
      for (;;) yield name;
    }
    const taken: string[] = [];
    for await (const item of mergeStreams([() => endless('a'), () => endless('b')], 2, NEVER)) {
      taken.push(item);
      if (taken.length === 6) break;
    }
    expect(taken.filter((name) => name === 'b')).to.have.length(3);
  });

  it('stops the others at the first failure, and ends once they have ended', async () => {
    let ended = false;
    async function* slow(signal: AbortSignal): AsyncGenerator<number, void, undefined> {
      try {
        yield 1;
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
      } finally {
        ended = true;
      }
    }
    async function* broken(): AsyncGenerator<number, void, undefined> {
      yield 0;
      throw new Error('broken');
    }
    const outcome: unknown = await all(mergeStreams([slow, broken], 2, NEVER)).catch((error: unknown) => error);
    expect(outcome).to.have.property('message', 'broken');
    expect(ended).to.equal(true);
  });
});
