import { type AccountPolicies, byAccount, type HolderDocuments, resourceName } from './accounts.ts';
import type { ExplainedStatement, PlannedDocument } from './document.ts';
import type { PolicySet } from './plan-policies.ts';
import type { PolicyFile } from './render.ts';

/** Two files an account: the documents as `locals`, and the resources that carry them. */
export function renderTerraform(set: PolicySet, explain: boolean): readonly PolicyFile[] {
  return byAccount(set).flatMap((account) => [
    { name: `${account.fileName}-policies.tf`, content: locals(account, explain) },
    { name: `${account.fileName}-resources.tf`, content: resources(account) },
  ]);
}

function localName({ holder, kind }: PlannedDocument): string {
  return resourceName(`${holder.kind}_${holder.name}_${kind}`, '_');
}

function locals({ account, holders }: AccountPolicies, explain: boolean): string {
  const values = holders.flatMap(({ documents }) =>
    documents.map((document) => {
      const statements = document.statements.map((statement) => renderStatement(statement, explain)).join('\n');
      return [
        `  # ${document.title}.`,
        `  ${localName(document)} = jsonencode({`,
        '    Version = "2012-10-17"',
        '    Statement = [',
        statements,
        '    ]',
        '  })',
      ].join('\n');
    }),
  );
  return `# Policies of account ${account}.\nlocals {\n${values.join('\n\n')}\n}\n`;
}

function renderStatement({ statement, reason, page }: ExplainedStatement, explain: boolean): string {
  const comments = explain ? [`      # ${reason}`, `      # ${page}`] : [];
  return [...comments, `      ${hcl(statement, 6)},`].join('\n');
}

/** A value as HCL writes it: JSON's texts, `=` between a key and its value, equals signs in line. */
function hcl(value: unknown, indent: number): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => `${' '.repeat(indent + 2)}${hcl(item, indent + 2)},`);
    return `[\n${items.join('\n')}\n${' '.repeat(indent)}]`;
  }
  if (typeof value !== 'object' || value === null) return hclText(String(value));
  const entries = Object.entries(value).map(([key, inner]) => [hclKey(key), hcl(inner, indent + 2)] as const);
  const lines = entries.map(([key, text], at) => {
    return `${' '.repeat(indent + 2)}${key.padEnd(widthAround(entries, at))} = ${text}`;
  });
  return `{\n${lines.join('\n')}\n${' '.repeat(indent)}}`;
}

/** The formatter of Terraform lines up a run of entries that take one line each. */
function widthAround(entries: ReadonlyArray<readonly [key: string, text: string]>, at: number): number {
  const isShort = (index: number): boolean => entries[index]?.[1].includes('\n') === false;
  if (!isShort(at)) return 0;
  let first = at;
  let last = at;
  while (isShort(first - 1)) first -= 1;
  while (isShort(last + 1)) last += 1;
  return Math.max(...entries.slice(first, last + 1).map(([key]) => key.length));
}

function hclKey(key: string): string {
  return /^[A-Za-z]\w*$/.test(key) ? key : hclText(key);
}

/** Terraform fills in `${` and `%{` itself: an IAM variable has its sign doubled. */
function hclText(text: string): string {
  return JSON.stringify(text).replaceAll(/([$%])\{/g, '$1$1{');
}

function resources({ account, holders }: AccountPolicies): string {
  const blocks = holders.flatMap((each) => resourceBlocks(each));
  return [
    `# Attaches the policies of account ${account}. What exists already: terraform import it first.`,
    ...blocks.map((block) => `\n${block}`),
    '',
  ].join('\n');
}

function resourceBlocks({ holder, documents, policyName }: HolderDocuments): readonly string[] {
  const name = resourceName(`${holder.kind}_${holder.name}`, '_');
  return documents.map((document) => {
    const policy = `local.${localName(document)}`;
    if (document.kind === 'trust') {
      const extra = [
        ...(holder.path === '/' ? [] : [['path', hclText(holder.path)] as const]),
        ...(holder.maxSessionSeconds === undefined
          ? []
          : [['max_session_duration', String(holder.maxSessionSeconds)] as const]),
      ];
      return block('aws_iam_role', name, [['name', hclText(holder.name)], ...extra, ['assume_role_policy', policy]]);
    }
    if (document.kind === 'bucket') {
      return block('aws_s3_bucket_policy', name, [
        ['bucket', hclText(holder.name)],
        ['policy', policy],
      ]);
    }
    if (document.kind === 'key') {
      return `# ${document.title}: add the statements of ${policy} to the policy of this key by hand.`;
    }
    if (holder.kind === 'identity') {
      return `# ${document.title}: attach ${policy} to the user or role behind the profile or environment.`;
    }
    const hasTrust = documents.some(({ kind }) => kind === 'trust');
    const owner = holder.kind === 'role' && hasTrust ? `aws_iam_role.${name}.name` : hclText(holder.name);
    return block(`aws_iam_${holder.kind}_policy`, name, [
      ['name', hclText(policyName)],
      [holder.kind, owner],
      ['policy', policy],
    ]);
  });
}

function block(type: string, name: string, entries: ReadonlyArray<readonly [key: string, value: string]>): string {
  const width = Math.max(...entries.map(([key]) => key.length));
  const lines = entries.map(([key, value]) => `  ${key.padEnd(width)} = ${value}`);
  return `resource "${type}" "${name}" {\n${lines.join('\n')}\n}`;
}
