import type { Manifest } from '../src/manifest/descriptor.ts';
import { renderManifestModule, renderOptionTypes } from './render-types.ts';

/** Every generated file of the repository, path to text. */
export function generatedFiles(manifest: Manifest): Readonly<Record<string, string>> {
  return {
    'src/manifest/manifest.gen.ts': renderManifestModule(manifest),
    'src/manifest/options.gen.ts': renderOptionTypes(manifest),
  };
}
