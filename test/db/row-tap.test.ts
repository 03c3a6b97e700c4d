import { expect } from 'chai';
import { type RowSink, RowTap } from '../../src/db/row-tap.ts';

function message(code: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(code, 'latin1');
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

const rowOf = (text: string): Buffer => message('D', Buffer.from(text));

/** Rows that came, and what went on to the parser. */
function listen(): { readonly tap: RowTap; readonly sink: RowSink; readonly rows: string[]; passed(): Buffer } {
  const pieces: Buffer[] = [];
  const rows: string[] = [];
  const tap = new RowTap((data) => pieces.push(Buffer.from(data)));
  return {
    tap,
    rows,
    sink: { row: (text, start, end) => rows.push(text.utf8(start, end)) },
    passed: () => Buffer.concat(pieces),
  };
}

describe('RowTap', () => {
  const before = [message('T', Buffer.from('fields')), message('N', Buffer.alloc(0))];
  const after = [message('C', Buffer.from('FETCH 3\0')), message('Z', Buffer.from('T'))];
  const rows = ['first', 'zweite Zeile: grün', '', '東京'.repeat(20)];
  const all = Buffer.concat([
    ...before,
    ...rows.slice(0, 2).map(rowOf),
    ...before,
    ...rows.slice(2).map(rowOf),
    ...after,
  ]);

  for (const size of [1, 2, 3, 5, 7, 16, 31, 64, all.length]) {
    it(`parts rows from the other messages, whatever the pieces: ${size} bytes`, () => {
      const heard = listen();
      heard.tap.divert(heard.sink);
      for (let at = 0; at < all.length; at += size) heard.tap.take(all.subarray(at, at + size));
      expect(heard.rows).to.deep.equal(rows);
      expect(heard.passed()).to.deep.equal(Buffer.concat([...before, ...before, ...after]));
    });

    it(`leaves rows that nobody asked for to the parser: ${size} bytes`, () => {
      const heard = listen();
      for (let at = 0; at < all.length; at += size) heard.tap.take(all.subarray(at, at + size));
      expect(heard.passed()).to.deep.equal(all);
    });
  }

  it('passes on what comes before a row first, as that may give rows to the parser again', () => {
    const order: string[] = [];
    const tap = new RowTap((data) => order.push(data.toString('latin1', 0, 1)));
    tap.divert({ row: () => order.push('row') });
    tap.take(Buffer.concat([...before, rowOf('a'), ...after, rowOf('b')]));
    expect(order).to.deep.equal(['T', 'row', 'C', 'row']);
  });

  it('takes rows from the next message on, where one is under way', () => {
    const heard = listen();
    heard.tap.take(all.subarray(0, 7));
    heard.tap.divert(heard.sink);
    heard.tap.take(all.subarray(7));
    expect(heard.rows).to.deep.equal(rows);
  });

  it('is not taken back by a statement that another one has followed', () => {
    const [first, second] = [listen(), listen()];
    first.tap.divert(first.sink);
    first.tap.divert(second.sink);
    first.tap.restore(first.sink);
    first.tap.take(rowOf('a'));
    expect(second.rows).to.deep.equal(['a']);
    first.tap.restore(second.sink);
    first.tap.take(rowOf('b'));
    expect(first.passed()).to.deep.equal(rowOf('b'));
  });
});
