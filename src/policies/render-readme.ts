import { byAccount } from './accounts.ts';
import type { PlannedDocument } from './document.ts';
import type { PolicySet } from './plan-policies.ts';
import type { PolicyFile, PolicyFormat } from './render.ts';

/** Where a document goes: `the trust policy ... of` its holder. */
export const PLACES: Readonly<Record<PlannedDocument['kind'], string>> = {
  permissions: 'a permissions policy (inline or managed) of',
  trust: 'the trust policy ("Trust relationships") of',
  bucket: 'the bucket policy of',
  key: 'added to the key policy of',
};

const APPLY: Readonly<Record<PolicyFormat, string>> = {
  json: 'Paste each file where the table says, from top to bottom: IAM refuses a trust policy that names somebody who does not exist yet.',
  terraform:
    'One pair of files an account, for the module that manages it. The documents are in `*-policies.tf`; `*-resources.tf` attaches them. Import what exists already.',
  cloudformation:
    'One template an account, to deploy with CAPABILITY_NAMED_IAM, in this order. It makes the roles: for roles that exist, take the documents from `--format json`.',
  cli: 'One script an account, to run in this order with credentials of an administrator there; `aws sts get-caller-identity` tells whose they are, and a script stops at those of another account. It makes what is missing and may be run again. Existing trust and bucket policies that differ are replaced only with REPLACE=1. IAM refuses a policy that names a role of another account which is not there yet: run the scripts a second time then.',
};

/** The page that says where each document goes, what is to be filled in, and what to know. */
export function renderReadme(
  set: PolicySet,
  format: PolicyFormat,
  files: readonly PolicyFile[],
  { explain }: { readonly explain: boolean },
): string {
  const { placeholders, notes, attach, grants } = set;
  const lines = [
    '# IAM policies for a Redshift connection',
    '',
    APPLY[format],
    '',
    ...documentTable(set, format),
    ...section(
      'To be filled in',
      placeholders,
      ({ text, meaning, remedy }) => `\`${text}\`: ${meaning}. To have it filled in, ${remedy}.`,
    ),
    ...section('To know', notes, (note) => note),
    ...(attach === undefined
      ? []
      : [
          '',
          '## In the cluster',
          '',
          format === 'cli'
            ? `The script attaches \`${attach.role.arn}\` to \`${attach.cluster}\`: trust alone does not make it usable.`
            : `Attach \`${attach.role.arn}\` to \`${attach.cluster}\`: trust alone does not make it usable.`,
        ]),
    ...(grants.length === 0 ? [] : ['Then have a superuser run `grants.sql`.']),
    ...(explain ? explanations(set) : []),
    ...(format === 'json' ? [] : ['', `Files: ${files.map(({ name }) => `\`${name}\``).join(', ')}.`]),
    '',
    'When it is done: `roleshift check -c CONNECTION`.',
  ];
  return `${lines.join('\n')}\n`;
}

function documentTable(set: PolicySet, format: PolicyFormat): readonly string[] {
  const rows = byAccount(set).flatMap(({ account, holders }) =>
    holders.flatMap(({ holder, documents }) =>
      documents.map(({ kind, name, document }) => {
        const sids = document.Statement.map(({ Sid }) => Sid).join(', ');
        const file = format === 'json' ? `\`${name}.json\`` : sids;
        return `| ${account} | ${file} | ${PLACES[kind]} ${holder.kind} \`${holder.name}\` |`;
      }),
    ),
  );
  return [`| Account | ${format === 'json' ? 'File' : 'Statements'} | Becomes |`, '|---|---|---|', ...rows];
}

function section<T>(title: string, items: readonly T[], render: (item: T) => string): readonly string[] {
  return items.length === 0 ? [] : ['', `## ${title}`, '', ...items.map((item) => `- ${render(item)}`)];
}

function explanations({ documents, grants }: PolicySet): readonly string[] {
  return [
    '',
    '## Why each statement',
    ...documents.flatMap(({ title, statements }) => [
      '',
      `### ${title}`,
      '',
      ...statements.map(({ statement, reason, page }) => `- \`${statement.Sid}\`: ${reason} ([AWS](${page}))`),
    ]),
    ...section('Grants', grants, ({ statement, reason }) => `\`${statement}\` ${reason}`),
  ];
}
