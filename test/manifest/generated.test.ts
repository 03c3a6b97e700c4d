import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Manifest } from '../../src/manifest/descriptor.ts';
import { generatedFiles } from '../../tools/generated-files.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const manifest = JSON.parse(read('connector.json')) as Manifest;

describe('generated files', () => {
  for (const [path, text] of Object.entries(generatedFiles(manifest))) {
    it(`${path} is what connector.json gives`, () => {
      expect(read(path) === text, 'run npm run generate').to.equal(true);
    });
  }

  it('--check says that nothing is stale', () => {
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'tools/generate.ts', '--check'], {
      cwd: fileURLToPath(root),
      encoding: 'utf8',
    });
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
  });

  it('change when the manifest does', () => {
    const changed = structuredClone(manifest) as unknown as {
      connection: { properties: { port: { default: number } } };
    };
    changed.connection.properties.port.default = 5440;
    const before = generatedFiles(manifest);
    const after = generatedFiles(changed as unknown as Manifest);
    expect(Object.keys(before).filter((path) => before[path] === after[path])).to.deep.equal([]);
  });
});
