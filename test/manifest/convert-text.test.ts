import { expect } from 'chai';
import { convertText } from '../../src/manifest/convert-text.ts';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';

const { properties } = MANIFEST.connection;

describe('convertText', () => {
  for (const [key, text, value] of [
    ['port', '5439', 5439],
    ['port', '-1', -1],
    ['useStaging', 'true', true],
    ['useStaging', 'false', false],
    ['username', ' 5439 ', ' 5439 '],
    ['dbGroups', 'a, b,', ['a', 'b']],
    ['dbGroups', '', []],
    ['dbGroups', '"a, b", c,-"d,""e"" ",f"g', ['a, b', 'c', '-d,"e" ', 'f"g']],
    ['intermediateRoles', 'arn:a,arn:b', [{ roleArn: 'arn:a' }, { roleArn: 'arn:b' }]],
    ['intermediateRoles', '[{"roleArn":"arn:a","externalId":"x"}]', [{ roleArn: 'arn:a', externalId: 'x' }]],
  ] as const) {
    it(`${key}: "${text}"`, () => {
      const descriptor = properties[key];
      expect(descriptor && convertText(key, descriptor, text)).to.deep.equal({ value });
    });
  }

  for (const [key, text] of [
    ['port', '5439.0'],
    ['port', '0x10'],
    ['port', ''],
    ['port', ' 1'],
    ['port', '99999999999999999999'],
    ['useStaging', 'yes'],
    ['useStaging', 'TRUE'],
    ['intermediateRoles', '[{]'],
  ] as const) {
    it(`refuses "${text}" for ${key}`, () => {
      const descriptor = properties[key];
      const converted = descriptor && convertText(key, descriptor, text);
      expect(converted).to.have.nested.property('issue.path', key);
    });
  }
});
