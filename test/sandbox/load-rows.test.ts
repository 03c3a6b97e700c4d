import { Readable } from 'node:stream';
import { expect } from 'chai';
import fc from 'fast-check';
import type { ColumnKind, TargetColumn } from '../../src/sandbox/load/columns.ts';
import { convertField } from '../../src/sandbox/load/convert-field.ts';
import { RENDERED, verbatimDialect } from '../../src/sandbox/load/dialect.ts';
import { ErrorLedger, type LoadError } from '../../src/sandbox/load/load-errors.ts';
import { parseCopy } from '../../src/sandbox/load/parse-copy.ts';
import { PlainScanner } from '../../src/sandbox/load/plain-scan.ts';
import { recordReader } from '../../src/sandbox/load/record.ts';
import { RowLoader } from '../../src/sandbox/load/row-loader.ts';
import { loadText } from '../../src/sandbox/load/text-load.ts';

function column(name: string, kind: ColumnKind, more: Partial<TargetColumn> = {}): TargetColumn {
  return {
    name,
    shownName: name,
    kind,
    isNotNull: false,
    identity: 'none',
    maxBytes: 10,
    precision: 10,
    scale: 2,
    ...more,
  };
}

const copy = (options: string) => parseCopy(`copy t from 's3://acme/in' iam_role default ${options}`);

interface Loaded {
  readonly text: string;
  readonly errors: readonly LoadError[];
}

/** Loads the bytes in pieces, with the fast way or only row by row. */
async function load(
  columns: readonly TargetColumn[],
  bytes: Buffer,
  options: string,
  { fast = true, pieceBytes = 1 << 20 }: { readonly fast?: boolean; readonly pieceBytes?: number } = {},
): Promise<Loaded> {
  const statement = copy(options);
  const dialect = verbatimDialect(statement);
  const ledger = new ErrorLedger(Number.POSITIVE_INFINITY);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  const out: Buffer[] = [];
  const rows = loadText({
    files: Readable.from([{ url: 's3://acme/in', bytes: Readable.from(pieces) }]),
    scanner: fast && dialect !== undefined ? new PlainScanner(columns, dialect, statement) : undefined,
    readRecord: recordReader(statement),
    loader: new RowLoader(columns, statement, dialect ?? RENDERED, ledger),
    ignoreHeader: statement.ignoreHeader,
    onRows: () => undefined,
    ignoreBlankLines: statement.ignoreBlankLines,
  });
  for await (const chunk of rows) out.push(Buffer.from(chunk));
  return { text: Buffer.concat(out).toString('utf8'), errors: ledger.errors };
}

/** Fields of PostgreSQL's CSV, NULL as null: what the database would read. */
function fieldsOf(text: string, options: string): (string | null)[][] {
  const statement = { ...copy(options), format: 'csv' as const };
  const dialect = verbatimDialect(copy(options)) ?? RENDERED;
  const read = recordReader({ ...statement, ...dialect }, dialect.quotedMarkerIsNull);
  const bytes = Buffer.from(text);
  const rows: (string | null)[][] = [];
  for (let at = 0; at < bytes.length; ) {
    const record = read(bytes, at, true);
    if (record === undefined) throw new Error('A row has no end');
    rows.push(record.fields.map((field) => field?.toString('utf8') ?? null));
    at = record.next;
  }
  return rows;
}

const COLUMNS = [column('id', 'integer', { isNotNull: true }), column('name', 'varchar'), column('price', 'decimal')];

