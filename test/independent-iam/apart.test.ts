import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const FOLDER = join('test', 'independent-iam');

/** Source files below a folder, installed packages left out. */
function sourcesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sourcesIn(path);
    return /\.[cm]?[jt]s$/.test(entry.name) ? [path] : [];
  });
}

describe('The independent evaluator, which is under the AGPL', () => {
  it('is imported by its own program alone, and that by nobody', () => {
    const imports = ['src', 'test', 'tools', 'bench', 'samples']
      .flatMap(sourcesIn)
      .filter((path) =>
        /(from|import\()\s*['"](@cloud-copilot\/iam-simulate|.*independent-iam.*\.mjs)/.test(
          readFileSync(path, 'utf8'),
        ),
      );
    expect(imports).to.deep.equal([join(FOLDER, 'evaluate.mjs')]);
  });

  it('is no dependency of the package, and is locked without the address of a registry', () => {
    expect(readFileSync('package-lock.json', 'utf8')).not.to.include('@cloud-copilot/iam-simulate');
    expect(readFileSync(join(FOLDER, 'package-lock.json'), 'utf8')).not.to.include('http');
  });
});
