import { expect } from 'chai';
import fc from 'fast-check';
import { parseCsvHeader } from '../../src/columnar/csv-header.ts';
import { renderType } from '../../src/core/redshift-type.ts';
import { splitEvenly } from '../../src/operations/read/split-evenly.ts';
import { parseDefinitions } from '../../src/operations/target/parse-definitions.ts';
import { splitName } from '../../src/operations/write/object-reference.ts';
import { renderRanges } from '../../src/sql/select-ranges.ts';
import { renderText } from '../../src/sql/select-value.ts';
import { identifier, join, literal, Sql, sql } from '../../src/sql/sql.ts';
import { codecFor } from '../../src/types/codec.ts';
import { openCsvEncoder } from '../../src/types/csv.ts';
import { requireSupported, type SupportedField } from '../../src/types/field.ts';
import { typeFromName } from '../../src/types/parse-type.ts';
import { csvLine } from '../csv-line.ts';
import { openWorld, type TestWorld } from '../harness.ts';
import { anyName, foldedName, quoted } from './names.ts';
import type { Runs } from './runs.ts';
import { anyText, anyType, type ColumnType, type Held } from './values.ts';

/** A type with some of its values. */
const typed: fc.Arbitrary<{ readonly type: ColumnType; readonly values: readonly Held[] }> = anyType.chain((type) =>
  fc.record({ type: fc.constant(type), values: fc.array(type.values, { minLength: 1, maxLength: 8 }) }),
);

function fieldOf(name: string, { ddl }: ColumnType): SupportedField {
  const [field] = requireSupported([{ name, type: typeFromName(ddl) }]);
  if (field === undefined) throw new Error(`${ddl} is not supported`);
  return field;
}

