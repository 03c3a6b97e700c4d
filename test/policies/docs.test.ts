import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { renderPolicies } from '../../src/policies/policies.ts';
import { PAGES, readPage, renderPage } from './pages.ts';
import { SETS } from './sets.ts';

const FOLDER = new URL('../../docs/iam/', import.meta.url);
const COMMAND = readFileSync(new URL('../../src/cli/policies-command.ts', import.meta.url), 'utf8');
const OPTIONS = [...COMMAND.matchAll(/new Option\(\s*'(--[a-z-]+)/g)].map(([, option = '']) => option);

/** As GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

describe('docs/iam', () => {
  const all = readdirSync(FOLDER).filter((name) => name.endsWith('.md'));
  const index = readPage('README.md');

  it('names every statement that the generator writes', () => {
    const sids = SETS.flatMap(([, { documents }]) =>
      documents.flatMap(({ statements }) => statements.map(({ statement: { Sid } }) => Sid)),
    );
    // Intermediate roles are counted, and so is a second statement of one kind in one document.
    const uncounted = (sid: string): string => sid.replaceAll(/\d/g, '');
    const named = new Set([...index.matchAll(/`([A-Z]\w+)`/g)].map(([, sid = '']) => uncounted(sid)));
    const missing = [...new Set(sids)].filter((sid) => !named.has(uncounted(sid)));
    expect(missing).to.deep.equal([]);
  });

  it('explains every option of the command, and none that it does not have', () => {
    const explained = new Set([...index.matchAll(/`(--[a-z-]+)/g)].map(([, option = '']) => option));
    expect(OPTIONS.filter((option) => !explained.has(option))).to.deep.equal([]);
    const known = [...OPTIONS, '--json'];
    for (const name of all.filter((each) => each !== 'diagnoses.md')) {
      const used = [...readPage(name).matchAll(/`(--[a-z-]+)|^roleshift policies .*$/gm)].flatMap(([line, option]) =>
        option === undefined ? (line.match(/--[a-z-]+/g) ?? []) : [option],
      );
      expect(
        used.filter((option) => !known.includes(option)),
        name,
      ).to.deep.equal([]);
    }
  });

  it('leads to pages, headings and files that there are', () => {
    for (const name of all) {
      for (const [, target = ''] of readPage(name).matchAll(/\]\((?!https:)([^)]+)\)/g)) {
        const [path = '', anchor] = target.split('#');
        const file = new URL(path === '' ? name : path, FOLDER);
        expect(existsSync(file), `${name}: ${target}`).to.equal(true);
        const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
        if (anchor !== undefined) expect(headings.map(anchorOf), `${name}: ${target}`).to.include(anchor);
      }
    }
  });

  it('has a page for each topology, and each of them in the index', () => {
    expect(PAGES).to.have.length.of.at.least(11);
    for (const name of PAGES) expect(index, name).to.include(`](${name})`);
  });

  for (const name of PAGES) {
    it(`${name} shows what the generator says (npx tsx test/policies/pages.ts writes it)`, () => {
      const page = readPage(name);
      const { text, parts } = renderPage(page);
      expect(page).to.equal(text);
      const scripts = parts.flatMap(({ set }) => renderPolicies(set, 'cli').map(({ name: file }) => file));
      const run = [...page.matchAll(/^bash \.\/iam\/(\S+)/gm)].map(([, file = '']) => file);
      expect(run).to.not.have.length(0);
      expect(
        run.filter((file) => !scripts.includes(file)),
        'scripts that there are',
      ).to.deep.equal([]);
      for (const { set } of parts) {
        expect(set.placeholders, 'nothing is left to be filled in').to.deep.equal([]);
        expect(set.sessionGaps).to.deep.equal([]);
      }
      for (const heading of ['The connection', 'Apply', 'Check', 'When it fails'])
        expect(page).to.include(`\n## ${heading}\n`);
      expect(page).to.match(/\n## The policies/);
    });
  }
});
