import { expect } from 'chai';
import { openInputFile } from '../../src/columnar/input-file.ts';
import { stageFile } from '../../src/columnar/stage-file.ts';
import { codecFor } from '../../src/types/codec.ts';
import type { SupportedField } from '../../src/types/field.ts';
import { requireSupported } from '../../src/types/field.ts';
import { typeFromName } from '../../src/types/parse-type.ts';
import { TYPE_CASES } from '../types/type-cases.ts';
import { type Fixture, NULL_MARKER, openFixture } from './fixture.ts';

/** The cases that a text file can hold, once for each column type. */
const CASES = TYPE_CASES.flatMap(({ title, type, expected, input }) => {
  const text = input === undefined || input instanceof Uint8Array ? expected : input;
  const [field] = requireSupported([{ name: 'v', type: typeFromName(type) }]);
  return text === null || text instanceof Date || field === undefined
    ? []
    : [{ title, type, text: String(text), field }];
});

describe('a value from a file', () => {
  let fixture: Fixture;
  before(async () => {
    fixture = await openFixture();
  });
  after(async () => {
    await fixture[Symbol.asyncDispose]();
  });

  /** The values of all cases of one type, as the staged file of an input has them. */
  async function staged(file: string, field: SupportedField): Promise<readonly (string | null)[]> {
    await using own = await openFixture();
    const input = await openInputFile(own.engine, { file }, own.run);
    const sourceType = input.columns[0]?.type ?? '';
    const spec = {
      input,
      columns: [{ source: 'v', sourceType, field }],
      dialect: { nullMarker: NULL_MARKER },
      rowNumbers: true,
    };
    const rows: (string | null)[] = [];
    for await (const part of stageFile(own.engine, spec, own.run)) {
      const found = await own.outside(
        `SELECT CASE WHEN starts_with(v, chr(65279)) THEN chr(65279) || v ELSE v END FROM read_csv('${part.path}', auto_detect = false, header = false, columns = {v: 'VARCHAR', n: 'BIGINT'}, quote = '"', escape = '"', nullstr = '${NULL_MARKER}', allow_quoted_nulls = false, new_line = '\\n') ORDER BY n`,
      );
      rows.push(...found.map(([value]) => value as string | null));
    }
    return rows;
  }

  for (const type of new Set(CASES.map((one) => one.type))) {
    it(`becomes the same text as one from a program: ${type}`, async () => {
      const cases = CASES.filter((one) => one.type === type);
      const { field } = cases[0]!;
      const csv = await fixture.write(
        'a.csv',
        `v\n${cases.map(({ text }) => `"${text.replaceAll('"', '""')}"`).join('\n')}\n`,
      );
      // A SUPER is what it is in a line of JSON, not a string that holds JSON.
      const jsonText = (text: string): string => (type === 'SUPER' ? text : JSON.stringify(text));
      const lines = cases.map(({ text }) => `{"v" : ${jsonText(text)} }`);
      const json = await fixture.write('a.jsonl', `${lines.join('\n')}\n`);
      const codec = codecFor(field.type);
      // Both texts are what COPY reads; they may spell one number in two ways.
      const read = (text: string | null): unknown => {
        if (text === null) return null;
        const value = codec.fromText(text);
        return type.startsWith('DECIMAL') ? Number(value) : value;
      };
      const expected = cases.map(({ text }) => read(codec.toText(text) as string));
      expect((await staged(csv, field)).map(read), csv).to.deep.equal(expected);
      // In JSON Lines the null of JSON is SQL's NULL.
      const fromJson = cases.map(({ text }, index) => (text === 'null' && type === 'SUPER' ? null : expected[index]));
      expect((await staged(json, field)).map(read), json).to.deep.equal(fromJson);
    });
  }

  for (const [type, text, expected] of [
    ['DATE', '2024-02-29', '2024-02-29'],
    ['DATE', ' 2024-02-29 00:00', '2024-02-29'],
    ['DATE', '10000-01-01', '10000-01-01'],
    ['DATE', '0044-03-15 BC', '0044-03-15 BC'],
    ['DATE', '2023-02-29', undefined],
    ['DATE', '0044-03-15 (BC)', undefined],
    ['DATE', '5877642-06-25', undefined],
    ['DATE', 'infinity', undefined],
    ['TIMESTAMP', '2024-02-29 01:02:03', '2024-02-29 01:02:03'],
    ['TIMESTAMP', '2024-02-29 01:02:03.456', '2024-02-29 01:02:03.456'],
    ['TIMESTAMP', '2024-02-29T01:02:03.4560000Z', '2024-02-29 01:02:03.456'],
    ['TIMESTAMP', '294246-12-31 23:59:59.999999', '294246-12-31 23:59:59.999999'],
    ['TIMESTAMP', '0044-03-15 10:00:00 BC', '0044-03-15 10:00:00 BC'],
    ['TIMESTAMP', '2024-02-29 25:02:03', undefined],
    ['TIMESTAMP', '0044-03-15 (BC) 10:00:00', undefined],
    ['TIMESTAMP', '-infinity', undefined],
    ['INTEGER', '2147483647', '2147483647'],
    ['INTEGER', '2147483648', undefined],
  ] as const) {
    it(`${expected === undefined ? 'is refused' : 'is told in the form of COPY'}: ${type} ${text}`, async () => {
      const [field] = requireSupported([{ name: 'v', type: typeFromName(type) }]);
      const csv = await fixture.write('a.csv', `v\n"${text}"\n`);
      const found = await staged(csv, field!).catch((error: Error) => error.message);
      if (expected === undefined) expect(found).to.match(/^Row 1, column "v"/);
      else expect(found).to.deep.equal([expected]);
    });
  }
});
