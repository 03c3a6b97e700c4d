/**
 * Writes every file that derives from connector.json. With `--check` it writes nothing and fails when one is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { generatedFiles } from './generated-files.ts';
import type { ManifestSource } from './resolve-shared.ts';

const root = new URL('../', import.meta.url);
const read = (path: string): string | undefined => {
  try {
    return readFileSync(new URL(path, root), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

const manifest = JSON.parse(readFileSync(new URL('connector.json', root), 'utf8')) as ManifestSource;
const stale = Object.entries(generatedFiles(manifest)).filter(([path, text]) => read(path) !== text);

if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is stale: run npm run generate`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  for (const [path, text] of stale) {
    writeFileSync(new URL(path, root), text);
    console.log(`wrote ${path}`);
  }
}