describe('Rows of text files', () => {
  it('pass as the bytes they are when plain', async () => {
    const csv = '1,abc,1.25\n2,"a ""b"", c",-3\n3,\\N,0.5\n';
    expect(await load(COLUMNS, Buffer.from(csv), 'csv')).to.deep.equal({ text: csv, errors: [] });
  });

  it('are looked at closely where Redshift and PostgreSQL differ', async () => {
    const { text, errors } = await load(COLUMNS, Buffer.from('1,a,1.999\r\n2,b,\n3, "c" ,-0.001\n'), 'csv');
    expect(errors).to.deep.equal([]);
    expect(fieldsOf(text, 'csv')).to.deep.equal([
      ['1', 'a', '1.99'],
      ['2', 'b', null],
      ['3', 'c', '0.00'],
    ]);
  });

  for (const { title, row, options = 'csv', column: name, code, position } of [
    { title: 'a word in an integer', row: 'x,a,1', column: 'id', code: 1207 },
    { title: 'an integer too large', row: '3000000000,a,1', column: 'id', code: 1204 },
    { title: 'NULL in NOT NULL', row: '\\N,a,1', column: 'id', code: 1213 },
    { title: 'nothing in NOT NULL', row: ',a,1', column: 'id', code: 1213 },
    { title: 'a text too long in bytes', row: '1,ÄÖÜÄÖÜ,1', column: 'name', code: 1204, position: 2 },
    { title: 'a decimal too large', row: '1,a,123456789.00', column: 'price', code: 1209 },
    { title: 'a field too many', row: '1,a,1,2', column: 'price', code: 1202 },
    { title: 'a field too few', row: '1,a', column: 'price', code: 1214 },
    { title: 'a quote that never ends', row: '1,"a,1', column: 'name', code: 1214 },
    { title: 'text after a quote', row: '1,"a"b,1', column: 'name', code: 1214 },
  ] as { title: string; row: string; options?: string; column: string; code: number; position?: number }[]) {
    it(`are refused with file, line, column and code: ${title}`, async () => {
      const { text, errors } = await load(COLUMNS, Buffer.from(`h\n7,ok,1\n${row}\n`), `${options} ignoreheader 1`);
      expect(text).to.equal('7,ok,1\n');
      expect(errors).to.have.length(1);
      expect(errors[0]).to.include({ file: 's3://acme/in', line: 3, column: name, code });
      if (position !== undefined) expect(errors[0]!.position).to.equal(position);
    });
  }

  it('count lines inside quotes', async () => {
    const { errors } = await load(COLUMNS, Buffer.from('1,"a\nb\nc",1\nx,a,1\n'), 'csv');
    expect(errors[0]!.line).to.equal(4);
  });

  it('load what is good beside bad UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('1,ä,1\n2,'), Buffer.from([0xff]), Buffer.from(',1\n3,b,1\n')]);
    const { text, errors } = await load(COLUMNS, bytes, 'csv');
    expect(errors.map(({ line, code }) => ({ line, code }))).to.deep.equal([{ line: 2, code: 1220 }]);
    expect(fieldsOf(text, 'csv').map(([id]) => id)).to.deep.equal(['1', '3']);
    const accepted = await load(COLUMNS, bytes, "csv acceptinvchars '^'");
    expect(fieldsOf(accepted.text, 'csv')[1]).to.deep.equal(['2', '^', '1.00']);
  });

  for (const { title, options, text, fields } of [
    {
      title: 'EMPTYASNULL',
      options: 'csv emptyasnull',
      text: '1,,1\n2,"",1\n',
      fields: [
        ['1', null, '1.00'],
        ['2', null, '1.00'],
      ],
    },
    { title: 'no option, an empty text', options: 'csv', text: '1,,1\n', fields: [['1', '', '1']] },
    { title: 'BLANKSASNULL', options: 'csv blanksasnull', text: '1,"  ",1\n', fields: [['1', null, '1.00']] },
    { title: 'TRIMBLANKS', options: 'csv trimblanks', text: '1,ab  ,1\n', fields: [['1', 'ab', '1.00']] },
    {
      title: 'TRUNCATECOLUMNS',
      options: 'csv truncatecolumns',
      text: '1,ÄÄÄÄÄÄ,1\n',
      fields: [['1', 'ÄÄÄÄÄ', '1.00']],
    },
    { title: 'ROUNDEC', options: 'csv roundec', text: '1,a,1.995\n', fields: [['1', 'a', '2.00']] },
    { title: 'FILLRECORD', options: 'csv fillrecord', text: '1\n', fields: [['1', '', null]] },
    { title: 'IGNOREBLANKLINES', options: 'csv ignoreblanklines', text: '\n1,a,1\n\n', fields: [['1', 'a', '1.00']] },
    { title: 'a quoted marker', options: "csv null as 'NIL'", text: '1,"NIL",1\n', fields: [['1', null, '1']] },
    { title: 'text with bars', options: '', text: '1|a"b\\|1\n', fields: [['1', 'a"b\\', '1']] },
    { title: 'ESCAPE', options: 'escape', text: '1|a\\|b\\\nc|1\n', fields: [['1', 'a|b\nc', '1.00']] },
    {
      title: 'REMOVEQUOTES',
      options: "removequotes delimiter ','",
      text: `1,"a,b",'1'\n`,
      fields: [['1', 'a,b', '1.00']],
    },
    { title: 'no line end at the end', options: 'csv', text: '1,a,1', fields: [['1', 'a', '1']] },
  ]) {
    it(`obey ${title}`, async () => {
      const loaded = await load(COLUMNS, Buffer.from(text), options);
      expect(loaded.errors).to.deep.equal([]);
      expect(fieldsOf(loaded.text, options)).to.deep.equal(fields);
    });
  }

  it('mean the same by the fast way and row by row, in pieces of any size', async function () {
    this.timeout(30_000);
    const columns = [
      column('a', 'varchar', { maxBytes: 6 }),
      column('b', 'integer'),
      column('c', 'decimal', { precision: 5, scale: 2 }),
      column('d', 'timestamp'),
    ];
    const cell = fc.oneof(
      fc.constantFrom(
        '',
        '\\N',
        '"\\N"',
        '""',
        '12',
        '-7',
        '1.5',
        '99999.1',
        '2024-02-29',
        '2023-02-29 10:00:00',
        '2024-01-01 24:00:00',
        '2024-01-01 10:11:12.5',
        '"a\nb"',
        '"x""y"',
        'ä',
        '"',
        'a"b',
        ' "q" ',
        'longer than',
      ),
      fc.stringMatching(/^[0-9a-z.,"\n\r -]{0,8}$/),
    );
    const file = fc.array(
      fc.array(cell, { minLength: 3, maxLength: 5 }).map((cells) => cells.join(',')),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(file, fc.integer({ min: 1, max: 40 }), async (lines, pieceBytes) => {
        const bytes = Buffer.from(lines.join('\n'));
        const fast = await load(columns, bytes, 'csv', { pieceBytes });
        const slow = await load(columns, bytes, 'csv', { fast: false });
        expect(fast.errors).to.deep.equal(slow.errors);
        const normal = (text: string) =>
          fieldsOf(text, 'csv').map(([a, b, c, d]) => [
            a,
            b === null ? b : Number(b),
            c === null ? c : Number(c),
            d?.replace(/^(\S+)$/, '$1 00:00:00').replace(/(\.\d*?)0+$/, '$1'),
          ]);
        expect(normal(fast.text)).to.deep.equal(normal(slow.text));
      }),
      { numRuns: 300 },
    );
  });
});

describe('Values of COPY', () => {
  for (const { kind, options = '', text, gives, more = {} } of [
    { kind: 'smallint', text: '-32768', gives: '-32768' },
    { kind: 'smallint', text: '32768', gives: 1204 },
    { kind: 'bigint', text: '9223372036854775807', gives: '9223372036854775807' },
    { kind: 'bigint', text: '0x10', gives: 1207 },
    { kind: 'integer', text: '1_000', gives: 1207 },
    { kind: 'decimal', text: '-0.005', gives: '0.00' },
    { kind: 'decimal', text: '1e2', gives: '100.00' },
    { kind: 'decimal', text: '1.2.3', gives: 1207 },
    { kind: 'decimal', text: '9223372036854775808', gives: 1209, more: { precision: 19, scale: 0 } },
    {
      kind: 'decimal',
      text: '99999999999999999999999999999999999999',
      gives: '99999999999999999999999999999999999999',
      more: { precision: 38, scale: 0 },
    },
    { kind: 'double', text: '1e400', gives: 1204 },
    { kind: 'real', text: '1e39', gives: 1204 },
    { kind: 'double', text: '-1.5e-3', gives: '-1.5e-3' },
    { kind: 'boolean', text: 'Yes', gives: 't' },
    { kind: 'boolean', text: 'on', gives: 1210 },
    { kind: 'date', text: '2024-02-29', gives: '2024-02-29' },
    { kind: 'date', text: '2023-02-29', gives: 1205 },
    { kind: 'date', text: '02/29/2024', gives: 1205 },
    { kind: 'date', text: '02/29/2024', options: "dateformat 'auto'", gives: '2024-02-29' },
    { kind: 'date', text: '29.02.2024', options: "dateformat 'DD.MM.YYYY'", gives: '2024-02-29' },
    { kind: 'date', text: '0044-03-15 BC', options: "dateformat 'auto'", gives: '0044-03-15 BC' },
    { kind: 'date', text: 'today', options: "dateformat 'auto'", gives: 1205 },
    { kind: 'timestamp', text: '2024-01-01T10:00:00Z', gives: 1206 },
    { kind: 'timestamp', text: '2024-01-01T10:00:00Z', options: "timeformat 'auto'", gives: '2024-01-01 10:00:00' },
    { kind: 'timestamp', text: '2024-01-01 10:00:00.123456', gives: '2024-01-01 10:00:00.123456' },
    { kind: 'timestamp', text: '1700000000', options: "timeformat 'epochsecs'", gives: '2023-11-14 22:13:20' },
    {
      kind: 'timestamp',
      text: '1700000000123',
      options: "timeformat 'epochmillisecs'",
      gives: '2023-11-14 22:13:20.123',
    },
    { kind: 'timestamptz', text: '2024-01-01 10:00:00+02', gives: '2024-01-01 10:00:00+02' },
    {
      kind: 'timestamptz',
      text: '2024-01-01T10:00:00.5-03:30',
      options: "timeformat 'auto'",
      gives: '2024-01-01 10:00:00.500000-03:30',
    },
    { kind: 'time', text: '24:00:00', gives: '24:00:00' },
    { kind: 'time', text: '25:00:00', gives: 1206 },
    { kind: 'timetz', text: '10:00:00-03:30', gives: '10:00:00-03:30' },
    { kind: 'char', text: 'é', gives: 1215 },
    { kind: 'varchar', text: 'a\nb', gives: 'a\nb' },
    { kind: 'date', text: 'nonsense', options: 'acceptanydate', gives: null },
  ] as {
    kind: ColumnKind;
    text: string;
    options?: string;
    gives: string | number | null;
    more?: Partial<TargetColumn>;
  }[]) {
    it(`of ${kind} ${options}: ${JSON.stringify(text)} gives ${gives}`, () => {
      const result = convertField(Buffer.from(text), column('x', kind, more), copy(`csv ${options}`));
      const shown = result === null ? null : Buffer.isBuffer(result) ? result.toString() : result.code;
      expect(shown).to.equal(gives);
    });
  }
});
