import { expect } from 'chai';
import { type Estimate, readPlanLine } from '../../../src/operations/read/read-estimate.ts';
import { planRead, type ReadFacts } from '../../../src/operations/read/read-plan.ts';
import { planReadSource } from '../../../src/operations/read/read-source.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import { parseUnloadManifest } from '../../../src/operations/read/read-staged-manifest.ts';
import type { SupportedField } from '../../../src/types/field.ts';
import { failureOf } from '../../failure.ts';

const TEXT: SupportedField = { name: 't', type: { kind: 'varchar', bytes: 20 } };
const SHAPE: SupportedField = { name: 'g', type: { kind: 'geometry' } };
/** In CSV, which the shape makes the form of the files. */
const LOSSY: SupportedField = { name: 'h', type: { kind: 'real' } };

function plan(
  { mode = 'auto', ...spec }: Omit<ReadSpec, 'mode'> & { readonly mode?: ReadFacts['mode'] },
  facts: Partial<ReadFacts> = {},
): ReturnType<typeof planRead> {
  const source = planReadSource(spec, 'public');
  return planRead({ mode, source, fields: [TEXT], useStaging: true, acceptLoss: [], isServerless: false, ...facts });
}

function estimate(rows: number, bytes = rows * 10): Estimate {
  return { rows, bytes, from: 'EXPLAIN' };
}

interface PlanCase {
  readonly title: string;
  readonly spec: Parameters<typeof plan>[0];
  readonly useStaging?: boolean;
  readonly kind: string;
  readonly why?: string;
}

describe('planRead', () => {
  for (const { title, spec, useStaging, kind, why } of [
    { title: 'direct when asked for', spec: { object: 't', mode: 'direct' }, kind: 'direct', why: 'asked for' },
    { title: 'staged when asked for', spec: { object: 't', mode: 'staged' }, kind: 'staged', why: 'asked for' },
    {
      title: 'staged for a query when asked for',
      spec: { query: 'select 1', mode: 'staged' },
      kind: 'staged',
      why: 'asked for',
    },
    {
      title: 'direct without staging',
      spec: { object: 't' },
      useStaging: false,
      kind: 'direct',
      why: 'no staging is configured',
    },
    { title: 'direct for few rows', spec: { object: 't', limit: 10 }, kind: 'direct', why: 'few rows are asked for' },
    { title: 'direct for sorted rows', spec: { object: 't', orderBy: ['a'] }, kind: 'direct' },
    { title: 'by the size of what a query gives', spec: { query: 'select 1' }, kind: 'undecided' },
    {
      title: 'direct for a backslash',
      spec: { object: 't', where: String.raw`a = '\\'` },
      kind: 'direct',
      why: 'UNLOAD cannot carry the query',
    },
    { title: 'by the size of an object', spec: { object: 't' }, kind: 'undecided' },
    { title: 'by the size under a high limit', spec: { object: 't', limit: 1e6 }, kind: 'undecided' },
  ] satisfies PlanCase[]) {
    it(`is ${title}`, () => {
      const decided = plan(spec, useStaging === undefined ? {} : { useStaging });
      expect(decided.kind).to.equal(kind);
      if (why !== undefined) expect(decided).to.have.property('why', why);
    });
  }

  it('knows when a staged read loses the order of a query', () => {
    expect(plan({ query: 'select 1 ORDER\nBY 1', mode: 'staged' })).to.have.property('orderIsLost', true);
    expect(plan({ query: 'select 1', mode: 'staged' })).to.have.property('orderIsLost', false);
  });

  for (const { title, spec, useStaging, code } of [
    { title: 'without staging', spec: { object: 't' }, useStaging: false, code: 'RS_CONFIG_INVALID' },
    { title: 'in an order', spec: { object: 't', orderBy: ['a'] }, code: 'RS_FEATURE_UNSUPPORTED' },
    {
      title: 'of the first rows in an order',
      spec: { query: 'select 1 order by 1', limit: 5 },
      code: 'RS_FEATURE_UNSUPPORTED',
    },
    { title: 'with a backslash', spec: { query: String.raw`select '\\'` }, code: 'RS_FEATURE_UNSUPPORTED' },
  ] satisfies { title: string; spec: Parameters<typeof plan>[0]; useStaging?: boolean; code: string }[]) {
    it(`refuses a staged read ${title}`, () => {
      expect(
        failureOf(() => plan({ ...spec, mode: 'staged' }, useStaging === undefined ? {} : { useStaging })).code,
      ).to.equal(code);
    });
  }

  for (const [title, facts, kind, why] of [
    ['few rows', { estimate: estimate(99_999) }, 'direct', 'about 99,999 rows and 1 MB by EXPLAIN: a cursor is faster'],
    ['many rows', { estimate: estimate(100_000) }, 'staged', /100,000 rows on S3 is faster/],
    ['few wide rows', { estimate: estimate(1_000, 64 * 1024 * 1024) }, 'staged', /from 64 MB on S3/],
    ['more than cursors hold', { estimate: estimate(1, 8_001 * 1024 * 1024) }, 'staged', /more than cursors may hold/],
    ['a size that nobody knows', { estimate: 'unknown' }, 'direct', /does not say/],
    ['a lossy column', { fields: [SHAPE, LOSSY], estimate: estimate(1e9) }, 'direct', /would not keep column "h"/],
  ] satisfies [string, Partial<ReadFacts>, string, RegExp | string][]) {
    it(`is ${kind} for ${title}, and says why`, () => {
      const decided = plan({ object: 't' }, facts);
      expect(decided.kind).to.equal(kind);
      if (typeof why === 'string') expect(decided).to.have.property('why', why);
      else expect(decided).to.have.property('why').that.matches(why);
    });
  }

  it('warns of a direct read that the cursors of a small cluster may not hold', () => {
    const large = { estimate: estimate(1, 9_000 * 1024 * 1024), useStaging: false };
    expect(plan({ object: 't' }, large)).to.have.property('mayExceedCursor', true);
    expect(plan({ object: 't' }, { ...large, isServerless: true })).to.have.property('mayExceedCursor', false);
  });

  it('stages as Parquet, or as CSV where Parquet has no form for a type', () => {
    expect(plan({ object: 't', mode: 'staged' })).to.have.property('format', 'parquet');
    expect(plan({ object: 't', mode: 'staged' }, { fields: [TEXT, SHAPE] })).to.have.property('format', 'csv');
  });

  it('refuses to lose values that nobody gave up', () => {
    const lossy = { fields: [SHAPE, LOSSY] };
    expect(failureOf(() => plan({ object: 't', mode: 'staged' }, lossy)).code).to.equal('RS_LOSS_REFUSED');
    expect(plan({ object: 't', mode: 'staged' }, { ...lossy, acceptLoss: ['h'] }).kind).to.equal('staged');
  });
});

