/** Holds the tarball that `npm pack` would make against what it must and must not carry. Needs a build. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

interface PackedFile {
  readonly path: string;
  readonly size: number;
}

const MUST_HOLD = ['connector.json', 'schemas/connector.v1.json', 'schemas/connection.v1.json', 'README.md', 'LICENSE'];
const ALLOWED =
  /^(dist\/|schemas\/|docs\/(iam\/)?[\w-]+\.md$|samples\/(connections|worlds|policies)\/|(connector|package)\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/;
const MAX_UNPACKED_MIB = 5;

const [pack] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' }),
) as { files: PackedFile[]; unpackedSize: number }[];
if (!pack) throw new Error('npm pack described no package');
const paths = pack.files.map(({ path }) => path);
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  bin: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
};
const entries = [
  ...Object.values(manifest.bin),
  ...Object.values(manifest.exports)
    .flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))
    .filter((target) => !target.includes('*')),
].map((path) => path.replace(/^\.\//, ''));

const problems = [
  ...[...MUST_HOLD, ...entries, 'package.json']
    .filter((path) => !paths.includes(path))
    .map((path) => `missing: ${path}`),
  ...paths.filter((path) => !ALLOWED.test(path)).map((path) => `does not belong in the package: ${path}`),
  ...(pack.unpackedSize > MAX_UNPACKED_MIB * 2 ** 20
    ? [`larger than ${MAX_UNPACKED_MIB} MiB: ${pack.unpackedSize}`]
    : []),
];
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? `package: ok (${paths.length} files)` : `package: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
