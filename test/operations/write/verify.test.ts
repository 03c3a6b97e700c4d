import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import { openRun } from '../../../src/core/run.ts';
import { verifyLoad } from '../../../src/operations/write/verify-load.ts';
import { sql } from '../../../src/sql/sql.ts';
import { ChecksumCounter } from '../../../src/types/checksum.ts';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

const COLUMNS = 'id BIGINT, name VARCHAR(40), price DECIMAL(12,2), ratio DOUBLE PRECISION, at TIMESTAMPTZ, doc SUPER';
const ROWS = [
  { id: 1n, name: 'a "b", c', price: '1.5', ratio: 0.1, at: '2024-01-01 01:00:00+02', doc: '{"a": [1, 2.50]}' },
  { id: 2n, name: '', price: null, ratio: Number.NaN, at: null, doc: null },
  { id: 3n, name: null, price: '-0.01', ratio: -Infinity, at: '0044-03-15 12:00:00+00 BC', doc: 'null' },
];

describe('write: verify', () => {
  let on: WriteWorld;
  let inputs: string;
  before(async () => {
    on = await sharedWriteWorld();
    inputs = await mkdtemp(join(tmpdir(), 'verify-inputs-'));
  });
  after(() => rm(inputs, { recursive: true }));

  const compared = ['id', 'name', 'price', 'ratio', 'at'];

  it('compares the rows of a program with what Redshift loaded, and says what it compared', async () => {
    await on.table('verify_rows', COLUMNS);
    const report = await on.write({ object: 'sales.verify_rows', verify: true }, ROWS);
    expect(report.verified).to.deep.equal({ rows: 3, columns: compared, presenceOnly: ['doc'] });
    expect(await on.rows('SELECT COUNT(*) FROM sales.verify_rows')).to.deep.equal([['3']]);
  });

  it('does nothing of the kind unless it is asked for', async () => {
    await on.table('verify_not', COLUMNS);
    expect(await on.write({ object: 'sales.verify_not' }, ROWS)).not.to.have.property('verified');
  });

  it('compares the rows of files, whatever their format', async () => {
    await on.table(
      'verify_files',
      'id BIGINT, name VARCHAR(40), price DECIMAL(12,2), ratio DOUBLE PRECISION, day DATE',
    );
    const parquet = join(inputs, 'verify.parquet');
    const db = await DuckDBInstance.create(':memory:');
    const connection = await db.connect();
    await connection.run(
      `COPY (SELECT i AS id, 'name ' || i AS name, (i / 4)::DECIMAL(10,1) AS price, i / 3.0 AS ratio, DATE '2024-01-01' + i::INTEGER AS day FROM range(5000) t(i)) TO '${parquet}' (FORMAT parquet)`,
    );
    connection.closeSync();
    db.closeSync();
    const csv = join(inputs, 'verify.csv');
    await writeFile(csv, 'id,name,price,ratio,day\n1,"x\ny",+01.5,1e-3,2024-01-01T00:00:00Z\n2,,,inf,\n');
    for (const [file, rows] of [
      [parquet, 5000],
      [csv, 2],
    ] as const) {
      const report = await on.write({ object: 'sales.verify_files', verify: true }, { file });
      expect(report.verified, file).to.include({ rows });
      expect(report.rows.inserted).to.equal(rows);
    }
  });

  it('leaves out columns whose loss was accepted', async () => {
    await on.table('verify_loss', 'id BIGINT, price DECIMAL(12,2)');
    const spec = { object: 'sales.verify_loss', verify: true };
    expect((await on.refusal(spec, [{ id: 1, price: '1.239' }])).code).to.equal('RS_VALUE_UNREPRESENTABLE');
    const report = await on.write({ ...spec, acceptLoss: ['price'] }, [{ id: 1, price: '1.239' }]);
    expect(report.verified?.columns).to.deep.equal(['id']);
    expect(await on.rows('SELECT price FROM sales.verify_loss')).to.deep.equal([['1.23']]);
    expect((await on.refusal({ ...spec, acceptLoss: ['nope'] }, [{ id: 1 }])).code).to.equal('RS_CONFIG_INVALID');
  });

  it('counts what Redshift refused, and says that the others were not compared', async () => {
    await on.table('verify_rejects', 'id BIGINT, day DATE NOT NULL');
    const csv = join(inputs, 'rejects.csv');
    await writeFile(csv, 'id,day\n1,2024-01-01\n2,nonsense\n');
    const report = await on.write({ object: 'sales.verify_rejects', verify: true, rejectLimit: 5 }, { file: csv });
    expect(report.rows).to.include({ inserted: 1, rejected: 1 });
    expect(report.warnings.map(({ code }) => code)).to.include('NOT_VERIFIED');
  });

  it('fails by the name of the column that differs', async () => {
    await on.table('verify_other', 'id BIGINT, name VARCHAR(40)');
    await on.write({ object: 'sales.verify_other' }, [{ id: 1, name: 'a' }]);
    const columns = [
      { name: 'id', type: { kind: 'bigint' as const } },
      { name: 'name', type: { kind: 'varchar' as const, bytes: 40 } },
    ].map((field) => ({ ...field, nullable: true, isCaseInsensitive: false, inputName: field.name, inputPosition: 0 }));
    const sent = new ChecksumCounter(columns);
    sent.addTexts(['1', 'b']);
    const session = await on.session();
    try {
      await session.run(sql`SET search_path TO sales`, openRun());
      const outcome = verifyLoad(session, { columns, acceptLoss: [] }, 'verify_other', sent.total(), openRun());
      const failure: unknown = await outcome.catch((error: unknown) => error);
      expect(failure).to.include({ code: 'RS_COUNT_MISMATCH' });
      expect(String(failure)).to.contain(
        'Column "name" (VARCHAR(40)) has other values in the rows that Redshift loaded',
      );
    } finally {
      session.taint('its search path was changed');
      await session[Symbol.asyncDispose]();
    }
  });
});