describe('readPlanLine', () => {
  it('reads rows and width of the result', () => {
    const line = 'XN Seq Scan on orders  (cost=0.00..172456.30 rows=17245630 width=41)';
    expect(readPlanLine(line)).to.deep.equal({ rows: 17_245_630, width: 41 });
    expect(readPlanLine('nothing of the kind')).to.equal(undefined);
  });
});

describe('parseUnloadManifest', () => {
  const prefix = 's3://b/run/';
  const entry = (name: string, rows: number): object => ({
    url: `${prefix}${name}`,
    meta: { content_length: 9, record_count: rows },
  });

  it('reads names, sizes and counts', () => {
    const text = JSON.stringify(
      { entries: [entry('0000_part_00.parquet', 5), entry('0001_part_00.parquet', 0)], meta: { record_count: 5 } },
      null,
      1,
    );
    expect(parseUnloadManifest(text, prefix)).to.deep.equal([
      { name: '0000_part_00.parquet', bytes: 9, rows: 5 },
      { name: '0001_part_00.parquet', bytes: 9, rows: 0 },
    ]);
    expect(parseUnloadManifest('{"entries":[]}', prefix)).to.deep.equal([]);
  });

  it('reads the documented sample, which is no JSON past its entries', () => {
    const text = `{ "entries": [ {"url":"${prefix}x0000_part_00", "meta": { "content_length": 32295, "record_count": 10 }} ],
      "schema": { "elements": [ {"name": "venuename", "type": { "base": "character varying", 25 }} ] }, "meta": {"record_count":10} }`;
    expect(parseUnloadManifest(text, prefix)).to.deep.equal([{ name: 'x0000_part_00', bytes: 32295, rows: 10 }]);
  });

  for (const [title, text] of [
    ['without entries', '{}'],
    ['cut off', '{"entries":[{"url":"s3://b/run/x"'],
    ['that is no JSON', '{"entries":[{url}]}'],
    ['without counts', `{"entries":[{"url":"${prefix}x","meta":{"content_length":9}}]}`],
    ['with a file elsewhere', JSON.stringify({ entries: [{ ...entry('x', 1), url: 's3://other/run/x' }] })],
    ['with a file in a folder below', JSON.stringify({ entries: [entry('../x', 1)] })],
    ['with a file that is the folder above', JSON.stringify({ entries: [entry('..', 1)] })],
    ['with a name of another system', JSON.stringify({ entries: [entry('..\\..\\x', 1)] })],
    ['with a name for a terminal', JSON.stringify({ entries: [entry('x\u001b[2J', 1)] })],
    ['with one file twice', JSON.stringify({ entries: [entry('x', 1), entry('x', 1)] })],
    ['with less than nothing', JSON.stringify({ entries: [entry('x', -1)] })],
    ['with a part of a row', JSON.stringify({ entries: [entry('x', 0.5)] })],
    ['with an entry of nothing', JSON.stringify({ entries: [null, entry('x', 1)] })],
  ] as const) {
    it(`refuses a manifest ${title}`, () => {
      expect(failureOf(() => parseUnloadManifest(text, prefix)).code).to.equal('RS_COUNT_MISMATCH');
    });
  }
});
