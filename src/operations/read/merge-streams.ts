import { setMaxListeners } from 'node:events';

/**
 * What several streams give, as it comes: `atOnce` of them are open, each at most one item ahead of the reader. The first
 * failure stops the others and is thrown once they have ended; so does leaving the loop.
 */
export async function* mergeStreams<T>(
  openers: readonly ((signal: AbortSignal) => AsyncGenerator<T, void, undefined>)[],
  atOnce: number,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  setMaxListeners(0, either);
  const open = new Map<AsyncGenerator<T, void, undefined>, Promise<Answer<T>>>();
  const ask = (stream: AsyncGenerator<T, void, undefined>): void => {
    const asked = stream.next().then((result) => ({ stream, result }));
    asked.catch(() => undefined); // met by the race below, or of no interest once the loop is left
    open.delete(stream); // to the end: of several that are ready the one that waited longest is taken
    open.set(stream, asked);
  };
  let next = 0;
  const openMore = (): void => {
    for (; open.size < atOnce; next += 1) {
      const opener = openers[next];
      if (opener === undefined) return;
      ask(opener(either));
    }
  };
  try {
    for (openMore(); open.size > 0; openMore()) {
      const { stream, result } = await Promise.race(open.values());
      if (result.done === true) {
        open.delete(stream);
        continue;
      }
      ask(stream);
      yield result.value;
    }
  } finally {
    stop.abort(new Error('The reader has left'));
    await Promise.allSettled(open.values());
    await Promise.allSettled([...open.keys()].map((stream) => stream.return()));
  }
}

interface Answer<T> {
  readonly stream: AsyncGenerator<T, void, undefined>;
  readonly result: IteratorResult<T, void>;
}
