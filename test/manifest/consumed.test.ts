import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';

const root = new URL('../../src/', import.meta.url);
/** The sandbox imitates and may use the same words; the manifest only carries options through. */
const OUTSIDE = ['sandbox/', 'manifest/'];

const source = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !OUTSIDE.some((folder) => path.startsWith(folder)))
  .map((path) => readFileSync(new URL(path, root), 'utf8'))
  .join('\n');

describe('every option', () => {
  for (const key of Object.keys(MANIFEST.connection.properties)) {
    if (key === 'jdbcUrl') continue; // used up when host, port and database are filled in
    it(`${key} is read by the code that needs it`, () => {
      expect(new RegExp(`\\b${key}\\b`).test(source)).to.equal(true);
    });
  }
});
