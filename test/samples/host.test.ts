import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

const folder = new URL('../../samples/host/', import.meta.url);
const sources = readdirSync(folder)
  .filter((name) => /\.(mjs|jsx|html)$/.test(name))
  .map((name) => readFileSync(new URL(name, folder), 'utf8'));

describe('the sample host', () => {
  it('is at most 150 lines of code', () => {
    expect(sources.map((text) => text.trimEnd().split('\n').length).reduce((sum, lines) => sum + lines)).to.be.at.most(
      150,
    );
  });

  it('imports nothing of ours but the package itself', () => {
    const imported = sources.flatMap((text) => [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name ?? ''));
    const foreign = imported.filter((name) => !name.startsWith('node:'));
    expect(new Set(foreign)).to.deep.equal(
      new Set(['esbuild', 'roleshift', '@rjsf/core', '@rjsf/validator-ajv8', 'react', 'react-dom/client']),
    );
  });
});
