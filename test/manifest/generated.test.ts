import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { generatedFiles } from '../../tools/generated-files.ts';
import { type ManifestSource, resolveShared } from '../../tools/resolve-shared.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const manifest = JSON.parse(read('connector.json')) as ManifestSource;

describe('generated files', () => {
  for (const [path, text] of Object.entries(generatedFiles(manifest))) {
    it(`${path} is what connector.json and the code give`, () => {
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
    const after = generatedFiles(changed as unknown as ManifestSource);
    // What is said of types and of reports comes from the code alone.
    expect(Object.keys(before).filter((path) => before[path] === after[path])).to.deep.equal([
      'schemas/run-report.v1.json',
      'docs/types.md',
    ]);
  });

  it('have shared attributes in their places, with what is said beside them', () => {
    const { object, where } = manifest.sharedAttributes;
    const { operations } = resolveShared(manifest);
    expect(operations['read']?.attributes['where']).to.deep.equal(where);
    expect(operations['write']?.attributes['object']).to.deep.equal({ ...object, required: true });
  });

  it('are refused for a shared attribute that is not there', () => {
    expect(() => resolveShared({ ...manifest, sharedAttributes: {} })).to.throw('no shared attribute "object"');
  });

  it('share only what two operations have', () => {
    const uses = Object.values(manifest.operations)
      .flatMap(({ attributes }) => Object.values(attributes))
      .flatMap((attribute) => ('shared' in attribute ? [attribute.shared] : []));
    for (const key of Object.keys(manifest.sharedAttributes)) {
      expect(uses.filter((used) => used === key).length, key).to.be.at.least(2);
    }
  });
});
