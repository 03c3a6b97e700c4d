import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { parse } from 'yaml';
import { addPoliciesCommand } from '../../src/cli/policies-command.ts';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import { byAccount } from '../../src/policies/accounts.ts';
import type { DocumentKind, PlannedDocument } from '../../src/policies/document.ts';
import { type PolicyExtras, type PolicySet, policies } from '../../src/policies/policies.ts';

// Run as a program, this writes the policies into docs/iam/*.md; a test holds the pages against it.
const FOLDER = new URL('../../docs/iam/', import.meta.url);

const OPEN = /^<!-- policies(?:: (?<names>[\w, -]+))? -->$/;
const CLOSE = '<!-- end of policies -->';

/** The pages that show policies. */
export const PAGES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.md') && readPage(name).includes('\n<!-- policies'))
  .sort();

export function readPage(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

/** What one place of a page is made from: the connection and the command that stand last before it. */
export interface PagePart {
  readonly connection: ConnectionInput;
  readonly extras: PolicyExtras;
  readonly set: PolicySet;
}

/** The page with the policies of its own connections and commands, and what they were made from. */
export function renderPage(text: string): { readonly text: string; readonly parts: readonly PagePart[] } {
  const lines: string[] = [];
  const parts: PagePart[] = [];
  let connection: ConnectionInput = {};
  let yaml: string[] | undefined;
  let command = '';
  let isInside = false;
  for (const line of text.split('\n')) {
    if (line === CLOSE) isInside = false;
    if (isInside) continue;
    lines.push(line);
    if (yaml !== undefined && line === '```') {
      connection = parse(yaml.join('\n')) as ConnectionInput;
      yaml = undefined;
    } else yaml?.push(line);
    if (line === '```yaml') yaml = [];
    if (line.startsWith('roleshift policies -c ')) command = line;
    const names = OPEN.exec(line);
    if (names === null) continue;
    isInside = true;
    const extras = extrasOf(command);
    const set = policies(connection, extras);
    parts.push({ connection, extras, set });
    lines.push(...shown(set, names.groups?.['names']?.split(', ')));
  }
  return { text: lines.join('\n'), parts };
}

/** The options of a command line, read by the command itself. */
function extrasOf(line: string): PolicyExtras {
  const program = new Command();
  let given: Given = {};
  const run = () => async (_operand: unknown, options: unknown) => {
    given = options as Given;
  };
  addPoliciesCommand(program, run, []);
  const [, , ...words] = line.split(/\s+/);
  program.parse(['policies', ...words.filter((word, at) => word !== '-c' && words[at - 1] !== '-c')], { from: 'user' });
  const { defaultCopyRole, cluster, ...rest } = given;
  return {
    ...rest,
    ...(defaultCopyRole === undefined ? {} : { defaultCopyRoleArn: defaultCopyRole }),
    ...(cluster === undefined ? {} : { clusterIdentifier: cluster }),
  };
}

type Given = PolicyExtras & { readonly defaultCopyRole?: string; readonly cluster?: string };

const BECOMES: Readonly<Record<DocumentKind, string>> = {
  permissions: 'permissions policy',
  trust: 'trust policy',
  bucket: 'bucket policy',
  key: 'statements to add to the key policy',
};

function shown(set: PolicySet, names: readonly string[] | undefined): readonly string[] {
  const wanted = ({ holder }: PlannedDocument): boolean => names === undefined || names.includes(holder.name);
  const blocks = byAccount(set).flatMap(({ account, holders }) =>
    holders.flatMap(({ documents }) =>
      documents
        .filter(wanted)
        .flatMap((document) => [
          '',
          `**${capital(document.holder.kind)} \`${document.holder.name}\`, account ${account}: ${BECOMES[document.kind]}**`,
          '',
          '```json',
          ...JSON.stringify(document.document, null, 2).split('\n'),
          '```',
          '',
          ...document.statements.map(
            ({ statement, reason, page }) => `- \`${statement.Sid}\`: ${reason} ([AWS](${page}))`,
          ),
        ]),
    ),
  );
  const grants =
    set.grants.length === 0 || names !== undefined
      ? []
      : [
          '',
          '**In the cluster, by a superuser**',
          '',
          '```sql',
          ...set.grants.map(({ statement }) => statement),
          '```',
        ];
  return [...blocks, ...grants, ''];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const name of PAGES) writeFileSync(new URL(name, FOLDER), renderPage(readPage(name)).text);
}
