import { expect } from 'chai';
import { checksumOfFiles } from '../../../src/columnar/checksums.ts';
import { compareChecksums } from '../../../src/operations/verify/compare.ts';
import { checksumOnServer } from '../../../src/operations/verify/server-checksum.ts';
import { duckText } from '../../../src/sql/duckdb.ts';
import { identifier, sql } from '../../../src/sql/sql.ts';
import { type Checksum, ChecksumCounter } from '../../../src/types/checksum.ts';
import { codecFor } from '../../../src/types/codec.ts';
import type { InputScalar } from '../../../src/types/codec-shape.ts';
import { openCsvEncoder } from '../../../src/types/csv.ts';
import { requireSupported, type SupportedField } from '../../../src/types/field.ts';
import { typeFromName } from '../../../src/types/parse-type.ts';
import { type Fixture, openFixture } from '../../columnar/fixture.ts';
import { csvLine } from '../../csv-line.ts';
import { TYPE_CASES } from '../../types/type-cases.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

const TYPES = [...new Set(TYPE_CASES.map(({ type }) => type))];

describe('checksums', () => {
  let world: ReadWorld;
  let fixture: Fixture;
  before(async function () {
    this.timeout(60_000);
    [world, fixture] = await Promise.all([openReadWorld(), openFixture()]);
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  async function onServer(table: string, fields: readonly SupportedField[]): Promise<Checksum> {
    const run = world.run();
    const session = await world.connection.database.session(run);
    try {
      return await checksumOnServer(session, identifier('public', table), fields, run);
    } finally {
      await session[Symbol.asyncDispose]();
    }
  }

  for (const [position, type] of TYPES.entries()) {
    it(`of every value of ${type} are the same in Redshift, in rows sent, in rows read, and in files`, async () => {
      const cases = TYPE_CASES.filter((one) => one.type === type);
      const fields = requireSupported([{ name: 'v', type: typeFromName(type) }]);
      const literals = cases.map(({ literal }, n) => `(${n}, CAST(${literal.replaceAll('\\', '\\\\')} AS ${type}))`);
      await world.table(`sums_${position}`, `n INTEGER, v ${type}`, `VALUES ${literals.join(', ')}`);
      const server = await onServer(`sums_${position}`, fields);
      expect(server.rows).to.equal(BigInt(cases.length));

      const { toText } = codecFor(fields[0]!.type);
      const sent = new ChecksumCounter(fields);
      for (const { input, expected } of cases) {
        const value = input === undefined ? expected : input;
        sent.addTexts([value === null ? undefined : (toText(value) as string)]);
      }
      const read = new ChecksumCounter(fields);
      read.addColumns([cases.map(({ expected }) => expected)], cases.length);
      expect(sent.total(), 'sent').to.deep.equal(server);
      expect(read.total(), 'read').to.deep.equal(server);

      const encoder = openCsvEncoder(fields, { nullMarker: 'n-u-l-l' }, { rowNumbers: false });
      const lines = cases.map(({ input, expected }) => csvLine(encoder, [(input ?? expected) as InputScalar], 1));
      // A mark keeps the first value's own byte order mark.
      const file = await fixture.write('v.csv', `\uFEFF${lines.join('')}`);
      await using own = await openFixture();
      await own.engine.allow(file);
      const from = sql`read_csv(${duckText(file)}, auto_detect = false, header = false, columns = {v: 'VARCHAR'}, delim = ',', quote = '"', escape = '"', nullstr = 'n-u-l-l', allow_quoted_nulls = false)`;
      const columns = [{ name: 'v', type: fields[0]!.type }];
      expect(await checksumOfFiles(own.engine, from, columns, own.run), 'files').to.deep.equal(server);
    });
  }

  it('tell one changed digit, letter or NULL from another, by the name of its column', async () => {
    const fields = requireSupported([
      { name: 'a', type: typeFromName('int8') },
      { name: 'b', type: typeFromName('varchar(20)') },
      { name: 'c', type: typeFromName('float8') },
      { name: 'd', type: typeFromName('numeric(20,3)') },
    ]);
    const of = (...rows: readonly (string | undefined)[][]): Checksum => {
      const counter = new ChecksumCounter(fields);
      for (const row of rows) counter.addTexts(row);
      return counter.total();
    };
    const base = ['9223372036854775807', 'abc', '0.1', '1.5'];
    const sides = { here: 'the rows sent', there: 'the rows loaded' };
    expect(compareChecksums(fields, of(base, base), of(base, base), sides)).to.deep.equal({
      rows: 2,
      columns: ['a', 'b', 'c', 'd'],
      presenceOnly: [],
    });
    for (const [position, changed] of ['9223372036854775806', 'abd', '0.10000000000000002', '1.501'].entries()) {
      for (const value of [changed, undefined]) {
        const other = base.map((text, index) => (index === position ? value : text));
        expect(() => compareChecksums(fields, of(base, base), of(other, base), sides))
          .to.throw(`Column "${fields[position]!.name}"`)
          .with.property('code', 'RS_COUNT_MISMATCH');
      }
    }
    expect(() => compareChecksums(fields, of(base), of(base, base), sides)).to.throw('the rows sent are 1');
  });

  it('add up millions of large numbers without losing one', () => {
    const fields = requireSupported([
      { name: 'a', type: typeFromName('int4') },
      { name: 'b', type: typeFromName('varchar(9)') },
    ]);
    const counter = new ChecksumCounter(fields);
    for (let row = 0; row < 600_000; row += 1) counter.addTexts(['-2147483647', 'x']);
    const { columns } = counter.total();
    expect(columns[0]!.sum).to.equal(-2147483647n * 600_000n);
    const one = new ChecksumCounter(fields);
    one.addTexts(['1', 'x']);
    expect(columns[1]!.sum).to.equal(one.total().columns[1]!.sum * 600_000n);
  });
});
