import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import { columnReader, getterReader, readsVectors } from '../../src/columnar/vector-values.ts';
import type { Value } from '../../src/types/batch.ts';
import type { StagedKind } from '../../src/types/codec-shape.ts';

const asIs = (text: string): Value => text;

/** Of each kind values at its ends and NULL, in an order that puts short and long, kept apart and close by, after each other. */
const COLUMNS: readonly (readonly [kind: StagedKind, type: string, expression: string])[] = [
  ['SMALLINT', 'SMALLINT', 'CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN -32768 WHEN 2 THEN 32767 ELSE i % 1000 END'],
  ['INTEGER', 'INTEGER', 'CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN -2147483648 WHEN 2 THEN 2147483647 ELSE i END'],
  ['BIGINT', 'BIGINT', 'CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN -9223372036854775808 ELSE 9223372036854775807 - i END'],
  ['FLOAT', 'FLOAT', `CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN 'nan'::FLOAT WHEN 2 THEN '-inf'::FLOAT ELSE i / 3 END`],
  ['DOUBLE', 'DOUBLE', `CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN 'inf'::DOUBLE WHEN 2 THEN -0.0::DOUBLE ELSE i / 3 END`],
  ['BOOLEAN', 'BOOLEAN', 'CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN true ELSE false END'],
  ['VARCHAR', 'VARCHAR', `CASE WHEN i % 7 = 0 THEN NULL ELSE left(repeat('abc', 5), (i % 16)::INT) END`],
  ['VARCHAR', 'VARCHAR', `CASE WHEN i % 5 = 0 THEN NULL ELSE left(repeat('grün 東京 😀 ', 20), (i % 90)::INT) END`],
  ['VARCHAR', 'VARCHAR', `CASE WHEN i % 50 = 0 THEN repeat('wide ', 20000) ELSE repeat('plain ', (i % 9)::INT) END`],
  ['VARCHAR', 'VARCHAR', `'a' || chr(0) || 'b' || repeat(chr(0), (i % 20)::INT)`],
  ['VARCHAR', 'VARCHAR', `'always the same, and longer than twelve'`],
  ['VARCHAR', 'VARCHAR', 'NULL::VARCHAR'],
  ['BIGINT', 'BIGINT', 'NULL::BIGINT'],
];

describe('values of the engine', () => {
  it('are the same from its vectors as by its getters, whatever part of a chunk is asked for', async () => {
    const list = COLUMNS.map(([, type, expression]) => `CAST(${expression} AS ${type})`).join(', ');
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    const result = await connection.stream(`SELECT ${list} FROM range(5000) t(i)`);
    let rows = 0;
    for await (const chunk of result) {
      rows += chunk.rowCount;
      for (const [position, [kind, , expression]] of COLUMNS.entries()) {
        const [direct, byGetters]: [Value[], Value[]] = [[], []];
        let [directChars, getterChars] = [0, 0];
        for (let start = 0; start < chunk.rowCount; start += 777) {
          const end = Math.min(chunk.rowCount, start + 777);
          directChars += columnReader(kind, asIs)(chunk, position, start, end, direct);
          getterChars += getterReader(asIs)(chunk, position, start, end, byGetters);
        }
        expect(direct.length).to.equal(chunk.rowCount);
        const other = direct.findIndex((value, row) => !Object.is(value, byGetters[row]));
        expect(other, `row of ${expression}`).to.equal(-1);
        expect(directChars).to.equal(getterChars);
      }
    }
    connection.closeSync();
    instance.closeSync();
    expect(rows).to.equal(5000);
  });

  it('come from vectors in this version, and by getters where an inner part is missing or not found', () => {
    const part = (): never => {
      throw new RangeError('not called');
    };
    const names = ['data_chunk_get_vector', 'vector_get_data', 'vector_get_validity', 'get_data_from_pointer'];
    const all = Object.fromEntries(names.map((name) => [name, part]));
    expect(readsVectors(() => all)).to.equal(true);
    for (const name of names) expect(readsVectors(() => ({ ...all, [name]: undefined }))).to.equal(false);
    expect(
      readsVectors(() => {
        throw new Error('Cannot find module');
      }),
    ).to.equal(false);
  });
});
