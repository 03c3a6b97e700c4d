import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { SETS } from './sets.ts';

describe('docs/iam/README.md', () => {
  const text = readFileSync(new URL('../../docs/iam/README.md', import.meta.url), 'utf8');
  const command = readFileSync(new URL('../../src/cli/policies-command.ts', import.meta.url), 'utf8');

  it('names every statement that the generator writes', () => {
    const sids = SETS.flatMap(([, { documents }]) =>
      documents.flatMap(({ statements }) => statements.map(({ statement: { Sid } }) => Sid)),
    );
    // Intermediate roles are counted, and so is a second statement of one kind in one document.
    const uncounted = (sid: string): string => sid.replaceAll(/\d/g, '');
    const named = new Set([...text.matchAll(/`([A-Z]\w+)`/g)].map(([, sid = '']) => uncounted(sid)));
    const missing = [...new Set(sids)].filter((sid) => !named.has(uncounted(sid)));
    expect(missing).to.deep.equal([]);
  });

  it('names no option that the command does not have', () => {
    const options = [...text.matchAll(/`(--[a-z-]+)/g)].map(([, option]) => option!);
    expect(options).to.not.have.length(0);
    for (const option of options) expect(`${command}--json`, option).to.include(option);
  });
});
