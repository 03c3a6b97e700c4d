import { type AccountPolicies, byAccount, type HolderDocuments } from './accounts.ts';
import type { PlannedDocument, PolicyHolder } from './document.ts';
import { hasPlaceholder } from './placeholders.ts';
import type { PolicySet } from './plan-policies.ts';
import type { PolicyFile } from './render.ts';
import { attachHelper, helpersOf } from './script-helpers.ts';

/** One script an account, for the AWS CLI: it makes what is missing, and replaces a trust or a bucket's policy only when told to. */
export function renderScript(set: PolicySet, explain: boolean): readonly PolicyFile[] {
  return byAccount(set).map((account, index) => ({
    name: `${index + 1}-${account.fileName}.sh`,
    content: script(set, account, explain),
    executable: true,
  }));
}

function script(set: PolicySet, account: AccountPolicies, explain: boolean): string {
  const attach = set.attach?.role.account === account.account ? attachCommands(set) : [];
  const parts = [...account.holders.flatMap((each) => commands(each, explain)), ...attach];
  const replaces = parts.some((part) => /^(?:make_role|put_bucket_policy) /.test(part));
  const guard = hasPlaceholder(JSON.stringify([account.holders, attach]))
    ? [
        'echo "This script holds placeholders such as <AGENT_ACCOUNT>: fill them in, then delete this line." >&2; exit 2',
        '',
      ]
    : [];
  return [
    '#!/usr/bin/env bash',
    `# Account ${account.account}: run it with credentials of an administrator there; AWS CLI version 1 or 2.`,
    ...(replaces ? ['# Existing trust and bucket policies are replaced only with REPLACE=1: look at them first.'] : []),
    'set -euo pipefail',
    // The region tells the AWS CLI the partition as well.
    `export AWS_PAGER=""${set.region === undefined ? '' : ` AWS_REGION=${set.region} AWS_DEFAULT_REGION=${set.region}`}`,
    '',
    'left=""',
    ...helpersOf(parts),
    ...(hasPlaceholder(account.account) ? [] : accountCheck(account.account)),
    '',
    ...guard,
    ...parts,
    `if [ -n "$left" ]; then echo "Not done:\${left%,}." >&2; exit 1; fi`,
    ...ending(account),
    '',
  ].join('\n');
}

/** Silence would leave a person to wonder whether anything happened, and a comment is not read by whoever runs a script. */
function ending({ account, holders }: AccountPolicies): readonly string[] {
  const keys = holders.filter(({ documents }) => documents.some(({ kind }) => kind === 'key'));
  return [
    ...keys.map(
      ({ holder }) =>
        `echo "By hand, unless done already: the statements that this script holds for the policy of key "${quoted(holder.name)}`,
    ),
    `echo "Done: account "${quoted(hasPlaceholder(account) ? 'of these credentials' : account)}" has what this script holds for it."`,
  ];
}

/** Names without an account are made wherever the credentials belong. */
function accountCheck(account: string): readonly string[] {
  return [
    '',
    'here=$(aws sts get-caller-identity --query Account --output text)',
    `if [ "$here" != ${account} ]; then echo "These are credentials of account $here; this script is for account ${account}." >&2; exit 2; fi`,
  ];
}

function commands({ holder, documents, policyName }: HolderDocuments, explain: boolean): readonly string[] {
  return documents.flatMap((document) => {
    const lines = [`# ${document.title}.`, ...(explain ? reasons(document) : [])];
    const policy = quoted(printed(document.document));
    switch (document.kind) {
      case 'trust':
        lines.push(
          `make_role ${quoted(holder.name)} ${quoted(holder.path)} ${holder.maxSessionSeconds ?? 3600} ${policy}`,
        );
        break;
      case 'bucket':
        lines.push(`put_bucket_policy ${quoted(holder.name)} ${policy}`);
        break;
      case 'key':
        lines.push(`# Add these statements to the key's own policy by hand; put-key-policy would replace all of it:`);
        lines.push(
          ...printed(document.document)
            .split('\n')
            .map((line) => `#   ${line}`),
        );
        break;
      case 'permissions':
        lines.push(...permissionCommands(holder, policyName, policy));
        break;
    }
    return [...lines, ''];
  });
}

function permissionCommands({ kind, name, path }: PolicyHolder, policyName: string, policy: string): readonly string[] {
  const put = `--policy-name ${quoted(policyName)} --policy-document ${policy}`;
  if (kind === 'user') {
    return [`make_user ${quoted(name)} ${quoted(path)}`, `aws iam put-user-policy --user-name ${quoted(name)} ${put}`];
  }
  const command = `aws iam put-role-policy --role-name ${quoted(name)} ${put}`;
  return kind === 'role' ? [command] : [`echo "Attach by hand, to the user or role behind the profile:" ${policy}`];
}

/** Trust alone does not make a role usable: the cluster has to have it. */
function attachCommands({ attach }: PolicySet): readonly string[] {
  if (attach === undefined) return [];
  return [
    `# The COPY role is attached to ${attach.isServerless ? 'the namespace of the workgroup' : 'the cluster'}.`,
    `${attachHelper(attach.isServerless)} ${quoted(attach.cluster)} ${quoted(attach.role.arn)}`,
    '',
  ];
}

function reasons({ statements }: PlannedDocument): readonly string[] {
  return statements.flatMap(({ statement, reason, page }) => [`#   ${statement.Sid}: ${reason}`, `#     ${page}`]);
}

/** As the AWS CLI prints a document, so that a script can tell whether the one that exists is the same. */
function printed(document: PlannedDocument['document']): string {
  return JSON.stringify(document, null, 4);
}

/** A text in single quotes for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
