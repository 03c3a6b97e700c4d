import { renderConnectionSchema } from '../src/manifest/json-schema.ts';
import { RUN_REPORT_SCHEMA } from '../src/operations/report/run-report-schema.ts';
import { renderOptionsDoc } from './render-options-doc.ts';
import { renderManifestModule, renderOptionTypes } from './render-types.ts';
import { renderTypesDoc } from './render-types-doc.ts';
import { type ManifestSource, resolveShared } from './resolve-shared.ts';

/** Every generated file of the repository, path to text. */
export function generatedFiles(source: ManifestSource): Readonly<Record<string, string>> {
  const manifest = resolveShared(source);
  return {
    'src/manifest/manifest.gen.ts': renderManifestModule(manifest),
    'src/manifest/options.gen.ts': renderOptionTypes(manifest),
    'schemas/connection.v1.json': `${JSON.stringify(renderConnectionSchema(manifest), null, 2)}\n`,
    'schemas/run-report.v1.json': `${JSON.stringify(RUN_REPORT_SCHEMA, null, 2)}\n`,
    'docs/options.md': renderOptionsDoc(manifest),
    'docs/types.md': renderTypesDoc(),
  };
}
