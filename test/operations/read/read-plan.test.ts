import { expect } from 'chai';
import { decideByRows, planRead } from '../../../src/operations/read/read-plan.ts';
import { planReadSource } from '../../../src/operations/read/read-source.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import { parseUnloadManifest } from '../../../src/operations/read/read-staged-manifest.ts';
import { failureOf } from '../../failure.ts';

function plan(spec: ReadSpec, useStaging = true): ReturnType<typeof planRead> {
  return planRead({ mode: spec.mode ?? 'auto', source: planReadSource(spec, 'public'), useStaging });
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
    {
      title: 'direct for a query',
      spec: { query: 'select 1' },
      kind: 'direct',
      why: 'how many rows a query gives is not known before',
    },
    {
      title: 'direct for a backslash',
      spec: { object: 't', where: String.raw`a = '\\'` },
      kind: 'direct',
      why: 'UNLOAD cannot carry the query',
    },
    { title: 'by the number of rows for an object', spec: { object: 't' }, kind: 'undecided' },
    { title: 'by the number of rows under a high limit', spec: { object: 't', limit: 1e6 }, kind: 'undecided' },
  ] satisfies { title: string; spec: ReadSpec; useStaging?: boolean; kind: string; why?: string }[]) {
    it(`is ${title}`, () => {
      const decided = plan(spec, useStaging);
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
  ] satisfies { title: string; spec: ReadSpec; useStaging?: boolean; code: string }[]) {
    it(`refuses a staged read ${title}`, () => {
      expect(failureOf(() => plan({ ...spec, mode: 'staged' }, useStaging)).code).to.equal(code);
    });
  }

  it('decides by rows, and says so', () => {
    expect(decideByRows(100_000, 99_999)).to.deep.equal({ kind: 'direct', why: 'fewer than 100,000 rows' });
    expect(decideByRows(100_000, 100_000)).to.deep.equal({
      kind: 'staged',
      why: '100,000 rows or more',
      orderIsLost: false,
    });
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
