import { expect } from 'chai';
import { Client } from 'pg';
import { ColumnQuery } from '../../src/db/column-query.ts';
import { guardParser } from '../../src/db/guard-parser.ts';
import { textDecoder, type WireDecoder, wireDecoder } from '../../src/types/wire-decoder.ts';
import { WireText } from '../../src/types/wire-text.ts';

function rowOf(...fields: readonly (string | null)[]): Buffer {
  const parts = fields.map((field) => {
    const text = Buffer.from(field ?? '');
    const length = Buffer.alloc(4);
    length.writeInt32BE(field === null ? -1 : text.length);
    return Buffer.concat([length, text]);
  });
  const count = Buffer.alloc(2);
  count.writeInt16BE(fields.length);
  return Buffer.concat([count, ...parts]);
}

const give = (query: ColumnQuery, row: Buffer): void => query.row(new WireText(row), 0, row.length);

/** A connection that nobody is at the other end of. */
function guardedConnection(): Client['connection'] {
  const { connection } = new Client();
  guardParser(connection);
  (connection as unknown as { attachListeners(stream: unknown): void }).attachListeners({ on: () => undefined });
  return connection;
}

const BIGINT: WireDecoder = wireDecoder({ kind: 'bigint' });

describe('ColumnQuery', () => {
  it('puts values into columns, and counts rows and bytes', async () => {
    const query = new ColumnQuery('FETCH', [BIGINT, textDecoder]);
    give(query, rowOf('12', 'grün'));
    give(query, rowOf(null, ''));
    query.handleReadyForQuery(guardedConnection());
    expect(await query.done).to.deep.equal({
      columns: [
        [12n, null],
        ['grün', ''],
      ],
      rowCount: 2,
      bytes: 7,
    });
  });

  it('tells of a value without its form, and shows nothing of it', async () => {
    const query = new ColumnQuery('FETCH', [BIGINT]);
    give(query, rowOf('hush'));
    give(query, rowOf('1'));
    query.handleReadyForQuery(guardedConnection());
    const error: unknown = await query.done.catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'RS_INTERNAL' });
    expect(error).to.have.nested.property('details.column', 1);
    expect(String(error) + JSON.stringify(error)).not.to.include('hush');
  });

  for (const [title, row] of [
    ['of another number of fields', rowOf('1', '2')],
    ['whose field is longer than it', rowOf('123').subarray(0, -1)],
    ['whose field has a length below nothing', Buffer.from([0, 1, 0xff, 0xff, 0xff, 0xf0])],
    ['that ends before its fields', Buffer.from([0, 1, 0])],
  ] as const) {
    it(`refuses a row ${title}`, () => {
      expect(() => give(new ColumnQuery('FETCH', [BIGINT]), row)).to.throw(RangeError);
    });
  }
});
