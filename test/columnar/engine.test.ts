import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { classifyEngineError } from '../../src/columnar/classify-error.ts';
import { parseCsvHeader } from '../../src/columnar/csv-header.ts';
import { readParquet } from '../../src/columnar/read-parquet.ts';
import { Semaphore } from '../../src/columnar/semaphore.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { openRun } from '../../src/core/run.ts';
import { duckText } from '../../src/sql/duckdb.ts';
import { Sql, sql } from '../../src/sql/sql.ts';
import type { Value } from '../../src/types/batch.ts';
import { rejectionOf } from '../failure.ts';
import { type Fixture, fieldsOf, openFixture } from './fixture.ts';

describe('the columnar engine', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await openFixture();
  });
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
  });

  it('sees its folder and nothing else', async () => {
    const { engine, run } = fixture;
    await writeFile(join(engine.folder, 'own.csv'), 'a\n1\n');
    expect(
      await engine.query(sql`SELECT a FROM read_csv(${duckText(join(engine.folder, 'own.csv'))})`, run),
    ).to.deep.equal([['1']]);
    for (const statement of [
      `SELECT * FROM read_text('/etc/hostname')`,
      `SELECT * FROM read_csv('${engine.folder}/../*')`,
      `COPY (SELECT 1) TO '${fixture.inputs}/out.csv'`,
      `ATTACH '${fixture.inputs}/x.db'`,
      `SELECT * FROM read_csv('https://example.com/x.csv')`,
    ]) {
      const failure = await rejectionOf(engine.query(Sql.trusted(statement), run));
      expect(failure.code, statement).to.equal('RS_INTERNAL');
    }
  });

  it('loads no extension and keeps its settings', async () => {
    for (const statement of [
      'INSTALL httpfs',
      'LOAD httpfs',
      "SET memory_limit = '9GB'",
      'SET enable_external_access = true',
      'SET lock_configuration = false',
    ]) {
      await rejectionOf(fixture.engine.query(Sql.trusted(statement), fixture.run));
    }
    const [row] = await fixture.engine.query(
      sql`SELECT current_setting('memory_limit'), current_setting('lock_configuration')`,
      fixture.run,
    );
    expect(row).to.deep.equal(['150.0 MiB', 'true']);
  });

  it('takes no further file once it is at work', async () => {
    await fixture.engine.query(sql`SELECT 1`, fixture.run);
    expect((await rejectionOf(fixture.engine.allow('/etc/hostname'))).code).to.equal('RS_INTERNAL');
  });

  it('interrupts a statement on abort and goes on working', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    setTimeout(() => controller.abort(reason), 50);
    const endless = sql`SELECT count(*) FROM range(1000000000000)`;
    const outcome: unknown = await fixture.engine
      .query(endless, { signal: controller.signal })
      .catch((error: unknown) => error);
    expect(outcome).to.equal(reason);
    expect(await fixture.engine.query(sql`SELECT 42`, fixture.run)).to.deep.equal([['42']]);
  });

  it('gives staged Parquet as batches of every type, in bounded size', async () => {
    const path = join(fixture.engine.folder, 'a.parquet');
    await fixture.outside(`COPY (SELECT range::SMALLINT AS c1, range::INTEGER AS c2, range AS c3, (range / 8)::DECIMAL(10,3) AS c4, range::FLOAT AS c5,
      CASE WHEN range = 2 THEN 'nan'::DOUBLE END AS c6, range % 2 = 0 AS c7, 'x' || range AS c8, chr(65279) || range AS c9, 'ab' AS c10 FROM range(5000)) TO '${path}'`);
    const fields = fieldsOf(
      ['a', 'smallint'],
      ['b', 'integer'],
      ['c', 'bigint'],
      ['d', 'decimal(10,3)'],
      ['e', 'real'],
      ['f', 'double precision'],
      ['g', 'boolean'],
      ['h', 'varchar(9)'],
      ['i', 'varchar(9)'],
      ['j', 'char(4)'],
    );
    const rows: Value[][] = [];
    for await (const batch of readParquet(fixture.engine, path, fields, { batchRows: 700 }, fixture.run)) {
      expect(batch.rowCount).to.be.at.most(700);
      for (let row = 0; row < batch.rowCount; row += 1) rows.push(batch.columns.map((column) => column[row] ?? null));
    }
    expect(rows).to.have.length(5000);
    rows.sort(([a], [b]) => Number(a) - Number(b));
    expect(rows[2]).to.deep.equal([2, 2, 2n, '0.250', 2, Number.NaN, true, 'x2', '\uFEFF2', 'ab  ']);
  });

  it('makes batches smaller where rows are wide', async () => {
    const path = join(fixture.engine.folder, 'wide.parquet');
    await fixture.outside(`COPY (SELECT repeat('x', 4000) AS c1 FROM range(10000)) TO '${path}'`);
    const sizes: number[] = [];
    const options = { batchRows: 10_000, batchChars: 1_000_000 };
    for await (const batch of readParquet(
      fixture.engine,
      path,
      fieldsOf(['a', 'varchar(4000)']),
      options,
      fixture.run,
    )) {
      sizes.push(batch.rowCount);
    }
    expect(Math.max(...sizes)).to.be.below(3000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.equal(10_000);
  });

  it('lets go of its place when a reader leaves', async () => {
    const path = join(fixture.engine.folder, 'a.parquet');
    await fixture.outside(`COPY (SELECT range AS c1 FROM range(100000)) TO '${path}'`);
    for (let round = 0; round < 5; round += 1) {
      for await (const _ of readParquet(
        fixture.engine,
        path,
        fieldsOf(['a', 'bigint']),
        { batchRows: 10 },
        fixture.run,
      ))
        break;
    }
    expect(await fixture.engine.query(sql`SELECT 1`, fixture.run)).to.deep.equal([['1']]);
  });
});

