import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { openBatch } from '../../src/types/batch.ts';
import type { InputScalar } from '../../src/types/codec-shape.ts';
import { openCsvEncoder } from '../../src/types/csv.ts';
import type { SupportedField } from '../../src/types/field.ts';
import { csvLine } from '../csv-line.ts';

const FIELDS: readonly SupportedField[] = [
  { name: 'id', type: { kind: 'bigint' } },
  { name: 'Größe "x"', type: { kind: 'varchar', bytes: 5 } },
];

describe('staged CSV', () => {
  const encoder = openCsvEncoder(FIELDS, { nullMarker: 'null_1' }, { rowNumbers: true });
  for (const { title, values, line } of [
    { title: 'plain values and the row’s number', values: [1n, 'ab'], line: '1,ab,7\n' },
    { title: 'NULL by its marker, the empty string by quotes', values: [null, ''], line: 'null_1,"",7\n' },
    { title: 'missing values as NULL', values: [undefined], line: 'null_1,null_1,7\n' },
    { title: 'quotes doubled', values: ['5', 'a"b'], line: '5,"a""b",7\n' },
    { title: 'delimiters and newlines in quotes', values: [5, ',\r\n'], line: '5,",\r\n",7\n' },
    { title: 'blanks at an end in quotes', values: [5, ' a'], line: '5," a",7\n' },
    { title: 'backslashes as they are', values: [5, '\\N'], line: '5,\\N,7\n' },
  ] satisfies { title: string; values: (InputScalar | null | undefined)[]; line: string }[]) {
    it(`writes ${title}`, () => expect(csvLine(encoder, values, 7)).to.equal(line));
  }

  it('names row, column, type and limit of a value that does not fit, never the value', () => {
    let caught: unknown;
    try {
      csvLine(encoder, [1n, 'kanarienvogel'], 12);
    } catch (error) {
      caught = error;
    }
    expect(caught).to.be.instanceOf(ConnectorError);
    const { code, message, details } = caught as ConnectorError;
    expect(code).to.equal('RS_VALUE_UNREPRESENTABLE');
    expect(message).to.equal(
      'Row 12, column "Größe \\"x\\"" (VARCHAR(5)): the value takes 13 bytes and the column holds 5',
    );
    expect(details).to.include({ row: 12, column: 'Größe "x"', type: 'VARCHAR(5)' });
    expect(JSON.stringify(caught)).not.to.include('kanarienvogel');
  });

  it('leaves the row’s number out where there is no column for it, and still names the row', () => {
    const bare = openCsvEncoder(FIELDS, { nullMarker: 'null_1' }, { rowNumbers: false });
    expect(csvLine(bare, [1n, 'ab'], 7) + csvLine(bare, [null, ''], 8)).to.equal('1,ab\nnull_1,""\n');
    expect(() => csvLine(bare, [1n, 'too long'], 9)).to.throw(ConnectorError, 'Row 9');
  });
});

describe('Batch', () => {
  it('gives its columns as rows, whatever they are called', () => {
    const fields = [
      { name: 'a', type: { kind: 'integer' } },
      { name: '__proto__', type: { kind: 'integer' } },
    ] as const;
    const batch = openBatch(
      fields,
      [
        [1, 2],
        [null, 4],
      ],
      2,
    );
    const [first, second] = batch.rows();
    expect(Object.entries(first!)).to.deep.equal([
      ['a', 1],
      ['__proto__', null],
    ]);
    expect(Object.entries(second!)).to.deep.equal([
      ['a', 2],
      ['__proto__', 4],
    ]);
    expect(Object.getPrototypeOf(first)).to.equal(Object.prototype);
  });
});

describe('a loss that was accepted for a column', () => {
  const FIELDS: readonly SupportedField[] = [
    { name: 'price', type: { kind: 'decimal', precision: 5, scale: 2 } },
    { name: 'day', type: { kind: 'date' } },
    { name: 'bytes', type: { kind: 'varbyte', bytes: 4 } },
  ];
  const VALUES = ['1.239', '2024-02-03 04:05:06', ''];
  const accepted = ['price', 'day', 'bytes'];

  it('lets COPY have what it would change', () => {
    const encoder = openCsvEncoder(FIELDS, { nullMarker: 'n' }, { rowNumbers: false, acceptLoss: accepted });
    expect(csvLine(encoder, VALUES, 1)).to.equal('1.23,2024-02-03,""\n');
  });

  for (const [position, column] of accepted.entries()) {
    it(`is for the named columns alone: ${column} is refused, and told how to accept it`, () => {
      const acceptLoss = accepted.filter((name) => name !== column);
      const encoder = openCsvEncoder(FIELDS, { nullMarker: 'n' }, { rowNumbers: false, acceptLoss });
      const values = VALUES.map((value, index) => (index === position ? value : null));
      expect(() => csvLine(encoder, values, 1))
        .to.throw(ConnectorError)
        .with.property('action')
        .that.contains('acceptLoss');
    });
  }

  it('never takes what COPY itself would refuse', () => {
    const encoder = openCsvEncoder(FIELDS, { nullMarker: 'n' }, { rowNumbers: false, acceptLoss: accepted });
    expect(() => csvLine(encoder, ['12345', null, null], 1)).to.throw(ConnectorError, '3 digits before the point');
  });
});
