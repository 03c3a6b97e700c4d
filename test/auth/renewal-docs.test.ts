import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

describe('docs/renewal.md', () => {
  it('explains every warning that the way in can give', () => {
    const folder = new URL('../../src/auth/', import.meta.url);
    const sources = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
    const codes = sources.flatMap((source) =>
      [...source.matchAll(/code: '(?!RS_)([A-Z_]+)'/g)].map(([, code]) => code),
    );
    const text = readFileSync(new URL('../../docs/renewal.md', import.meta.url), 'utf8');
    expect(codes).to.include('RENEWAL_FAILED');
    expect(codes.filter((code) => !text.includes(`\`${code}\``))).to.deep.equal([]);
  });
});
