import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

const ROOT = new URL('../../../', import.meta.url);
const FOLDERS = ['src/operations/write/', 'src/staging/'];

describe('docs/writing.md', () => {
  const text = readFileSync(new URL('docs/writing.md', ROOT), 'utf8');

  it('explains every warning that a write can give, and no other', () => {
    const files = FOLDERS.flatMap((folder) =>
      readdirSync(new URL(folder, ROOT)).map((name) => readFileSync(new URL(folder + name, ROOT), 'utf8')),
    );
    const sources = [
      ...files,
      ...['write.ts', 'write-plan.ts'].map((name) => readFileSync(new URL(`src/operations/${name}`, ROOT), 'utf8')),
    ];
    const given = sources.flatMap((source) =>
      [...source.matchAll(/code: '(?!RS_)([A-Z_]+)'/g)].map(([, code]) => code),
    );
    const explained = [...text.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
    expect([...new Set(given)]).to.have.members(explained);
  });

  it('explains every option of a write', () => {
    const spec = readFileSync(new URL('src/operations/write-spec.ts', ROOT), 'utf8');
    const [, body = ''] = /export interface WriteSpec \{([\s\S]*?)\n\}/.exec(spec) ?? [];
    const options = [...body.matchAll(/readonly (\w+)\?/g)].map(([, name = '']) => name);
    expect(options.filter((name) => !text.includes(name))).to.deep.equal([]);
  });
});
