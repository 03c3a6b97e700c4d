import { expect } from 'chai';
import type { ConnectorEvent } from '../../../src/core/events.ts';
import { openRun } from '../../../src/core/run.ts';
import { openRows } from '../../../src/operations/write/input-rows.ts';
import type { RowSource } from '../../../src/operations/write-spec.ts';
import { rejectionOf } from '../../failure.ts';

async function read(source: RowSource, columns?: readonly string[]) {
  const run = openRun();
  await using open = await openRows(source, columns, run);
  const rows: (readonly unknown[])[] = [];
  for await (const group of open.groups(run.signal)) rows.push(...group);
  return { columns: open.columns, rows };
}

describe('rows from a program', () => {
  const batch = { fields: [{ name: 'a' }, { name: 'b' }], rows: () => [{ a: 1, b: 2 }] };
  for (const { title, source, columns, expected } of [
    { title: 'objects, one by one', source: [{ a: 1, b: 2 }], columns: undefined, expected: [[1, 2]] },
    {
      title: 'objects in arrays',
      source: [
        [
          { a: 1, b: 2 },
          { b: 4, a: 3 },
        ],
      ],
      columns: undefined,
      expected: [
        [1, 2],
        [3, 4],
      ],
    },
    {
      title: 'arrays, one by one',
      source: [
        [1, null],
        [null, 2],
      ],
      columns: ['a', 'b'],
      expected: [
        [1, null],
        [null, 2],
      ],
    },
    {
      title: 'arrays that begin with bytes or a date',
      source: [
        [Uint8Array.of(1), 1],
        [new Date(0), 2],
      ],
      columns: ['a', 'b'],
      expected: [
        [Uint8Array.of(1), 1],
        [new Date(0), 2],
      ],
    },
    {
      title: 'arrays in arrays',
      source: [[[1, 2]], [], [[3, 4]]],
      columns: ['a', 'b'],
      expected: [
        [1, 2],
        [3, 4],
      ],
    },
    {
      title: 'batches of a read',
      source: [batch, batch],
      columns: undefined,
      expected: [
        [1, 2],
        [1, 2],
      ],
    },
  ]) {
    it(`come as ${title}`, async () => {
      expect(await read(source as RowSource, columns)).to.deep.equal({ columns: ['a', 'b'], rows: expected });
    });
  }

  it('may be none', async () => {
    expect(await read([])).to.deep.equal({ columns: undefined, rows: [] });
  });

  it('take a field that an object leaves out for NULL', async () => {
    expect((await read([{ a: 1, b: 2 }, { a: 3 }])).rows).to.deep.equal([
      [1, 2],
      [3, undefined],
    ]);
  });

  it('may hold more than the columns that were asked for', async () => {
    expect((await read([{ a: 1, b: 2 }], ['b'])).rows).to.deep.equal([[2]]);
  });

  it('do not read inherited fields', async () => {
    expect((await read([{ a: 1 }], ['a', 'toString'])).rows).to.deep.equal([[1, undefined]]);
  });

  for (const { title, source, columns, says } of [
    {
      title: 'a value too many',
      source: [
        [1, 2],
        [1, 2, 3],
      ],
      columns: ['a', 'b'],
      says: /Row 2 has 3 values for 2 columns/,
    },
    {
      title: 'a column too many',
      source: [{ a: 1 }, { a: 1, c: 2 }],
      columns: undefined,
      says: /Row 2 has a column "c"/,
    },
    { title: 'a date for a row', source: [new Date()], columns: ['a'], says: /neither an object nor an array/ },
    { title: 'no row at all', source: [7], columns: ['a'], says: /neither an object nor an array/ },
    { title: 'arrays without names', source: [[1, 2]], columns: undefined, says: /names of their columns/ },
  ]) {
    it(`are refused with ${title}`, async () => {
      expect((await rejectionOf(read(source as unknown as RowSource, columns))).message).to.match(says);
    });
  }

  it('close their source when they are not read to the end', async () => {
    let closed = false;
    async function* source() {
      try {
        yield { a: 1 };
        yield { a: 2 };
      } finally {
        closed = true;
      }
    }
    const open = await openRows(source(), undefined, openRun());
    await open[Symbol.asyncDispose]();
    expect(closed).to.equal(true);
  });

  it('do not fail when their source cannot be closed', async () => {
    const events: ConnectorEvent[] = [];
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false as const, value: { a: 1 } }),
        return: () => Promise.reject(new Error('no')),
      }),
    };
    const open = await openRows(source, undefined, openRun({ onEvent: (event) => events.push(event) }));
    await open[Symbol.asyncDispose]();
    expect(events.map(({ type }) => type)).to.deep.equal(['suppressed']);
  });

  it('stop waiting for a silent source on abort', async () => {
    const controller = new AbortController();
    const run = openRun({ signal: controller.signal });
    async function* silent() {
      yield { a: 1 };
      await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
      yield { a: 2 };
    }
    const open = await openRows(silent(), undefined, run);
    const groups = open.groups(run.signal);
    await groups.next();
    const waiting = groups.next();
    controller.abort(new Error('enough'));
    expect((await waiting.catch((error: unknown) => error)) as Error).to.have.property('message', 'enough');
  });
});
