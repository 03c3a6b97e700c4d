import { type AccountPolicies, byAccount, type HolderDocuments } from './accounts.ts';
import type { PlannedDocument, PolicyHolder } from './document.ts';
import { hasPlaceholder } from './placeholders.ts';
import type { PolicySet } from './plan-policies.ts';
import type { PolicyFile } from './render.ts';
import { jsonText } from './render-json.ts';

/** One script an account, for the AWS CLI: it makes what is missing, and replaces a trust or a bucket's policy only when told to. */
export function renderScript(set: PolicySet, explain: boolean): readonly PolicyFile[] {
  return byAccount(set).map((account, index) => ({
    name: `${index + 1}-${account.fileName}.sh`,
    content: script(set, account, explain),
    executable: true,
  }));
}

const MAKE_ROLE = `
make_role() { # name, path, longest session, trust policy
  if aws iam get-role --role-name "$1" >/dev/null 2>&1; then
    if [ "\${REPLACE:-0}" = 1 ]; then
      aws iam update-assume-role-policy --role-name "$1" --policy-document "$4"
    else
      echo "Role $1 exists: its trust policy is left alone. Merge the one in this script, or run again with REPLACE=1." >&2
      made=no
    fi
  else
    aws iam create-role --role-name "$1" --path "$2" --max-session-duration "$3" --assume-role-policy-document "$4" >/dev/null
  fi
}
`;

const PUT_BUCKET_POLICY = `
put_bucket_policy() { # bucket, policy
  if [ "\${REPLACE:-0}" != 1 ] && aws s3api get-bucket-policy --bucket "$1" >/dev/null 2>&1; then
    echo "Bucket $1 has a policy: it is left alone. Merge the one in this script, or run again with REPLACE=1." >&2
    made=no
  else
    aws s3api put-bucket-policy --bucket "$1" --policy "$2"
  fi
}
`;

/** What a script begins with: no more than its commands need. */
function head(parts: readonly string[]): string {
  const uses = (name: string): boolean => parts.some((part) => part.startsWith(`${name} `));
  const helpers = [
    ...(uses('make_role') ? [MAKE_ROLE] : []),
    ...(uses('put_bucket_policy') ? [PUT_BUCKET_POLICY] : []),
  ];
  const replaced =
    helpers.length === 0
      ? ''
      : '# Existing trust and bucket policies are replaced only with REPLACE=1: look at them first.\n';
  return `${replaced}set -euo pipefail\n\nmade=""${helpers.join('')}`;
}

function script(set: PolicySet, account: AccountPolicies, explain: boolean): string {
  const parts = account.holders.flatMap((each) => commands(each, explain));
  const guard = hasPlaceholder(JSON.stringify(account.holders))
    ? [
        'echo "This script holds placeholders such as <AGENT_ACCOUNT>: fill them in, then delete this line." >&2; exit 2',
        '',
      ]
    : [];
  const attach = set.attach?.role.account === account.account ? attachCommands(set) : [];
  return [
    '#!/usr/bin/env bash',
    `# Account ${account.account}: run it with credentials of an IAM administrator there.`,
    head(parts),
    '',
    ...guard,
    ...parts,
    ...attach,
    '[ -z "$made" ]',
    '',
  ].join('\n');
}

function commands({ holder, documents, policyName }: HolderDocuments, explain: boolean): readonly string[] {
  return documents.flatMap((document) => {
    const lines = [`# ${document.title}.`, ...(explain ? reasons(document) : [])];
    const policy = quoted(jsonText(document.document));
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
          ...jsonText(document.document)
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

function permissionCommands({ kind, name }: PolicyHolder, policyName: string, policy: string): readonly string[] {
  const put = `--policy-name ${quoted(policyName)} --policy-document ${policy}`;
  if (kind === 'user') {
    const user = quoted(name);
    return [
      `aws iam get-user --user-name ${user} >/dev/null 2>&1 || aws iam create-user --user-name ${user} >/dev/null`,
      `aws iam put-user-policy --user-name ${user} ${put}`,
    ];
  }
  const command = `aws iam put-role-policy --role-name ${quoted(name)} ${put}`;
  return kind === 'role' ? [command] : [`echo "Attach by hand, to the user or role behind the profile:" ${policy}`];
}

function attachCommands({ attach, region }: PolicySet): readonly string[] {
  if (attach === undefined) return [];
  const where = region === undefined ? '' : ` --region ${region}`;
  return [
    '# The role has to be attached to the cluster (it takes a minute). Uncomment:',
    attach.isServerless
      ? `# aws redshift-serverless update-namespace --namespace-name NAMESPACE --iam-roles ${quoted(attach.role.arn)}${where}`
      : `# aws redshift modify-cluster-iam-roles --cluster-identifier ${quoted(attach.cluster)} --add-iam-roles ${quoted(attach.role.arn)}${where}`,
    '',
  ];
}

function reasons({ statements }: PlannedDocument): readonly string[] {
  return statements.flatMap(({ statement, reason, page }) => [`#   ${statement.Sid}: ${reason}`, `#     ${page}`]);
}

/** A text in single quotes for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