describe('Semaphore', () => {
  it('lets so many in, the others in their order, and none that has left the line', async () => {
    const semaphore = new Semaphore(1);
    const { signal } = openRun();
    const release = await semaphore.acquire(signal);
    const order: number[] = [];
    const leaver = new AbortController();
    const left = semaphore.acquire(leaver.signal).catch((error: unknown) => error);
    const second = semaphore.acquire(signal).then((done) => {
      order.push(2);
      done();
    });
    const third = semaphore.acquire(signal).then((done) => {
      order.push(3);
      done();
    });
    leaver.abort(new Error('left'));
    release();
    release();
    await Promise.all([second, third, semaphore.drained()]);
    expect(order).to.deep.equal([2, 3]);
    expect(await left).to.be.instanceOf(Error);
  });
});

describe('parseCsvHeader', () => {
  for (const [line, delimiter, names] of [
    ['a,b', ',', ['a', 'b']],
    ['"a ""x""";b\r', ';', ['a "x"', 'b']],
    ['"a,b",c', ',', ['a,b', 'c']],
    ['Größe|select', '|', ['Größe', 'select']],
  ] as const) {
    it(`reads ${JSON.stringify(line)}`, () =>
      expect(parseCsvHeader(line.replace(/\r$/, ''), delimiter)).to.deep.equal(names));
  }
  for (const line of ['"a', '"a"b,c', 'a,,b', 'a,a', '']) {
    it(`refuses ${JSON.stringify(line)}`, () => expect(() => parseCsvHeader(line, ',')).to.throw(ConnectorError));
  }
});

describe('classifyEngineError', () => {
  for (const { text, code } of [
    { text: "Conversion Error: Could not convert string 'kanarienvogel' to INT32", code: 'RS_INTERNAL' },
    {
      text: 'Invalid Input Error: CSV Error on Line: 3\nOriginal Line: kanarienvogel\nExpected Number of Columns: 2 Found: 3',
      code: 'RS_INPUT_INVALID',
    },
    {
      text: 'Invalid Input Error: Malformed JSON in file "kanarienvogel", at byte 3 in line 7: x',
      code: 'RS_INPUT_INVALID',
    },
    { text: 'Out of Memory Error: failed to allocate kanarienvogel', code: 'RS_INTERNAL' },
    { text: 'IO Error: Could not write file: No space left on device kanarienvogel', code: 'RS_CONFIG_INVALID' },
  ]) {
    it(`tells the kind of ${text.slice(0, 40)} and nothing of the data`, () => {
      const failure = classifyEngineError(new Error(text));
      expect(failure.code).to.equal(code);
      expect(`${failure.message} ${JSON.stringify(failure)} ${String(failure.cause)}`).not.to.include('kanarienvogel');
    });
  }
});

describe('without the package of DuckDB', () => {
  /** Runs a program in a process of its own, in which the package cannot be found. */
  function runWithout(name: string, program: string): string {
    const hook = `export async function resolve(specifier, context, next) {
      if (specifier !== ${JSON.stringify(name)}) return next(specifier, context);
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    }`;
    const asUrl = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`;
    const register = `import { register } from 'node:module'; register(${JSON.stringify(asUrl(hook))});`;
    const options = ['--no-warnings', '--import', 'tsx', '--import', asUrl(register), '--input-type=module'];
    return execFileSync(process.execPath, [...options, '-e', program], { encoding: 'utf8' });
  }

  it('names the package to install, and leaves no folder behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roleshift-missing-'));
    const module = new URL('../../src/operations/write/open-input.ts', import.meta.url).href;
    const answer = runWithout(
      '@duckdb/node-api',
      `const { openInput } = await import(${JSON.stringify(module)});
       const run = { runId: 'r', signal: new AbortController().signal, clock: Date, publish: () => undefined };
       const error = await openInput({ workDirectory: ${JSON.stringify(folder)} }, { object: 't' }, { file: 'package.json', format: 'csv' }, run).catch((reason) => reason);
       console.log(JSON.stringify([error.code, error.action, error.details]));`,
    );
    expect(JSON.parse(answer)).to.deep.equal([
      'RS_PACKAGE_MISSING',
      'Run "npm install @duckdb/node-api" beside roleshift.',
      { package: '@duckdb/node-api' },
    ]);
    expect(await readdir(folder)).to.deep.equal([]);
    await rm(folder, { recursive: true });
  });
});
