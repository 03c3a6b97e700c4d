import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { renderManifest } from '../../src/staging/manifest.ts';
import { planStaging } from '../../src/staging/staging-plan.ts';

const OPTIONS = { useStaging: true, stagingBucket: 'acme', stagingPrefix: 'roleshift/' };
const AWS = { region: 'eu-west-1', partition: 'aws', timeoutMs: 1000 };

describe('the staging plan', () => {
  it('stages below the prefix, in the region of the connection', () => {
    expect(planStaging(OPTIONS, AWS)).to.deep.equal({
      bucket: 'acme',
      prefix: 'roleshift/',
      region: 'eu-west-1',
      partition: 'aws',
      timeoutMs: 1000,
    });
  });

  it('prefers the region of the bucket', () => {
    expect(planStaging({ ...OPTIONS, stagingRegion: 'eu-north-1' }, AWS).region).to.equal('eu-north-1');
  });

  for (const [given, prefix] of [
    ['/a/b', 'a/b/'],
    ['a', 'a/'],
    ['a b/c//', 'a b/c/'],
  ] as const) {
    it(`reads the prefix ${given} as ${prefix}`, () => {
      expect(planStaging({ ...OPTIONS, stagingPrefix: given }, AWS).prefix).to.equal(prefix);
    });
  }

  for (const stagingPrefix of ['', '/', '//', '..', 'a/../b', '.', 'a//b', 'a\\b', 'a\nb', 'ä?']) {
    it(`never works in the bucket's root or in an odd folder: ${JSON.stringify(stagingPrefix)}`, () => {
      expect(() => planStaging({ ...OPTIONS, stagingPrefix }, AWS))
        .to.throw(ConnectorError)
        .with.property('code', 'RS_CONFIG_INVALID');
    });
  }

  for (const [title, options, aws] of [
    ['staging is off', { ...OPTIONS, useStaging: false }, AWS],
    ['there is no bucket', { useStaging: true, stagingPrefix: 'a' }, AWS],
    ['no region is known', OPTIONS, { partition: 'aws', timeoutMs: 1 }],
  ] as const) {
    it(`says what is missing when ${title}`, () => {
      expect(() => planStaging(options, aws))
        .to.throw(ConnectorError)
        .with.nested.property('issues[0].path');
    });
  }
});

describe('the manifest', () => {
  it('makes every file mandatory and gives its size', () => {
    const { text } = renderManifest([{ name: 'a', url: 's3://b/k', bytes: 7 }]);
    expect(JSON.parse(text)).to.deep.equal({
      entries: [{ url: 's3://b/k', mandatory: true, meta: { content_length: 7 } }],
    });
  });
});
