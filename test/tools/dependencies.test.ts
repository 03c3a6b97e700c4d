import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly peer?: boolean;
  readonly hasInstallScript?: boolean;
  readonly resolved?: string;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Readonly<
  Record<
    'dependencies' | 'devDependencies' | 'optionalDependencies' | 'peerDependencies',
    Readonly<Record<string, string>>
  >
>;
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const shipped = Object.entries(lock.packages).filter(
  ([path, { dev, peer }]) => path !== '' && dev !== true && peer !== true,
);
const ALLOWED_LICENCES = /^(MIT|ISC|Apache-2\.0|0BSD|BSD-[23]-Clause|BlueOak-1\.0\.0|Python-2\.0|\(MIT OR .*\))$/;

describe('dependencies', () => {
  it('are pinned exactly', () => {
    const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest;
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies };
    // The one that is the program's own: a copy of ours would not see the program's SDK. Nothing is installed by it.
    const { '@opentelemetry/api': ofTheProgram, ...pinned } = all;
    expect(peerDependencies['@opentelemetry/api']).to.equal('>=1.9.0 <2').and.equal(ofTheProgram);
    expect(Object.entries(pinned).filter(([, version]) => !/^\d/.test(version))).to.deep.equal([]);
    expect(devDependencies['@opentelemetry/api']).to.match(/^\d/);
  });

  it('that ship have licences we can ship with', () => {
    expect(shipped.length).to.be.greaterThan(50);
    const others = shipped.filter(([, { license = 'none' }]) => !ALLOWED_LICENCES.test(license));
    expect(others.map(([path, { license }]) => `${path}: ${license}`)).to.deep.equal([]);
  });

  it('that ship run nothing at installation', () => {
    expect(shipped.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).to.deep.equal([]);
  });

  it('are locked without the address of a registry', () => {
    expect(Object.values(lock.packages).filter(({ resolved }) => resolved?.startsWith('http'))).to.deep.equal([]);
  });

  it('are each justified in docs/decisions/dependencies.md', () => {
    const text = readFileSync('docs/decisions/dependencies.md', 'utf8');
    const { dependencies, optionalDependencies, peerDependencies } = manifest;
    const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
    expect(names.filter((name) => !text.includes(`\`${name}\``))).to.deep.equal([]);
  });
});

describe('docs/security.md', () => {
  const rows = [...readFileSync('docs/security.md', 'utf8').matchAll(/^\| .* \| .* \| (`test.*) \|$/gm)];

  it('names a test for every threat, and each is there', () => {
    expect(rows.length).to.be.greaterThan(10);
    const paths = rows.flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path));
    expect(paths.filter((path) => !existsSync(path))).to.deep.equal([]);
  });
});

describe('the documents', () => {
  it('link only to files that exist', () => {
    const missing = ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/sandbox.md'].flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\]\(([^)#:]+)\)/g)]
        .map(([, path = '']) => path)
        .filter((path) => !existsSync(path))
        .map((path) => `${file}: ${path}`),
    );
    expect(missing).to.deep.equal([]);
  });

  it('name only source files that exist, on the ways through the code', () => {
    const text = readFileSync('docs/architecture.md', 'utf8');
    const [, ways = ''] = text.split('## Ways through the code');
    const named = [...ways.matchAll(/^\d\. `([^`]+)`/gm)].map(([, path = '']) => path);
    expect(named.length).to.be.greaterThan(10);
    expect(named.filter((path) => !existsSync(path))).to.deep.equal([]);
  });
});