/** What needs no table: texts of SQL, CSV and values that come back as they were. */
export function describePure(runs: Runs, cases: number): void {
  describe(`texts that come back, ${runs.title}`, () => {
    let world: TestWorld;
    before(async () => {
      world = await openWorld();
    });
    after(() => world[Symbol.asyncDispose]());

    it('a text and a name as SQL are what PostgreSQL reads', async () => {
      const pair = fc.record({ text: anyText, name: anyName });
      const property = fc.asyncProperty(fc.array(pair, { minLength: 1, maxLength: 20 }), async (pairs) => {
        const texts = pairs.map(({ text }) => renderText(text));
        const plain = pairs.map(({ text }) => text.replaceAll('\\', '/'));
        const { rows } = await world.sql(String(sql`SELECT ${join([...texts, ...plain.map(literal)])}`));
        expect(rows[0]).to.deep.equal([...pairs.map(({ text }) => text), ...plain]);
        // PostgreSQL cuts names at 63 bytes: whether two are one is asked of short ones.
        const short = pairs.map(({ name }) => name).filter((name) => Buffer.byteLength(name) <= 63);
        const names = [...new Set(short.map(foldedName))];
        if (names.length === 0) return;
        const columns = join(names.map((name, n) => sql`${literal(String(n))} AS ${identifier(name)}`));
        const table = sql`(SELECT ${columns}) AS one`;
        const found = await world.sql(
          `SELECT key, value FROM json_each_text((SELECT row_to_json(one) FROM ${String(table)}))`,
        );
        expect(found.rows).to.have.deep.members(names.map((name, n) => [name, String(n)]));
      });
      await runs.hold(property, cases);
    });

    it('a line of CSV is what a reader of RFC 4180 reads', async () => {
      const row = fc.array(fc.option(anyText, { freq: 4 }), { minLength: 1, maxLength: 6 });
      const property = fc.property(row, (cells) => {
        const fields = cells.map((_, n) => fieldOf(`c${n}`, { ...ANY, ddl: 'VARCHAR(65535)' }));
        const encoder = openCsvEncoder(fields, { nullMarker: 'null-marker' }, { rowNumbers: true });
        expect(readLine(csvLine(encoder, cells, 7), 'null-marker')).to.deep.equal([...cells, '7']);
      });
      await runs.hold(property, cases * 20);
    });

    it('a value of any type goes to text and back', async () => {
      const property = fc.property(typed, ({ type, values }) => {
        const { toText, fromText } = codecFor(fieldOf('c', type).type);
        for (const { input, value, text } of values) {
          expect(fromText(text), type.ddl).to.deep.equal(value);
          for (const given of [input, value, text]) {
            const sent = toText(given as string);
            // A CHAR is padded by the server.
            const back = typeof sent === 'string' ? fromText(sent) : sent.problem;
            const padded = type.ddl.startsWith('CHAR') ? String(back).padEnd(String(value).length) : back;
            const isDecimal = type.ddl.startsWith('DECIMAL');
            expect(isDecimal ? plainDecimal(String(padded)) : padded, type.ddl).to.deep.equal(
              isDecimal ? plainDecimal(String(value)) : value,
            );
          }
        }
      });
      await runs.hold(property, cases * 20);
    });

    it('a value that a type does not have is told', async () => {
      const property = fc.property(anyType, (type) => {
        const { toText } = codecFor(fieldOf('c', type).type);
        for (const bad of type.bad) expect(toText(bad), `${type.ddl} ${bad.slice(0, 20)}`).to.have.property('problem');
      });
      await runs.hold(property, cases * 5);
    });

    it('parts of a dotted name, and names in a first line, come back', async () => {
      const property = fc.property(fc.uniqueArray(anyName, { minLength: 1, maxLength: 5 }), (names) => {
        expect(splitName(names.map(quoted).join('.'))).to.deep.equal(names);
        const line = names.filter((name) => name.trim() !== '' && !name.includes('\n'));
        if (line.length > 0) expect(parseCsvHeader(line.map(quoted).join('|'), '|')).to.deep.equal(line);
      });
      await runs.hold(property, cases * 20);
    });

    it('definitions of columns are read as they were written', async () => {
      const column = fc.record({
        name: anyName,
        type: anyType,
        nullable: fc.boolean(),
        comment: fc.option(anyText, { nil: undefined }),
      });
      const columns = fc.uniqueArray(column, {
        minLength: 1,
        maxLength: 6,
        selector: ({ name }) => name.toLowerCase(),
      });
      const property = fc.property(columns, fc.nat(), (all, key) => {
        const keys = all.slice(0, key % (all.length + 1)).map(({ name }) => name);
        const parts = all.map(({ name, type, nullable, comment }) => {
          const words = comment === undefined ? '' : ` COMMENT '${comment.replaceAll("'", "''")}'`;
          return `${quoted(name)} ${type.ddl}${nullable ? '' : ' NOT NULL'}${words}`;
        });
        if (keys.length > 0) parts.push(`PRIMARY KEY (${keys.map(quoted).join(', ')})`);
        const found = parseDefinitions(parts.join(', '));
        expect(found.primaryKey).to.deep.equal(keys);
        expect(found.columns.map(({ name, type, comment }) => [name, renderType(type), comment])).to.deep.equal(
          all.map(({ name, type, comment }) => [name, renderType(typeFromName(type.ddl)), comment]),
        );
      });
      await runs.hold(property, cases * 10);
    });

    it('ranges between any two values hold each value exactly once', async () => {
      const ranged = typed.filter(({ type }) => type.use === 'plain' || type.isFloat === true || type.ddl === 'TIME');
      const property = fc.asyncProperty(ranged, fc.integer({ min: 1, max: 9 }), async ({ type, values }, parts) => {
        const field = fieldOf('v', type);
        const known = values
          .filter(({ rank }) => rank !== undefined)
          .sort((a, b) => ((a.rank ?? 0) < (b.rank ?? 0) ? -1 : 1));
        const ends = [known.at(0)?.text ?? '', known.at(-1)?.text ?? ''] as const;
        const even = known.length === 0 ? [] : splitEvenly(field.type, ends, parts);
        const cuts = even ?? [...new Set(known.map(({ same }) => same))];
        const cast = (text: string) => sql`CAST(${renderText(text)} AS ${sqlType(type)})`;
        const ranges = renderRanges(identifier('v'), cuts.map(cast), type.isFloat === true);
        const hits = ranges.map((range) => sql`CASE WHEN ${range} THEN 1 ELSE 0 END`);
        const all = [...values.map(({ text }) => cast(text)), ...cuts.map(cast), nullOf(type)];
        const rows = all.map((value) => sql`SELECT ${value} AS v`);
        const answer = await world.sql(
          String(sql`SELECT ${join(hits, sql` + `)} FROM (${join(rows, sql` UNION ALL `)}) AS t`),
        );
        expect(answer.rows.map(([hit]) => hit)).to.deep.equal(all.map(() => '1'));
      });
      await runs.hold(property, cases * 2);
    });
  });
}

const ANY: ColumnType = {
  ddl: '',
  values: fc.constant({ input: '', value: '', text: '', same: '' }),
  bad: [],
  use: 'held',
};

/** PostgreSQL has all of these types. */
function sqlType({ ddl }: ColumnType) {
  return Sql.trusted(/^(?:VARCHAR|CHAR)/.test(ddl) ? 'VARCHAR(65535)' : ddl);
}

function nullOf(type: ColumnType) {
  return sql`CAST(NULL AS ${sqlType(type)})`;
}

/** Without idle zeros. */
function plainDecimal(text: string): string {
  const plain = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return plain === '-0' ? '0' : plain;
}

/** A reader of CSV that nobody else uses. */
function readLine(line: string, nullMarker: string): readonly (string | null)[] {
  const cells: (string | null)[] = [];
  let at = 0;
  for (;;) {
    let text = '';
    if (line[at] === '"') {
      for (at += 1; line[at] !== '"' || line[at + 1] === '"'; at += 1) {
        if (at >= line.length) throw new Error('a quote does not end');
        text += line[at] ?? '';
        if (line[at] === '"') at += 1;
      }
      at += 1;
      cells.push(text);
    } else {
      const end = at + (/^[^,\n]*/.exec(line.slice(at))?.[0].length ?? 0);
      text = line.slice(at, end);
      at = end;
      cells.push(text === nullMarker ? null : text);
    }
    if (line[at] === '\n' && at === line.length - 1) return cells;
    if (line[at] !== ',') throw new Error('a value does not end');
    at += 1;
  }
}
