import { expect } from 'chai';
import { breachesIn, breachOf, importsOf } from '../../tools/check-layers.ts';

describe('the layer rule', () => {
  it('holds for the whole source tree', () => {
    expect(breachesIn('src')).to.deep.equal([]);
  });

  const CASES = [
    { file: 'db/session.ts', specifier: '../core/run.ts', typeOnly: false, allowed: true },
    { file: 'db/session.ts', specifier: '../operations/read.ts', typeOnly: false, allowed: false },
    { file: 'db/session.ts', specifier: '../operations/read.ts', typeOnly: true, allowed: false },
    { file: 'db/session.ts', specifier: '../auth/access.ts', typeOnly: true, allowed: true },
    { file: 'db/session.ts', specifier: '../auth/access.ts', typeOnly: false, allowed: false },
    { file: 'sandbox/sandbox.ts', specifier: '../sql/sql.ts', typeOnly: true, allowed: false },
    { file: 'sandbox/sandbox.ts', specifier: '../core/errors.ts', typeOnly: false, allowed: true },
    { file: 'connector.ts', specifier: './sandbox/sandbox.ts', typeOnly: false, allowed: false },
    { file: 'operations/read.ts', specifier: '@duckdb/node-api', typeOnly: false, allowed: false },
    { file: 'columnar/engine.ts', specifier: '@duckdb/node-api', typeOnly: false, allowed: true },
  ];
  for (const { allowed, ...statement } of CASES) {
    const { file, specifier, typeOnly } = statement;
    it(`${allowed ? 'allows' : 'refuses'} ${typeOnly ? 'a type import of ' : ''}${specifier} in ${file}`, () => {
      expect(breachOf(statement) === undefined).to.equal(allowed);
    });
  }

  it('sees static, re-exporting, type and dynamic imports', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { B } from './b.ts';",
      "export * from './c.ts';",
      "import {\n  d,\n} from './d.ts';",
      "const e = await import('./e.ts');",
    ].join('\n');
    expect(importsOf('x.ts', text).map(({ specifier, typeOnly }) => [specifier, typeOnly])).to.deep.equal([
      ['./a.ts', false],
      ['./b.ts', true],
      ['./c.ts', false],
      ['./d.ts', false],
      ['./e.ts', false],
    ]);
  });
});
